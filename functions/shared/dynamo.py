"""Conversion between plain Python items and the low-level DynamoDB client's.

boto3 loads on first use: an import of a function makes nothing that it may not need.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def encode(item: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Return ``item`` with DynamoDB's type tags. Numbers are ``Decimal`` or ``int``, never float.

    Raises:
        TypeError, decimal.DecimalException: for a value that DynamoDB cannot hold.
    """
    serialize = _serializer().serialize
    return {name: serialize(value) for name, value in item.items()}


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``item`` without type tags; numbers are ``Decimal``, binary is ``bytes``."""
    deserialize = _deserializer().deserialize
    return {name: _plain(deserialize(value)) for name, value in item.items()}


@cache
def _serializer() -> TypeSerializer:
    """Return boto3's serialiser."""
    from boto3.dynamodb.types import TypeSerializer  # noqa: PLC0415 -- boto3 loads on first use

    return TypeSerializer()


@cache
def _deserializer() -> TypeDeserializer:
    """Return boto3's deserialiser."""
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415 -- boto3 loads on first use

    return TypeDeserializer()


def _plain(value: object) -> object:
    """Unwrap boto3's ``Binary``."""
    from boto3.dynamodb.types import Binary  # noqa: PLC0415 -- boto3 is loaded by now

    if isinstance(value, Binary):
        return bytes(value)  # type: ignore[call-overload]  # the stubs lack Binary.__bytes__
    return value
