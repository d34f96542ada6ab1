"""Project a burn profile onto the coming hours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from balance_poller.forecast.burn_profile import BurnProfile, Deviation
from balance_poller.forecast.usage import HOUR_SECONDS, WEEK_HOURS, hour_of_week

#: A forecast ends here: later times would overflow, and nobody needs them.
MAX_HOURS: Final = 24 * 365 * 100

_FAST_FADE: Final = math.exp(-1 / 3.5)
_SLOW_FADE: Final = math.exp(-1 / 60)
#: Differences below this no longer matter.
_FADED: Final = 0.005


class Projection:
    """The consumption of the coming hours.

    Args:
        profile: The usual consumption.
        deviation: How present consumption differs from it.
        at: The start, usually within an hour; seconds since 1970.
    """

    def __init__(self, profile: BurnProfile, deviation: Deviation, at: float) -> None:
        self._profile = profile
        self._deviation = deviation
        self._at = at
        self._per_week = sum(profile.per_hour) * math.exp(deviation.lasting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is ever consumed."""
        return self._per_week <= 0

    def consumption(self, hours: int) -> float:
        """Return the consumption of the next ``hours``."""
        total = walked = 0.0
        for part, consumed, _ in self._steps():
            share = min(part, hours - walked) / part
            total += consumed * share
            walked += part
            if walked >= hours:
                break
        return total

    def by_hour(self, hours: int) -> list[float]:
        """Return the consumption until now (0) and until the end of each of the coming ``hours``.

        The start must be a full hour.
        """
        parts = itertools.islice(self._steps(), hours)
        return [*itertools.accumulate((consumed for _, consumed, _ in parts), initial=0.0)]

    def hours_until(self, amount: float) -> float | None:
        """Return when ``amount`` is consumed; None if never."""
        if self.is_idle:
            return None
        walked = 0.0
        for count, (part, consumed, is_fading) in enumerate(self._steps(), start=1):
            if consumed >= amount:
                return walked + (part * amount / consumed if consumed else 0.0)
            amount -= consumed
            walked += part
            if count % WEEK_HOURS == 0 and not is_fading:
                # From here on, every week is the same.
                weeks = min(math.floor(amount / self._per_week), MAX_HOURS // WEEK_HOURS)
                amount = max(0.0, amount - weeks * self._per_week)
                walked += weeks * WEEK_HOURS
            if walked > MAX_HOURS:
                break
        return walked

    def _steps(self) -> Iterator[tuple[float, float, bool]]:
        """Yield each hour's length (below 1 for the first), consumption, whether factors fade."""
        per_hour, hour = self._profile.per_hour, hour_of_week(self._at)
        fast, slow = self._deviation.fast, self._deviation.slow
        lasting = self._deviation.lasting
        steady = math.exp(lasting)
        part = 1 - self._at % HOUR_SECONDS / HOUR_SECONDS
        while True:
            if is_fading := bool(fast or slow):
                factor = math.exp(fast + slow + lasting)
                fast = fast * _FAST_FADE if abs(fast) > _FADED else 0.0
                slow = slow * _SLOW_FADE if abs(slow) > _FADED else 0.0
            else:
                factor = steady
            yield part, per_hour[hour] * part * factor, is_fading
            part = 1.0
            hour = hour + 1 if hour + 1 < WEEK_HOURS else 0
