"""Incidents as items of table ``alerts``, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from alert_router.events.alarm import Datapoint
from alert_router.incidents.incident import (
    AlarmStatus,
    ForeignAlarm,
    GroupWait,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    Outbox,
    PendingNotification,
    Problem,
    Scope,
)
from shared.names import Severity
from shared.times import parse_time

Item = dict[str, Any]

#: A closed incident is kept as long as a queue can hold back a transition of it: an older one
#: that arrives late must find what came after it (SQS keeps messages 14 days at most).
_KEEP_CLOSED: Final = timedelta(days=15)


def to_item(incident: Incident, now: datetime) -> Item:
    """Return the item to store; a closed incident gets the table's TTL."""
    return _filled(
        {
            "scope": incident.key.scope.value,
            "id": incident.key.id,
            "provider": incident.provider,
            "alarms": {kind: _status_to_item(status) for kind, status in incident.alarms.items()},
            "opened_at": _format(incident.opened_at),
            "last_notification": incident.last_notification
            and _last_to_item(incident.last_notification),
            "waiting": incident.waiting
            and {
                "group": incident.waiting.group,
                "since": _format(incident.waiting.since),
                "until": _format(incident.waiting.until),
            },
            "outbox": incident.outbox
            and {
                "pending": _pending_to_item(incident.outbox.pending),
                "lease_until": _format(incident.outbox.lease_until),
                "delivered": sorted(incident.outbox.delivered),
            },
            "foreign_alarm": incident.foreign_alarm and _foreign_to_item(incident.foreign_alarm),
            "version": incident.version,
            "expires_at": None if incident.is_open else int((now + _KEEP_CLOSED).timestamp()),
        }
    )


def from_item(item: Mapping[str, Any]) -> Incident:
    """Read an item.

    Raises:
        KeyError, ValueError: when it was not written by :func:`to_item`.
    """
    waiting, outbox, foreign_alarm = (
        item.get("waiting"),
        item.get("outbox"),
        item.get("foreign_alarm"),
    )
    return Incident(
        key=IncidentKey(Scope(item["scope"]), item["id"]),
        provider=item.get("provider", ""),
        alarms={kind: _status_from_item(status) for kind, status in item.get("alarms", {}).items()},
        opened_at=_parse(item.get("opened_at")),
        last_notification=_last_from_item(item["last_notification"])
        if "last_notification" in item
        else None,
        waiting=waiting
        and GroupWait(waiting["group"], parse_time(waiting["since"]), parse_time(waiting["until"])),
        outbox=outbox
        and Outbox(
            _pending_from_item(outbox["pending"]),
            parse_time(outbox["lease_until"]),
            frozenset(outbox.get("delivered", ())),
        ),
        foreign_alarm=foreign_alarm and _foreign_from_item(foreign_alarm),
        version=int(item["version"]),
    )


def _status_to_item(status: AlarmStatus) -> Item:
    """Store the status of an alarm."""
    return _filled(
        {
            "firing": status.firing,
            "at": _format(status.at),
            "value": status.latest and status.latest.value,
            "value_at": status.latest and _format(status.latest.at),
            "threshold": status.threshold,
            "gone": status.is_gone or None,
        }
    )


def _status_from_item(item: Mapping[str, Any]) -> AlarmStatus:
    """Read the status of an alarm."""
    value_at = _parse(item.get("value_at"))
    return AlarmStatus(
        firing=item["firing"],
        at=parse_time(item["at"]),
        latest=Datapoint(item["value"], value_at) if value_at else None,
        threshold=item.get("threshold"),
        is_gone=item.get("gone", False),
    )


def _last_to_item(last: LastNotification) -> Item:
    """Store the last notification."""
    return _filled(
        {
            "severity": last.severity.value,
            "worst": last.worst.value,
            "problems": sorted(last.problems),
            "at": _format(last.at),
            "group": last.group,
            "setup": last.is_setup or None,
            "outcome": last.outcome,
            "balance": last.balance,
            "unit": last.unit,
        }
    )


def _last_from_item(item: Mapping[str, Any]) -> LastNotification:
    """Read the last notification."""
    balance = item.get("balance")
    return LastNotification(
        severity=Severity(item["severity"]),
        worst=Severity(item["worst"]),
        problems=frozenset(Problem(name) for name in item.get("problems", ())),
        at=parse_time(item["at"]),
        group=item.get("group", ""),
        is_setup=item.get("setup", False),
        outcome=item.get("outcome", ""),
        balance=balance if isinstance(balance, Decimal) else None,
        unit=item.get("unit", ""),
    )


def _pending_to_item(pending: PendingNotification) -> Item:
    """Store a pending notification."""
    return _filled(
        {
            "reason": pending.reason.value,
            "severity": pending.severity.value,
            "problems": sorted(pending.problems),
            "decided_at": _format(pending.decided_at),
            "opened_at": _format(pending.opened_at),
            "previous": pending.previous and _last_to_item(pending.previous),
        }
    )


def _pending_from_item(item: Mapping[str, Any]) -> PendingNotification:
    """Read a pending notification."""
    return PendingNotification(
        reason=NotificationReason(item["reason"]),
        severity=Severity(item["severity"]),
        problems=frozenset(Problem(name) for name in item.get("problems", ())),
        decided_at=parse_time(item["decided_at"]),
        opened_at=_parse(item.get("opened_at")),
        previous=_last_from_item(item["previous"]) if "previous" in item else None,
    )


def _foreign_to_item(foreign_alarm: ForeignAlarm) -> Item:
    """Store the texts of a foreign alarm."""
    return _filled({name: getattr(foreign_alarm, name) for name in ForeignAlarm._fields})


def _foreign_from_item(item: Mapping[str, Any]) -> ForeignAlarm:
    """Read the texts of a foreign alarm."""
    return ForeignAlarm(**{name: item[name] for name in ForeignAlarm._fields if name in item})


def _filled(values: Mapping[str, Any]) -> Item:
    """Drop what is None, empty text or an empty list: absent is their stored form."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _format(at: datetime | None) -> str | None:
    """Store a time with milliseconds: transitions are ordered by it."""
    return None if at is None else at.isoformat(timespec="milliseconds")


def _parse(text: object) -> datetime | None:
    """Read a time that may be missing."""
    return parse_time(text) if isinstance(text, str) else None
