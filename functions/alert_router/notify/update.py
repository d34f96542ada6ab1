"""Bring incidents up to date: load, apply changes, decide, save, and again on a conflict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from alert_router.events.alarm import AlarmChange
from alert_router.incidents.decision import decide, remind
from alert_router.incidents.incident import ConflictError, Incident, IncidentKey
from alert_router.incidents.transitions import apply, mark_deleted, with_lease
from alert_router.notify.context import RouterContext
from alert_router.notify.send import send

#: How often an incident is read again before its record is left to come back later.
_ATTEMPTS: Final = 40
#: How long to pause between attempts, in seconds: publishing takes about as long.
_PAUSE_SECONDS: Final = 0.1


class BusyError(Exception):
    """Another invocation is sending for this incident; the record has to come back."""


class IncidentUpdate(NamedTuple):
    """What is new about one incident."""

    key: IncidentKey
    changes: Sequence[tuple[str, AlarmChange]] = ()
    """Kind and transition, in any order."""
    deleted: frozenset[str] = frozenset()
    """Kinds whose alarms no longer exist."""
    reminds: bool = False
    """Whether a reminder may be sent."""


def update_incident(context: RouterContext, update: IncidentUpdate) -> Incident | None:
    """Bring one incident up to date; return it, leased to the caller, when it has to be sent.

    Raises:
        BusyError: when another invocation holds the incident for longer than a moment.
    """
    for _ in range(_ATTEMPTS):
        incident = context.alert_table.load(update.key)
        now = context.clock()
        if incident.outbox is not None and incident.outbox.is_leased(now):
            context.pause(_PAUSE_SECONDS)
            continue
        try:
            if incident.outbox is not None:
                _send_overdue(context, incident, now)
                continue
            updated = next_state(context, incident, update, now)
            if updated == incident:
                return None
            request_flush(context, incident, updated, now)
            saved = context.alert_table.save(with_lease(updated, now + context.lease), now)
        except ConflictError:
            context.snapshots.forget(update.key)
            continue
        return saved if saved.outbox else None
    raise BusyError("another invocation is sending for the same incident")


def next_state(
    context: RouterContext, incident: Incident, update: IncidentUpdate, now: datetime
) -> Incident:
    """Return the incident with the update applied and decided on; nothing is stored."""
    updated = incident
    for kind, change in sorted(update.changes, key=lambda pair: pair[1].changed_at):
        updated = apply(updated, kind, change)
    if update.deleted:
        updated = mark_deleted(updated, update.deleted, now)
    snapshot = context.snapshots.of(updated, now)
    updated = decide(updated, snapshot, now, context.policy)
    return remind(updated, snapshot, now, context.policy) if update.reminds else updated


def save_if_unchanged(
    context: RouterContext, incidents: Iterable[Incident], now: datetime
) -> list[Incident]:
    """Save incidents, leased to the caller; return those that nobody else had changed."""

    def save(incident: Incident) -> Incident | None:
        try:
            return context.alert_table.save(with_lease(incident, now + context.lease), now)
        except ConflictError:
            context.log.info("save conflict", incident=incident.key.id)
        except Exception as exc:  # noqa: BLE001 -- it stays as it is, for the next invocation
            context.log.warning("save failed", incident=incident.key.id, error=type(exc).__name__)
        return None

    return [saved for saved in context.map_concurrently(save, incidents) if saved is not None]


def request_flush(context: RouterContext, before: Incident, after: Incident, now: datetime) -> None:
    """Request a flush of the group that an incident has just joined, once per group.

    The request comes before the incident is saved: better one flush too many than none.
    """
    waiting = after.waiting
    if waiting is None or (before.waiting and before.waiting.group == waiting.group):
        return
    requested = f"flush-requested/{waiting.group}"
    if context.alert_table.is_leased(requested, now):
        return
    wait = max(waiting.until - now, timedelta())
    context.flush_queue.request_flush(waiting.group, wait)
    context.alert_table.end_lease(requested, now + wait)


def _send_overdue(context: RouterContext, incident: Incident, now: datetime) -> None:
    """Send what another invocation left unsent or unmarked; it may be a repetition.

    Raises:
        BusyError: when it cannot be sent now.
    """
    leased = context.alert_table.save(with_lease(incident, now + context.lease), now)
    if send(context, [leased]):
        raise BusyError("an older notification of the same incident cannot be sent")
