"""Which accounts a scheduled run polls. Pure.

The schedule fires as often as accounts close to a threshold are polled; all others wait their turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

from shared.outcome import Outcome

#: A schedule that was changed may fire at a different second of the minute.
_TOLERANCE: Final = timedelta(seconds=30)
#: After these outcomes the next poll may succeed. Polling more often after any other helps nobody,
#: and a provider that limits requests should get fewer.
_WORTH_ASKING: Final = frozenset({Outcome.OK, Outcome.TRANSIENT})


class PollMark(NamedTuple):
    """The attributes of LATEST that decide when an account is due."""

    polled_at: datetime
    outcome: Outcome
    is_close: bool = False
    """Whether its last balance was close to a threshold."""

    @property
    def is_watched_closely(self) -> bool:
        """Whether the account is polled at the close interval."""
        return self.is_close and self.outcome in _WORTH_ASKING


class PollMarks(NamedTuple):
    """The marks of a run's accounts; accounts without one were never polled."""

    known: Mapping[str, PollMark] = {}
    unknown: frozenset[str] = frozenset()
    """Accounts whose mark could not be read."""


class PollIntervals(NamedTuple):
    """The intervals at which accounts are polled."""

    interval: timedelta
    close_interval: timedelta
    """The same for accounts close to a threshold; the schedule fires at this interval."""

    @classmethod
    def from_minutes(cls, interval: object, close_interval: object) -> Self | None:
        """Return an event's intervals; None, which polls everything, if it has none."""
        minutes = (interval, close_interval)
        if not all(isinstance(value, int | float) and 0 < value <= 1440 for value in minutes):
            return None
        long, short = (timedelta(minutes=float(str(value))) for value in minutes)
        return cls(long, short) if short < long else None

    def due(
        self, accounts: Mapping[str, timedelta], marks: PollMarks, at: datetime
    ) -> frozenset[str]:
        """Return which of ``accounts`` a run at ``at`` polls.

        Accounts due within half an interval are polled along with those that are due now: AWS calls
        are billed per run, so polling together is cheaper.

        Args:
            accounts: The shortest interval that each account's provider allows, by account.
            marks: Their marks.
            at: The run's scheduled time.
        """
        close = {name for name, mark in marks.known.items() if mark.is_watched_closely}
        due = {
            name
            for name, shortest in accounts.items()
            if self._is_due(name, marks, at, self._interval(shortest, is_close=name in close))
        }
        if due <= close:
            return frozenset(due)
        half = self.interval / 2
        together = {
            name
            for name, shortest in accounts.items()
            if self._is_due(name, marks, at, max(half, shortest))
        }
        return frozenset(due | together)

    def _interval(self, shortest: timedelta, *, is_close: bool) -> timedelta:
        """Return an account's interval; never below its provider's, nor above the usual one."""
        if not is_close:
            return self.interval
        return min(self.interval, max(self.close_interval, shortest))

    def _is_due(self, name: str, marks: PollMarks, at: datetime, interval: timedelta) -> bool:
        """Return whether the last poll was ``interval`` ago.

        The clock's minutes do not decide, because one lost run would double the interval. They do
        if no mark is known, so that an outage of the table does not multiply requests.
        """
        if name in marks.unknown:
            return at.timestamp() % self.interval.total_seconds() < (
                self.close_interval.total_seconds()
            )
        mark = marks.known.get(name)
        return mark is None or at - mark.polled_at >= interval - _TOLERANCE
