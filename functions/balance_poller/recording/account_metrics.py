"""Which metrics one successful poll publishes. Pure.

``Balance`` always; the others only if the account has a threshold on them, since each series costs
money. A series with an alarm is published on every ``ok`` poll, whatever its value: the alarms keep
their state when data is missing, so a gap would make one stick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from balance_poller.forecast import Basis, Forecast
from balance_poller.recording.held_runway import HeldRunway
from shared.names import Metric
from shared.records import Thresholds, Wallet

#: Longer than anyone plans ahead: nothing is consumed, or nothing expires.
NEVER: Final = 9999.0


class DataPoint(NamedTuple):
    """One value of one account's series."""

    account: str
    provider: str
    metric: Metric
    value: float
    at: datetime
    """The run's scheduled time."""


def values(
    wallet: Wallet,
    forecast: Forecast,
    thresholds: Thresholds,
    at: datetime,
    runway: HeldRunway,
) -> Iterator[tuple[Metric, float]]:
    """Yield the metrics of an ``ok`` poll at ``at`` with their values.

    Consumption metrics are not published while too little is known; the runway is the held-down
    bound.
    """
    yield Metric.BALANCE, float(wallet.remaining)
    if thresholds.expiry_warning_days is not None:
        yield Metric.EXPIRES_IN_DAYS, _days_until(wallet.expires_at, at)
    if forecast.basis in {Basis.ACCUMULATING, Basis.HIDDEN}:
        return
    if thresholds.runway_warning_hours is not None or thresholds.runway_critical_hours is not None:
        yield Metric.RUNWAY_HOURS, min(runway.hours, NEVER)
    if forecast.consumed_last_day is None:
        return
    if thresholds.max_burn_per_day is not None:
        yield Metric.BURN_PER_DAY, float(forecast.consumed_last_day)
    if thresholds.drain_sensitivity is not None:
        ratio = forecast.drain.ratio if forecast.drain else 0.0
        yield Metric.DRAIN_FACTOR, ratio * float(thresholds.drain_sensitivity)


def is_alarming(points: Iterable[DataPoint], thresholds: Thresholds) -> bool:
    """Return whether the balance is below critical, or drains, by the points just published."""
    known = {point.metric: point.value for point in points}
    critical, balance = thresholds.critical, known[Metric.BALANCE]
    bars = {
        Metric.BURN_PER_DAY: thresholds.max_burn_per_day,
        Metric.DRAIN_FACTOR: thresholds.drain_sensitivity,
    }
    drains = (known.get(metric, 0.0) > bar for metric, bar in bars.items() if bar is not None)
    return (critical is not None and balance < critical) or any(drains)


def _days_until(expires_at: datetime | None, at: datetime) -> float:
    """Return the days until ``expires_at``, negative once it has passed."""
    if expires_at is None:
        return NEVER
    return min((expires_at - at).total_seconds() / 86_400, NEVER)
