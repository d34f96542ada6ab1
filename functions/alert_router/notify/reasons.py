"""Record why nothing was sent, in the log and in the incident's history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.incidents.incident import Decided, Incident, Suppression
from alert_router.incidents.lifecycle.decision import Decision
from alert_router.notify.context import RouterContext

_SUPPRESSED = "notification suppressed"


def log_suppression(context: RouterContext, before: Incident, decision: Decision) -> None:
    """Log why a change was not announced, once per change."""
    after = decision.incident
    if decision.suppressed is not None and after.alarms != before.alarms:
        context.log.info(
            _SUPPRESSED,
            incident=after.key.id,
            reason=decision.suppressed.value,
            firing=sorted(after.firing),
        )


def log_outdated(
    context: RouterContext,
    before: Incident,
    changes: Iterable[tuple[str, AlarmChange]],
    after: Incident,
) -> None:
    """Log each transition that came too late: a newer one is known, or it is no longer true."""
    for kind, change in changes:
        if change.observed_at is not None or change.is_deletion:
            continue
        known, status = before.alarms.get(kind), after.alarms.get(kind)
        is_older = known is not None and change.changed_at < known.at
        is_undone = change.state is AlarmState.ALARM and not (status and status.firing)
        if is_older or is_undone:
            context.log.info(
                _SUPPRESSED,
                incident=after.key.id,
                reason=Suppression.OUTDATED.value,
                alarm=change.alarm_name,
                state=change.state.value,
            )


def remembering(decision: Decision, now: datetime) -> Incident:
    """Return the decided incident with the reason why nothing is sent, if nothing is."""
    incident = decision.incident
    if decision.suppressed is None:
        return incident
    decided = Decided(now, suppressed=decision.suppressed, firing=incident.firing)
    return incident.remembering(decided)
