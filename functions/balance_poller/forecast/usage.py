"""Consumption by hour of the week, over the last two days, and as a recent level."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from balance_poller.forecast.week import UNSEEN, WEEK_HOURS, Week

DAY_HOURS: Final = 24
RECENT_HOURS: Final = 48
HOUR_SECONDS: Final = 3600

#: In how many hours the two levels fade to a third: a few days, and more than a week.
LEVEL_HOURS: Final = (60, 200)
_FADES: Final = tuple(math.exp(-1 / hours) for hours in LEVEL_HOURS)

#: An hour of which less was observed is merged into the next.
_MIN_SEEN_SECONDS: Final = 900
#: How slowly the smallest fall seen is forgotten: prices change.
_STEP_GROWTH: Final = 1.001


class Level(NamedTuple):
    """Consumption over some days, fading."""

    consumed: float = 0.0
    hours: float = 0.0
    """The number of hours in which it was seen, fading alike."""

    def close_hour(self, amount: float | None, fade: float) -> Level:
        """Return the level one hour later."""
        if amount is None:
            return Level(self.consumed * fade, self.hours * fade)
        return Level(self.consumed * fade + amount, self.hours * fade + 1)


class Usage(NamedTuple):
    """Consumption per hour.

    Floats are exact enough here: forecasts are uncertain by tens of percent, and no amount shown to
    people is computed from these.
    """

    week: Week = UNSEEN
    """By hour of the week."""
    recent: tuple[float | None, ...] = ()
    """The last full hours, up to 48, oldest first; None where nothing was seen."""
    usual: tuple[float | None, ...] = (None,)
    """What was usual in each of the ``recent`` hours and in the current one, known before it began;
    None in the first day."""
    hour_consumed: float = 0.0
    """Consumption in the current hour so far, and in short hours right before it."""
    hour_seconds: float = 0.0
    """How much of that time was observed."""
    levels: tuple[Level, Level] = (Level(), Level())
    """Recent and longer-term consumption, to tell whether it grows."""
    step: float = 0.0
    """The smallest fall seen: how finely the balance shows consumption; 0 before the first."""

    def add(self, consumed: float, seconds: float, step: float) -> Usage:
        """Return the usage with more consumption in the current hour, and its new ``step``."""
        return Usage(
            self.week,
            self.recent,
            self.usual,
            self.hour_consumed + consumed,
            self.hour_seconds + seconds,
            self.levels,
            step,
        )

    def step_after(self, fall: float) -> float:
        """Return the smallest fall seen once the balance fell by ``fall``, which may be 0."""
        return min(self.step * _STEP_GROWTH or fall, fall) if fall else self.step

    def expect(self, usual: float | None) -> Usage:
        """Return the usage at the start of an hour in which ``usual`` is usual."""
        return self._replace(usual=(*self.usual, usual)[-RECENT_HOURS - 1 :])

    def close_hour(self, start: float) -> Usage:
        """Return the usage at the end of the hour that began at ``start`` (seconds since 1970).

        :meth:`expect` begins the next one.
        """
        if self.hour_seconds < _MIN_SEEN_SECONDS:
            return self._replace(
                recent=(*self.recent, None)[-RECENT_HOURS:],
                levels=next_levels(self.levels, None),
            )
        amount = self.hour_consumed * HOUR_SECONDS / self.hour_seconds
        return Usage(
            week=self.week.see(hour_of_week(start), amount),
            recent=(*self.recent, amount)[-RECENT_HOURS:],
            usual=self.usual,
            levels=next_levels(self.levels, amount),
            step=self.step,
        )

    def last(self, hours: int) -> float:
        """Return the consumption seen in the last full ``hours`` and the current one."""
        return self.hour_consumed + sum(filter(None, self.recent[-hours:]))

    def sliding(self, hours: int) -> float:
        """Return the consumption seen within the last ``hours``, to the minute."""
        oldest = (self.recent[-hours] or 0.0) if len(self.recent) >= hours else 0.0
        return self.last(hours) - oldest * self._part

    def usual_sliding(self, hours: int) -> float:
        """Return what was usual within the last ``hours``."""
        *past, now = [amount or 0.0 for amount in self.usual[-hours - 1 :]]
        return sum(past) + (now - past[0]) * self._part

    @property
    def _part(self) -> float:
        """The part of the current hour that was observed."""
        return min(1.0, self.hour_seconds / HOUR_SECONDS)

    @property
    def mean_per_hour(self) -> float:
        """The mean consumption per hour over the last two days."""
        seen = [amount for amount in self.recent if amount is not None]
        hours = len(seen) + self.hour_seconds / HOUR_SECONDS
        return (sum(seen) + self.hour_consumed) / hours if hours else 0.0


def next_levels(levels: tuple[Level, Level], amount: float | None) -> tuple[Level, Level]:
    """Return both levels after one more hour."""
    short, long = levels
    return short.close_hour(amount, _FADES[0]), long.close_hour(amount, _FADES[1])


def hour_of_week(seconds: float) -> int:
    """Return the hour of the week of a time since 1970, UTC; 0 is Monday at 0:00."""
    return int(seconds // HOUR_SECONDS + 72) % WEEK_HOURS  # 1970 began on a Thursday
