"""What an account usually consumes in which hour, and how much faster it goes at present. Pure.

The form and its constants were chosen on public usage traces and on synthetic ones;
``bench/runway.py`` prints what each part is worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from balance_poller.forecast.burn_state import HOURS, BurnState, hour_of

_DAY: Final = 24

#: A forecast ends here: beyond, times overflow and nobody asks.
MAX_HOURS: Final = 24 * 365 * 100

#: Days of the usual consumption that stand against a weekend's (or working week's) own.
_WEEKEND_PRIOR_DAYS: Final = 4

#: How the last six hours, then the last day, differ from what is usual for them: how much of the
#: (logarithmic) difference counts, and in how many hours it fades to a third.
_FAST_HOURS: Final = 6
_FAST_WEIGHT: Final = 0.85
_FAST_FADE: Final = math.exp(-1 / 12)
_SLOW_HOURS: Final = 24
_SLOW_WEIGHT: Final = 0.5
_SLOW_FADE: Final = math.exp(-1 / 120)
#: Usual consumption that is added to both sides, so that an idle hour is no proof of idleness.
_FAST_PRIOR: Final = 0.3
_SLOW_PRIOR: Final = 0.1
#: Below this a difference no longer matters.
_FADED: Final = 0.005

#: The usual consumption counts as at least this share of the mean: hours that are usually idle
#: would make any use of them look like a leak.
_DRAIN_FLOOR: Final = 0.25
_MAX_DRAIN: Final = 999.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Usual consumption by UTC hour of the day and kind of day, and the present's difference."""

    by_hour: tuple[float, ...]
    """Consumption per hour, on a day that is neither."""
    by_day: tuple[float, float] = (1.0, 1.0)
    """Factors for Monday to Friday, and for Saturday and Sunday."""
    fast: float = 0.0
    """The logarithm of the factor by which the last hours differ; it fades within hours."""
    slow: float = 0.0
    """The same for the last day; it fades within days."""

    @classmethod
    def constant(cls, per_hour: float) -> Self:
        """Return the rhythm of an account about which no more is known than a rate."""
        return cls((per_hour,) * _DAY)

    @classmethod
    def of(cls, state: BurnState) -> Self:
        """Return the rhythm of at least a day of hours."""
        by_day = _by_day(state)
        usual = cls(_by_hour(state, by_day), by_day)
        fast = usual.log_ratio(state, _FAST_HOURS, _FAST_PRIOR)
        slow = _SLOW_WEIGHT * usual.log_ratio(state, _SLOW_HOURS, _SLOW_PRIOR)
        return cls(usual.by_hour, by_day, _FAST_WEIGHT * (fast - slow), slow)

    def usual(self, weekday: int, hour: int) -> float:
        """Return the usual consumption of an hour."""
        return self.by_hour[hour] * self.by_day[weekday >= 5]

    def log_ratio(self, state: BurnState, hours: int, prior: float) -> float:
        """Return the logarithm of consumption over usual consumption of the last ``hours``."""
        weekday, hour = state.at.weekday(), state.at.hour
        consumed = state.hour_consumed
        expected = self.usual(weekday, hour) * state.hour_seconds / 3600
        for amount in reversed(state.hours[-hours:]):
            weekday, hour = (weekday, hour - 1) if hour else ((weekday - 1) % 7, _DAY - 1)
            if amount is not None:
                consumed += amount
                expected += self.usual(weekday, hour)
        added = prior * hours * math.fsum(self.by_hour) / _DAY
        return math.log((consumed + added) / (expected + added)) if added > 0 else 0.0


