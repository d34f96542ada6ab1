"""A month's budget: corrections of older days change the balance, but are not consumption."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from balance_poller.ledger.budget import budget_left
from shared.records import Meter
from shared.records.item import without_none

BUDGET: Final = Decimal(200)
FIRST: Final = date(2026, 11, 1)


def step(costs: dict[date, Decimal], now: datetime, before: Meter | None) -> tuple[Decimal, Meter]:
    wallet, meter = budget_left(BUDGET, "USD", costs, now, before, is_by_day=True)
    return wallet.remaining, Meter.from_item(without_none(meter.to_item())) or meter


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_correction_of_an_older_day_is_no_consumption() -> None:
    costs = {date(2026, 11, 3): Decimal(10), date(2026, 11, 10): Decimal(2)}
    left, before = step(costs, at(10), None)
    costs[date(2026, 11, 3)] = Decimal(35)
    costs[date(2026, 11, 10)] = Decimal(3)

    after_left, after = step(costs, at(10, 13), before)

    assert (left, after_left) == (Decimal(188), Decimal(162))
    assert after.consumed - before.consumed == 1
    assert after.corrected == 25


def test_late_cost_of_yesterday_is_consumption() -> None:
    costs = {date(2026, 11, 9): Decimal(1)}
    _, before = step(costs, at(10), None)
    costs[date(2026, 11, 9)] = Decimal(8)

    _, after = step(costs, at(10, 13), before)

    assert after.consumed - before.consumed == 7
    assert after.corrected == 0


def test_downward_correction_hides_no_consumption() -> None:
    costs = {date(2026, 11, 3): Decimal(30), date(2026, 11, 10): Decimal(2)}
    _, before = step(costs, at(10), None)
    costs[date(2026, 11, 3)] = Decimal(10)
    costs[date(2026, 11, 10)] = Decimal(9)

    _, after = step(costs, at(10, 13), before)

    assert after.consumed - before.consumed == 7


def test_new_month_begins_without_corrections() -> None:
    costs = {date(2026, 11, 3): Decimal(30)}
    _, before = step(costs, at(30), None)
    costs[date(2026, 11, 3)] = Decimal(40)
    _, before = step(costs, at(30, 23), before)

    _, after = step({date(2026, 12, 1): Decimal(1)}, at(1, 1, month=12), before)

    assert (after.consumed, after.corrected) == (Decimal(1), Decimal(0))


def test_report_without_days_is_consumption_as_a_whole() -> None:
    _, before = budget_left(BUDGET, "USD", {FIRST: Decimal(10)}, at(9), None, is_by_day=False)
    _, after = budget_left(BUDGET, "USD", {FIRST: Decimal(25)}, at(10), before, is_by_day=False)

    assert after.consumed - before.consumed == 15
    assert after.settled is None


@given(
    spent=st.lists(st.integers(0, 9), min_size=20, max_size=29),
    corrections=st.lists(st.tuples(st.integers(0, 28), st.integers(-5, 5)), max_size=6),
)
def test_whatever_is_corrected_consumption_adds_up_to_what_was_spent(
    spent: list[int], corrections: list[tuple[int, int]]
) -> None:
    """A poll at each noon; days are corrected when they have been over for two days or more."""
    costs: dict[date, Decimal] = {}
    meter: Meter | None = None
    consumed = Decimal(0)
    for number, amount in enumerate(spent):
        day = FIRST + timedelta(days=number)
        costs[day] = Decimal(amount)
        for when, by in corrections:
            old = FIRST + timedelta(days=when - 3)
            if when == number and old in costs:
                costs[old] += by
        now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        left, after = step(costs, now, meter)
        consumed += after.consumed - meter.consumed if meter else after.consumed
        meter = after
        assert left == BUDGET - sum(costs.values())

    assert consumed == sum(spent)
