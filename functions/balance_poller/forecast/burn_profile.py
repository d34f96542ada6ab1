"""An account's usual consumption in each hour of the week, and the current deviation from it.

The form and its constants were chosen on public traces of real use and on synthetic ones;
``bench/runway.py`` compares it with simpler methods.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import Final, NamedTuple, Self

from balance_poller.forecast.usage import (
    DAY_HOURS,
    HOUR_SECONDS,
    LEVEL_HOURS,
    Level,
    Usage,
    hour_of_week,
)
from balance_poller.forecast.week import MAX_WEEKS, WEEK_HOURS, WEIGHTS, Week

_WORKING_HOURS: Final = 5 * DAY_HOURS
_WORKING_DAYS, _WEEKEND = slice(_WORKING_HOURS), slice(_WORKING_HOURS, None)
#: How many hours of usual consumption a weekend's (or working week's) own is weighed against.
_WEEKEND_PRIOR_HOURS: Final = DAY_HOURS
#: The weight of an hour of the week's own mean, by the weeks seen: it is weighed against four weeks
#: of the usual for that hour of the day and kind of day.
_OWN_SHARE: Final = tuple(WEIGHTS[weeks] / (WEIGHTS[weeks] + 4) for weeks in range(MAX_WEEKS + 1))


class BurnProfile(NamedTuple):
    """Usual consumption by hour of the week, UTC, Monday first."""

    per_hour: tuple[float, ...]
    mean: float

    @classmethod
    def constant(cls, per_hour: float) -> Self:
        """Return the profile of an account for which only a rate is known."""
        return cls((per_hour,) * WEEK_HOURS, per_hour)

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """Return the usual consumption according to the hours seen so far."""
        pattern = _Pattern.of(usage.week)
        if pattern is None:
            return cls.constant(usage.mean_per_hour)
        by_hour = [pattern.usual(hour) for hour in range(DAY_HOURS)]
        working, weekend = pattern.kinds
        usual = [hour * working for hour in by_hour] * 5 + [hour * weekend for hour in by_hour] * 2
        means, counts = usage.week.means, usage.week.counts
        per_hour = tuple(
            [
                usual_then + _OWN_SHARE[count] * (own - usual_then)
                for usual_then, count, own in zip(usual, counts, means, strict=True)
            ]
        )
        return cls(per_hour, sum(per_hour) / WEEK_HOURS)


def usual_in(usage: Usage, hour: int) -> tuple[float, float]:
    """Return the usual consumption in one hour of the week, and the mean of all hours.

    The first is that of :meth:`BurnProfile.of`, in a third of the time; the mean is that of the
    hours seen.
    """
    pattern = _Pattern.of(usage.week)
    if pattern is None:
        return usage.mean_per_hour, usage.mean_per_hour
    working, weekend = pattern.kinds
    usual = pattern.usual(hour % DAY_HOURS) * (weekend if hour >= _WORKING_HOURS else working)
    week = usage.week
    return usual + _OWN_SHARE[week.counts[hour]] * (week.means[hour] - usual), pattern.mean


def assume_usual(usage: Usage, at: float) -> Usage:
    """Return ``usage`` at ``at`` as if in its last hours the same had been usual as now."""
    per_hour, now = BurnProfile.of(usage).per_hour, hour_of_week(at)
    hours = range(len(usage.recent), -1, -1)
    return usage._replace(usual=tuple(per_hour[(now - back) % WEEK_HOURS] for back in hours))


class _Pattern(NamedTuple):
    """What the hours of the week have in common: the hours of the day, and two kinds of day."""

    week: Week
    mean: float
    kinds: tuple[float, float]
    """How working days and weekends differ from the mean, cautiously: few weeks are seen."""

    @classmethod
    def of(cls, week: Week) -> Self | None:
        """Return the pattern; None until an hour of consumption was seen."""
        weights, weighted = week.weights, week.weighted
        seen = sum(weights)
        mean = sum(weighted) / seen if seen else 0.0
        if mean <= 0:
            return None
        working, weekend = [
            (sum(weighted[hours]) / mean + _WEEKEND_PRIOR_HOURS)
            / (sum(weights[hours]) + _WEEKEND_PRIOR_HOURS)
            for hours in (_WORKING_DAYS, _WEEKEND)
        ]
        return cls(week, mean, (working, weekend))

    def usual(self, hour: int) -> float:
        """Return the usual consumption of an hour of the day, for both kinds of day together."""
        seen = sum(self.week.weights[hour::DAY_HOURS])
        if not seen:
            return self.mean
        working, weekend = self.kinds
        mon, tue, wed, thu, fri, sat, sun = self.week.weighted[hour::DAY_HOURS]
        return ((mon + tue + wed + thu + fri) / working + (sat + sun) / weekend) / seen


# --- present deviation -----------------------------------------------------------------------


class _Window(NamedTuple):
    """How the last hours are compared with the usual consumption in them."""

    hours: int
    weight: float
    """The weight of the (logarithmic) difference."""
    prior: float
    """Usual consumption, as a share of it, that is added to both sides, so that an idle hour is
    no proof of idleness."""

    def log_ratio(self, usage: Usage, before: Sequence[float], mean: float) -> float:
        """Return the logarithm of the last hours' consumption over the usual in them.

        ``before`` is what is usual in the last 168 hours, the newest first; the current hour is
        the same hour of the week as the oldest of them.
        """
        hours = usage.hour_seconds / HOUR_SECONDS
        consumed, usual = usage.hour_consumed, before[-1] * hours
        for amount, usual_then in zip(reversed(usage.recent[-self.hours :]), before, strict=False):
            if amount is not None:
                consumed += amount
                usual += usual_then
                hours += 1
        added = max(self.prior * max(hours, 1.0) * mean, usage.step)
        return math.log((consumed + added) / (usual + added))


_FAST: Final = _Window(1, 1.0, 0.03)
_SLOW: Final = _Window(36, 0.6, 0.3)
_LEVEL_PRIOR: Final = 0.1
#: Growth from the longer to the shorter level that may be due to chance.
_GROWTH_FLOOR: Final = 0.05


def _shares(hours: int) -> tuple[float, ...]:
    """Return the share of each of the last 168 hours in a level, newest first."""
    weights = [math.exp(-age / hours) for age in range(1, WEEK_HOURS + 1)]
    total = sum(weights)
    return tuple([weight / total for weight in weights])


_LEVEL_SHARES: Final = tuple(map(_shares, LEVEL_HOURS))


class Deviation(NamedTuple):
    """Logarithms of the factors by which current consumption differs from the usual."""

    fast: float = 0.0
    """The last hour's; it fades within hours."""
    slow: float = 0.0
    """The last day and a half's; it fades within days."""
    lasting: float = 0.0
    """The last days'; it remains."""

    @classmethod
    def of(cls, usage: Usage, profile: BurnProfile, at: float) -> Self:
        """Return how the hours before ``at`` (seconds since 1970) differ from ``profile``."""
        if profile.mean <= 0:
            return cls()
        now = hour_of_week(at)
        before = (profile.per_hour[now:] + profile.per_hour[:now])[::-1]
        lasting = _lasting(usage, before, profile.mean)
        slow = _SLOW.weight * (_SLOW.log_ratio(usage, before, profile.mean) - lasting)
        fast = _FAST.weight * (_FAST.log_ratio(usage, before, profile.mean) - lasting - slow)
        return cls(fast, slow, lasting)


def _lasting(usage: Usage, before: Sequence[float], mean: float) -> float:
    """Return the deviation of the last days, extrapolated if consumption grows.

    Growth is extrapolated and decline is not: an alert too early is the smaller mistake.

    Args:
        usage: The consumption over time.
        before: What is usual in the 168 hours before the current one, the newest first.
        mean: The usual consumption per hour.
    """
    short, long = (
        _level_ratio(level, before, shares, mean, usage.step)
        for level, shares in zip(usage.levels, _LEVEL_SHARES, strict=True)
    )
    return short + max(0.0, short - long - _GROWTH_FLOOR)


def _level_ratio(
    level: Level, before: Sequence[float], shares: Sequence[float], mean: float, step: float
) -> float:
    """Return the logarithm of a level's consumption over the usual in its hours."""
    usual = sum(map(mul, before, shares)) * level.hours
    added = max(_LEVEL_PRIOR * max(level.hours, 1.0) * mean, step)
    return math.log((level.consumed + added) / (usual + added))
