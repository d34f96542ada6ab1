"""A ledger's arithmetic: for any reports, corrections and top-ups, what is left is exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.ledger.settle import CLOSES_AFTER, ledger_window, settle
from balance_poller.ledger.window import (
    DAY,
    MAX_DAYS,
    LedgerError,
    month_end,
    month_window,
    window_from,
)
from shared.records.ledger import Anchor, DeclaredTopUp, Ledger, new_ledger
from shared.times import midnight

START = datetime(2026, 11, 26, 9, 12, tzinfo=UTC)


def ledger_of(amount: str = "41.20", at: datetime = START) -> Ledger:
    return new_ledger("openai", "openai_ledger", "USD", Anchor(Decimal(amount), at, "ada"))


def costs(**by_day: str) -> dict[date, Decimal]:
    """Return costs of days of November: ``d26="3.07"``."""
    return {date(2026, 11, int(day[1:])): Decimal(cost) for day, cost in by_day.items()}


def test_the_anchors_own_day_counts_as_a_difference() -> None:
    ledger = settle(ledger_of(), costs(d26="3.07"), START)

    assert ledger.left == Decimal("41.20")
    ledger = settle(ledger, costs(d26="5.00"), START + timedelta(hours=2))
    assert ledger.left == Decimal("39.27")
    ledger = settle(ledger, costs(d26="5.50", d27="1"), START + DAY)
    assert ledger.left == Decimal("37.77")


def test_a_day_that_a_report_leaves_out_keeps_its_last_cost() -> None:
    ledger = settle(ledger_of(), costs(d26="3"), START)

    ledger = settle(settle(ledger, costs(d26="5"), START + DAY), {}, START + DAY)

    assert ledger.left == Decimal("39.20")


def test_a_day_closes_with_a_poll_seven_days_after_its_end_and_not_before() -> None:
    end = midnight(date(2026, 11, 27)) + CLOSES_AFTER
    ledger = settle(ledger_of(), costs(d26="3"), START)
    ledger = settle(ledger, costs(d26="5"), end - timedelta(seconds=1))
    assert ledger.first_open == date(2026, 11, 26)

    ledger = settle(ledger, costs(d26="6"), end)

    assert ledger.first_open == date(2026, 11, 27)
    assert ledger.left == Decimal("38.20")
    assert settle(ledger, costs(d26="99"), end + DAY).left == Decimal("38.20")


def test_a_pause_of_ten_days_leaves_no_day_uncounted() -> None:
    ledger = settle(ledger_of(), costs(d26="0"), START)
    now = START + 10 * DAY

    window = ledger_window(ledger, now)

    assert window.start == date(2026, 11, 26)
    assert settle(ledger, costs(d26="1", d28="2"), now).left == Decimal("38.20")


@pytest.mark.parametrize(
    ("at", "now", "words"),
    [
        (START + timedelta(minutes=5), START, "in the future"),
        (START - timedelta(hours=2), START, "no poll succeeded within an hour"),
    ],
    ids=["future", "not noted"],
)
def test_an_anchor_that_cannot_be_used_is_refused_with_the_remedy(
    at: datetime, now: datetime, words: str
) -> None:
    with pytest.raises(LedgerError, match=words) as caught:
        ledger_window(ledger_of(at=at), now)

    assert "balancectl ledger set" in str(caught.value)


def test_a_gap_of_more_than_31_days_wants_a_new_anchor() -> None:
    ledger = settle(ledger_of(), costs(d26="3"), START)

    assert ledger_window(ledger, START + (MAX_DAYS - 1) * DAY).days == MAX_DAYS
    with pytest.raises(LedgerError, match="set a new anchor"):
        ledger_window(ledger, START + MAX_DAYS * DAY)


def test_an_anchor_whose_clock_is_a_minute_ahead_at_midnight_begins_with_the_next_day() -> None:
    now = datetime(2026, 11, 26, 23, 59, 30, tzinfo=UTC)
    ledger = ledger_of(at=now + timedelta(minutes=1))

    ledger = settle(ledger, costs(d26="3"), now)
    ledger = settle(ledger, costs(d26="4", d27="1"), now + timedelta(hours=1))

    assert ledger.left == Decimal("40.20")


def test_corrections_and_anchors_are_not_consumed_and_late_cost_of_yesterday_is() -> None:
    ledger = settle(ledger_of(), costs(d26="3"), START)
    ledger = settle(ledger, costs(d26="5"), START + timedelta(hours=1))
    ledger = settle(ledger, costs(d26="6", d27="2"), START + timedelta(hours=20))
    assert ledger.consumed == Decimal(5)

    ledger = settle(ledger, costs(d26="6", d27="3"), START + timedelta(days=2))
    late = settle(ledger, costs(d26="9", d27="3"), START + timedelta(days=2, hours=1))
    assert (late.consumed, late.left) == (Decimal(6), Decimal("32.20"))

    lower = settle(ledger, costs(d26="1", d27="3"), START + timedelta(days=2, hours=1))
    assert (lower.consumed, lower.left) == (Decimal(6), Decimal("40.20"))

    anew = ledger.with_anchor(Anchor(Decimal(100), START + timedelta(days=2)))
    anew = settle(anew, costs(d28="0.5"), START + timedelta(days=2))
    assert (anew.consumed, anew.left) == (Decimal("6.5"), Decimal(100))
    assert [drift.amount for drift in anew.drifts] == [Decimal(100) - ledger.left]


def test_the_time_up_to_which_cost_is_reported_moves_with_the_cost_alone() -> None:
    ledger = settle(ledger_of(), costs(d26="3"), START)
    ledger = settle(ledger, costs(d26="3"), START + timedelta(minutes=5))
    assert (ledger.cost_at, ledger.seen_at) == (START, START + timedelta(minutes=5))

    ledger = settle(ledger, costs(d26="3.1"), START + timedelta(minutes=10))

    assert ledger.cost_at == START + timedelta(minutes=10)


def test_a_ledger_survives_its_item_and_counts_its_versions() -> None:
    ledger = settle(ledger_of(), costs(d26="3"), START)
    ledger = ledger.with_top_up(DeclaredTopUp(Decimal(100), START, "ada", "invoice 7"))
    ledger = ledger.with_anchor(Anchor(Decimal(-3), START + DAY, "grace"))

    read = Ledger.from_item(ledger.to_item())

    assert read == Ledger.from_item(ledger.to_item())
    assert (read.version, read.left, read.topped_up) == (1, Decimal(-3), Decimal(100))
    assert read.drifts == ledger.drifts


@pytest.mark.parametrize(
    ("now", "days", "end"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), 1, datetime(2026, 12, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), 31, datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 29, datetime(2028, 3, 1, tzinfo=UTC)),
    ],
    ids=["first", "last", "leap"],
)
def test_a_months_window_is_one_report_whatever_the_month(
    now: datetime, days: int, end: datetime
) -> None:
    assert month_window(now).days == days
    assert month_end(now) == end
    assert window_from(month_window(now).start, now) == month_window(now)


@dataclass
class Truth:
    """What the issue's sentence says, kept without any of the ledger's own code."""

    anchor: Decimal
    anchor_day: date
    noted: Decimal | None = None
    top_ups: Decimal = Decimal(0)
    last_while_open: dict[date, Decimal] = field(default_factory=dict)
    closed: set[date] = field(default_factory=set)

    def see(self, reported: dict[date, Decimal], now: datetime) -> None:
        for day, cost in reported.items():
            if self.anchor_day <= day <= now.date() and day not in self.closed:
                self.last_while_open[day] = cost
        if self.noted is None:
            self.noted = self.last_while_open.get(self.anchor_day, Decimal(0))
        day = self.anchor_day
        while midnight(day) + timedelta(days=8) <= now:
            self.closed.add(day)
            day += DAY

    @property
    def left(self) -> Decimal:
        cost = sum(self.last_while_open.values(), Decimal(0))
        return self.anchor + self.top_ups - cost + (self.noted or Decimal(0))


AMOUNTS = st.decimals("-5", "500", places=4)
#: Hours until the next poll, which days back are reported anew with what, and a top-up.
POLLS = st.lists(
    st.tuples(
        st.floats(0.1, 240),
        st.dictionaries(st.integers(0, 12), AMOUNTS, max_size=6),
        st.none() | st.decimals("1", "1000", places=2),
        st.none() | st.decimals("-50", "1000", places=2),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(first=AMOUNTS, polls=POLLS)
def test_whatever_is_reported_corrected_and_declared_what_is_left_is_the_sum(
    first: Decimal, polls: list[tuple[float, dict[int, Decimal], Decimal | None, Decimal | None]]
) -> None:
    """Left = anchor + top-ups - the last cost of each day while open + the anchor day's cost."""
    now = START
    ledger = settle(ledger_of(str(first)), {now.date(): first}, now)
    truth = Truth(first, now.date())
    truth.see({now.date(): first}, now)
    consumed = Decimal(0)

    for hours, changes, top_up, anchor in polls:
        now += timedelta(hours=hours)
        if top_up is not None:
            ledger = ledger.with_top_up(DeclaredTopUp(top_up, now))
            truth.top_ups += top_up
        if anchor is not None:
            ledger = ledger.with_anchor(Anchor(anchor, now))
            truth = Truth(anchor, now.date())
            known = ledger.days.get(now.date())
            truth.last_while_open = {} if known is None else {now.date(): known}
        reported = {now.date() - back * DAY: cost for back, cost in changes.items()}
        window = ledger_window(ledger, now)
        assert window.days <= MAX_DAYS
        assert all(window.start <= day for day in ledger.days)

        ledger = settle(Ledger.from_item(ledger.to_item()), reported, now)
        truth.see(reported, now)

        assert ledger.left == truth.left
        assert settle(ledger, reported, now).left == ledger.left
        assert ledger.consumed >= consumed
        consumed = ledger.consumed
