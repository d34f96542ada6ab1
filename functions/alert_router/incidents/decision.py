"""Decide which notification is due, from the alarms' state and the last one sent.

No clock, no AWS call. The alarms trigger, the record decides: a warning whose balance is below the
critical threshold is critical. What was never announced is never announced as over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from alert_router.incidents.incident import (
    ONE_CAUSE,
    GroupWait,
    Incident,
    LastNotification,
    NotificationReason,
    Outbox,
    PendingNotification,
    Problem,
    Scope,
)
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import AlarmKind, Severity
from shared.records import RUNWAY_CLEARS_ABOVE

#: How long a balance that is read again may take to clear the alarm that missed it.
_PATIENCE: Final = timedelta(minutes=30)

#: A new account's alarm fires before its first poll: it waits so many times longer.
_FIRST_POLL_FACTOR: Final = 15
_NEVER_POLLED: Final = "never-polled"
_NOT_SET_UP: Final = "not-set-up"

_CRITICAL_KINDS: Final = frozenset({AlarmKind.CRITICAL.value, AlarmKind.RUNWAY_CRITICAL.value})


class Policy(NamedTuple):
    """When to wait and when to repeat."""

    group_wait: timedelta
    repeat_after: Mapping[Severity, timedelta]


class _Due(NamedTuple):
    """The notification that is due."""

    reason: NotificationReason
    severity: Severity
    is_urgent: bool


def decide(
    incident: Incident,
    snapshot: AccountSnapshot,
    now: datetime,
    policy: Policy,
    *,
    wait_is_over: bool = False,
) -> Incident:
    """Return the incident with a notification in its ``outbox``, or ``waiting`` for others.

    An incident with a pending notification is returned unchanged: one after the other.
    """
    if incident.outbox is not None:
        return incident
    incident = _settle_silently(incident)
    due = _due(incident, snapshot, now)
    if due is None or snapshot.is_silenced:
        return replace(incident, waiting=None)
    if due.is_urgent or wait_is_over or not policy.group_wait:
        return _enqueue(incident, due.reason, due.severity, now)
    return replace(incident, waiting=_wait(incident, due, snapshot, now, policy))


def remind(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> Incident:
    """Return the incident with a reminder pending, when its last notification is old enough."""
    last = incident.last_notification
    if last is None or last.is_setup or not incident.firing or snapshot.is_silenced:
        return incident
    repeat = policy.repeat_after.get(last.severity)
    if incident.outbox or incident.waiting or repeat is None or now - last.at < repeat:
        return incident
    return _enqueue(incident, NotificationReason.REMINDER, last.severity, now)


def severity_now(incident: Incident, snapshot: AccountSnapshot) -> Severity:
    """Return the severity: of the worst alarm, or of the record when the balance is low."""
    firing = incident.firing
    if firing & _CRITICAL_KINDS:
        return Severity.CRITICAL
    limits = snapshot.thresholds
    below_critical = _is_below(snapshot.balance, limits.critical)
    runs_dry = _is_below(snapshot.at_least_hours, limits.runway_critical_hours)
    if (AlarmKind.WARNING in firing and below_critical) or (
        AlarmKind.RUNWAY_WARNING in firing and runs_dry
    ):
        return Severity.CRITICAL
    return Severity.WARNING


def _due(incident: Incident, snapshot: AccountSnapshot, now: datetime) -> _Due | None:
    """Compare what holds with what people know."""
    last = incident.last_notification
    if not incident.firing:
        return _end(incident, last, snapshot) if last is not None else None
    if last is None or last.is_setup:
        return _start(incident, snapshot, now)
    return _turn(incident, last, snapshot)


def _start(incident: Incident, snapshot: AccountSnapshot, now: datetime) -> _Due | None:
    """Return an opening; an account that was never set up gets that notice, once."""
    severity = severity_now(incident, snapshot)
    opens = _Due(NotificationReason.OPENED, severity, is_urgent=severity is Severity.CRITICAL)
    if incident.problems != {Problem.STALE}:
        return opens
    if incident.last_notification is not None or _is_clearing(incident, snapshot, now):
        return None
    if snapshot.is_set_up is False:
        return _Due(NotificationReason.NOT_SET_UP, Severity.WARNING, is_urgent=False)
    return opens


def _turn(incident: Incident, last: LastNotification, snapshot: AccountSnapshot) -> _Due | None:
    """Return an escalation, an improvement, or a further problem."""
    severity = severity_now(incident, snapshot)
    is_critical = severity is Severity.CRITICAL
    if is_critical and last.severity is Severity.WARNING:
        return _Due(NotificationReason.ESCALATED, severity, is_urgent=True)
    if not is_critical and last.severity is Severity.CRITICAL:
        if _has_improved(incident, snapshot):
            return _Due(NotificationReason.IMPROVED, severity, is_urgent=False)
        severity = last.severity
    if incident.problems - last.problems:
        return _Due(NotificationReason.ESCALATED, severity, is_urgent=False)
    return None


def _end(incident: Incident, last: LastNotification, snapshot: AccountSnapshot) -> _Due:
    """Return the end, urgent in most cases.

    What was announced in a group ends in a group. Where balances are read again and are low, an
    alarm about that is on its way: the end waits for it, and becomes that notification.
    """
    is_gone = all(status.is_gone for status in incident.alarms.values())
    reason = NotificationReason.CLOSED if is_gone else NotificationReason.RECOVERED
    low = _is_below(snapshot.balance, snapshot.thresholds.warning or snapshot.thresholds.critical)
    is_next = low and Problem.LOW not in last.problems
    return _Due(reason, last.worst, is_urgent=not (last.group or is_next))


def _settle_silently(incident: Incident) -> Incident:
    """Return the incident without what ends silently.

    "Not set up yet" ends with the first ok poll, which needs no message. A problem that cleared
    while another holds is no longer known, so that its return is announced.
    """
    last = incident.last_notification
    if last is None:
        return incident if incident.firing else replace(incident, opened_at=None)
    if last.is_setup and not incident.firing:
        return replace(incident, last_notification=None, opened_at=None)
    if incident.firing and last.problems - incident.problems:
        return replace(
            incident, last_notification=last._replace(problems=last.problems & incident.problems)
        )
    return incident


def _is_clearing(incident: Incident, snapshot: AccountSnapshot, now: datetime) -> bool:
    """Whether balances are read again, so that the stale alarm is about to clear.

    Where it does not clear, metrics do not arrive: people are alerted after a while.
    """
    missed = incident.alarms[AlarmKind.STALE.value].at
    return (
        snapshot.balance_at is not None
        and snapshot.balance_at > missed
        and now - missed < _PATIENCE
    )


def _has_improved(incident: Incident, snapshot: AccountSnapshot) -> bool:
    """Whether what was critical is over while a warning holds.

    The critical alarm must have cleared (a balance that bounces around the threshold is no
    improvement), and the record must not say that the warning is about to clear as well.
    """
    cleared = any(
        kind in _CRITICAL_KINDS and not status.firing and _is_since(status.at, incident.opened_at)
        for kind, status in incident.alarms.items()
    )
    if not cleared:
        return False
    limits, firing = snapshot.thresholds, incident.firing
    holds_on = firing - {AlarmKind.WARNING, AlarmKind.RUNWAY_WARNING}
    warns = AlarmKind.WARNING in firing and not _is_over(snapshot.balance, limits.warning)
    runs_low = AlarmKind.RUNWAY_WARNING in firing and not _is_over(
        snapshot.at_least_hours,
        limits.runway_warning_hours and limits.runway_warning_hours * RUNWAY_CLEARS_ABOVE,
    )
    return bool(holds_on) or warns or runs_low


def _enqueue(
    incident: Incident, reason: NotificationReason, severity: Severity, now: datetime
) -> Incident:
    """Return the incident with a notification in its outbox, not leased to any sender yet."""
    pending = PendingNotification(
        reason=reason,
        severity=severity,
        problems=incident.problems,
        decided_at=now,
        opened_at=incident.opened_at,
        previous=incident.last_notification,
    )
    return replace(incident, waiting=None, outbox=Outbox(pending))


def _wait(
    incident: Incident, due: _Due, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> GroupWait:
    """Join the group of similar notifications, or keep waiting in it."""
    group = _group(incident, due, snapshot)
    if incident.waiting is not None:
        return incident.waiting._replace(group=group)
    factor = _FIRST_POLL_FACTOR if group == _NEVER_POLLED else 1
    return GroupWait(group, since=now, until=now + factor * policy.group_wait)


def _group(incident: Incident, due: _Due, snapshot: AccountSnapshot) -> str:
    """Return the name of the group whose notifications may become one message."""
    if (
        due.reason in (NotificationReason.RECOVERED, NotificationReason.CLOSED)
        and incident.last_notification is not None
    ):
        return incident.last_notification.group or "recovered"
    if due.reason is NotificationReason.NOT_SET_UP:
        return _NOT_SET_UP if snapshot.is_polled else _NEVER_POLLED
    if due.reason is NotificationReason.OPENED and incident.problems == {Problem.STALE}:
        return f"{ONE_CAUSE}{incident.provider}"
    if incident.key.scope is Scope.FOREIGN:
        return "foreign"
    return due.severity.value


def _is_below(value: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a known value is below a limit that is set; as the alarms compare."""
    return value is not None and limit is not None and value < limit


def _is_over(value: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a known value is not below a limit that is set."""
    return value is not None and limit is not None and value >= limit


def _is_since(at: datetime, start: datetime | None) -> bool:
    """Whether ``at`` is not before ``start``, where there is one."""
    return start is None or at >= start
