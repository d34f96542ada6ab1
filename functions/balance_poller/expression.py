"""What a definition may select from an answer: JMESPath without its number functions. Pure.

JMESPath's own ``to_number``, ``sum``, ``max`` and ``abs`` go through floats or raise on a
``Decimal``, so they are refused; ``balance_poller.amount`` has exact arithmetic instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError

ALLOWED_FUNCTIONS: Final = frozenset(
    {"not_null", "length", "contains", "keys", "type", "starts_with", "ends_with"}
)
MAX_EXPRESSION: Final = 500

_EVALUATION_ERRORS: Final = (
    JMESPathError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_MAX_QUOTED: Final = 80
#: Valid JMESPath, but never what was meant: it compares with a field that is not there.
_QUOTED_TEXT: Final = re.compile(r'[=!]=\s*"')
_HINT: Final = (
    "text goes in single quotes; numbers, true, false and null in backticks; names with a hyphen"
    ' in double quotes; a difference is {"subtract": [a, b]}'
)


class ExpressionError(ValueError):
    """A definition's expression cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled JMESPath expression."""

    source: str
    keys: tuple[str, ...] | None
    """The steps of a plain dotted path, which needs no interpreter."""
    compiled: Any = field(repr=False, compare=False)

    def find(self, body: object) -> Any:  # noqa: ANN401 -- any JSON value
        """Return what the expression selects; None when nothing, or when it cannot be applied."""
        if self.keys is None:
            try:
                return self.compiled.search(body, _OPTIONS)
            except _EVALUATION_ERRORS:
                return None
        for key in self.keys:
            if not isinstance(body, dict):
                return None
            body = body.get(key)
        return body

    def holds(self, body: object) -> bool:
        """Return whether the expression is ``true`` of ``body``, or selects something not empty.

        Truth is JMESPath's: false, null and empty text, lists and objects do not hold; 0 does.
        """
        found = self.find(body)
        return not (found is None or found is False or found in ("", [], {}))

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


def compile_expression(source: str) -> Expression:
    """Compile ``source``.

    Raises:
        ExpressionError: when it is too long, not JMESPath, or calls a function that is refused.
    """
    if len(source) > MAX_EXPRESSION:
        raise ExpressionError(f"the expression is longer than {MAX_EXPRESSION} characters")
    if _QUOTED_TEXT.search(source):
        raise ExpressionError(
            "double quotes name a field in JMESPath; text to compare with goes in single quotes"
        )
    try:
        compiled = jmespath.compile(source)
    except (JMESPathError, RecursionError) as exc:
        raise ExpressionError(f"not JMESPath: {_first_line(exc)} ({_HINT})") from None
    for node in _nodes(compiled.parsed):
        if node["type"] == "function_expression" and node["value"] not in ALLOWED_FUNCTIONS:
            allowed = ", ".join(sorted(ALLOWED_FUNCTIONS))
            raise ExpressionError(
                f"the function {node['value']}() is not available; use subtract, sum, first and"
                f" scale for numbers, and of JMESPath's functions only {allowed}"
            )
        if node["type"] == "literal":
            node["value"] = _exact(node["value"])
    return Expression(source, _plain_path(compiled.parsed), compiled)


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


def _plain_path(node: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the steps of a dotted path, or None for anything else."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression" and all(c["type"] == "field" for c in node["children"]):
        return tuple(child["value"] for child in node["children"])
    return None


def _nodes(node: Any) -> Iterator[Any]:  # noqa: ANN401 -- jmespath's own tree
    """Walk a parsed expression."""
    yield node
    for child in node.get("children", ()):
        yield from _nodes(child)


def _exact(literal: object) -> object:
    """Return a JSON literal with its numbers as exact decimals, as the answer's are."""
    match literal:
        case float():
            return Decimal(repr(literal))
        case list():
            return [_exact(item) for item in literal]
        case dict():
            return {name: _exact(item) for name, item in literal.items()}
        case _:
            return literal


def _first_line(exc: BaseException) -> str:
    """Return the point of a parser's message; the rest repeats the expression and draws a caret."""
    line = str(exc).split("\n", 1)[0].removesuffix(", for expression:").rstrip(": ")
    return re.sub(r"^(Bad|Invalid) jmespath expression: ", "", line) or type(exc).__name__


class _Functions(functions.Functions):
    """JMESPath's functions with ``Decimal`` as a number."""

    @functions.signature({"types": []})
    def _func_type(self, arg: object) -> object:
        if isinstance(arg, Decimal):
            return "number"
        return super()._func_type(arg)  # type: ignore[misc]  # the stubs leave it out


_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())
