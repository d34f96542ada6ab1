"""Read the present state of incidents' alarms, as changes to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.incidents.incident import FOREIGN_KIND, Incident, IncidentKey, Scope
from alert_router.notify.context import RouterContext
from shared.names import AlarmKind, AlarmName


class States(NamedTuple):
    """How an incident differs from its alarms as they are."""

    changes: tuple[tuple[str, AlarmChange], ...]
    deleted: frozenset[str]
    observed_at: datetime


def read_states(context: RouterContext, incidents: Sequence[Incident]) -> dict[IncidentKey, States]:
    """Return how incidents differ from their alarms.

    Raises:
        botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
    """
    names = {i.key: alarm_names(context, i, frozenset(i.alarms)) for i in incidents}
    known = {i.key: i for i in incidents}
    # Taken before the call: what changes while it is under way is newer.
    observed_at = context.clock()
    asked = [name for by_kind in names.values() for name in by_kind.values()]
    found = context.alarm_reader.states(asked) if asked else {}
    return {
        key: _compared(known[key], by_kind, found, observed_at) for key, by_kind in names.items()
    }


def _compared(
    incident: Incident,
    names: Mapping[str, str],
    found: Mapping[str, AlarmChange],
    observed_at: datetime,
) -> States:
    """Return how one incident differs from its alarms."""
    changes = tuple(
        (kind, found[name]._replace(observed_at=observed_at))
        for kind, name in names.items()
        if name in found and _differs(incident, kind, found[name])
    )
    absent = (kind for kind, name in names.items() if name not in found)
    return States(changes, frozenset(k for k in absent if _can_be_missed(incident, k)), observed_at)


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
    return dict.fromkeys(kinds, foreign.alarm_name)


def _can_be_missed(incident: Incident, kind: str) -> bool:
    """Whether an alarm that is absent from the answer no longer exists.

    An answer holds only the types that this botocore knows: an alarm of another type is unknown,
    not gone. Ours are all metric alarms.
    """
    foreign = incident.foreign_alarm
    if kind != FOREIGN_KIND or foreign is None:
        return True
    return foreign.alarm_type in ("MetricAlarm", "CompositeAlarm")


def _differs(incident: Incident, kind: str, change: AlarmChange) -> bool:
    """Whether CloudWatch's state is new; of one series of an alarm only the whole's end counts."""
    known, foreign = incident.alarms[kind], incident.foreign_alarm
    if kind == FOREIGN_KIND and foreign is not None and foreign.contributor:
        return change.state is AlarmState.OK and known.firing
    if change.state is AlarmState.INSUFFICIENT_DATA:
        return kind == FOREIGN_KIND and known.firing
    return (change.state is AlarmState.ALARM) is not known.firing
