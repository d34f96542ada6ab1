"""Evaluation of JMESPath with exact numbers, which spends a step for whatever it visits.

A plain dotted path, which most expressions are, needs no interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from jmespath import Options, functions
from jmespath.visitor import TreeInterpreter

from balance_poller.definitions.language.evaluation import is_true

_CHARACTERS_PER_STEP: Final = 256


def interpreters(spend: Callable[[int], None]) -> tuple[TreeInterpreter, TreeInterpreter]:
    """Return what evaluates expressions as JMESPath does, and what keeps missing elements."""
    plain = _Interpreter(spend)
    return plain, _KeepingInterpreter(spend, plain)


class _Functions(functions.Functions):
    """JMESPath's functions with ``Decimal`` as a number."""

    @functions.signature({"types": []})
    def _func_type(self, arg: object) -> object:
        if isinstance(arg, Decimal):
            return "number"
        return super()._func_type(arg)  # type: ignore[misc]  # the stubs leave it out


_OPTIONS: Final = Options(custom_functions=_Functions())


class _Interpreter(TreeInterpreter):
    """Evaluates as JMESPath specifies, and spends a step for each node and element it visits."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        super().__init__(_OPTIONS)
        self._spend = spend

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- any JSON value
        self._spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        merged: list[Any] = []
        for element in base:
            parts = element if isinstance(element, list) else [element]
            self._spend(len(parts) + 1)
            merged += parts
        return merged

    def visit_slice(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        self._spend(len(value) if isinstance(value, list) else 0)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        return super().visit_comparator(self._measured(node, value), value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        if node["value"] in ("contains", "keys"):
            node = self._measured(node, value)
        return super().visit_function_expression(node, value)

    def _measured(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        """Return ``node`` with its operands evaluated, and spend what comparing them takes."""
        operands = [self.visit(child, value) for child in node["children"]]
        self._spend_size(operands)
        return {**node, "children": [{"type": "literal", "value": found} for found in operands]}

    def _spend_size(self, value: object) -> None:
        """Spend a step for each value in ``value``, which a comparison may have to look at."""
        todo = [value]
        while todo:
            part = todo.pop()
            self._spend(1 + (len(part) // _CHARACTERS_PER_STEP if isinstance(part, str) else 0))
            if isinstance(part, list):
                todo += part
            elif isinstance(part, dict):
                todo += part.values()


class _KeepingInterpreter(_Interpreter):
    """Keeps an element for which a projection selects nothing, as None.

    JMESPath drops it, and ``packages[].left`` would be the sum of the packages that still have the
    field: a number, and a wrong one.
    """

    def __init__(self, spend: Callable[[int], None], plain: _Interpreter) -> None:
        super().__init__(spend)
        self._plain = plain

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
        # The condition is a question, not an amount: a None kept in it would be one more element.
        return self._each(node, [e for e in base if is_true(self._plain.visit(condition, e))])

    def _each(self, node: Any, elements: list[Any]) -> list[Any]:  # noqa: ANN401 -- as above
        return [self.visit(node["children"][1], element) for element in elements]
