"""Send pending notifications: render, publish, mark as sent. The caller holds the leases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from alert_router.incidents.incident import (
    ConflictError,
    Incident,
    IncidentKey,
    NotificationReason,
    PendingNotification,
)
from alert_router.incidents.notification import Notification, notification_of
from alert_router.incidents.transitions import mark_sent, with_lease
from alert_router.notify.context import RouterContext

if TYPE_CHECKING:
    from alert_router.messages.compose import Composer
    from alert_router.messages.formats.message import Message

#: Marking is worth a second try: without it the message would be repeated.
_MARK_ATTEMPTS: Final = 2

#: More histories than these would cost more reads than a digest of them shows.
_MOST_HISTORIES: Final = 5


def send(
    context: RouterContext,
    incidents: Sequence[Incident],
    still_open: Mapping[str, Sequence[str]] | None = None,
) -> set[IncidentKey]:
    """Send the incidents' pending notifications; return the keys whose message failed.

    A message is marked as sent after it was published: a crash between the two repeats it, and
    none is lost.
    """
    if not incidents:
        return set()
    context.snapshots.prepare(incident.key for incident in incidents)
    by_key = {incident.key: incident for incident in incidents}
    failed: set[IncidentKey] = set()
    for message in _render(context, incidents, still_open):
        members = [by_key.pop(key) for key in message.members]
        if publish(context, message):
            failed |= _mark(context, members, message)
        else:
            _release(context, members)
            failed.update(message.members)
    _release(context, list(by_key.values()))
    return failed | set(by_key)


def publish(context: RouterContext, message: Message) -> bool:
    """Publish one message; whether SNS accepted it."""
    try:
        message_id = context.publisher.publish(message)
    except Exception as exc:  # noqa: BLE001 -- one failed message does not block the others
        context.stats.publish_failures += 1
        context.log.warning("publish failed", subject=message.subject, error=type(exc).__name__)
        return False
    context.stats.published.append({"message_id": message_id, "subject": message.subject})
    context.stats.reduced += message.is_reduced
    context.log.info(
        "message published",
        message_id=message_id,
        subject=message.subject,
        severity=message.severity.value,
        status=message.status.value,
        accounts=list(message.accounts),
    )
    _publish_chat(context, message)
    return True


def _render(
    context: RouterContext,
    incidents: Sequence[Incident],
    still_open: Mapping[str, Sequence[str]] | None,
) -> list[Message]:
    """Render pending notifications, together where they say the same.

    Where that fails each is rendered alone, and where that fails without its record: people are
    alerted even if the record holds something that nobody thought of.
    """
    # Most records change nothing that is announced: a cold start does without the texts.
    from alert_router.messages.compose import Composer  # noqa: PLC0415

    now = context.clock()
    composer = Composer(context.links, context.digest_above)
    pending = [(i, i.outbox.pending) for i in incidents if i.outbox is not None]
    try:
        notifications = [_notification(context, i, p, now, len(pending)) for i, p in pending]
        return composer.compose(notifications, still_open)
    except Exception as exc:  # noqa: BLE001 -- whatever it is, people have to be alerted
        context.log.warning("rendering one by one", error=type(exc).__name__)
    return [m for i, p in pending for m in _render_alone(context, composer, i, p, now)]


def _render_alone(
    context: RouterContext,
    composer: Composer,
    incident: Incident,
    pending: PendingNotification,
    now: datetime,
) -> list[Message]:
    """Render one notification, without its record if need be; none when nothing helps."""
    for record in (context.snapshots.latest(incident.key), None):
        try:
            return composer.compose([notification_of(incident, pending, now, record)])
        except Exception as exc:  # noqa: BLE001 -- the same
            context.log.warning(
                "rendering failed", incident=incident.key.id, error=type(exc).__name__
            )
    return []


def _notification(
    context: RouterContext,
    incident: Incident,
    pending: PendingNotification,
    now: datetime,
    count: int,
) -> Notification:
    """Gather what one message needs; where there are few, with a day of history."""
    draws = count <= _MOST_HISTORIES and pending.reason is not NotificationReason.NOT_SET_UP
    history = context.snapshots.history(incident.key, now) if draws else {}
    latest = context.snapshots.latest(incident.key)
    return notification_of(incident, pending, now, latest, history)


def _publish_chat(context: RouterContext, message: Message) -> None:
    """Publish to chat rooms; subscribers have the message already, so a failure only counts."""
    try:
        context.publisher.publish_chat(message)
    except Exception as exc:  # noqa: BLE001 -- repeating it would repeat the e-mail
        context.stats.publish_failures += 1
        context.log.warning(
            "publish to chat failed", subject=message.subject, error=type(exc).__name__
        )


def _mark(
    context: RouterContext, members: Sequence[Incident], message: Message
) -> set[IncidentKey]:
    """Record that the message went out; return the keys where that failed: it is repeated."""
    now = context.clock()

    def mark(incident: Incident) -> bool:
        marked = mark_sent(incident, context.snapshots.of(incident, now), now, message.group)
        return any(_saved(context, marked, now) for _ in range(_MARK_ATTEMPTS))

    marks = context.map_concurrently(mark, members)
    return {incident.key for incident, done in zip(members, marks, strict=True) if not done}


def _saved(context: RouterContext, marked: Incident, now: datetime) -> bool:
    """Save an incident whose message went out; a conflict means that it was saved already."""
    try:
        context.alert_table.save(marked, now)
    except ConflictError:
        context.log.info("already marked as sent", incident=marked.key.id)
    except Exception as exc:  # noqa: BLE001 -- one incident's failure does not block the others
        context.log.warning("not marked as sent", incident=marked.key.id, error=type(exc).__name__)
        return False
    return True


def _release(context: RouterContext, members: Sequence[Incident]) -> None:
    """Let others retry at once what failed; where this fails, the lease runs out."""
    now = context.clock()

    def release(incident: Incident) -> None:
        if incident.outbox is None:
            return
        try:
            context.alert_table.save(with_lease(incident, now), now)
        except Exception as exc:  # noqa: BLE001 -- the lease runs out by itself
            context.log.warning(
                "lease not released", incident=incident.key.id, error=type(exc).__name__
            )

    context.map_concurrently(release, members)
