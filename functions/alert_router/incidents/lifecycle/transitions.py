"""How alarms change an incident: pure functions between states, without decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
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
    Scope,
)
from alert_router.incidents.lifecycle import series
from shared.names import AlarmName

#: A range key of DynamoDB has at most 1,024 bytes; an alarm's name may have as many.
_LONGEST_ID: Final = 1000


def identify(change: AlarmChange, stack_name: str) -> tuple[IncidentKey, str]:
    """Return whose alarm changed, and which kind of it."""
    ours = None if change.contributor else AlarmName.parse(change.alarm_name, stack_name)
    if ours is None:
        key = change.identity
        if len(key.encode()) > _LONGEST_ID:
            key = sha256(key.encode()).hexdigest()
        return IncidentKey(Scope.FOREIGN, key), series.kind_of(change.contributor)
    return IncidentKey(Scope.ACCOUNT, ours.account), ours.kind.value


def apply(incident: Incident, kind: str, change: AlarmChange) -> Incident:
    """Return the incident with an alarm's change applied.

    A transition older than the known state changes nothing. A state read from CloudWatch counts
    from when it was read, so it wins over older transitions. One of our alarms that lacks data
    keeps its state.
    """
    known = incident.alarms.get(kind)
    if change.is_deletion:
        return _deleted(incident, kind, change)
    at = change.observed_at or change.changed_at
    if known is not None and (at < known.at or _is_dismissed(known, change)):
        return incident
    is_foreign = incident.key.scope is Scope.FOREIGN
    lacks_data = change.state is AlarmState.INSUFFICIENT_DATA
    if lacks_data and not is_foreign:
        return incident
    status = _status(known, change, at)
    is_end = kind == FOREIGN_KIND and change.state is not AlarmState.ALARM
    ended = series.cleared(incident, at) if is_end else {}
    if status == known and not ended:
        return incident
    return replace(
        incident,
        alarms={**incident.alarms, **ended, kind: status},
        opened_at=_opened_at(incident, status),
        closed_by="" if status.firing else incident.closed_by,
        provider=change.metric.dimensions.get("Provider", "") or incident.provider,
        foreign_alarm=_foreign_alarm(change)
        if is_foreign and _says_more(incident, change)
        else incident.foreign_alarm,
    )


def _says_more(incident: Incident, change: AlarmChange) -> bool:
    """Whether a change of a foreign alarm has newer texts; a series has more detail."""
    if incident.foreign_alarm is None:
        return True
    if change.state is AlarmState.ALARM:
        return bool(change.contributor) or not series.firing_series(incident)
    return change.state is AlarmState.INSUFFICIENT_DATA


def _deleted(incident: Incident, kind: str, change: AlarmChange) -> Incident:
    """Return the incident after an alarm was deleted, and with a foreign one all its series."""
    is_foreign = incident.key.scope is Scope.FOREIGN
    named = frozenset(incident.alarms) if is_foreign else frozenset({kind})
    known = frozenset(
        k for k in named & frozenset(incident.alarms) if not incident.alarms[k].is_gone
    )
    return mark_deleted(incident, known, change.changed_at) if known else incident


def mark_deleted(
    incident: Incident, kinds: frozenset[str], at: datetime, *, is_watched: bool = False
) -> Incident:
    """Return the incident with the alarms of ``kinds`` marked as deleted at ``at``.

    An alarm that changed later was created again, and remains.

    Args:
        incident: the alarms' states.
        kinds: the alarms that do not exist.
        at: when that was so.
        is_watched: whether the account still has other alarms.
    """
    gone = {}
    for kind in kinds:
        known = incident.alarms.get(kind)
        if known is None or known.at <= at:
            threshold = known.threshold if known is not None else None
            gone[kind] = AlarmStatus(
                firing=False, at=at, threshold=threshold, is_gone=True, is_watched=is_watched
            )
    return replace(incident, alarms={**incident.alarms, **gone}) if gone else incident


def dismiss(incident: Incident, by: str, at: datetime) -> Incident:
    """Return the incident after it was closed by hand: alarms count once they fire again.

    An incident that began after ``at`` is not affected.
    """
    if not incident.is_open or (incident.opened_at is not None and incident.opened_at > at):
        return incident
    dismissed = {
        kind: status._replace(
            firing=False, at=max(at, status.at), since=None, lacks_data=False, is_dismissed=True
        )
        for kind, status in incident.alarms.items()
        if status.firing
    }
    return replace(incident, alarms={**incident.alarms, **dismissed}, closed_by=by)


def _is_dismissed(known: AlarmStatus, change: AlarmChange) -> bool:
    """Whether an alarm only keeps firing after its incident was closed by hand."""
    fires = change.state is AlarmState.ALARM
    return known.is_dismissed and fires and change.changed_at <= known.at


def _status(known: AlarmStatus | None, change: AlarmChange, at: datetime) -> AlarmStatus:
    """Return an alarm's status after a change, or its current one if nothing is new."""
    firing = change.state is AlarmState.ALARM
    lacks_data = change.state is AlarmState.INSUFFICIENT_DATA
    is_ended = known is not None and (known.is_gone or known.is_dismissed)
    if known is not None and known.firing is firing and not is_ended:
        if change.observed_at is not None or change.changed_at == known.at:
            return known
        if not firing and not lacks_data and not known.lacks_data:
            return known._replace(at=at, since=known.began_at)
    # A state that was read has two times: when it began, and when it was read, which orders it.
    ordered_at = at if known is not None and change.changed_at < known.at else change.changed_at
    return AlarmStatus(
        firing=firing,
        at=ordered_at,
        latest=_newer(change.latest, known.latest if known else None),
        threshold=change.metric.threshold,
        since=change.changed_at if change.changed_at != ordered_at else None,
        lacks_data=lacks_data,
        old_threshold=_old_threshold(known, change),
    )


def _old_threshold(known: AlarmStatus | None, change: AlarmChange) -> Decimal | None:
    """Return the threshold that an alarm fired on, if it clears on another one."""
    if known is None or not known.firing or change.state is not AlarmState.OK:
        return None
    return known.threshold if change.metric.threshold not in (None, known.threshold) else None


def _opened_at(incident: Incident, status: AlarmStatus) -> datetime | None:
    """Return when the incident began, after an alarm changed.

    Transitions may arrive late: the earliest counts, not the first to arrive.
    """
    opened = incident.opened_at
    if not status.firing:
        return opened
    if opened is None or not (incident.firing or incident.last_notification):
        return status.began_at
    return min(opened, status.began_at)


def _newer(one: Datapoint | None, other: Datapoint | None) -> Datapoint | None:
    """Return the newer of two datapoints."""
    return max((p for p in (one, other) if p is not None), key=lambda p: p.at, default=None)


def _foreign_alarm(change: AlarmChange) -> ForeignAlarm:
    """Return the texts of a foreign alarm that a message needs."""
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
        alarm_type=change.alarm_type,
    )


def with_lease(incident: Incident, until: datetime) -> Incident:
    """Return the incident with its pending notification, if any, leased to one sender."""
    if incident.outbox is None:
        return incident
    return replace(incident, outbox=incident.outbox._replace(lease_until=until))
