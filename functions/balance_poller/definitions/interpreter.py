"""JMESPath with exact numbers, and a reading of it that leaves no element of a list out. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from jmespath import Options, functions
from jmespath.visitor import TreeInterpreter


def is_true(value: object) -> bool:
    """Return whether ``value`` is true to JMESPath: not null, false or empty; 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


class _Functions(functions.Functions):
    """JMESPath's functions with ``Decimal`` as a number."""

    @functions.signature({"types": []})
    def _func_type(self, arg: object) -> object:
        if isinstance(arg, Decimal):
            return "number"
        return super()._func_type(arg)  # type: ignore[misc]  # the stubs leave it out


class _KeepingInterpreter(TreeInterpreter):
    """Keeps an element for which a projection selects nothing, as None.

    JMESPath drops it, and ``packages[].left`` would be the sum of the packages that still have the
    field: a number, and a wrong one.
    """

    def visit_projection(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- any JSON value
        base = self.visit(node["children"][0], value)
        return self._each(node, base) if isinstance(base, list) else None

    def visit_value_projection(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        base = self.visit(node["children"][0], value)
        return self._each(node, list(base.values())) if isinstance(base, dict) else None

    def visit_filter_projection(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        condition = node["children"][2]
        # The condition is a question, not an amount: in it a None kept would be an element more.
        return self._each(node, [e for e in base if is_true(PLAIN.visit(condition, e))])

    def _each(self, node: Any, elements: list[Any]) -> list[Any]:  # noqa: ANN401 -- as above
        return [self.visit(node["children"][1], element) for element in elements]


_OPTIONS: Final = Options(custom_functions=_Functions())
#: What JMESPath says.
PLAIN: Final = TreeInterpreter(_OPTIONS)
#: For amounts: with None for each element that has none.
KEEPING: Final = _KeepingInterpreter(_OPTIONS)
