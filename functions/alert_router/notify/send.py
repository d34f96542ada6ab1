"""Send pending notifications: render, publish, mark as sent. The caller holds the leases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from alert_router.incidents.audience import Audience, StillOpen, audiences, is_delivered
from alert_router.incidents.incident import (
    ConflictError,
    Incident,
    IncidentKey,
    NotificationReason,
    PendingNotification,
)
from alert_router.incidents.notification import Notification, notification_of
from alert_router.incidents.subscriber import EVERYTHING, Form, Subscriber, everyone
from alert_router.incidents.transitions import mark_sent, with_lease
from alert_router.notify.context import RouterContext

if TYPE_CHECKING:
    from alert_router.messages.compose import Composer, Kind
    from alert_router.messages.formats.message import Message

#: Marking is worth some tries, each after a longer pause: without it the message is repeated.
_MARK_ATTEMPTS: Final = 4
_MARK_PAUSE_SECONDS: Final = 0.2

#: More histories than these would cost more reads than a digest of them shows.
_MOST_HISTORIES: Final = 5


def send(
    context: RouterContext, incidents: Sequence[Incident], still_open: StillOpen | None = None
) -> set[IncidentKey]:
    """Send the incidents' pending notifications; return the keys that somebody did not get.

    A notification is marked as sent after all of its messages were published: a crash between the
    two repeats it, and none is lost. What some topic refused is kept with those who got the rest.
    """
    pending = [incident for incident in incidents if incident.outbox is not None]
    if not pending:
        return set()
    context.snapshots.prepare(incident.key for incident in pending)
    try:
        subscribers = read_subscribers(context)
    except Exception as exc:  # noqa: BLE001 -- nobody can be addressed: it has to come back
        context.stats.publish_failures += 1
        context.log.warning("subscribers unknown", error=type(exc).__name__, reason=str(exc))
        _release(context, pending)
        return {incident.key for incident in pending}
    return _deliver(context, pending, subscribers, still_open or {})


def read_subscribers(context: RouterContext) -> list[Subscriber]:
    """Return the declared subscribers, and who gets everything.

    Raises:
        SubscribersError: when the declared ones are unknown.
    """
    declared, unreadable = context.alert_table.subscribers()
    for entry in unreadable:
        context.stats.publish_failures += 1
        context.log.warning("subscriber unreadable", entry=entry)
    return [*declared, *everyone(context.publisher.forms)]


def publish(context: RouterContext, message: Message, form: Form, to: Sequence[str]) -> bool:
    """Publish one form of one message; whether SNS accepted it."""
    try:
        message_id = context.publisher.publish(message, form, to)
    except Exception as exc:  # noqa: BLE001 -- one failed message does not block the others
        context.stats.publish_failures += 1
        context.log.warning(
            "publish failed", subject=message.subject, form=form, error=type(exc).__name__
        )
        return False
    context.stats.published.append(
        {"message_id": message_id, "subject": message.subject, "form": form.value}
    )
    context.log.info(
        "message published",
        message_id=message_id,
        subject=message.subject,
        form=form.value,
        severity=message.severity.value,
        status=message.status.value,
        accounts=list(message.accounts),
        to=list(to),
    )
    if form is Form.EMAIL and EVERYTHING in to:
        context.stats.reduced += message.is_reduced
        _publish_chat(context, message)
    return True


def _deliver(
    context: RouterContext,
    incidents: Sequence[Incident],
    subscribers: Sequence[Subscriber],
    still_open: StillOpen,
) -> set[IncidentKey]:
    """Publish to every audience, mark what everybody got, and keep who got the rest."""
    # Most records change nothing that is announced: a cold start does without the texts.
    from alert_router.messages.compose import Composer  # noqa: PLC0415

    composer = Composer(context.links, context.digest_above)
    notifications = {n.key: n for n in _notifications(context, incidents)}
    delivered = {i.key: i.outbox.delivered for i in incidents if i.outbox is not None}
    groups: dict[IncidentKey, str] = {}
    digested = composer.digested(list(notifications.values()))
    for audience in audiences(list(notifications.values()), subscribers, delivered, still_open):
        for message in _render(context, composer, audience, digested):
            for form, names in audience.to.items():
                if publish(context, message, form, names):
                    for key in message.members:
                        delivered[key] |= audience.addresses(form)
            if EVERYTHING in audience.to.get(Form.EMAIL, ()):
                groups |= dict.fromkeys(message.members, message.group)
    sent: list[Incident] = []
    rest: list[Incident] = []
    for incident in incidents:
        notification = notifications.get(incident.key)
        is_sent = notification is not None and is_delivered(
            notification, subscribers, delivered[incident.key]
        )
        (sent if is_sent else rest).append(incident)
    _release(context, rest, delivered)
    return _mark(context, sent, groups) | {incident.key for incident in rest}


def _notifications(context: RouterContext, incidents: Sequence[Incident]) -> list[Notification]:
    """Gather what each incident's message needs, without its record where that is unusable."""
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


def _render(
    context: RouterContext, composer: Composer, audience: Audience, digested: frozenset[Kind]
) -> list[Message]:
    """Render what an audience gets, together where notifications say the same.

    Where that fails each is rendered alone, and where that fails without its record: people are
    alerted even if the record holds something that nobody thought of.
    """
    try:
        return composer.compose(audience.notifications, audience.still_open, digested)
    except Exception as exc:  # noqa: BLE001 -- the same
        context.log.warning("rendering one by one", error=type(exc).__name__)
    return [m for n in audience.notifications for m in _render_alone(context, composer, n)]


def _render_alone(
    context: RouterContext, composer: Composer, notification: Notification
) -> list[Message]:
    """Render one notification, without its record if need be; none when nothing helps."""
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
    context: RouterContext, incidents: Sequence[Incident], groups: Mapping[IncidentKey, str]
) -> set[IncidentKey]:
    """Record that everybody got it; return the keys where that failed: they are repeated."""
    now = context.clock()

    def mark(incident: Incident) -> bool:
        group = groups.get(incident.key, "")
        marked = mark_sent(incident, context.snapshots.of(incident, now), now, group)
        for attempt in range(_MARK_ATTEMPTS):
            if attempt:
                # The clock's microseconds keep invocations apart that are throttled together.
                jitter = (1 + context.clock().microsecond / 1_000_000) / 2
                context.pause(_MARK_PAUSE_SECONDS * 2**attempt * jitter)
            if _saved(context, marked, now):
                return True
        return False

    marks = context.map_concurrently(mark, incidents)
    return {incident.key for incident, done in zip(incidents, marks, strict=True) if not done}


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


def _release(
    context: RouterContext,
    incidents: Iterable[Incident],
    delivered: Mapping[IncidentKey, frozenset[str]] | None = None,
) -> None:
    """Let others retry at once what failed, for those who did not get it.

    Where this fails, the lease runs out, and whoever got it gets it once more.
    """
    now = context.clock()

    def release(incident: Incident) -> None:
        released = with_lease(incident, now)
        if released.outbox is not None and delivered is not None:
            got = delivered[incident.key]
            released = replace(released, outbox=released.outbox._replace(delivered=got))
        try:
            context.alert_table.save(released, now)
        except Exception as exc:  # noqa: BLE001 -- the lease runs out by itself
            context.log.warning(
                "lease not released", incident=incident.key.id, error=type(exc).__name__
            )

    context.map_concurrently(release, list(incidents))
