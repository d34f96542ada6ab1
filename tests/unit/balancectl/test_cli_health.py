"""An account's condition: the worst one, and a description of all that apply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.outcome import Outcome
from shared.records import Thresholds
from status_page.health import Condition, assess
from tests.latest import changed, make_latest

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
FINE = make_latest(
    account="main",
    provider="openrouter",
    provider_title="OpenRouter",
    polled_at=NOW - timedelta(minutes=3),
    outcome=Outcome.OK,
    balance=Decimal(30),
    balance_at=NOW - timedelta(minutes=3),
    unit="USD",
    thresholds=Thresholds(
        warning=Decimal(20),
        critical=Decimal(5),
        runway_warning_hours=Decimal(48),
        runway_critical_hours=Decimal(12),
        max_burn_per_day=Decimal(100),
        expiry_warning_days=Decimal(14),
    ),
)
REJECTED: dict[str, Any] = {
    "outcome": Outcome.INVALID_KEY,
    "reason": "the key was rejected: X",
    "failing_since": NOW - timedelta(hours=3),
}


@pytest.mark.parametrize(
    ("changes", "condition", "words"),
    [
        ({}, Condition.OK, ""),
        ({"balance": Decimal(20)}, Condition.OK, ""),
        ({"balance": Decimal("19.99")}, Condition.WARNING, "below 20.00 USD"),
        ({"balance": Decimal(4)}, Condition.CRITICAL, "below 5.00 USD"),
        ({"balance": Decimal(-1)}, Condition.CRITICAL, "below 5.00 USD"),
        ({"empty_at": NOW + timedelta(hours=9)}, Condition.CRITICAL, "empty in about 9 h"),
        ({"empty_at": NOW + timedelta(hours=47)}, Condition.WARNING, "empty in about 47 h"),
        ({"empty_at": NOW - timedelta(hours=1)}, Condition.CRITICAL, "empty by now"),
        ({"empty_at": NOW + timedelta(hours=49)}, Condition.OK, ""),
        ({"burn_per_day": Decimal(101)}, Condition.WARNING, "is burning 101.00 USD a day"),
        (
            {"credit_expires_at": NOW + timedelta(days=3)},
            Condition.WARNING,
            "the credit expires in 3 d",
        ),
        ({"credit_expires_at": NOW - timedelta(1)}, Condition.WARNING, "the credit has expired"),
        (
            {"balance_at": NOW - timedelta(hours=2), "polled_at": NOW - timedelta(hours=2)},
            Condition.STALE,
            "not polled for 2 h",
        ),
        (REJECTED, Condition.FAILING, "the key was rejected: X (for 3 h)"),
        (
            REJECTED | {"balance": Decimal(4)},
            Condition.CRITICAL,
            "below 5.00 USD; the key was rejected: X (for 3 h)",
        ),
        (REJECTED | {"reason": None}, Condition.FAILING, "the key was rejected (for 3 h)"),
        (
            REJECTED | {"balance": None, "balance_at": None},
            Condition.NOT_SET_UP,
            "the key was rejected: X (for 3 h)",
        ),
    ],
)
def test_assess_when_something_holds_then_says_what(
    changes: dict[str, Any], condition: Condition, words: str
) -> None:
    health = assess(changed(FINE, **changes), NOW, HALF_AN_HOUR)

    assert (health.condition, health.detail) == (condition, words)


def test_assess_when_never_polled_then_is_not_set_up() -> None:
    health = assess(None, NOW, HALF_AN_HOUR)

    assert (health.condition.label, health.detail) == ("not set up", "never polled")


def test_conditions_when_sorted_then_the_worst_comes_first() -> None:
    assert [each.label for each in sorted(Condition)] == [
        "critical",
        "failing",
        "stale",
        "warning",
        "not set up",
        "ok",
    ]
