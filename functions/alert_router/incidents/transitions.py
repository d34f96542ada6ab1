"""How alarms change an incident: pure functions from one state to the next, nothing decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from alert_router.events import summary
from alert_router.events.alarm import AlarmChange, AlarmState, Datapoint
from alert_router.incidents.incident import (
    FOREIGN_KIND,
    AlarmStatus,
    ForeignAlarm,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    Scope,
)
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import AlarmName, Severity

#: A range key of DynamoDB has at most 1,024 bytes; an alarm's name may have as many.
_LONGEST_ID: Final = 1000


def identify(change: AlarmChange, stack_name: str) -> tuple[IncidentKey, str]:
    """Return whose alarm changed, and which kind of it."""
    ours = None if change.contributor else AlarmName.parse(change.alarm_name, stack_name)
    if ours is None:
        key = change.identity
        if len(key.encode()) > _LONGEST_ID:
            key = sha256(key.encode()).hexdigest()
        return IncidentKey(Scope.FOREIGN, key), FOREIGN_KIND
    return IncidentKey(Scope.ACCOUNT, ours.account), ours.kind.value


def apply(incident: Incident, kind: str, change: AlarmChange) -> Incident:
    """Return the incident with a transition in it.

    A transition that is older than what is known changes nothing, whenever it arrives. An alarm
    of ours that lacks data keeps its state; a foreign one that says so is passed on.
    """
    known = incident.alarms.get(kind)
    if known is not None and change.changed_at < known.at:
        return incident
    is_foreign = incident.key.scope is Scope.FOREIGN
    lacks_data = change.state is AlarmState.INSUFFICIENT_DATA
    if lacks_data and not is_foreign:
        return incident
    firing = change.state is not AlarmState.OK
    latest = _newer(change.latest, known.latest if known else None)
    opened = incident.opened_at
    if firing and not incident.firing and incident.last_notification is None:
        opened = change.changed_at
    elif firing and opened is not None:
        # Transitions may arrive late: it began with the first, not with the first to arrive.
        opened = min(opened, change.changed_at)
    return replace(
        incident,
        alarms={
            **incident.alarms,
            kind: AlarmStatus(firing, change.changed_at, latest, change.metric.threshold),
        },
        opened_at=opened,
        provider=change.metric.dimensions.get("Provider", "") or incident.provider,
        foreign_alarm=_foreign_alarm(change)
        if is_foreign and (firing or incident.foreign_alarm is None)
        else incident.foreign_alarm,
    )


def mark_deleted(incident: Incident, kinds: frozenset[str], now: datetime) -> Incident:
    """Return the incident with ``kinds`` known as alarms that no longer exist."""
    gone = {kind: AlarmStatus(firing=False, at=now, is_gone=True) for kind in kinds}
    return replace(incident, alarms={**incident.alarms, **gone})


def _newer(one: Datapoint | None, other: Datapoint | None) -> Datapoint | None:
    """Return the newer of two datapoints."""
    return max((p for p in (one, other) if p is not None), key=lambda p: p.at, default=None)


def _foreign_alarm(change: AlarmChange) -> ForeignAlarm:
    """Keep of a foreign alarm what a message needs."""
    return ForeignAlarm(
        alarm_name=change.alarm_name,
        alarm_arn=change.alarm_arn,
        aws_account=change.aws_account,
        region=change.region,
        reason=change.reason[:1000],
        description=change.description[:1000],
        watching=summary.watching(change)[:500],
        brief=summary.brief(change)[:200],
        contributor=", ".join(f"{k}={v}" for k, v in sorted(change.attributes.items()))[:300]
        or change.contributor,
        has_data=change.state is not AlarmState.INSUFFICIENT_DATA,
    )


def with_lease(incident: Incident, until: datetime) -> Incident:
    """Return the incident with its pending notification, if any, leased to one sender."""
    if incident.outbox is None:
        return incident
    return replace(incident, outbox=incident.outbox._replace(lease_until=until))


def mark_sent(incident: Incident, snapshot: AccountSnapshot, now: datetime, group: str) -> Incident:
    """Return the incident after its pending notification went out, alone or in ``group``."""
    if incident.outbox is None:
        return incident
    pending = incident.outbox.pending
    sent = replace(incident, outbox=None)
    match pending.reason:
        case NotificationReason.RECOVERED | NotificationReason.CLOSED:
            firing = [status.at for status in sent.alarms.values() if status.firing]
            return replace(sent, last_notification=None, opened_at=min(firing, default=None))
        case NotificationReason.REMINDER if pending.previous is not None:
            last = pending.previous._replace(at=now)
        case _:
            last = LastNotification(
                severity=pending.severity,
                worst=_worse(
                    pending.severity, pending.previous.worst if pending.previous else None
                ),
                problems=pending.problems,
                at=now,
                group=group,
                is_setup=pending.reason is NotificationReason.NOT_SET_UP,
            )
    known = last._replace(balance=snapshot.balance, unit=snapshot.unit, outcome=snapshot.outcome)
    return replace(sent, last_notification=known)


def _worse(one: Severity, other: Severity | None) -> Severity:
    """Return the higher of two severities."""
    return Severity.CRITICAL if Severity.CRITICAL in (one, other) else Severity.WARNING
