"""One item per account and UTC day: spent, topped up, lowest, failed polls, hours known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.event import parse_event
from balance_poller.polling.poll import poll
from balance_poller.recording.tables.history_table import HistoryTable
from shared.aws.dynamo import decode
from shared.names import LATEST
from shared.records import DAY_PREFIX, DayTotals
from tests.unit.poller.aws_fakes import FakeClient
from tests.unit.poller.fakes import PROVIDERS, World, answer, entry

START = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


def run(world: World, at: datetime) -> None:
    event = {"scheduled_at": at.isoformat(), "accounts": [entry()], "providers": PROVIDERS}
    poll(parse_event(event, at), world.adapters, 100.0)


def polls(*balances: float | None, start: datetime = START) -> World:
    """Poll every half hour; None is a failure."""
    found = iter(balances)
    world = World(lambda _request: reply(next(found)))
    for n in range(len(balances)):
        run(world, start + n * HALF_AN_HOUR)
    return world


def reply(balance: float | None) -> Any:
    return answer({}, 401) if balance is None else answer({"balance": balance, "bonus": 0})


def test_a_day_when_over_then_is_written_once_with_the_next_poll() -> None:
    world = polls(100, 97, 95, 94)

    (item,) = world.history.days
    assert item["account"] == "one"
    assert item["at"] == f"{DAY_PREFIX}2026-11-23"
    assert (item["spent"], item["lowest"], item["unit"]) == (3, 97, "USD")
    assert (item["polls"], item["known_seconds"]) == (2, 1800)
    assert item["failed_polls"] == 0
    assert world.latest.items["one"].day == DayTotals(
        date(2026, 11, 24), Decimal(3), Decimal(0), Decimal(94), "USD", 2, 0, 1800
    )


def test_a_day_when_polls_fail_then_counts_them_and_loses_no_consumption() -> None:
    world = polls(100, None, 96, 95)

    (item,) = world.history.days
    assert (item["polls"], item["failed_polls"], item["spent"]) == (2, 1, 0)
    today = world.latest.items["one"].day
    assert today is not None
    assert (today.spent, today.known_seconds) == (Decimal(5), 1800)


def test_a_day_when_never_ok_then_is_written_without_a_balance() -> None:
    world = polls(None, None, None)

    (item,) = world.history.days
    assert (item["polls"], item["failed_polls"]) == (2, 2)
    assert "lowest" not in item


@settings(deadline=None, max_examples=30)
@given(
    falls=st.lists(st.decimals(0, 5, places=2), min_size=1, max_size=20),
    old=st.sets(st.integers(1, 18)),
)
def test_what_was_spent_when_a_cache_answers_from_the_past_then_is_what_the_balance_fell_by(
    falls: list[Decimal], old: set[int]
) -> None:
    balances = [Decimal(500)]
    for fall in falls:
        balances.append(balances[-1] - fall)
    seen = [
        balances[n - 1] if n in old and n < len(balances) - 1 else balance
        for n, balance in enumerate(balances)
    ]

    world = polls(*map(float, seen), start=START.replace(hour=1))

    day = world.latest.items["one"].day
    assert day is not None
    assert day.spent - day.topped_up == pytest.approx(
        balances[0] - balances[-1], abs=Decimal("1e-6")
    )


def test_the_totals_when_stored_then_are_read_back_and_no_query_of_attempts_finds_them() -> None:
    totals = DayTotals(
        date(2026, 11, 23), Decimal(3), Decimal(50), Decimal(0), "USD", 288, 2, 86_000
    )

    assert DayTotals.from_item(totals.to_item()) == totals
    assert DayTotals.from_item(DayTotals(date(2026, 1, 1)).to_item()) == DayTotals(date(2026, 1, 1))
    assert totals.to_day_item("one", "p")["at"] > LATEST


def test_days_when_written_then_go_to_the_table_as_items() -> None:
    client: Any = FakeClient(lambda **_: {})
    item = DayTotals(date(2026, 11, 23), Decimal(3)).to_day_item("one", "p")

    assert not HistoryTable(lambda: client, "balances", 90).write_days([item])

    (call,) = client.calls
    (request,) = call["RequestItems"]["balances"]
    assert decode(request["PutRequest"]["Item"]) == item
