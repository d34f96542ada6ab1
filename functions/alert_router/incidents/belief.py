"""Rejects times in the future: anything ordered by one would be stuck until then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from alert_router.events.alarm import AlarmChange
from alert_router.incidents.incident import Incident
from shared.records import Latest
from shared.silences import Silence

#: Clocks differ by less than this, and nothing stored waits longer.
_TOLERANCE: Final = timedelta(days=1)

#: A transition may be this far ahead of the router's clock.
_SKEW: Final = timedelta(minutes=5)

#: ``silence add`` takes up to 366 days.
_LONGEST_SILENCE: Final = timedelta(days=2 * 366)


class FutureError(ValueError):
    """A stored time is far in the future."""


def check(incident: Incident, now: datetime) -> Incident:
    """Return a stored incident.

    Raises:
        FutureError: when one of its times is far in the future.
    """
    if any(at > now + _TOLERANCE for at in _times(incident) if at is not None):
        raise FutureError("a time of the incident is in the future")
    return incident


def is_future_record(latest: Latest, now: datetime) -> bool:
    """Whether a record is dated in the future."""
    good = latest.good
    times = (latest.polled_at, latest.failing_since, good.balance_at, good.top_up_due_since)
    return any(at > now + _TOLERANCE for at in times if at is not None)


def is_endless(silence: Silence, now: datetime) -> bool:
    """Whether a silence lasts longer than `silence add` allows."""
    return silence.until > now + _LONGEST_SILENCE


def dated(change: AlarmChange, now: datetime) -> AlarmChange:
    """Return a transition, dated now if its time is in the future; likewise its value."""
    if change.latest is not None and change.latest.at > now + _SKEW:
        change = change._replace(latest=None)
    return change._replace(changed_at=now) if change.changed_at > now + _SKEW else change


def _times(incident: Incident) -> Iterator[datetime | None]:
    """Yield the times by which an incident's changes and notifications are ordered."""
    yield from (incident.opened_at, incident.critical_at)
    for status in incident.alarms.values():
        yield from (status.at, status.since, status.latest.at if status.latest else None)
    for known in incident.announcements.values():
        yield from known.begins
    if incident.last_notification is not None:
        yield from (incident.last_notification.at, incident.last_notification.began_at)
    if incident.waiting is not None:
        yield from (incident.waiting.since, incident.waiting.until)
    if incident.outbox is not None:
        pending = incident.outbox.pending
        yield from (incident.outbox.lease_until, pending.decided_at, pending.opened_at)
