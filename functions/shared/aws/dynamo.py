"""Conversion between plain Python items and the low-level DynamoDB client's.

boto3's own converter handles the same few types but requires all of boto3, a third of what a cold
start loads; its ``Binary`` and type checks also cost a twelfth of a poll's CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: The range of a DynamoDB number (developer guide, "Data types", read 2026-11): 38 significant
#: digits, from 1E-130 to 9.9E+125. A number beyond that raises; it is never rounded.
_NUMBER: Final = Context(
    prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow]
)


def encode(item: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Return ``item`` with DynamoDB's type tags; numbers are ``Decimal`` or ``int``, never float.

    Raises:
        TypeError, decimal.DecimalException: for a value that DynamoDB cannot store.
    """
    return {name: _tagged(value) for name, value in item.items()}


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``item`` without type tags; numbers are ``Decimal``, binary is ``bytes``.

    Sets, which no item of ours has, are returned as the client gave them.
    """
    return {name: _plain(value) for name, value in item.items()}


def _tagged(value: object) -> AttributeValueTypeDef:  # noqa: PLR0911 -- one per type
    """Return one value with its type tag."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": _number(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_tagged(entry) for entry in value]}
        case Mapping():
            return {"M": {name: _tagged(entry) for name, entry in value.items()}}
        case _:
            raise TypeError(f"DynamoDB items cannot contain {type(value).__name__}")


def _number(value: int | Decimal) -> str:
    """Return a number in DynamoDB's form."""
    number = _NUMBER.create_decimal(value)
    if not number.is_finite():
        raise TypeError("DynamoDB numbers are finite")
    return str(number)


def _plain(tagged: Mapping[str, Any]) -> object:
    """Return one value without its type tag."""
    ((tag, value),) = tagged.items()
    match tag:
        case "N":
            return Decimal(value)
        case "B":
            return bytes(value)
        case "NULL":
            return None
        case "L":
            return [_plain(entry) for entry in value]
        case "M":
            return {name: _plain(entry) for name, entry in value.items()}
        case _:
            return value
