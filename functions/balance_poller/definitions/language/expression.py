"""A compiled expression, applied to an answer."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from jmespath.exceptions import JMESPathError

from balance_poller.definitions.language.evaluation import MISSING, Document, is_true

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


class Expression(NamedTuple):
    """A compiled JMESPath expression."""

    source: str
    keys: tuple[str, ...] | None
    """The steps of a plain dotted path, which needs no interpreter."""
    compiled: Any
    keeps_missing: bool = False
    """Whether a selected list has None for each element that lacks the selected field."""

    @property
    def selects_list(self) -> bool:
        """Whether it always selects a list."""
        return self.compiled.parsed["type"] in _LISTS

    def find(self, document: Document) -> Any:  # noqa: ANN401 -- any JSON value
        """Return what the expression selects; None for nothing, or if it cannot be applied.

        Raises:
            BudgetError: when the answer's budget of steps is used up.
        """
        if document.body is MISSING:
            return None
        if self.keys is None:
            try:
                return document.evaluate(self.compiled.parsed, keeps_missing=self.keeps_missing)
            except _EVALUATION_ERRORS:
                return None
        found = document.body
        for key in self.keys:
            if not isinstance(found, dict):
                return None
            found = found.get(key)
        return found

    def holds(self, document: Document) -> bool:
        """Return whether the selected value is true in JMESPath's terms."""
        return document.body is not MISSING and is_true(self.find(document))

    @property
    def quoted(self) -> str:
        """The expression, shortened for a reason."""
        return self.source if len(self.source) <= _MAX_QUOTED else f"{self.source[:79]}…"

    def describe(self, document: Document) -> str:
        """Describe what is found instead of an amount, without its value."""
        found = self.find(document)
        if found is not None:
            return f"{self.quoted} is {json_type(found)}, not a number"
        parent = document.body
        for key in (self.keys or ())[:-1]:
            parent = parent.get(key) if isinstance(parent, dict) else None
        if self.keys and isinstance(parent, dict) and self.keys[-1] in parent:
            return f"{self.quoted} is null"
        return f"{self.quoted} is missing"


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
