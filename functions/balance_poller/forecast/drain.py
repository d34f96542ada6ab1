"""Abnormal consumption: further above the usual than ever before in the same number of hours."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from balance_poller.forecast.burn_profile import BurnProfile
from balance_poller.forecast.usage import (
    DAY_HOURS,
    RECENT_HOURS,
    Usage,
)
from balance_poller.forecast.week import WEEK_HOURS

WINDOWS: Final = (1, 3, 24)
#: How much of the part of the sensitivity above 1 counts: long windows fluctuate less.
_SHARES: Final = (1.0, 0.75, 0.5)
#: What records are above nothing is halved in four weeks.
_FADE: Final = 0.5 ** (1 / (28 * DAY_HOURS))
#: Consumption below this many times the mean is never abnormal.
_LEAST_FACTOR: Final = 2.0
#: Mean consumption, as a share of it, that is added to both sides of a ratio, so that a little
#: consumption in an idle night is no record.
_ADDED_SHARE: Final = 0.25
#: An account whose forecasts are this wrong has no usual hours: what counts is the amount alone.
#: At the first value and below, the hours alone count.
_UNPREDICTABLE: Final = (0.6, 1.0)
#: Until then, records are of few days, and the sensitivity counts up to twice.
_KNOWN_HOURS: Final = 14 * DAY_HOURS

NORMAL_SENSITIVITY: Final = 2.0
"""The factor beyond which consumption is abnormal, unless the account sets another."""

PerWindow = tuple[float, float, float]


class Records(NamedTuple):
    """The highest consumption in any 1, 3 and 24 hours that ended a day ago or before, fading."""

    amounts: PerWindow = (0.0, 0.0, 0.0)
    ratios: PerWindow = (1.0, 1.0, 1.0)
    """The highest ratios to the usual consumption of the same hours."""

    @classmethod
    def of_amounts(cls, amounts: PerWindow, usage: Usage) -> Self:
        """Return records of which only the amounts are known.

        They are taken to be from the busiest hours of the week.
        """
        profile = BurnProfile.of(usage)
        twice = profile.per_hour * 2
        ratios = []
        for window, amount in zip(WINDOWS, amounts, strict=True):
            busiest = max(sum(twice[start : start + window]) for start in range(WEEK_HOURS))
            ratios.append(max(1.0, _ratio(amount, busiest, _added(window, profile.mean, usage))))
        return cls(amounts, (ratios[0], ratios[1], ratios[2]))


class Drain(NamedTuple):
    """The last hours' consumption compared with everything seen before."""

    ratio: float
    """The ratio to the limit of abnormal consumption; above 1 it is abnormal."""
    hours: int
    """The number of hours, 1, 3 or 24, that stand out most."""
    consumed: float
    """In the last ``hours``."""


def keep_records(records: Records, usage: Usage, mean: float) -> Records:
    """Return the records at the end of an hour; a leak raises them a day later.

    Args:
        records: The records until then.
        usage: The consumption over time.
        mean: The usual consumption per hour.
    """
    amounts, ratios = [], []
    recent, expected = usage.recent[:-DAY_HOURS], usage.usual[: -DAY_HOURS - 1]
    for window, amount, ratio in zip(WINDOWS, records.amounts, records.ratios, strict=True):
        past, then = recent[-window:], expected[-window:]
        consumed = sum(filter(None, past)) if len(past) == window else 0.0
        above = 1.0
        if len(then) == window and None not in then:
            above = _ratio(consumed, sum(filter(None, then)), _added(window, mean, usage))
        amounts.append(max(amount * _FADE, consumed))
        ratios.append(max(1 + (ratio - 1) * _FADE, above))
    return Records((amounts[0], amounts[1], amounts[2]), (ratios[0], ratios[1], ratios[2]))


class Bar(NamedTuple):
    """What the consumption of an account must exceed to be abnormal."""

    records: Records
    scale: float
    """How many times larger than usual the errors of its forecasts are."""
    age_hours: float
    """For how long it is known."""
    sensitivity: float
    """The factor beyond which consumption in an hour is abnormal."""

    def measure(self, usage: Usage, mean: float, held_out: PerWindow) -> Drain | None:
        """Return the drain of the window that stands out most; None until two days are known.

        Args:
            usage: The consumption over time.
            mean: The usual consumption per hour.
            held_out: By window, the consumption that ``usage`` does not contain (yet).
        """
        is_known = len(usage.recent) >= RECENT_HOURS and self.records.amounts[-1] > 0
        if not is_known or mean <= 0:
            return None
        found = []
        for place, window in enumerate(WINDOWS):
            consumed = usage.sliding(window) + held_out[place]
            bar = self._amount(place, usage, mean)
            found.append(Drain(consumed / bar, window, consumed))
        return max(found, key=lambda drain: drain.ratio)

    def _amount(self, place: int, usage: Usage, mean: float) -> float:
        """Return the largest normal consumption of the last hours of one window."""
        window = WINDOWS[place]
        added = _added(window, mean, usage)
        usual = usage.usual_sliding(window)
        first, last = _UNPREDICTABLE
        amount_counts = min(1.0, max(0.0, (self.scale - first) / (last - first)))
        most = max(
            self.records.ratios[place] * (usual + added) - added,
            self.records.amounts[place] * amount_counts,
        )
        young = 1 + max(0.0, 1 - self.age_hours / _KNOWN_HOURS)
        factor = 1 + (self.sensitivity * young - 1) * _SHARES[place]
        return max(most * factor, _LEAST_FACTOR * mean * window)


def _ratio(consumed: float, usual: float, added: float) -> float:
    """Return the ratio of ``consumed`` to ``usual``."""
    return (consumed + added) / (usual + added) if usual + added else 1.0


def _added(window: int, mean: float, usage: Usage) -> float:
    """Return what is added to both sides of a window's ratio."""
    return _ADDED_SHARE * window * mean + usage.step
