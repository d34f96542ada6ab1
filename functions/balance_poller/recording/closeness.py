"""Whether an account is close to its next threshold, so that it is polled more often. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from balance_poller.forecast import Forecast
from balance_poller.recording.held_runway import HeldRunway
from shared.records import Thresholds

#: A threshold is close if it may be reached this soon,
_SOON_HOURS: Final = 2.0
#: or if the balance is above it by no more than this share of it.
_NEAR_SHARE: Final = Decimal("0.25")
#: At the mean rate this far off, a threshold is not reached soon at any hour of the day.
_FAR_HOURS: Final = 48.0


def is_close(
    remaining: Decimal,
    ahead: Forecast,
    runway: HeldRunway,
    thresholds: Thresholds,
    ahead_of: Callable[[Decimal], Forecast],
) -> bool:
    """Return whether the next threshold not yet crossed is near.

    Below its last threshold an account is close to none: people have been alerted.

    Args:
        remaining: The balance.
        ahead: Its forecast.
        runway: The series of the runway alarms.
        thresholds: The account's.
        ahead_of: Returns the forecast of another balance of the same account.
    """
    return _is_balance_close(remaining, ahead, thresholds, ahead_of) or _is_runway_close(
        runway, thresholds
    )


def _is_balance_close(
    remaining: Decimal,
    ahead: Forecast,
    thresholds: Thresholds,
    ahead_of: Callable[[Decimal], Forecast],
) -> bool:
    """Return whether the balance is near its next threshold, or may be there soon."""
    threshold = _next_below(remaining, (thresholds.warning, thresholds.critical))
    if threshold is None:
        return False
    distance = remaining - threshold
    if distance <= abs(threshold) * _NEAR_SHARE:
        return True
    at_least = ahead.at_least_95_hours
    if at_least is None or at_least * float(distance) > _FAR_HOURS * float(remaining):
        return False
    reached = ahead_of(distance).at_least_95_hours
    return reached is not None and reached <= _SOON_HOURS


def _is_runway_close(runway: HeldRunway, thresholds: Thresholds) -> bool:
    """Return whether the bound is about to fall below its next threshold.

    The compared bound is already cautious; by the 95 % bound, an irregular account might be close
    for weeks.
    """
    hours = (thresholds.runway_warning_hours, thresholds.runway_critical_hours)
    threshold = _next_below(Decimal(runway.hours), hours)
    return threshold is not None and runway.hours - float(threshold) <= _SOON_HOURS


def _next_below(value: Decimal, thresholds: Iterable[Decimal | None]) -> Decimal | None:
    """Return the highest threshold that ``value`` is not below."""
    return max((t for t in thresholds if t is not None and t <= value), default=None)
