"""The expressions that a definition may contain: JMESPath without its number functions.

JMESPath's own ``to_number``, ``sum``, ``max`` and ``abs`` go through floats or raise on a
``Decimal``, so they are refused; ``amount`` has exact arithmetic instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from balance_poller.definitions.language.expression import Expression

ALLOWED_FUNCTIONS: Final = frozenset(
    {"not_null", "length", "contains", "keys", "type", "starts_with", "ends_with"}
)
MAX_EXPRESSION: Final = 500
#: Evaluation takes a few of Python's thousand stack frames for each.
_MAX_DEPTH: Final = 100

#: Valid JMESPath, but never intended: it compares with a field that does not exist.
_QUOTED_TEXT: Final = re.compile(r'[=!]=\s*"')
_VALUE_NAMES: Final = ("true", "false", "null")
_PLACEHOLDER: Final = re.compile(r"\{(key|secret\.\w+|param\.\w+)\}")
#: The probable intention behind invalid JMESPath.
_HINTS: Final = (
    (r"\$", "a path begins with the first name, without $"),
    (r"\b(and|or|not)\b", "and is &&, or is ||, not is !"),
    (r"[^=!<>]=[^=]", "equal is =="),
    (r"[=<>]\s*-?\d", "numbers to compare with go in backticks"),
    (r"-", "names with a hyphen go in double quotes"),
    (
        r"[-+*/]",
        'a difference is {"subtract": [a, b]}, a sum {"sum": [a, b]}, a factor the wallet\'s scale',
    ),
)
_HINT: Final = (
    "text goes in single quotes; numbers, true, false and null in backticks; names with other"
    " characters than letters, digits and _ in double quotes"
)


class ExpressionError(ValueError):
    """A definition's expression cannot be used; the text says why."""


def compile_expression(source: str) -> Expression:
    """Compile ``source``.

    Raises:
        ExpressionError: when it is too long, is not JMESPath, calls a refused function, or cannot
            be what its author meant.
    """
    if len(source) > MAX_EXPRESSION:
        raise ExpressionError(f"the expression is longer than {MAX_EXPRESSION} characters")
    if match := _PLACEHOLDER.search(source):
        raise ExpressionError(
            f"{match[0]} works only in the request: an expression sees only the answer"
        )
    if _QUOTED_TEXT.search(source):
        raise ExpressionError(
            "double quotes name a field in JMESPath; text to compare with goes in single quotes"
        )
    try:
        compiled = jmespath.compile(source)
    except (JMESPathError, RecursionError) as exc:
        raise ExpressionError(f"not JMESPath: {_first_line(exc)} ({_hint(source)})") from None
    for node in _nodes(compiled.parsed):
        _check(node)
        if node["type"] == "literal":
            node["value"] = _exact(node["value"])
    return Expression(source, _plain_path(compiled.parsed), compiled)


def _check(node: Mapping[str, Any]) -> None:
    """Refuse a part of an expression that is not supported, or cannot be what was meant."""
    kind, value = node["type"], node.get("value")
    if kind == "function_expression" and value not in ALLOWED_FUNCTIONS:
        allowed = ", ".join(sorted(ALLOWED_FUNCTIONS))
        raise ExpressionError(
            f"the function {value}() is not available; use subtract, sum, first and"
            f" scale for numbers, and of JMESPath's functions only {allowed}"
        )
    if kind == "field" and value in _VALUE_NAMES:
        raise ExpressionError(f"{value} is a field's name here; the value goes in backticks")


def _hint(source: str) -> str:
    """Return a hint at what was probably meant."""
    return "; ".join(words for pattern, words in _HINTS if re.search(pattern, source)) or _HINT


def _plain_path(node: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the steps of a dotted path, or None for anything else."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression" and all(c["type"] == "field" for c in node["children"]):
        return tuple(child["value"] for child in node["children"])
    return None


def _nodes(root: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each part of a parsed expression. A slice's children are numbers, not parts.

    Raises:
        ExpressionError: when there are too many within one another to evaluate.
    """
    todo: list[tuple[Any, int]] = [(root, 1)]
    while todo:
        node, depth = todo.pop()
        if depth > _MAX_DEPTH:
            raise ExpressionError(f"the expression has more than {_MAX_DEPTH} steps in a row")
        if isinstance(node, dict):
            yield node
            todo += [(child, depth + 1) for child in reversed(node.get("children", ()))]


def _exact(literal: object) -> object:
    """Return a JSON literal with exact decimals, like those of an answer."""
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
    """Return the first line of a parser's message; the rest repeats the expression."""
    line = str(exc).split("\n", 1)[0].removesuffix(", for expression:").rstrip(": ")
    return re.sub(r"^(Bad|Invalid) jmespath expression: ", "", line) or type(exc).__name__
