"""Compare incidents with current alarm states; send overdue, missed and repeated notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from alert_router.incidents.incident import Incident, IncidentKey, Suppression
from alert_router.notify.context import RouterContext
from alert_router.notify.flush import flush, is_due
from alert_router.notify.sending.send import send
from alert_router.notify.states import alarm_names, is_muted, read_firing, read_states
from alert_router.notify.update import (
    BusyError,
    IncidentUpdate,
    is_settled,
    next_state,
    update_incident,
)


class ReconcileError(Exception):
    """Part of the run failed, after everything else was attempted. The text says which."""


def reconcile(context: RouterContext) -> None:
    """Bring every incident up to date.

    Raises:
        ReconcileError: when something failed; the next run tries again.
    """
    now = context.clock()
    failures: list[str] = []
    try:
        context.alert_table.convert_old_items(now)
    except Exception as exc:  # noqa: BLE001 -- what today's code wrote is reconciled nonetheless
        failures.append(f"items of 0.1 are not converted: {type(exc).__name__}")
    incidents = {i.key: i for i in context.alert_table.incidents()}
    updates = _updates(context, incidents, failures)
    if send(context, _update_all(context, updates, incidents, now, failures)):
        failures.append("messages were not accepted")
    try:
        if is_due(context, list(incidents.values())) and flush(context):
            failures.append("grouped messages were not accepted")
    except BusyError as exc:
        failures.append(str(exc))
    if failures:
        raise ReconcileError("; ".join(failures))


def _updates(
    context: RouterContext, incidents: Mapping[IncidentKey, Incident], failures: list[str]
) -> list[IncidentUpdate]:
    """Compare incidents with CloudWatch; if that cannot be read, only send reminders."""
    opened = [incident for incident in incidents.values() if incident.is_open]
    updates = {i.key: IncidentUpdate(i.key, reminds=True) for i in opened}
    try:
        firing = read_firing(context)
        unheard = (key for key in firing if key not in updates)
        closed = [incidents.get(key, Incident(key)) for key in unheard]
        states = read_states(context, [*opened, *closed], firing)
    except Exception as exc:  # noqa: BLE001 -- reminders and overdue messages still go out
        failures.append(f"CloudWatch cannot be read: {type(exc).__name__}")
        return list(updates.values())
    return [
        IncidentUpdate(
            key,
            found.changes,
            found.deleted,
            found.observed_at,
            reminds=True,
            is_watched=found.is_watched,
        )
        for key, found in states.items()
    ]


def _update_all(
    context: RouterContext,
    updates: Sequence[IncidentUpdate],
    stored: Mapping[IncidentKey, Incident],
    now: datetime,
    failures: list[str],
) -> list[Incident]:
    """Update the incidents that have news; return those to send."""
    context.snapshots.prepare(update.key for update in updates)

    def bring_up_to_date(update: IncidentUpdate) -> Incident | None:
        known = stored.get(update.key) or Incident(update.key)
        try:
            if known.outbox is not None and known.outbox.is_leased(now):
                return None
            decision = next_state(context, known, update, now)
            if is_settled(known, decision) or _is_muted(context, known, decision.incident):
                return None
            return update_incident(context, update)
        except BusyError:
            # Another invocation is sending it, or the next run will.
            context.log.info("left to another invocation", incident=update.key.id)
        except Exception as exc:  # noqa: BLE001 -- one incident's failure does not block the others
            failures.append(f"{update.key.id}: {type(exc).__name__}")
        return None

    updated = context.map_concurrently(bring_up_to_date, updates)
    return [incident for incident in updated if incident is not None]


def _is_muted(context: RouterContext, known: Incident, decided: Incident) -> bool:
    """Whether CloudWatch's mute rules cover everything about to be announced again."""
    announces = decided.outbox is not None or decided.waiting is not None
    names = alarm_names(context, decided, decided.firing).values()
    is_covered = (
        announces
        and known.outbox is None
        and bool(names)
        and all(is_muted(context, name) for name in names)
    )
    if is_covered:
        context.log.info(
            "notification suppressed", incident=known.key.id, reason=Suppression.MUTED.value
        )
    return is_covered
