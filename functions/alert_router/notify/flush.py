"""Send groups of notifications when their wait is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alert_router.incidents.incident import JOINED, Incident, IncidentKey, is_one_cause
from alert_router.incidents.lifecycle.decision import decide
from alert_router.incidents.lifecycle.pending import decide_again
from alert_router.incidents.subscriber import Line
from alert_router.notify.context import RouterContext
from alert_router.notify.reasons import remembering
from alert_router.notify.sending.send import send
from alert_router.notify.update import (
    BusyError,
    as_they_are,
    decided,
    request_flush,
    save_if_unchanged,
)
from shared.names import Status

_LOCK: Final = "flushing"
_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.2

#: A delayed message may arrive this much early: clocks differ.
_TOLERANCE: Final = timedelta(seconds=2)

#: How long a group's end waits for its last members before it is sent in parts.
_PATIENCE: Final = timedelta(minutes=15)


def is_due(context: RouterContext, incidents: Sequence[Incident]) -> bool:
    """Whether any group's wait is over, of all incidents."""
    return bool(_due(context, incidents, context.clock()))


def flush(context: RouterContext) -> set[IncidentKey]:
    """Send all groups whose wait is over; return the keys of incidents whose message failed.

    Only one invocation flushes at a time, so that no group is split.

    Raises:
        BusyError: when another invocation keeps flushing.
    """
    _lock(context)
    try:
        now = context.clock()
        stored = list(context.alert_table.incidents())
        due = _due(context, stored, now)
        context.snapshots.prepare(incident.key for incident in due)
        present = as_they_are(context, due)
        fresh = [_decide(context, incident, now) for incident in present]
        leased = [e for e in save_if_unchanged(context, fresh, now) if e.outbox is not None]
        failed = send(context, leased, _still_open(stored, leased), have_waited=True)
        _request_rest(context, stored, due, now)
        return failed
    finally:
        context.alert_table.end_lease(_LOCK, context.clock())


def _lock(context: RouterContext) -> None:
    """Hold the flush lock while the block runs.

    Raises:
        BusyError: when another invocation does not finish.
    """
    for _ in range(_ATTEMPTS):
        if context.alert_table.try_lease(_LOCK, context.clock(), context.lease):
            return
        context.pause(_PAUSE_SECONDS)
    raise BusyError("another invocation is flushing")


def _decide(context: RouterContext, incident: Incident, now: datetime) -> Incident:
    """Decide again, so that problems that cleared during the wait are never sent."""
    try:
        if incident.outbox is not None:
            on_snapshot = partial(decide_again, incident)
        else:
            on_snapshot = partial(decide, incident, wait_is_over=True)
        return remembering(decided(context, incident, now, on_snapshot), now)
    except Exception as exc:  # noqa: BLE001 -- one incident's failure does not block the others
        context.log.warning("decision failed", incident=incident.key.id, error=type(exc).__name__)
        return incident


def _due(context: RouterContext, incidents: Sequence[Incident], now: datetime) -> list[Incident]:
    """Return the members of groups whose wait is over, or nearly over."""
    groups: dict[str, list[Incident]] = {}
    for incident in incidents:
        is_sending = incident.outbox is not None and incident.outbox.is_leased(now)
        if incident.waiting is not None and not is_sending:
            groups.setdefault(incident.waiting.group, []).append(incident)
    ends = {name: _end(name, members, incidents) for name, members in groups.items()}
    if not any(end <= now + _TOLERANCE for end in ends.values()):
        return []
    return [
        incident
        for name, members in groups.items()
        if ends[name] <= now + _early(context, name)
        for incident in members
    ]


def _early(context: RouterContext, group: str) -> timedelta:
    """Return how early a group may be sent to join others."""
    is_joined = group.startswith(JOINED)
    return _TOLERANCE if is_joined else max(_TOLERANCE, context.policy.group_wait / 2)


def _request_rest(
    context: RouterContext, stored: Iterable[Incident], due: Iterable[Incident], now: datetime
) -> None:
    """Request a flush for each group that is not due yet.

    Whoever joined a group after it was sent early found its flush requested already.
    """
    done = {incident.key for incident in due}
    for incident in stored:
        waiting = incident.waiting
        if waiting is not None and incident.key not in done and waiting.until > now:
            request_flush(context, waiting, now)


def _end(group: str, members: Sequence[Incident], incidents: Iterable[Incident]) -> datetime:
    """Return when the group's wait is over: with its first member's, unless others are missing.

    A shared cause that was announced once also ends once, for all its accounts.
    """
    first = min(e.waiting.until for e in members if e.waiting)
    is_ending = is_one_cause(group) and any(
        e.last_notification and e.last_notification.group == group for e in members
    )
    if not is_ending or not _missing(group, incidents):
        return first
    return min(e.waiting.since for e in members if e.waiting) + _PATIENCE


def _still_open(incidents: Iterable[Incident], sent: Sequence[Incident]) -> dict[str, list[Line]]:
    """Return the accounts for which each group that ends now is not over."""
    known = list(incidents)
    groups = {
        e.outbox.pending.previous.group
        for e in sent
        if e.outbox and e.outbox.pending.previous and is_one_cause(e.outbox.pending.previous.group)
    }
    return {group: _missing(group, known) for group in groups}


def _missing(group: str, incidents: Iterable[Incident]) -> list[Line]:
    """Return the accounts of a group that still have the announced problem."""
    return sorted(
        (
            Line(
                incident.last_notification.worst,
                Status.RESOLVED,
                incident.provider,
                incident.key.id,
            )
            for incident in incidents
            if incident.last_notification
            and incident.last_notification.group == group
            and incident.firing
        ),
        key=lambda line: line.account,
    )
