"""Items for DynamoDB: identical to boto3's own converter, both ways."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.dynamo import decode, encode

NUMBERS = st.one_of(
    st.integers(-(10**37), 10**37),
    st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-1, max_value=1),
    st.decimals(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    st.one_of(st.text(), st.booleans(), st.none(), st.binary(), NUMBERS),
    lambda values: st.one_of(st.lists(values), st.dictionaries(st.text(), values)),
    max_leaves=5,
)


def outcome(convert: Any, item: Any) -> Any:
    """What a conversion gives, or the kind of its refusal."""
    try:
        return convert(item)
    except (TypeError, DecimalException) as exc:
        return TypeError if isinstance(exc, TypeError) else DecimalException


def as_boto3(item: dict[str, Any]) -> Any:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


@given(st.dictionaries(st.text(max_size=9), VALUES, max_size=4))
def test_an_item_when_encoded_then_is_what_boto3_makes_of_it(item: dict[str, Any]) -> None:
    assert outcome(encode, item) == outcome(as_boto3, item)


@given(st.dictionaries(st.text(max_size=9), VALUES, max_size=4))
def test_an_item_when_decoded_then_is_what_it_was(item: dict[str, Any]) -> None:
    try:
        stored: Any = as_boto3(item)
    except DecimalException:
        return

    assert decode(stored) == item


@pytest.mark.parametrize(
    "value",
    [1.5, {1, 2}, object(), Decimal("NaN"), Decimal("Infinity")],
    ids=["float", "set", "object", "NaN", "infinity"],
)
def test_a_value_when_dynamodb_cannot_hold_it_then_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode({"value": [{"deep": value}]})


@pytest.mark.parametrize(
    "value", [Decimal(10**38 + 1), Decimal("1e127"), Decimal("1e-200")], ids=str
)
def test_a_number_when_it_would_be_rounded_then_is_refused(value: Decimal) -> None:
    with pytest.raises(DecimalException):
        encode({"value": value})


def test_a_set_when_decoded_then_stays_as_it_came() -> None:
    stored = {"names": {"SS": ["a", "b"]}}

    assert decode(stored) == {"names": ["a", "b"]}
