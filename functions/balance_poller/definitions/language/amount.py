"""Amounts of a definition: exact arithmetic on the results of expressions. Pure.

A part that is missing, null or not a number makes the whole unreadable; it never counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Any, Final, NamedTuple

from balance_poller.definitions.language.evaluation import Document
from balance_poller.definitions.language.expression import Expression, json_type
from balance_poller.definitions.language.expression_syntax import (
    ExpressionError,
    compile_expression,
)
from shared.money import NumberError, parse_number, within_limits

#: Sums and differences are exact or refused; no amount needs 1,000 digits.
_EXACT: Final = Context(prec=1000, traps=[Inexact, InvalidOperation, Overflow])


class UnreadableError(ValueError):
    """The answer lacks the amount; the text names path and JSON type, never a value."""


def compile_amount(source: str) -> Expression:
    """Compile an expression whose result is an amount.

    Raises:
        ExpressionError: as :func:`compile_expression`, and for a literal that could replace a
            missing amount.
    """
    expression = compile_expression(source)
    if _gives_literal(expression.compiled.parsed):
        raise ExpressionError(
            "a literal may only be compared with: it must never stand for an amount"
            " that the answer does not have"
        )
    return expression._replace(keeps_missing=True)


class Amount(NamedTuple):
    """An amount: one expression, or arithmetic on several."""

    operator: str
    """"path", "subtract", "sum" or "first"."""
    expression: Expression | None = None
    operands: tuple[Amount, ...] = ()
    empty_is_zero: bool = False
    """Whether an empty list counts as 0, as in a sum that is subtracted."""

    def is_absent(self, document: Document) -> bool:
        """Return whether something it needs is missing, null or an empty list.

        A value that is not a number is not absent: that is an error, not a reason to fall back.
        """
        if self.expression is not None:
            found = self.expression.find(document)
            return found is None or (found == [] and not self.empty_is_zero)
        needed = all if self.operator == "first" else any
        return needed(operand.is_absent(document) for operand in self.operands)

    def compute(self, document: Document) -> Decimal:
        """Return the exact amount.

        Raises:
            UnreadableError: when a part is missing, null or not a number; it never counts as 0.
        """
        try:
            return self._compute(document)
        except DecimalException:
            raise UnreadableError("the amounts cannot be computed exactly") from None

    def _compute(self, document: Document) -> Decimal:
        if self.expression is not None:
            return _number(self.expression, self.expression.find(document), document)
        if self.operator == "first":
            chosen = next((o for o in self.operands if not o.is_absent(document)), self.operands[0])
            return chosen._compute(document)  # noqa: SLF001 -- the same class
        if self.operator == "subtract":
            left, right = (operand._compute(document) for operand in self.operands)  # noqa: SLF001
            return _EXACT.subtract(left, right)
        return self._sum(document)

    def _sum(self, document: Document) -> Decimal:
        """Add up all operands, and each element of an operand that selects a list."""
        total = Decimal(0)
        for operand in self.operands:
            found = operand.expression.find(document) if operand.expression else None
            if operand.expression and isinstance(found, list) and (found or operand.empty_is_zero):
                for element in found:
                    total = _EXACT.add(total, _element(operand.expression, element))
            else:
                total = _EXACT.add(total, operand._compute(document))  # noqa: SLF001 -- same class
        return total


def scaled(amount: Decimal, scale: Decimal | None) -> Decimal:
    """Return ``amount`` times ``scale``, within storable limits.

    Raises:
        UnreadableError: when it cannot be stored.
    """
    try:
        exact = amount if scale is None else _EXACT.multiply(amount, scale)
        return within_limits(exact)
    except (DecimalException, NumberError):
        raise UnreadableError(
            "the number cannot be stored: more than 38 digits, or outside 1e-30 to 1e15"
        ) from None


def _number(expression: Expression, found: object, document: Document) -> Decimal:
    """Read the result of an expression as a number."""
    try:
        return parse_number(found)
    except NumberError:
        words = _odd_words(found)
        raise UnreadableError(
            f"{expression.quoted} is {words}" if words else expression.describe(document)
        ) from None


def _element(expression: Expression, found: object) -> Decimal:
    """Read one element of an expression's list as a number."""
    try:
        return parse_number(found)
    except NumberError:
        words = _odd_words(found) or f"{json_type(found)}, not a number"
        words = "missing or null" if found is None else words
        raise UnreadableError(f"{expression.quoted} has an element that is {words}") from None


def _odd_words(found: object) -> str:
    """Name a text or a number that cannot be read; empty for other types."""
    if isinstance(found, str):
        return "text that is not a number"
    # NaN, Infinity, or hundreds of digits.
    return "a number that cannot be read" if isinstance(found, Decimal) else ""


def _gives_literal(node: Mapping[str, Any]) -> bool:
    """Return whether the expression's result may be a literal."""
    if node["type"] == "literal":
        return True
    if node["type"] in ("comparator", "slice"):
        return False
    children = node.get("children", ())
    if node["type"] == "filter_projection":
        children = children[:2]
    if node["type"] == "function_expression" and node["value"] != "not_null":
        return False
    return any(_gives_literal(child) for child in children)