class Walk:
    """The coming hours of a rhythm, one after the other.

    Args:
        rhythm: What they consume.
        at: When they begin, usually within an hour.
    """

    def __init__(self, rhythm: Rhythm, at: datetime) -> None:
        self._rhythm = rhythm
        self._weekday, self._hour = at.weekday(), at.hour
        self._part = 1 - (at - hour_of(at)).total_seconds() / 3600
        self._per_week = math.fsum(rhythm.by_hour) * (5 * rhythm.by_day[0] + 2 * rhythm.by_day[1])

    @property
    def is_idle(self) -> bool:
        """Whether nothing is ever consumed."""
        return self._per_week <= 0

    def consumption(self, hours: int) -> float:
        """Return what the next ``hours`` consume."""
        steps = self._steps()
        total = left = 0.0
        while left < hours:
            part, amount = next(steps)
            share = min(part, hours - left) / part
            total += amount * share
            left += part
        return total

    def hours_until(self, amount: float) -> float | None:
        """Return when ``amount`` is consumed; None when it never is."""
        if self.is_idle:
            return None
        walked = 0.0
        for count, (part, consumed) in enumerate(self._steps()):
            if consumed >= amount:
                return walked + (part * amount / consumed if consumed else 0.0)
            amount -= consumed
            walked += part
            if count % HOURS == HOURS - 1 and not self._is_fading(count):
                # The rest is the same week again and again.
                weeks = min(math.floor(amount / self._per_week), MAX_HOURS // HOURS)
                amount = max(0.0, amount - weeks * self._per_week)
                walked += weeks * HOURS
            if walked > MAX_HOURS:
                break
        return walked

    def _is_fading(self, hours: int) -> bool:
        """Whether the present still differs from what is usual after ``hours``."""
        return abs(self._rhythm.slow) * _SLOW_FADE**hours > _FADED

    def _steps(self) -> Iterator[tuple[float, float]]:
        """Yield each hour's length, which is less than 1 for the first, and its consumption."""
        weekday, hour, part = self._weekday, self._hour, self._part
        fast, slow = self._rhythm.fast, self._rhythm.slow
        while True:
            consumed = self._rhythm.usual(weekday, hour) * part
            if fast or slow:
                consumed *= math.exp(fast + slow)
                fast = fast * _FAST_FADE if abs(fast) > _FADED else 0.0
                slow = slow * _SLOW_FADE if abs(slow) > _FADED else 0.0
            yield part, consumed
            part, hour = 1.0, hour + 1
            if hour == _DAY:
                weekday, hour = (weekday + 1) % 7, 0


def average_per_hour(state: BurnState) -> float:
    """Return the mean consumption per hour over all that was seen."""
    seen = [amount for amount in state.hours if amount is not None]
    hours = len(seen) + state.hour_seconds / 3600
    return (math.fsum(seen) + state.hour_consumed) / hours if hours else 0.0


def drain_factor(state: BurnState) -> float:
    """Return how many times the usual was consumed in the last hours; 1 while nothing is usual.

    The usual is that of the same hours on the days before the last one, so that a leak does not
    count as usual within the hour.
    """
    before = state.hours[:-_DAY]
    seen = [amount for amount in before if amount is not None]
    if len(seen) < _DAY:
        return 1.0
    floor = _DRAIN_FLOOR * math.fsum(seen) / len(seen)
    consumed = state.hour_consumed
    usual = max(_same_hour(before, _DAY), floor) * state.hour_seconds / 3600
    for back in range(1, _FAST_HOURS + 1):
        amount = state.hours[-back]
        if amount is not None:
            consumed += amount
            usual += max(_same_hour(before, back), floor)
    if usual > 0:
        return min(consumed / usual, _MAX_DRAIN)
    return _MAX_DRAIN if consumed > 0 else 0.0


def _same_hour(before: Sequence[float | None], back: int) -> float:
    """Return the mean of every 24th hour from ``back`` before the end; 0 if none was seen."""
    seen = [amount for amount in before[-back::-_DAY] if amount is not None]
    return math.fsum(seen) / len(seen) if seen else 0.0


def _by_day(state: BurnState) -> tuple[float, float]:
    """Return how working days and weekends differ from the mean, cautiously: a week is little."""
    totals, counts = [0.0, 0.0], [0, 0]
    for (weekday, _), amount in zip(_hours_back(state), reversed(state.hours), strict=True):
        if amount is not None:
            totals[weekday >= 5] += amount
            counts[weekday >= 5] += 1
    mean = sum(totals) / sum(counts) if sum(counts) else 0.0
    if mean <= 0:
        return 1.0, 1.0
    prior = _WEEKEND_PRIOR_DAYS * _DAY
    working, weekend = (
        (total / mean + prior) / (count + prior)
        for total, count in zip(totals, counts, strict=True)
    )
    return working, weekend


def _by_hour(state: BurnState, by_day: Sequence[float]) -> tuple[float, ...]:
    """Return the mean consumption of each hour of the day over the days seen."""
    totals, counts = [0.0] * _DAY, [0] * _DAY
    for (weekday, hour), amount in zip(_hours_back(state), reversed(state.hours), strict=True):
        if amount is not None:
            totals[hour] += amount / by_day[weekday >= 5]
            counts[hour] += 1
    mean = average_per_hour(state)
    return tuple(
        total / count if count else mean for total, count in zip(totals, counts, strict=True)
    )


def _hours_back(state: BurnState) -> Iterator[tuple[int, int]]:
    """Yield weekday and hour of the state's hours, the newest first."""
    weekday, hour = state.at.weekday(), state.at.hour
    for _ in range(HOURS):
        weekday, hour = (weekday, hour - 1) if hour else ((weekday - 1) % 7, _DAY - 1)
        yield weekday, hour
