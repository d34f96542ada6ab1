"""Render pending notifications; a malformed record never prevents an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from alert_router.incidents.audience import Audience
from alert_router.incidents.incident import Incident, NotificationReason, PendingNotification, Scope
from alert_router.incidents.notification import Notification, notification_of
from alert_router.notify.context import RouterContext

if TYPE_CHECKING:
    from alert_router.messages.compose import Composer, Kind
    from alert_router.messages.formats.message import Message

#: Larger digests show no history, so reading more would be wasted.
_MOST_HISTORIES: Final = 5


def gather(context: RouterContext, incidents: Sequence[Incident]) -> list[Notification]:
    """Gather what each incident's message needs, without its record if that is unusable."""
    now = context.clock()
    gathered = []
    for incident in incidents:
        if incident.outbox is None:
            continue
        pending = incident.outbox.pending
        try:
            gathered.append(_notification(context, incident, pending, now, len(incidents)))
        except Exception as exc:  # noqa: BLE001 -- whatever it is, people have to be alerted
            context.log.warning(
                "record unusable", incident=incident.key.id, error=type(exc).__name__
            )
            gathered.append(notification_of(incident, pending, now, None))
    return gathered


def render(
    context: RouterContext, composer: Composer, audience: Audience, digested: frozenset[Kind]
) -> list[Message]:
    """Render an audience's notifications, grouping those that are alike.

    If that fails, render each alone, and if that fails too, without its record: an unforeseen value
    in a record must not prevent an alert.
    """
    try:
        return composer.compose(audience.notifications, audience.still_open, digested)
    except Exception as exc:  # noqa: BLE001 -- the same
        context.log.warning("rendering one by one", error=type(exc).__name__)
    return [m for n in audience.notifications for m in _render_alone(context, composer, n)]


def _render_alone(
    context: RouterContext, composer: Composer, notification: Notification
) -> list[Message]:
    """Render one notification, without its record if need be; return none if even that fails."""
    for attempt in (notification, replace(notification, latest=None, history={})):
        try:
            return composer.compose([attempt])
        except Exception as exc:  # noqa: BLE001 -- the same
            context.log.warning(
                "rendering failed", incident=notification.key.id, error=type(exc).__name__
            )
    return []


def _notification(
    context: RouterContext,
    incident: Incident,
    pending: PendingNotification,
    now: datetime,
    count: int,
) -> Notification:
    """Gather what one message needs, with a day of history if there are few messages."""
    is_setup = pending.reason is NotificationReason.NOT_SET_UP
    draws = count <= _MOST_HISTORIES and incident.key.scope is Scope.ACCOUNT and not is_setup
    history = context.snapshots.history(incident.key, now) if draws else {}
    latest = context.snapshots.latest(incident.key)
    notification = notification_of(incident, pending, now, latest, history)
    if not (draws and latest and latest.good.is_alarming and notification.is_spending):
        return notification
    return replace(notification, breakdown=context.snapshots.breakdown(incident.key, now))
