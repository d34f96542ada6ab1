"""Abnormal consumption: more than ever before in the same number of hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from balance_poller.forecast.usage import DAY_HOURS, RECENT_HOURS, Usage

WINDOWS: Final = (1, 3, 24)
#: Records are halved in four weeks.
_FADE: Final = 0.5 ** (1 / (28 * DAY_HOURS))
#: Consumption below this many times the mean is never abnormal.
_LEAST_FACTOR: Final = 2.0

NORMAL_SENSITIVITY: Final = 2.0
"""The factor beyond which consumption is abnormal, unless the account sets another."""

Records = tuple[float, float, float]
"""The largest consumption in any 1, 3 and 24 hours that ended a day ago or before, fading."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The last hours' consumption compared with everything seen before."""

    ratio: float
    """The ratio to the limit of abnormal consumption; above 1 it is abnormal."""
    hours: int
    """The number of hours, 1, 3 or 24, that stand out most."""
    consumed: float
    """In the last ``hours``."""
    most_before: float
    """The most in any equal number of hours before."""


def keep_records(records: Records, usage: Usage) -> Records:
    """Return the records after an hour; a leak raises them only a day later."""
    before = [amount or 0.0 for amount in usage.recent[:-DAY_HOURS]]
    shortest, middle, longest = (
        max(record * _FADE, sum(before[-window:])) if len(before) >= window else record
        for window, record in zip(WINDOWS, records, strict=True)
    )
    return shortest, middle, longest


def measure(
    usage: Usage, records: Records, mean: float, held_out: tuple[float, ...], sensitivity: float
) -> Drain | None:
    """Return the drain of the window that stands out most; None until two days are known.

    Args:
        usage: The consumption over time.
        records: The largest before.
        mean: The usual consumption per hour.
        held_out: By window, the consumption that ``usage`` does not contain (yet).
        sensitivity: The factor beyond which consumption in 1 or 3 hours is abnormal; in a day, half
            of the part above 1 suffices.
    """
    if len(usage.recent) < RECENT_HOURS or records[-1] <= 0:
        return None
    margins = (sensitivity, sensitivity, (1 + sensitivity) / 2)
    found = []
    for window, margin, record, more in zip(WINDOWS, margins, records, held_out, strict=True):
        consumed = usage.sliding(window) + more
        bar = max(margin * record, _LEAST_FACTOR * mean * window)
        found.append(Drain(consumed / bar, window, consumed, record))
    return max(found, key=lambda drain: drain.ratio)
