"""Which accounts a scheduled run polls. Pure.

The schedule fires as often as accounts that are close to a threshold are polled; all others wait
for their turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from shared.outcome import Outcome

#: A schedule that was changed fires at another second of the minute.
_TOLERANCE: Final = timedelta(seconds=30)
#: After these the next poll may succeed. Asking more often where it will not helps nobody, and a
#: provider that limits requests gets fewer.
_WORTH_ASKING: Final = frozenset({Outcome.OK, Outcome.TRANSIENT})


@dataclass(frozen=True, slots=True)
class PollMark:
    """What LATEST says about when the account is due."""

    polled_at: datetime
    outcome: Outcome
    is_close: bool = False
    """Whether its last balance was close to a threshold."""

    @property
    def is_watched_closely(self) -> bool:
        """Whether the account is polled at the close interval."""
        return self.is_close and self.outcome in _WORTH_ASKING


@dataclass(frozen=True, slots=True)
class PollMarks:
    """The marks of a run's accounts; an account without one was never polled."""

    known: Mapping[str, PollMark] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    """Accounts whose mark could not be read."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often accounts are polled."""

    interval: timedelta
    close_interval: timedelta
    """The same for accounts that are close to a threshold; the schedule fires so often."""

    @classmethod
    def from_minutes(cls, interval: object, close_interval: object) -> Self | None:
        """Return the rhythm of an event; None, which polls everything, where it has none."""
        minutes = (interval, close_interval)
        if not all(isinstance(value, int | float) and 0 < value <= 1440 for value in minutes):
            return None
        long, short = (timedelta(minutes=float(str(value))) for value in minutes)
        return cls(long, short) if short < long else None

    def due(
        self, accounts: Mapping[str, timedelta], marks: PollMarks, at: datetime
    ) -> frozenset[str]:
        """Return which of ``accounts`` a run at ``at`` polls.

        Whoever is due within half an interval is polled along with those that are due by the
        rhythm: calls to AWS are paid by the run, so accounts had better be polled together.

        Args:
            accounts: The shortest interval that each account's provider allows, by account.
            marks: What is known of them.
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
        """Return an account's interval; never below its provider's, nor above the rhythm."""
        if not is_close:
            return self.interval
        return min(self.interval, max(self.close_interval, shortest))

    def _is_due(self, name: str, marks: PollMarks, at: datetime, interval: timedelta) -> bool:
        """Return whether the last poll was ``interval`` ago.

        Not whether it is a minute of the clock: one run that is lost would double the interval.
        Only where nothing is known does the clock decide, so that an outage of the table does not
        multiply the requests.
        """
        if name in marks.unknown:
            return at.timestamp() % self.interval.total_seconds() < (
                self.close_interval.total_seconds()
            )
        mark = marks.known.get(name)
        return mark is None or at - mark.polled_at >= interval - _TOLERANCE
