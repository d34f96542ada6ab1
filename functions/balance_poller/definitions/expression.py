"""A compiled expression, and what it selects from an answer: JMESPath with exact numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from jmespath import Options, functions
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

_EVALUATION_ERRORS: Final = (
    JMESPathError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_MAX_QUOTED: Final = 80
_LISTS: Final = frozenset(
    {"projection", "filter_projection", "value_projection", "flatten", "multi_select_list"}
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled JMESPath expression."""

    source: str
    keys: tuple[str, ...] | None
    """The steps of a plain dotted path, which needs no interpreter."""
    compiled: Any = field(repr=False, compare=False)
    keeps_missing: bool = False
    """Whether a list that it selects has None for each element that lacks what is selected."""

    @property
    def selects_list(self) -> bool:
        """Whether it can select nothing but a list."""
        return self.compiled.parsed["type"] in _LISTS

    def find(self, body: object) -> Any:  # noqa: ANN401 -- any JSON value
        """Return what the expression selects; None when nothing, or when it cannot be applied."""
        if self.keys is None:
            interpreter = KEEPING if self.keeps_missing else PLAIN
            try:
                return interpreter.visit(self.compiled.parsed, body)
            except _EVALUATION_ERRORS:
                return None
        for key in self.keys:
            if not isinstance(body, dict):
                return None
            body = body.get(key)
        return body

    def holds(self, body: object) -> bool:
        """Return whether what the expression selects of ``body`` is true to JMESPath."""
        return is_true(self.find(body))

    @property
    def quoted(self) -> str:
        """The expression as a reason shows it."""
        return self.source if len(self.source) <= _MAX_QUOTED else f"{self.source[:79]}…"

    def describe(self, body: object) -> str:
        """Say of an amount that cannot be read what is in its place, without its value."""
        found = self.find(body)
        if found is not None:
            return f"{self.quoted} is {json_type(found)}, not a number"
        parent = body
        for key in (self.keys or ())[:-1]:
            parent = parent.get(key) if isinstance(parent, dict) else None
        if self.keys and isinstance(parent, dict) and self.keys[-1] in parent:
            return f"{self.quoted} is null"
        return f"{self.quoted} is missing"


def is_true(value: object) -> bool:
    """Return whether ``value`` is true to JMESPath: not null, false or empty; 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


def json_type(value: object) -> str:
    """Name the JSON type of ``value`` with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "text"
        case dict():
            return "an object"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a number"


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
#: Evaluates as JMESPath specifies.
PLAIN: Final = TreeInterpreter(_OPTIONS)
#: For amounts: keeps None for each element that has none.
KEEPING: Final = _KeepingInterpreter(_OPTIONS)
