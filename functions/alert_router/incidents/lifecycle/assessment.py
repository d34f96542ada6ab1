"""Assess which problems are real: firing alarms that the account's record does not contradict.

An alarm clears a few polls after its cause. Until then, a message would show a severity that its
balance contradicts, so the record decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from alert_router.incidents.incident import Incident, Problem, problem_of
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import AlarmKind, Severity
from shared.outcome import Outcome
from shared.records import RUNWAY_CLEARS_ABOVE, Latest

#: Once balances are read again, how long the stale alarm may take to clear.
_PATIENCE: Final = timedelta(minutes=30)

CRITICAL_KINDS: Final = frozenset({AlarmKind.CRITICAL.value, AlarmKind.RUNWAY_CRITICAL.value})


def holding(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, metric_delay: timedelta
) -> frozenset[str]:
    """Return the kinds of the firing alarms that the record does not contradict.

    Args:
        incident: the alarms' states.
        snapshot: the account's record.
        now: the time of the assessment.
        metric_delay: how long after an ok poll its metric may still be missing.
    """
    return frozenset(
        kind
        for kind in incident.firing
        if not _is_contradicted(kind, incident, snapshot, now, metric_delay)
    )


def problems_of(kinds: frozenset[str]) -> frozenset[Problem]:
    """Return the problems that alarms indicate."""
    return frozenset(problem_of(kind) for kind in kinds)


def severity_of(kinds: frozenset[str], snapshot: AccountSnapshot) -> Severity:
    """Return the severity: the worst alarm's, or the record's when the balance is low."""
    limits = snapshot.thresholds
    hours = snapshot.latest.good.at_least_hours if snapshot.latest is not None else None
    is_critical = (
        bool(kinds & CRITICAL_KINDS)
        or (AlarmKind.WARNING in kinds and is_below(snapshot.balance, limits.critical))
        or (AlarmKind.RUNWAY_WARNING in kinds and is_below(hours, limits.runway_critical_hours))
    )
    return Severity.CRITICAL if is_critical else Severity.WARNING


def is_below(value: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a known value is below a limit, by the alarms' comparison; False without either."""
    return value is not None and limit is not None and value < limit


def _is_over(value: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a known value is not below a limit that is set."""
    return value is not None and limit is not None and value >= limit


def _clears(hours: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a runway is long enough to end its alarm."""
    return limit is not None and _is_over(hours, limit * RUNWAY_CLEARS_ABOVE)


def _is_contradicted(
    kind: str, incident: Incident, snapshot: AccountSnapshot, now: datetime, delay: timedelta
) -> bool:
    """Whether the record says that an alarm is about to clear."""
    limits, latest = snapshot.thresholds, snapshot.latest
    if kind == AlarmKind.WARNING:
        return _is_over(snapshot.balance, limits.warning)
    if kind == AlarmKind.CRITICAL:
        return _is_over(snapshot.balance, limits.critical)
    began_at = incident.alarms[kind].began_at
    if kind == AlarmKind.STALE:
        return latest is not None and _is_read_again(latest, began_at, now, delay)
    return latest is not None and _is_forecast_better(kind, latest, began_at, now)


def _is_read_again(latest: Latest, began_at: datetime, now: datetime, delay: timedelta) -> bool:
    """Whether balances have been read again since the stale alarm fired.

    If the alarm still does not clear, metrics are not arriving: after a while, people are alerted.
    """
    read_at = latest.good.balance_at
    is_read = read_at is not None and (read_at > began_at or now - read_at < delay)
    is_new = now - began_at < max(_PATIENCE, delay)
    return is_read and is_new and latest.outcome is Outcome.OK


def _is_forecast_better(kind: str, latest: Latest, began_at: datetime, now: datetime) -> bool:
    """Whether a balance read since an alarm fired has a forecast or expiry within its limit.

    The value of a drain alarm (the last day's consumption, or its ratio to the account's past) is
    only in the metric, so the record never contradicts it.
    """
    limits, good = latest.thresholds, latest.good
    is_newer = good.balance_at is not None and good.balance_at > began_at
    days, at = limits.expiry_warning_days, good.credit_expires_at
    if kind == AlarmKind.EXPIRY and days is not None and at is not None:
        return is_newer and at - now >= timedelta(days=float(days))
    hours = {
        AlarmKind.RUNWAY_WARNING: limits.runway_warning_hours,
        AlarmKind.RUNWAY_CRITICAL: limits.runway_critical_hours,
    }
    return is_newer and _clears(good.at_least_hours, hours.get(AlarmKind(kind)))
