"""Messages about a low balance or drain name the keys that consumed most, if that is fresh."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from unittest.mock import Mock

import pytest

from alert_router.aws.balance_table import BalanceTable
from shared.aws.dynamo import encode
from shared.records.breakdown import BREAKDOWN, Breakdown, Share
from tests.unit.router.builders import NOW, alarm, latest, minutes
from tests.unit.router.world import World

ACCOUNT: Final = "openrouter-main"
SHARES: Final = (Share("batch", Decimal("41.20")), Share("", Decimal(7)))


def breakdown(age: timedelta) -> Breakdown:
    return Breakdown(ACCOUNT, NOW - age, "USD", "today (UTC)", SHARES)


def announced(age: timedelta, **good: Any) -> tuple[str, Any]:
    """Return the first message about a critical balance, as text and as a document's entry."""
    record = latest(balance=Decimal("3.20"), **({"is_alarming": True} | good))
    world = World(records={ACCOUNT: record}, breakdowns={ACCOUNT: breakdown(age)})
    world.transition(alarm("critical"))
    return world.messages[0].email, world.messages[0].document["accounts"][0]


@pytest.mark.parametrize("age", [minutes(0), minutes(2), minutes(13)])
def test_critical_when_the_breakdown_is_fresh_then_names_the_keys(age: timedelta) -> None:
    text, entry = announced(age)

    assert 'Spent most  "batch" 41.20 USD, unnamed 7.00 USD, today (UTC)' in text
    assert entry["spent_most"] == {
        "over": "today (UTC)",
        "unit": "USD",
        "keys": [{"name": "batch", "amount": "41.20"}, {"name": "", "amount": "7"}],
    }


@pytest.mark.parametrize(
    ("age", "good"),
    [
        pytest.param(minutes(16), {}, id="old"),
        pytest.param(minutes(2), {"is_alarming": False}, id="not asked for now"),
    ],
)
def test_alert_when_the_breakdown_does_not_belong_to_it_then_names_none(
    age: timedelta, good: dict[str, Any]
) -> None:
    text, entry = announced(age, **good)

    assert "Spent most" not in text
    assert "spent_most" not in entry


def test_alert_when_no_breakdown_is_known_then_goes_out_without() -> None:
    world = World(records={ACCOUNT: latest(balance=Decimal("3.20"), is_alarming=True)})
    world.transition(alarm("critical"))

    assert "3.20 USD left" in world.messages[0].email
    assert "Spent most" not in world.messages[0].email


@pytest.mark.parametrize(
    "item",
    [
        None,
        {"account": ACCOUNT, "at": BREAKDOWN},
        {**breakdown(minutes(1)).to_item(NOW), "shares": "batch"},
        {**breakdown(minutes(1)).to_item(NOW), "asked_at": "soon"},
        {**breakdown(minutes(1)).to_item(NOW), "shares": [{"name": "a", "amount": "x"}]},
    ],
    ids=["none", "bare", "shares", "time", "amount"],
)
def test_table_when_the_item_is_missing_or_broken_then_knows_nothing(item: Any) -> None:
    client = Mock()
    client.batch_get_item.return_value = {"Responses": {"t": [encode(item)] if item else []}}

    assert BalanceTable(client, "t").breakdown(ACCOUNT) is None


def test_table_when_the_item_is_there_then_returns_it() -> None:
    client, stored = Mock(), breakdown(minutes(1))
    client.batch_get_item.return_value = {"Responses": {"t": [encode(stored.to_item(NOW))]}}

    assert BalanceTable(client, "t").breakdown(ACCOUNT) == stored
