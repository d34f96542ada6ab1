"""Adds a poll to its day's totals. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from balance_poller.recording.change import Change
from shared.records import DayTotals, LastGood


def count_failure(before: DayTotals | None, at: datetime) -> DayTotals:
    """Return the totals of the day of ``at`` with one more failed poll."""
    totals = _of_day(before, at)
    return totals._replace(polls=totals.polls + 1, failed_polls=totals.failed_polls + 1)


def count_success(
    before: DayTotals | None,
    known: LastGood,
    good: LastGood,
    at: datetime,
    change: Change | None,
) -> DayTotals:
    """Return the totals of the day of ``at`` with one more balance.

    A rise lowers the amount spent until it is confirmed as a top-up, so that an old response and
    the fall after it cancel out.

    Args:
        before: The totals so far, perhaps of an earlier day.
        known: The values of the last good poll of the same wallet; empty if there was none.
        good: What this poll found.
        at: The time of this poll.
        change: What was consumed and topped up in between; None where that is unknown.
    """
    totals = _of_day(before, at)
    remaining = good.balance or Decimal(0)
    totals = totals._replace(
        polls=totals.polls + 1,
        unit=good.unit,
        lowest=remaining if totals.lowest is None else min(totals.lowest, remaining),
    )
    if change is None or known.balance_at is None:
        return totals
    since = max(known.balance_at, totals.begins_at)
    return totals._replace(
        spent=totals.spent + change.consumed,
        topped_up=totals.topped_up + change.topped_up,
        known_seconds=totals.known_seconds + int((at - since).total_seconds()),
    )


def _of_day(totals: DayTotals | None, at: datetime) -> DayTotals:
    """Return ``totals`` if they are of the day of ``at``, else empty ones."""
    if totals is not None and totals.day == at.date():
        return totals
    return DayTotals(at.date())
