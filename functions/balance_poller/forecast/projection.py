"""Project a burn profile onto the coming hours."""

from __future__ import annotations

import itertools
import math
from typing import Final

from balance_poller.forecast.burn_profile import BurnProfile, Deviation
from balance_poller.forecast.usage import HOUR_SECONDS, hour_of_week
from balance_poller.forecast.week import WEEK_HOURS

#: A forecast ends here: later times would overflow, and nobody needs them.
MAX_HOURS: Final = 24 * 365 * 100

_FAST_FADE: Final = math.exp(-1 / 3.5)
_SLOW_FADE: Final = math.exp(-1 / 60)
#: Differences below this no longer matter.
_FADED: Final = 0.005
#: How many hours are projected at once.
_STRETCH: Final = 24


class Projection:
    """The consumption of the coming hours.

    Args:
        profile: The usual consumption.
        deviation: How present consumption differs from it.
        at: The start, usually within an hour; seconds since 1970.
    """

    def __init__(self, profile: BurnProfile, deviation: Deviation, at: float) -> None:
        self._per_hour = profile.per_hour
        self._deviation = deviation  # as of the first hour that is not known yet
        self._per_week = sum(profile.per_hour) * math.exp(deviation.lasting)
        self._first_hour = hour_of_week(at)
        self._first_part = 1 - at % HOUR_SECONDS / HOUR_SECONDS
        self._known: list[float] = []
        self._fading_hours = 0  # of the known ones

    @property
    def is_idle(self) -> bool:
        """Whether nothing is ever consumed."""
        return self._per_week <= 0

    def consumption(self, hours: int) -> float:
        """Return the consumption of the next ``hours``."""
        total = walked = 0.0
        part = self._first_part
        for consumed in self._reach(hours + 1):
            total += consumed * (min(part, hours - walked) / part)
            walked += part
            if walked >= hours:
                break
            part = 1.0
        return total

    def by_hour(self, hours: int) -> list[float]:
        """Return the consumption until now (0) and until the end of each of the coming ``hours``.

        The start must be a full hour.
        """
        return [*itertools.accumulate(self._reach(hours)[:hours], initial=0.0)]

    def hours_until(self, amount: float) -> float | None:
        """Return when ``amount`` is consumed; None if never."""
        if self.is_idle:
            return None
        walked, part = 0.0, self._first_part
        hours: list[float] = []
        count = 0
        while walked <= MAX_HOURS:
            if count == len(hours):
                hours = self._reach(count + _STRETCH)
            consumed = hours[count]
            if consumed >= amount:
                return walked + (part * amount / consumed if consumed else 0.0)
            amount -= consumed
            walked += part
            part = 1.0
            count += 1
            if count % WEEK_HOURS == 0 and count > self._fading_hours:
                # From here on, every week is the same.
                weeks = min(math.floor(amount / self._per_week), MAX_HOURS // WEEK_HOURS)
                amount = max(0.0, amount - weeks * self._per_week)
                walked += weeks * WEEK_HOURS
        return walked

    def _reach(self, count: int) -> list[float]:
        """Return the consumption of ``count`` hours or more, the first of which may be a part."""
        known, (fast, slow, lasting) = self._known, self._deviation
        steady = math.exp(lasting)
        for hour in range(self._first_hour + len(known), self._first_hour + count):
            factor = steady
            if fast or slow:
                factor = math.exp(fast + slow + lasting)
                fast = fast * _FAST_FADE if abs(fast) > _FADED else 0.0
                slow = slow * _SLOW_FADE if abs(slow) > _FADED else 0.0
                self._fading_hours += 1
            part = 1.0 if known else self._first_part
            known.append(self._per_hour[hour % WEEK_HOURS] * part * factor)
        self._deviation = Deviation(fast, slow, lasting)
        return known
