"""Items of table ``balances``: what is written is read back, and stays within a write unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.aws.dynamo import decode, encode
from shared.outcome import Outcome
from shared.records import MAX_REASON, Attempt, Latest, Thresholds, TopUp, Wallet
from tests.latest import changed, make_latest

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

FULL = make_latest(
    account="openrouter-main",
    provider="openrouter",
    provider_title="OpenRouter",
    polled_at=AT,
    outcome=Outcome.OK,
    top_up_url="https://openrouter.ai/settings/credits",
    thresholds=Thresholds(
        warning=Decimal(20),
        critical=Decimal(5),
        runway_warning_hours=Decimal(48),
        runway_critical_hours=Decimal(12),
    ),
    balance=Decimal("12.345678"),
    balance_at=AT,
    unit="USD",
    wallet="credits",
    others={"bonus": Wallet(Decimal("3.5"), "USD", expires_at=AT)},
    resets_at=AT,
    credit_expires_at=AT + timedelta(days=30),
    runway_hours=Decimal("9.5"),
    empty_at=AT + timedelta(hours=9.5),
    burn_per_day=Decimal("28.8"),
    burn_basis="profile",
    last_top_up=TopUp(AT, Decimal("50.00")),
    burn=bytes(210),
)


def size(item: dict[str, Any]) -> int:
    """Return an item's size as DynamoDB counts it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Any) -> int:
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case int() | Decimal():
            digits = len(Decimal(value).normalize().as_tuple().digits)
            return (digits + 1) // 2 + 2
        case dict():
            return 3 + sum(len(k) + value_size(v) + 1 for k, v in value.items())
        case _:
            raise AssertionError(type(value))


def test_latest_when_written_and_read_then_is_the_same() -> None:
    assert Latest.from_item(FULL.to_item()) == FULL
    assert Latest.from_item(decode(encode(FULL.to_item()))) == FULL


def test_latest_when_never_ok_then_is_the_same_and_not_set_up() -> None:
    latest = Latest(
        "one", "p", "P", AT, Outcome.BAD_CONFIG, "the secret does not exist", failing_since=AT
    )

    read = Latest.from_item(latest.to_item())

    assert read == latest
    assert not read.is_set_up
    assert "balance" not in latest.to_item()


def test_latest_when_full_then_stays_within_one_write_unit() -> None:
    assert size(FULL.to_item()) <= 1024


def test_latest_when_failing_with_the_longest_reason_then_stays_within_one_write_unit() -> None:
    failing = changed(
        FULL, outcome=Outcome.SCHEMA_CHANGED, reason="r" * 999, failing_since=AT, others={}
    )

    assert len(failing.to_item()["reason"]) == MAX_REASON
    assert size(failing.to_item()) <= 1024


def test_an_attempt_when_written_then_expires_and_stays_within_one_write_unit() -> None:
    wallet = Wallet(Decimal("12.345678"), "USD", Decimal(3), Decimal(15), AT, AT)
    attempt = Attempt(
        "openrouter-main",
        AT,
        "openrouter",
        Outcome.OK,
        "r" * 999,
        "credits",
        wallet,
        {f"wallet-{n}": wallet for n in range(5)},
    )

    item = attempt.to_item(keep_days=90)

    assert item["expires_at"] == int((AT + timedelta(days=90)).timestamp())
    assert item["balance"] == Decimal("12.345678")
    assert set(item["wallets"]) == {f"wallet-{n}" for n in range(5)}
    assert size(item) <= 1024


@pytest.mark.parametrize("broken", [{}, {"account": "one"}, FULL.to_item() | {"outcome": "odd"}])
def test_an_item_when_not_ours_then_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Latest.from_item(broken)


def test_an_item_when_it_has_thresholds_of_a_later_version_then_is_read() -> None:
    item = FULL.to_item()
    item["thresholds"]["from_the_future"] = Decimal(1)

    assert Latest.from_item(item) == FULL
