"""Conversion between plain Python items and the low-level DynamoDB client's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()


def encode(item: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Return ``item`` with DynamoDB's type tags. Numbers are ``Decimal`` or ``int``, never float.

    Raises:
        TypeError, decimal.DecimalException: for a value that DynamoDB cannot hold.
    """
    return {name: _SERIALIZER.serialize(value) for name, value in item.items()}


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``item`` without type tags; numbers are ``Decimal``, binary is ``bytes``."""
    return {name: _plain(_DESERIALIZER.deserialize(value)) for name, value in item.items()}


def _plain(value: object) -> object:
    """Unwrap boto3's ``Binary``."""
    if isinstance(value, Binary):
        return bytes(value)  # type: ignore[call-overload]  # the stubs lack Binary.__bytes__
    return value
