"""Bring incidents up to date: load, apply changes, decide, save; retry on a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.envelope import CloseRequest
from alert_router.incidents.incident import ConflictError, GroupWait, Incident, IncidentKey
from alert_router.incidents.lifecycle.decision import Decision, decide, decide_or_remind
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.lifecycle.pending import decide_again
from alert_router.incidents.lifecycle.transitions import apply, dismiss, mark_deleted, with_lease
from alert_router.incidents.snapshot import AccountSnapshot
from alert_router.notify.context import RouterContext
from alert_router.notify.reasons import log_outdated, log_suppression, remembering
from alert_router.notify.states import LATE, read_states

#: How often an incident is read again before its record is left for a later retry.
_ATTEMPTS: Final = 40
#: Pause between attempts, in seconds: about as long as publishing takes.
_PAUSE_SECONDS: Final = 0.1
#: A flush that came before the incident is saved would miss it.
_UNTIL_SAVED: Final = timedelta(seconds=2)


class BusyError(Exception):
    """Another invocation is sending for this incident; the record has to be retried."""


class IncidentUpdate(NamedTuple):
    """The changes to apply to one incident."""

    key: IncidentKey
    changes: Sequence[tuple[str, AlarmChange]] = ()
    """Kind and change, in any order."""
    deleted: frozenset[str] = frozenset()
    """Kinds whose alarms no longer exist."""
    observed_at: datetime | None = None
    """When CloudWatch was read; None for transitions alone."""
    reminds: bool = False
    """Whether a reminder may be sent."""
    is_watched: bool = False
    """Whether an account whose alarms were deleted still has others."""
    closing: CloseRequest | None = None
    """The request to close it by hand, if any."""


def update_incident(context: RouterContext, update: IncidentUpdate) -> Incident | None:
    """Bring one incident up to date; return it, leased to the caller, if it has to be sent.

    Raises:
        BusyError: when another invocation holds the incident for longer than a moment.
    """
    for _ in range(_ATTEMPTS):
        try:
            incident = context.alert_table.load(update.key)
            now = context.clock()
            if incident.outbox is not None and incident.outbox.is_leased(now):
                context.pause(_PAUSE_SECONDS)
                continue
            if incident.is_open and update.observed_at is None and not _is_joining(incident, now):
                # A transition may have been lost, and the pending notification may be days old.
                (update,) = _compared(context, [update], {update.key: incident})
            decision = next_state(context, incident, update, now)
            log_outdated(context, incident, update.changes, decision.incident)
            log_suppression(context, incident, decision)
            if is_settled(incident, decision):
                return None
            updated = remembering(decision, now)
            request_flush_of_joined(context, incident, updated, now)
            if decision.suppressed is not None:
                # A notification still pending stays so, unleased, until it may be sent.
                context.alert_table.save(updated, now)
                return None
            saved = context.alert_table.save(with_lease(updated, now + context.lease), now)
        except ConflictError:
            context.snapshots.forget(update.key)
            continue
        return saved if saved.outbox else None
    raise BusyError("another invocation is sending for the same incident")


def _is_joining(incident: Incident, now: datetime) -> bool:
    """Whether the pending notification waits for the next message, which compares it anyway."""
    waiting = incident.waiting
    return incident.outbox is not None and waiting is not None and now < waiting.until


def is_settled(incident: Incident, decision: Decision) -> bool:
    """Whether a decision changes nothing and leaves nothing to send."""
    is_due = decision.incident.outbox is not None and decision.suppressed is None
    return decision.incident == incident and not is_due


def verified(context: RouterContext, updates: Sequence[IncidentUpdate]) -> list[IncidentUpdate]:
    """Return the updates; doubtful ones come with the current alarm states.

    A transition may arrive minutes late, or be redriven after days, when it is no longer true. An
    end does not count while another alarm fires whose transition may have been lost.
    """
    now = context.clock()
    late = [
        update
        for update in updates
        if any(
            now - change.changed_at > LATE or change.state is not AlarmState.ALARM
            for _, change in update.changes
        )
    ]
    if not late:
        return list(updates)
    known = {u.key: _applied(Incident(u.key), u) for u in late}
    compared = {u.key: u for u in _compared(context, late, known)}
    return [compared.get(update.key, update) for update in updates]


def as_they_are(context: RouterContext, incidents: Sequence[Incident]) -> list[Incident]:
    """Return incidents with the current state of their alarms applied; store nothing."""
    updates = [IncidentUpdate(incident.key) for incident in incidents]
    known = {incident.key: incident for incident in incidents}
    return [_applied(known[u.key], u) for u in _compared(context, updates, known)]


def next_state(
    context: RouterContext, incident: Incident, update: IncidentUpdate, now: datetime
) -> Decision:
    """Return the incident after applying the update and deciding; store nothing."""
    updated = _applied(incident, update)
    if updated.outbox is not None:
        return decided(context, updated, now, partial(decide_again, updated))
    function = decide_or_remind if update.reminds else decide
    return decided(context, updated, now, partial(function, updated))


def decided(
    context: RouterContext,
    incident: Incident,
    now: datetime,
    decide_on: Callable[[AccountSnapshot, datetime, Policy], Decision],
) -> Decision:
    """Return the decision on an incident and its snapshot.

    A malformed record must not hide the account's alarms: if deciding fails, decide again without
    the record.
    """
    try:
        return decide_on(context.snapshots.of(incident, now), now, context.policy)
    except Exception as exc:  # noqa: BLE001 -- whatever it is, people have to be alerted
        context.log.warning("decision failed", incident=incident.key.id, error=type(exc).__name__)
        context.snapshots.distrust(incident.key)
    return decide_on(context.snapshots.of(incident, now), now, context.policy)


def _applied(incident: Incident, update: IncidentUpdate) -> Incident:
    """Return the incident with an update's changes applied."""
    for kind, change in sorted(
        update.changes, key=lambda pair: pair[1].observed_at or pair[1].changed_at
    ):
        incident = apply(incident, kind, change)
    if update.observed_at is not None:
        incident = mark_deleted(
            incident, update.deleted, update.observed_at, is_watched=update.is_watched
        )
    if update.closing is not None:
        by = f"{update.closing.requested_by}: {update.closing.reason}"
        incident = dismiss(incident, by, update.closing.at)
    return incident


