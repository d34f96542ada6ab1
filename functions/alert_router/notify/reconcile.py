"""Compare incidents with the alarms as they are; send what is overdue, missed or to be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.incidents.incident import FOREIGN_KIND, Incident, IncidentKey, Scope
from alert_router.incidents.transitions import identify
from alert_router.notify.context import RouterContext
from alert_router.notify.flush import flush
from alert_router.notify.send import send
from alert_router.notify.update import (
    BusyError,
    IncidentUpdate,
    next_state,
    save_if_unchanged,
    update_incident,
)
from shared.names import AlarmKind, AlarmName


class ReconcileError(Exception):
    """A part of the run failed, after everything else was attempted. The text says which."""


def reconcile(context: RouterContext) -> None:
    """Bring every incident up to date.

    Raises:
        ReconcileError: when something failed; the next run tries again.
    """
    now = context.clock()
    context.alert_table.convert_old_items(now)
    incidents = list(context.alert_table.incidents())
    failures: list[str] = []
    overdue = [i for i in incidents if i.outbox and not i.outbox.is_leased(now)]
    if send(context, save_if_unchanged(context, overdue, now)):
        failures.append("overdue messages were not accepted")
    updates = _updates(context, incidents, failures)
    pending = _update_all(context, updates, {i.key: i for i in incidents}, now, failures)
    if send(context, pending):
        failures.append("messages were not accepted")
    try:
        if flush(context, incidents):
            failures.append("grouped messages were not accepted")
    except BusyError as exc:
        failures.append(str(exc))
    if failures:
        raise ReconcileError("; ".join(failures))


def _update_all(
    context: RouterContext,
    updates: Sequence[IncidentUpdate],
    stored: Mapping[IncidentKey, Incident],
    now: datetime,
    failures: list[str],
) -> list[Incident]:
    """Update the incidents for which anything is new; return those that have to be sent."""
    context.snapshots.prepare(update.key for update in updates)

    def bring_up_to_date(update: IncidentUpdate) -> Incident | None:
        known = stored.get(update.key) or Incident(update.key)
        try:
            if known.outbox is None and next_state(context, known, update, now) == known:
                return None
            return update_incident(context, update)
        except BusyError:
            # Another invocation is sending it, or the next run does.
            context.log.info("left to another invocation", incident=update.key.id)
        except Exception as exc:  # noqa: BLE001 -- one incident's failure does not block the others
            failures.append(f"{update.key.id}: {type(exc).__name__}")
        return None

    updated = context.map_concurrently(bring_up_to_date, updates)
    return [incident for incident in updated if incident is not None]


def _updates(
    context: RouterContext, incidents: Iterable[Incident], failures: list[str]
) -> list[IncidentUpdate]:
    """Compare incidents with CloudWatch; without CloudWatch, only remind."""
    known = {incident.key: incident for incident in incidents}
    updates = {i.key: IncidentUpdate(i.key, reminds=True) for i in known.values() if i.is_open}
    try:
        missed = _missed(context, known)
        compared = [_compared(i, states) for i, states in _states(context, known, updates)]
    except Exception as exc:  # noqa: BLE001 -- reminders and overdue messages still go out
        failures.append(f"CloudWatch cannot be read: {type(exc).__name__}")
        return list(updates.values())
    for update in (*compared, *missed):
        before = updates.get(update.key, update._replace(changes=(), deleted=frozenset()))
        updates[update.key] = update._replace(
            changes=(*before.changes, *update.changes), deleted=before.deleted | update.deleted
        )
    return list(updates.values())


def _missed(context: RouterContext, known: Mapping[IncidentKey, Incident]) -> list[IncidentUpdate]:
    """Return the firing account alarms whose transition never arrived."""
    found: dict[IncidentKey, list[tuple[str, AlarmChange]]] = {}
    for change in context.alarm_reader.firing():
        key, kind = identify(change, context.name)
        incident = known.get(key)
        if key.scope is Scope.ACCOUNT and not (incident and kind in incident.firing):
            found.setdefault(key, []).append((kind, change))
    return [IncidentUpdate(key, changes=changes, reminds=True) for key, changes in found.items()]


def _states(
    context: RouterContext,
    known: Mapping[IncidentKey, Incident],
    opened: Iterable[IncidentKey],
) -> list[tuple[Incident, dict[str, AlarmChange | None]]]:
    """Return the open incidents with the present state of their alarms, None where deleted."""
    incidents = [known[key] for key in opened]
    names = {i.key: _alarm_names(context, i) for i in incidents}
    states = context.alarm_reader.states(n for kinds in names.values() for n in kinds.values())
    return [(i, {kind: states.get(name) for kind, name in names[i.key].items()}) for i in incidents]


def _compared(incident: Incident, states: Mapping[str, AlarmChange | None]) -> IncidentUpdate:
    """Return how an open incident differs from its alarms."""
    return IncidentUpdate(
        incident.key,
        changes=[
            (kind, change)
            for kind, change in states.items()
            if change is not None and _differs(incident, kind, change)
        ],
        deleted=frozenset(kind for kind, change in states.items() if change is None),
        reminds=True,
    )


def _alarm_names(context: RouterContext, incident: Incident) -> dict[str, str]:
    """Return the names of an incident's alarms that CloudWatch can describe here, by kind."""
    kinds = [kind for kind, status in incident.alarms.items() if not status.is_gone]
    if incident.key.scope is Scope.ACCOUNT:
        account = incident.key.id
        return {kind: AlarmName(account, AlarmKind(kind)).format(context.name) for kind in kinds}
    foreign = incident.foreign_alarm
    if foreign is None or not context.links.is_here(foreign.alarm_arn):
        return {}
    return dict.fromkeys(kinds, foreign.alarm_name)


def _differs(incident: Incident, kind: str, change: AlarmChange) -> bool:
    """Whether CloudWatch's state is new; of an alarm over many series only its end counts."""
    firing = change.state is AlarmState.ALARM
    foreign = incident.foreign_alarm
    if kind == FOREIGN_KIND and foreign is not None and foreign.contributor:
        return change.state is AlarmState.OK and incident.alarms[kind].firing
    if change.state is AlarmState.INSUFFICIENT_DATA:
        return False
    return firing is not incident.alarms[kind].firing
