"""What is known of an incident once its notification went out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alert_router.incidents.incident import (
    Decided,
    Incident,
    LastNotification,
    NotificationReason,
    PastIncident,
    PendingNotification,
    Problem,
)
from alert_router.incidents.lifecycle import flapping, series
from alert_router.incidents.snapshot import AccountSnapshot, current_provider
from shared.names import Severity

#: Reports look back a week, and may be late; more incidents of one account add nothing.
_REMEMBERED: Final = timedelta(days=14)
_MOST_REMEMBERED: Final = 20


def mark_sent(incident: Incident, snapshot: AccountSnapshot, now: datetime, group: str) -> Incident:
    """Return the incident after its pending notification went out, alone or in ``group``."""
    if incident.outbox is None:
        return incident
    pending = incident.outbox.pending
    decided = Decided(now, pending.reason, pending.severity, firing=incident.firing)
    sent = replace(incident, outbox=None).remembering(decided)
    match pending.reason:
        case NotificationReason.RECOVERED | NotificationReason.CLOSED:
            return _ended(sent, pending.ended_at or now)
        case NotificationReason.NO_DATA:
            alarms = {
                kind: s._replace(lacks_data=False, firing=False) for kind, s in sent.alarms.items()
            }
            return _ended(_counted(replace(sent, alarms=alarms), pending, now), now)
        case NotificationReason.REMINDER if pending.previous is not None:
            last = pending.previous._replace(at=now)
        case _:
            last = _announced(sent, pending, now, group)
            sent = _counted(sent, pending, now)
    outcome = snapshot.outcome.value if snapshot.outcome is not None else ""
    known = last._replace(
        balance=snapshot.balance,
        unit=snapshot.unit,
        outcome=outcome,
        provider=current_provider(incident, snapshot.latest),
    )
    return replace(sent, last_notification=known)


def _ended(incident: Incident, at: datetime) -> Incident:
    """Return the incident after its end was announced; alarms still firing begin a new one."""
    firing = [status.began_at for status in incident.alarms.values() if status.firing]
    opened_at = min(firing, default=None)
    return replace(
        incident,
        last_notification=None,
        opened_at=opened_at,
        closed_by="",
        past=_with_end(incident, at),
    )


def _with_end(incident: Incident, at: datetime) -> tuple[PastIncident, ...]:
    """Return the recently ended incidents, with the one that ends now if it was announced."""
    announced = incident.announced
    ended = () if announced is None else (announced._replace(ended_at=at),)
    recent = (
        past
        for past in (*incident.past, *ended)
        if past.ended_at is not None and at - past.ended_at < _REMEMBERED
    )
    return tuple(recent)[-_MOST_REMEMBERED:]


def _announced(
    incident: Incident, pending: PendingNotification, now: datetime, group: str
) -> LastNotification:
    """Return the last notification after one that announced no end.

    A problem announced earlier stays known until its alarm clears.
    """
    previous = pending.previous
    known = previous.problems & incident.problems if previous is not None else frozenset()
    return LastNotification(
        severity=pending.severity,
        worst=_worse(pending.severity, previous.worst if previous else None),
        problems=pending.problems | known,
        at=now,
        group=group,
        is_setup=pending.reason is NotificationReason.NOT_SET_UP,
        began_at=pending.opened_at,
        series=series.firing_series(incident) | (previous.series if previous else frozenset()),
    )


def _counted(incident: Incident, pending: PendingNotification, now: datetime) -> Incident:
    """Return the incident with the announced starts counted towards the hour's budget."""
    if pending.reason in (NotificationReason.NOT_SET_UP, NotificationReason.IMPROVED):
        return incident
    previous = pending.previous
    known = previous.problems if previous is not None and not previous.is_setup else frozenset()
    new = pending.problems - known
    if pending.reason is not NotificationReason.OPENED:
        new |= pending.problems & {Problem.FOREIGN}  # a further series
    counted = flapping.announced(incident, new, now)
    if pending.reason is NotificationReason.FLAPPING:
        counted = flapping.marked(counted, new or frozenset({Problem.LOW}))
    if pending.severity is Severity.CRITICAL:
        counted = replace(counted, critical_at=now)
    return counted


def _worse(one: Severity, other: Severity | None) -> Severity:
    """Return the higher of two severities."""
    return Severity.CRITICAL if Severity.CRITICAL in (one, other) else Severity.WARNING