def _compared(
    context: RouterContext,
    updates: Sequence[IncidentUpdate],
    incidents: Mapping[IncidentKey, Incident],
) -> list[IncidentUpdate]:
    """Return updates extended by the current state of the incidents' alarms."""
    if not updates:
        return []
    try:
        states = read_states(context, [incidents[update.key] for update in updates])
    except Exception as exc:  # noqa: BLE001 -- the record still guards against old news
        context.log.warning("CloudWatch cannot be read", error=type(exc).__name__)
        return list(updates)
    return [
        update._replace(
            changes=(*update.changes, *states[update.key].changes),
            deleted=states[update.key].deleted,
            observed_at=states[update.key].observed_at,
            is_watched=states[update.key].is_watched,
        )
        for update in updates
    ]


def save_if_unchanged(
    context: RouterContext, incidents: Iterable[Incident], now: datetime
) -> list[Incident]:
    """Save incidents, leased to the caller; return those that no other invocation had changed."""

    def save(incident: Incident) -> Incident | None:
        try:
            return context.alert_table.save(with_lease(incident, now + context.lease), now)
        except ConflictError:
            context.log.info("save conflict", incident=incident.key.id)
        except Exception as exc:  # noqa: BLE001 -- it stays unchanged for the next invocation
            context.log.warning("save failed", incident=incident.key.id, error=type(exc).__name__)
        return None

    return [saved for saved in context.map_concurrently(save, incidents) if saved is not None]


def request_flush_of_joined(
    context: RouterContext, before: Incident, after: Incident, now: datetime
) -> None:
    """Request a flush of the group that an incident has just joined.

    The request precedes the save: one flush too many is better than none.
    """
    waiting = after.waiting
    if waiting is not None and not (before.waiting and before.waiting.group == waiting.group):
        request_flush(context, waiting, now)


def request_flush(context: RouterContext, waiting: GroupWait, now: datetime) -> None:
    """Request a flush for when a wait is over, once per group."""
    requested = flush_lease(waiting.group)
    if context.alert_table.is_leased(requested, now):
        return
    wait = max(waiting.until - now, _UNTIL_SAVED)
    context.flush_queue.request_flush(waiting.group, wait)
    context.alert_table.end_lease(requested, now + wait)


def flush_lease(group: str) -> str:
    """Return the name of the lease held until a group's requested flush."""
    return f"flush-requested/{group}"
