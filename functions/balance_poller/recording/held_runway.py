"""The series of the runway alarms: the bound, held down until it is well above a threshold.

CloudWatch alarms have one threshold, and the bound fluctuates: without this, an alarm would start
and end several times during one drain.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from shared.names import Severity
from shared.records import RUNWAY_CLEARS_ABOVE, Thresholds

#: How far below the threshold a value is held.
_BELOW: Final = 0.99


class HeldRunway(NamedTuple):
    """The value to publish, and the level to remember until the next poll."""

    hours: float
    level: Severity | None = None
    """The most severe threshold that it is below."""


def hold(
    hours: float, thresholds: Thresholds, before: str | None, *, is_topped_up: bool
) -> HeldRunway:
    """Return the bound ``hours`` as published.

    Args:
        hours: The bound itself.
        thresholds: The account's.
        before: The level after the previous poll.
        is_topped_up: Whether this poll confirmed a top-up; nothing is held down then.
    """
    held = {Severity.CRITICAL.value: 2, Severity.WARNING.value: 1}.get(before or "", 0)
    if is_topped_up:
        held = 0
    levels = (
        (2, Severity.CRITICAL, thresholds.runway_critical_hours),
        (1, Severity.WARNING, thresholds.runway_warning_hours),
    )
    for rank, severity, threshold in levels:
        if threshold is not None and hours < _ends_at(threshold, is_held=held >= rank):
            return HeldRunway(min(hours, float(threshold) * _BELOW), severity)
    return HeldRunway(hours)


def _ends_at(threshold: Decimal, *, is_held: bool) -> float:
    """Return the bound at which a threshold is no longer crossed."""
    return float(threshold * RUNWAY_CLEARS_ABOVE if is_held else threshold)
