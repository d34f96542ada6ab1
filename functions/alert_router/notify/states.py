"""Read the current state of incidents' alarms, as changes to apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.incidents.incident import (
    FOREIGN_KIND,
    Incident,
    IncidentKey,
    Scope,
    Suppression,
)
from alert_router.incidents.lifecycle import series
from alert_router.incidents.lifecycle.transitions import identify
from alert_router.notify.context import RouterContext
from shared.names import AlarmKind, AlarmName

#: A transition older than this is checked against the alarm's current state. A younger one is
#: trusted over CloudWatch, which may lag behind.
LATE: Final = timedelta(minutes=2)

Firing = Mapping[IncidentKey, Mapping[str, AlarmChange]]
"""The stack's alarms that are in ALARM and may act, by incident and kind."""


class States(NamedTuple):
    """How an incident differs from the current alarm states."""

    changes: tuple[tuple[str, AlarmChange], ...]
    deleted: frozenset[str]
    observed_at: datetime
    is_watched: bool = False
    """Whether the account still has the alarm that every watched account has."""


def read_firing(context: RouterContext) -> Firing:
    """Return all firing account alarms, known or not.

    Raises:
        botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
    """
    firing: dict[IncidentKey, dict[str, AlarmChange]] = {}
    for change in context.alarm_reader.firing():
        key, kind = identify(change, context.name)
        if key.scope is Scope.ACCOUNT:
            firing.setdefault(key, {})[kind] = change
    return firing


def read_states(
    context: RouterContext, incidents: Iterable[Incident], firing: Firing | None = None
) -> dict[IncidentKey, States]:
    """Return how incidents, known and new, differ from the current alarm states.

    Args:
        context: what the pipeline works with.
        incidents: the known ones.
        firing: the firing alarms, if the caller has just read them.

    Raises:
        botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
    """
    known = {incident.key: incident for incident in incidents}
    # Taken before the calls: changes made during them are newer.
    observed_at = context.clock()
    firing = read_firing(context) if firing is None else firing
    names = {key: alarm_names(context, i, frozenset(i.alarms)) for key, i in known.items()}
    marks = {key: _always_there(context, key) for key, by_kind in names.items() if by_kind}
    asked = [name for by_kind in names.values() for name in by_kind.values()]
    found = context.alarm_reader.states([*asked, *filter(None, marks.values())]) if asked else {}
    states = {}
    for key, incident in known.items():
        described = {k: found[name] for k, name in names[key].items() if name in found}
        absent = frozenset(names[key]) - frozenset(described)
        compared = _compared(
            context, incident, {**described, **firing.get(key, {})}, absent, observed_at
        )
        states[key] = compared._replace(is_watched=marks.get(key) in found)
    return states


def _always_there(context: RouterContext, key: IncidentKey) -> str | None:
    """Return the name of the alarm that every watched account has; None for a foreign alarm."""
    if key.scope is not Scope.ACCOUNT:
        return None
    return AlarmName(key.id, AlarmKind.STALE).format(context.name)


def _compared(
    context: RouterContext,
    incident: Incident,
    found: Mapping[str, AlarmChange],
    absent: frozenset[str],
    observed_at: datetime,
) -> States:
    """Return how one incident differs from the current alarm states."""
    changes = tuple(
        (kind, change._replace(observed_at=observed_at))
        for kind, change in found.items()
        if _differs(incident, kind, change, observed_at) and not _is_muted(context, change)
    )
    deleted = frozenset(
        kind
        for kind in absent
        if _can_be_missed(incident, kind) and not _is_young(incident, kind, observed_at)
    )
    if FOREIGN_KIND in deleted:
        deleted = frozenset(incident.alarms)
    return States(changes, deleted, observed_at)


def alarm_names(
    context: RouterContext, incident: Incident, wanted: frozenset[str]
) -> dict[str, str]:
    """Return the names of an incident's alarms that CloudWatch can describe here, by kind."""
    kinds = [
        kind for kind, status in incident.alarms.items() if not status.is_gone and kind in wanted
    ]
    if incident.key.scope is Scope.ACCOUNT:
        account = incident.key.id
        return {kind: AlarmName(account, AlarmKind(kind)).format(context.name) for kind in kinds}
    foreign = incident.foreign_alarm
    if foreign is None or not context.links.is_here(foreign.alarm_arn):
        return {}
    # CloudWatch describes the alarm as a whole, whichever of its series were reported.
    return {FOREIGN_KIND: foreign.alarm_name} if kinds else {}


def _can_be_missed(incident: Incident, kind: str) -> bool:
    """Whether an alarm that is absent from the answer no longer exists.

    A response contains only the types that this botocore knows: an alarm of another type is
    unknown, not deleted. Ours are all metric alarms.
    """
    foreign = incident.foreign_alarm
    if kind != FOREIGN_KIND or foreign is None:
        return True
    return foreign.alarm_type in ("MetricAlarm", "CompositeAlarm")


def _differs(incident: Incident, kind: str, change: AlarmChange, observed_at: datetime) -> bool:
    """Whether CloudWatch's state is new; news of some series is not, but their end is."""
    known = incident.alarms.get(kind)
    if known is None and not series.firing_series(incident):
        return change.state is AlarmState.ALARM
    is_late = known is None or change.changed_at < known.at
    is_doubtful = is_late and _is_young(incident, kind, observed_at)
    return not is_doubtful and _is_otherwise(incident, kind, change)


def _is_otherwise(incident: Incident, kind: str, change: AlarmChange) -> bool:
    """Whether an alarm that was heard of, or some of whose series fire, is in another state."""
    known, is_firing = incident.alarms.get(kind), change.state is AlarmState.ALARM
    if known is None or series.firing_series(incident):
        return not is_firing
    if known.is_dismissed:
        return change.state is AlarmState.OK or (is_firing and change.changed_at > known.at)
    if change.state is AlarmState.INSUFFICIENT_DATA:
        return kind == FOREIGN_KIND and known.firing
    return is_firing is not known.firing


def _is_young(incident: Incident, kind: str, now: datetime) -> bool:
    """Whether the last known change of an alarm is a transition of the last few minutes."""
    changed_at = series.newest(incident) if kind == FOREIGN_KIND else incident.alarms[kind].at
    return now - changed_at <= LATE


def _is_muted(context: RouterContext, change: AlarmChange) -> bool:
    """Whether a CloudWatch mute rule covers an alarm that was found in ALARM.

    CloudWatch does not act on a muted alarm but still shows it in ALARM; announcing it would undo
    the rule.
    """
    is_covered = change.state is AlarmState.ALARM and is_muted(context, change.alarm_name)
    if is_covered:
        context.log.info(
            "notification suppressed", alarm=change.alarm_name, reason=Suppression.MUTED.value
        )
    return is_covered


def is_muted(context: RouterContext, name: str) -> bool:
    """Whether a mute rule covers an alarm, as far as mute rules can be read."""
    muted = context.alarm_reader.is_muted(name)
    if muted is None and not context.stats.lacks_mute_rules:
        context.stats.lacks_mute_rules = True
        context.log.info("mute rules cannot be read")
    return bool(muted)
