"""Close an incident by hand: people are notified once; its alarms count once they fire again."""

from __future__ import annotations

from alert_router.events.envelope import CloseRequest
from alert_router.incidents.incident import IncidentKey, Scope
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.send import send
from alert_router.notify.update import IncidentUpdate, update_incident


class ClosingError(Exception):
    """SNS did not accept the message about a closed incident."""


def close(context: RouterContext, request: CloseRequest) -> None:
    """Close an incident; a repeated request changes nothing.

    Raises:
        BusyError: when another invocation keeps sending for the incident.
        ClosingError: when SNS did not accept the message.
    """
    scope = Scope.ACCOUNT if request.is_account else Scope.FOREIGN
    update = IncidentUpdate(IncidentKey(scope, request.incident), closing=request)
    incident = update_incident(context, update)
    context.log.info("incident closed by hand", incident=request.incident, by=request.requested_by)
    if incident is not None and send(context, [incident]):
        raise ClosingError("SNS did not accept the message about the closed incident")
