"""Amounts: strict parsing to ``Decimal`` and the form in which a person reads them.

No floats, no currency conversion, and never a 0 for a missing value.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

_PLAIN_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)

#: DynamoDB's limit: an item beyond it cannot be encoded, and would fail its whole batch.
MAX_DIGITS: Final = 38
_MAX_TEXT: Final = 400
_CONTEXT: Final = Context(prec=MAX_DIGITS, rounding=ROUND_HALF_EVEN)
#: Far above what DynamoDB (1e-130) and CloudWatch (2 ** -360) refuse, and far below the 1e-14 that
#: providers that subtract doubles report for an empty account.
_SMALLEST: Final = Decimal("1e-30")
_LIMIT: Final = Decimal("1e15")
#: An amount closer to 0 is a rounding error of a provider's floating point.
_DUST: Final = Decimal("1e-6")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class NumberError(ValueError):
    """A value is not a number that the monitor accepts; the text says why, without the value."""


def parse_number(value: object) -> Decimal:
    """Read a JSON number, or a string that is clearly one, as an exact ``Decimal``.

    Raises:
        NumberError: for None, booleans, NaN, infinities, other types and other text.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise NumberError(f"expected a number, got {_json_type(value)}")
    text = str(value)
    if len(text) > _MAX_TEXT:
        raise NumberError("expected a number, got hundreds of digits")
    if isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(text):
        raise NumberError("expected a number, got text that is not one")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NumberError("expected a number, got one that cannot be represented") from None
    if not number.is_finite():
        raise NumberError("expected a finite number")
    return number


def within_limits(amount: Decimal) -> Decimal:
    """Return ``amount`` as it can be stored and published: 0, or 1e-30 <= abs(amount) < 1e15.

    CloudWatch and DynamoDB reject values outside, and one such value would fail a whole batch
    of metrics or records.

    Raises:
        NumberError: when it lies outside, or needs more than 38 significant digits.
    """
    if len(amount.as_tuple().digits) > MAX_DIGITS:
        shorter = amount.normalize(_CONTEXT)
        if shorter != amount:
            raise NumberError("the number has more than 38 significant digits")
        amount = shorter
    # Compared unchanged: abs() would round, and raise for an exponent of millions.
    if amount and not (_SMALLEST <= amount < _LIMIT or -_LIMIT < amount <= -_SMALLEST):
        raise NumberError("the number is outside 1e-30 to 1e15")
    return amount or Decimal(0)


def format_amount(amount: Decimal, unit: str) -> str:
    """Return ``amount`` with its unit for a person: "3.20 USD", "1,250 credits", "0.0042 USD".

    Currencies get two decimals, or as many as keep two significant digits of an amount below
    0.01, so that a small balance never reads as 0; below a millionth it does. Other units lose
    trailing zeros.
    """
    return f"{format_number(amount, unit)} {unit}"


def format_number(amount: Decimal, unit: str) -> str:
    """Return the number of :func:`format_amount` without its unit."""
    if abs(amount) < _DUST:
        amount = Decimal(0)
    if amount and abs(amount) < Decimal("0.01"):
        places = 1 - amount.adjusted()
    elif _CURRENCY.fullmatch(unit):
        places = 2
    else:
        places = 0 if amount == amount.to_integral_value() else 2
    rounded = amount.quantize(Decimal(1).scaleb(-places))
    if not _CURRENCY.fullmatch(unit) and places:
        return f"{rounded:,f}".rstrip("0").rstrip(".")
    return f"{rounded:,f}"


def _json_type(value: object) -> str:
    """Name the JSON type of ``value``."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return f"a {type(value).__name__}"
