"""Accounts are due by the time since their last poll, not by the clock; close ones sooner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.poll_intervals import PollIntervals, PollMark, PollMarks
from shared.outcome import Outcome
from tests.unit.poller.fakes import AT

MINUTE = timedelta(minutes=1)
INTERVALS = PollIntervals(5 * MINUTE, MINUTE)


def ago(minutes: float, *, close: bool = False, outcome: Outcome = Outcome.OK) -> PollMark:
    return PollMark(AT - minutes * MINUTE, outcome, close)


def due(marks: Mapping[str, PollMark], *more: str, **shortest: float) -> set[str]:
    """Return who is due at ``AT``; ``more`` have no mark."""
    accounts = {name: shortest.get(name, 1) * MINUTE for name in (*marks, *more)}
    return set(INTERVALS.due(accounts, PollMarks(marks), AT))


@pytest.mark.parametrize(
    ("minutes", "is_due"),
    [(0, False), (1, False), (4.45, False), (4.5, True), (5, True), (7.2, True), (-3, False)],
)
def test_an_account_when_polled_an_interval_ago_less_half_a_minute_then_is_due(
    minutes: float, is_due: bool
) -> None:
    assert due({"one": ago(minutes)}) == ({"one"} if is_due else set())


@pytest.mark.parametrize(("minutes", "is_due"), [(0, False), (0.4, False), (0.5, True), (1, True)])
def test_an_account_when_close_then_is_due_at_the_close_interval(
    minutes: float, is_due: bool
) -> None:
    assert due({"one": ago(minutes, close=True)}) == ({"one"} if is_due else set())


def test_an_account_when_never_polled_then_is_due_immediately() -> None:
    assert due({}, "new") == {"new"}


def test_a_close_account_when_due_then_takes_no_other_along() -> None:
    assert due({"close": ago(1, close=True), "calm": ago(4)}) == {"close"}


def test_accounts_when_out_of_step_then_are_polled_together_again() -> None:
    marks = {"first": ago(5), "late": ago(1), "later": ago(3), "close": ago(0.2, close=True)}

    assert due(marks) == {"first", "later"}


def test_a_provider_when_it_asks_for_a_minimum_then_gets_it() -> None:
    slow = {"close": ago(1.4, close=True)}

    assert due(slow, close=2) == set()
    assert due({"close": ago(1.6, close=True)}, close=2) == {"close"}
    assert due({"calm": ago(5), "slow": ago(3)}, slow=4) == {"calm"}


@pytest.mark.parametrize(
    "outcome", [one for one in Outcome if one not in {Outcome.OK, Outcome.TRANSIENT}]
)
def test_a_close_account_when_asking_more_often_cannot_help_then_keeps_the_usual_interval(
    outcome: Outcome,
) -> None:
    assert due({"one": ago(2, close=True, outcome=outcome)}) == set()
    assert due({"one": ago(5, close=True, outcome=outcome)}) == {"one"}


def test_the_table_when_it_cannot_be_read_then_the_clock_decides() -> None:
    accounts = {"one": MINUTE}
    marks = PollMarks(unknown=frozenset(accounts))
    runs = [INTERVALS.due(accounts, marks, AT + n * MINUTE) for n in range(10)]

    assert [len(run) for run in runs] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]


@settings(max_examples=50)
@given(
    first=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    lost=st.sets(st.integers(5, 40), max_size=8),
)
def test_whatever_run_is_lost_then_no_account_waits_longer_than_the_lost_ones_ask(
    first: list[int], lost: set[int]
) -> None:
    """Each is polled an interval after its last poll, or at the first run that is not lost."""
    names = {f"a{number}": MINUTE for number in range(len(first))}
    marks = {
        name: PollMark(AT - phase * MINUTE, Outcome.OK)
        for name, phase in zip(names, first, strict=True)
    }
    for minute in range(1, 60):
        now = AT + minute * MINUTE
        if minute in lost:
            continue
        for name in INTERVALS.due(names, PollMarks(marks), now):
            waited = (now - marks[name].polled_at) / MINUTE
            assert waited >= 2.5 - 0.5
            assert waited <= 5 or minute - 1 in lost
            marks[name] = PollMark(now, Outcome.OK)

    assert len({mark.polled_at for mark in marks.values()}) == 1, "they are in step again"


@pytest.mark.parametrize(
    ("interval", "close"),
    [(None, None), (5, None), (None, 1), (5, 5), (5, 0), (1, 5), ("5", "1"), (5, -1), (True, 9e9)],
)
def test_an_event_when_it_has_no_intervals_then_all_are_polled(
    interval: object, close: object
) -> None:
    assert PollIntervals.from_minutes(interval, close) is None


def test_an_event_when_it_names_both_intervals_then_has_them() -> None:
    assert PollIntervals.from_minutes(5, 1.0) == INTERVALS
