"""Numbers: only what clearly is one, never an invented 0, and readable for people."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import NumberError, format_amount, format_number, parse_number, within_limits


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.75"), "12.75"),
        (5, "5"),
        ("5000", "5000"),
        ("-0.5", "-0.5"),
        ("1e3", "1E+3"),
        ("1.5E-4", "0.00015"),
        (Decimal("0.1000000000000000000000000000000000001"), None),
    ],
)
def test_a_number_when_plainly_one_then_is_exact(value: object, expected: str | None) -> None:
    assert parse_number(value) == Decimal(expected or str(value))


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 1.5, [], {}, "", " 5", "5 ", "5,0", "1.", ".5", "0x10", "NaN", "inf",
        "Infinity", "٣", "1_000", "+5", "--5", "1e", Decimal("NaN"), Decimal("Infinity"),
        "9" * 401, "1e99999999999999999999",
    ],
)  # fmt: skip
def test_a_value_when_not_plainly_a_number_then_is_refused_without_quoting_it(
    value: object,
) -> None:
    with pytest.raises(NumberError) as raised:
        parse_number(value)

    assert "9999" not in str(raised.value)


@pytest.mark.parametrize(
    "amount", ["0", "-0", "0.00", "1e-14", "-1e-14", "1e-30", "999999999999999"]
)
def test_an_amount_when_it_can_be_stored_then_is_kept(amount: str) -> None:
    assert within_limits(Decimal(amount)) == Decimal(amount)
    assert str(within_limits(Decimal("-0"))) == "0"


@pytest.mark.parametrize(
    "amount",
    ["1e15", "-1e15", "9e-31", "-9e-31", "1e300", "1e9999999", "-1e-9999999", "1." + "1" * 38],
)
def test_an_amount_when_it_cannot_be_stored_then_is_refused(amount: str) -> None:
    with pytest.raises(NumberError):
        within_limits(Decimal(amount))


def test_trailing_zeros_when_many_then_are_no_digits() -> None:
    kept = within_limits(Decimal("1." + "0" * 60))

    assert kept == 1
    assert len(kept.as_tuple().digits) <= 38, "boto3 counts them, and refuses the item"


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        ("3.2", "USD", "3.20 USD"),
        ("1250", "credits", "1,250 credits"),
        ("1250.5", "credits", "1,250.5 credits"),
        ("0.0042", "USD", "0.0042 USD"),
        ("0.00421", "USD", "0.0042 USD"),
        ("-12", "EUR", "-12.00 EUR"),
        ("0", "USD", "0.00 USD"),
        ("1234567.891", "USD", "1,234,567.89 USD"),
        ("2.50", "searches", "2.5 searches"),
        ("1.4e-14", "USD", "0.00 USD"),
        ("-5.7e-14", "credits", "0 credits"),
    ],
)
def test_an_amount_when_shown_then_reads_well(amount: str, unit: str, text: str) -> None:
    assert format_amount(Decimal(amount), unit) == text


@given(st.decimals(min_value=Decimal("-1e14"), max_value=Decimal("1e14"), places=6))
def test_a_rest_when_shown_then_never_reads_as_nothing(amount: Decimal) -> None:
    shown = Decimal(format_number(amount, "USD").replace(",", ""))

    assert bool(shown) == bool(amount)
