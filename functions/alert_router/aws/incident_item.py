"""Incidents as items of table ``alerts``, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from alert_router.events.alarm import Datapoint
from alert_router.incidents.incident import (
    AlarmStatus,
    Announcements,
    Decided,
    ForeignAlarm,
    GroupWait,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    Outbox,
    PastIncident,
    PendingNotification,
    Problem,
    Scope,
    Suppression,
)
from shared.names import Severity
from shared.times import parse_time

Item = dict[str, Any]

#: More writes than will ever happen.
_MOST_VERSIONS: Final = 10**15

#: A closed incident is kept for as long as a queue can delay one of its transitions, so that a late
#: one is compared with what came after it (SQS keeps messages for up to 14 days).
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
            and _filled(
                {
                    "pending": _pending_to_item(incident.outbox.pending),
                    "lease_until": _format(incident.outbox.lease_until),
                    "unsent": incident.outbox.is_unsent or None,
                    "delivered": sorted(incident.outbox.delivered),
                    "joins": sorted(incident.outbox.joins),
                }
            ),
            "announcements": {
                problem.value: _announcements_to_item(known)
                for problem, known in incident.announcements.items()
            }
            or None,
            "critical_at": _format(incident.critical_at),
            "closed_by": incident.closed_by,
            "history": [_decided_to_item(decided) for decided in incident.history],
            "past": [_past_to_item(past) for past in incident.past],
            "foreign_alarm": incident.foreign_alarm and _foreign_to_item(incident.foreign_alarm),
            "version": incident.version,
            "expires_at": None if incident.is_open else int((now + _KEEP_CLOSED).timestamp()),
        }
    )


def from_item(item: Mapping[str, Any]) -> Incident:
    """Read an item.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: when :func:`to_item` did not write it.
    """
    waiting, outbox, foreign = (item.get(n) for n in ("waiting", "outbox", "foreign_alarm"))
    return Incident(
        key=IncidentKey(Scope(item["scope"]), _text(item, "id")),
        provider=_text(item, "provider", ""),
        alarms={kind: _status_from_item(status) for kind, status in item.get("alarms", {}).items()},
        opened_at=_time(item, "opened_at"),
        last_notification=_last_from_item(item["last_notification"])
        if "last_notification" in item
        else None,
        waiting=waiting
        and GroupWait(
            _text(waiting, "group"), parse_time(waiting["since"]), parse_time(waiting["until"])
        ),
        outbox=outbox and _outbox_from_item(outbox),
        foreign_alarm=foreign and _foreign_from_item(foreign),
        announcements={
            Problem(name): _announcements_from_item(known)
            for name, known in item.get("announcements", {}).items()
        },
        critical_at=_time(item, "critical_at"),
        closed_by=_text(item, "closed_by", ""),
        history=_history_from_item(item.get("history", ())),
        past=_past_from_items(item.get("past", ())),
        version=read_version(item),
    )


def read_version(item: Mapping[str, Any]) -> int:
    """Return an item's version; every write is on condition that it is still that.

    Raises:
        ValueError: when it is no version that was ever written.
    """
    version = item.get("version")
    if isinstance(version, int | Decimal) and not isinstance(version, bool):
        read = int(version)
        if read == version and 1 <= read < _MOST_VERSIONS:
            return read
    raise ValueError("the version is none")


def _past_to_item(past: PastIncident) -> Item:
    """Store an ended incident."""
    return _filled(
        {
            "began_at": _format(past.began_at),
            "ended_at": _format(past.ended_at),
            "severity": past.severity.value,
            "problems": sorted(past.problems),
        }
    )


def _past_from_items(items: Any) -> tuple[PastIncident, ...]:  # noqa: ANN401 -- whatever is stored
    """Read the ended incidents; no decision uses them, so an unreadable one is dropped."""
    try:
        return tuple(map(_past_from_item, items))
    except Exception:  # noqa: BLE001 -- whatever is in it
        return ()


def _past_from_item(item: Mapping[str, Any]) -> PastIncident:
    """Read an ended incident."""
    return PastIncident(
        began_at=parse_time(item["began_at"]),
        ended_at=_time(item, "ended_at"),
        severity=Severity(item["severity"]),
        problems=frozenset(Problem(problem) for problem in item.get("problems", ())),
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
            "since": _format(status.since),
            "lacks_data": status.lacks_data or None,
            "dismissed": status.is_dismissed or None,
            "watched": status.is_watched or None,
            "old_threshold": status.old_threshold,
        }
    )


def _status_from_item(item: Mapping[str, Any]) -> AlarmStatus:
    """Read the status of an alarm."""
    value_at = _time(item, "value_at")
    value, threshold = _number(item, "value"), _number(item, "threshold")
    return AlarmStatus(
        firing=_flag(item, "firing"),
        at=parse_time(item["at"]),
        latest=Datapoint(value, value_at) if value is not None and value_at is not None else None,
        threshold=threshold,
        is_gone=_flag(item, "gone"),
        since=_time(item, "since"),
        lacks_data=_flag(item, "lacks_data"),
        is_dismissed=_flag(item, "dismissed"),
        is_watched=_flag(item, "watched"),
        old_threshold=_number(item, "old_threshold"),
    )


def _announcements_to_item(known: Announcements) -> Item:
    """Store how often a problem was announced."""
    begins = [_format(at) for at in known.begins]
    return _filled({"begins": begins, "flapping": known.is_flapping or None})


def _announcements_from_item(item: Mapping[str, Any]) -> Announcements:
    """Read how often a problem was announced."""
    begins = tuple(parse_time(text) for text in item.get("begins", ()))
    return Announcements(begins, is_flapping=_flag(item, "flapping"))


def _decided_to_item(decided: Decided) -> Item:
    """Store one line of history."""
    return _filled(
        {
            "at": _format(decided.at),
            "sent": decided.sent and decided.sent.value,
            "severity": decided.severity and decided.severity.value,
            "suppressed": decided.suppressed and decided.suppressed.value,
            "firing": sorted(decided.firing),
        }
    )


def _history_from_item(items: Any) -> tuple[Decided, ...]:  # noqa: ANN401 -- whatever is stored
    """Read the history; no decision uses it, so an unreadable line is dropped."""
    try:
        return tuple(map(_decided_from_item, items))
    except Exception:  # noqa: BLE001 -- whatever is in it
        return ()


def _decided_from_item(item: Mapping[str, Any]) -> Decided:
    """Read one line of history."""
    return Decided(
        at=parse_time(item["at"]),
        sent=NotificationReason(item["sent"]) if "sent" in item else None,
        severity=Severity(item["severity"]) if "severity" in item else None,
        suppressed=Suppression(item["suppressed"]) if "suppressed" in item else None,
        firing=frozenset(item.get("firing", ())),
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
            "began_at": _format(last.began_at),
            "provider": last.provider,
            "series": sorted(last.series),
        }
    )


def _last_from_item(item: Mapping[str, Any]) -> LastNotification:
    """Read the last notification."""
    return LastNotification(
        severity=Severity(item["severity"]),
        worst=Severity(item["worst"]),
        problems=frozenset(Problem(name) for name in item.get("problems", ())),
        at=parse_time(item["at"]),
        group=_text(item, "group", ""),
        is_setup=_flag(item, "setup"),
        outcome=_text(item, "outcome", ""),
        balance=_number(item, "balance"),
        unit=_text(item, "unit", ""),
        began_at=_time(item, "began_at"),
        provider=_text(item, "provider", ""),
        series=frozenset(item.get("series", ())),
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
            "ended_at": _format(pending.ended_at),
        }
    )


def _pending_from_item(item: Mapping[str, Any]) -> PendingNotification:
    """Read a pending notification."""
    return PendingNotification(
        reason=NotificationReason(item["reason"]),
        severity=Severity(item["severity"]),
        problems=frozenset(Problem(name) for name in item.get("problems", ())),
        decided_at=parse_time(item["decided_at"]),
        opened_at=_time(item, "opened_at"),
        previous=_last_from_item(item["previous"]) if "previous" in item else None,
        ended_at=_time(item, "ended_at"),
    )


def _outbox_from_item(item: Mapping[str, Any]) -> Outbox:
    """Read an outbox."""
    return Outbox(
        pending=_pending_from_item(item["pending"]),
        lease_until=_time(item, "lease_until"),
        is_unsent=_flag(item, "unsent"),
        delivered=frozenset(item.get("delivered", ())),
        joins=frozenset(item.get("joins", ())),
    )


def _foreign_to_item(foreign_alarm: ForeignAlarm) -> Item:
    """Store the texts of a foreign alarm."""
    return _filled({name: getattr(foreign_alarm, name) for name in ForeignAlarm._fields})


def _foreign_from_item(item: Mapping[str, Any]) -> ForeignAlarm:
    """Read the texts of a foreign alarm."""
    texts = {n: _text(item, n) for n in ForeignAlarm._fields if n in item and n != "has_data"}
    return ForeignAlarm(**texts, has_data=_flag(item, "has_data", default=True))


def _text(item: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Read a text."""
    value = item[name] if default is None else item.get(name, default)
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def _flag(item: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """Read a flag."""
    value = item.get(name, default)
    if not isinstance(value, bool):
        raise TypeError(f"{name} is not a flag")
    return value


def _number(item: Mapping[str, Any], name: str) -> Decimal | None:
    """Read a number that may be missing."""
    value = item.get(name)
    if value is not None and not isinstance(value, Decimal):
        raise TypeError(f"{name} is not a number")
    return value


def _time(item: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time that may be missing."""
    value = item.get(name)
    return None if value is None else parse_time(value)


def _filled(values: Mapping[str, Any]) -> Item:
    """Drop None, empty texts and empty lists, which are stored by being absent."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _format(at: datetime | None) -> str | None:
    """Store a time with milliseconds: transitions are ordered by it."""
    return None if at is None else at.isoformat(timespec="milliseconds")
