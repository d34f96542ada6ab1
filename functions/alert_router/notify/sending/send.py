"""Send pending notifications: publish, mark as sent, keep the rest. The caller holds the leases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from alert_router.incidents.audience import StillOpen, audiences, is_delivered
from alert_router.incidents.incident import ConflictError, Incident, IncidentKey
from alert_router.incidents.lifecycle.sent import mark_sent
from alert_router.incidents.notification import Notification
from alert_router.incidents.subscriber import EVERYTHING, Form, Subscriber, everyone
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.joining import NOBODY_JOINS, Joining, free, join
from alert_router.notify.sending.publish import publish
from alert_router.notify.sending.render import gather, render
from alert_router.notify.sending.sms import is_new_critical, publish_sms
from alert_router.notify.update import request_flush_of_joined

if TYPE_CHECKING:
    from datetime import datetime

    from alert_router.messages.formats.message import Message

#: Marking is retried with growing pauses, because if it fails the message is repeated.
_MARK_ATTEMPTS: Final = 4
_MARK_PAUSE_SECONDS: Final = 0.2


class _Delivery:
    """The notifications of one run, and how far each was delivered."""

    def __init__(
        self,
        incidents: Sequence[Incident],
        notifications: Sequence[Notification] = (),
        joining: Joining = NOBODY_JOINS,
    ) -> None:
        self.incidents = {incident.key: incident for incident in incidents}
        self.notifications = {n.key: n for n in notifications}
        self.joining = joining
        self.delivered = delivered_before(incidents)
        self.groups: dict[IncidentKey, str] = {}
        """The groups in which the incidents were sent."""
        self.tried: set[IncidentKey] = set()
        """The incidents about which anything was published, perhaps without a response."""

    def settled(self) -> dict[IncidentKey, frozenset[str]]:
        """Return who gets nothing now, because they have it or it joins their next message."""
        return {key: got | self.joining.of(key) for key, got in self.delivered.items()}


def delivered_before(incidents: Iterable[Incident]) -> dict[IncidentKey, frozenset[str]]:
    """Return who already got the pending notification."""
    return {i.key: i.outbox.delivered for i in incidents if i.outbox is not None}


def send(
    context: RouterContext,
    incidents: Sequence[Incident],
    still_open: StillOpen | None = None,
    *,
    have_waited: bool = False,
) -> set[IncidentKey]:
    """Send the incidents' pending notifications; return the keys of those not fully delivered.

    A notification is marked as sent only after all of its messages were published, so a crash in
    between repeats it and loses nothing. If a topic refused it, or it joins somebody's next message
    (which is no failure), it stays stored with those who got it.

    Args:
        context: what the pipeline works with.
        incidents: the incidents, leased to the caller.
        still_open: for groups that end in part, the accounts that are still open.
        have_waited: whether their wait is over and they go out now.
    """
    pending = [incident for incident in incidents if incident.outbox is not None]
    if not pending:
        return set()
    context.snapshots.prepare(incident.key for incident in pending)
    try:
        subscribers = read_subscribers(context)
    except Exception as exc:  # noqa: BLE001 -- nobody can be addressed: it has to be retried
        context.stats.publish_failures += 1
        context.log.warning("subscribers unknown", error=type(exc).__name__, reason=str(exc))
        _keep(context, pending, _Delivery(pending))
        return {incident.key for incident in pending}
    due = gather(context, pending)
    before = delivered_before(pending)
    joining = join(context, due, subscribers, before, have_waited=have_waited)
    return _deliver(context, _Delivery(pending, due, joining), subscribers, still_open or {})


def read_subscribers(context: RouterContext) -> list[Subscriber]:
    """Return the declared subscribers and those who get everything.

    Raises:
        SubscribersError: when the declared ones cannot be read.
    """
    declared, unreadable = context.alert_table.subscribers()
    for entry in unreadable:
        context.stats.publish_failures += 1
        context.log.warning("subscriber unreadable", entry=entry)
    return [*declared, *everyone(context.publisher.forms)]


def _deliver(
    context: RouterContext,
    delivery: _Delivery,
    subscribers: Sequence[Subscriber],
    still_open: StillOpen,
) -> set[IncidentKey]:
    """Publish to every audience, mark what everyone got, and store who got the rest."""
    _publish(context, delivery, subscribers, still_open)

    def missing(got: Mapping[IncidentKey, frozenset[str]]) -> set[IncidentKey]:
        return {
            key
            for key, notification in delivery.notifications.items()
            if not is_delivered(notification, subscribers, got[key])
        }

    rest = missing(delivery.delivered)
    kept = [incident for key, incident in delivery.incidents.items() if key in rest]
    sent = [incident for key, incident in delivery.incidents.items() if key not in rest]
    return (
        missing(delivery.settled())
        | _keep(context, kept, delivery)
        | _mark(context, sent, delivery.groups)
    )


def _publish(
    context: RouterContext,
    delivery: _Delivery,
    subscribers: Sequence[Subscriber],
    still_open: StillOpen,
) -> None:
    """Publish to every audience what is due to it now."""
    # Most records cause no message, so a cold start need not load the texts.
    from alert_router.messages.compose import Composer  # noqa: PLC0415

    composer = Composer(context.links, context.digest_above)
    due = list(delivery.notifications.values())
    digested = composer.digested(due)
    for audience in audiences(due, subscribers, delivery.settled(), still_open):
        for message in render(context, composer, audience, digested):
            delivery.tried.update(message.members)
            members = [n for n in audience.notifications if n.key in set(message.members)]
            is_urgent = any(is_new_critical(n, delivery.incidents[n.key]) for n in members)
            for form, names in audience.to.items():
                settled = _publish_form(context, message, form, names, is_urgent=is_urgent)
                addresses = {f"{form}/{name}" for name in settled}
                for key in message.members:
                    delivery.delivered[key] |= addresses
                free(context, members, audience.addresses(form) - addresses)
            if EVERYTHING in audience.to.get(Form.EMAIL, ()):
                delivery.groups |= dict.fromkeys(message.members, message.group)


def _publish_form(
    context: RouterContext, message: Message, form: Form, names: Sequence[str], *, is_urgent: bool
) -> Sequence[str]:
    """Publish one form of a message; return those for whom it is settled."""
    if form is Form.SMS:
        return publish_sms(context, message, names, is_urgent=is_urgent)
    return names if publish(context, message, form, names) else ()


def _mark(
    context: RouterContext, incidents: Sequence[Incident], groups: Mapping[IncidentKey, str]
) -> set[IncidentKey]:
    """Mark as sent; return the keys where that failed, which will be repeated."""
    now = context.clock()

    def failed(incident: Incident) -> IncidentKey | None:
        group = groups.get(incident.key, "")
        marked = mark_sent(incident, context.snapshots.of(incident, now), now, group)
        for attempt in range(_MARK_ATTEMPTS):
            if attempt:
                # The clock's microseconds spread out invocations that are throttled together.
                jitter = (1 + context.clock().microsecond / 1_000_000) / 2
                context.pause(_MARK_PAUSE_SECONDS * 2**attempt * jitter)
            if _saved(context, marked, now):
                return None
        return incident.key

    return {key for key in context.map_concurrently(failed, incidents) if key is not None}


def _saved(context: RouterContext, marked: Incident, now: datetime) -> bool:
    """Save an incident whose message went out; a conflict means that it is already saved."""
    try:
        context.alert_table.save(marked, now)
    except ConflictError:
        context.log.info("already marked as sent", incident=marked.key.id)
    except Exception as exc:  # noqa: BLE001 -- one incident's failure does not block the others
        context.log.warning("not marked as sent", incident=marked.key.id, error=type(exc).__name__)
        return False
    return True


def _keep(
    context: RouterContext,
    incidents: Sequence[Incident],
    delivery: _Delivery,
) -> set[IncidentKey]:
    """Release the lease, so that others send the rest; return the keys where that failed.

    If saving fails, the lease expires, and those who got the message get it again.
    """
    now = context.clock()

    def failed(incident: Incident) -> IncidentKey | None:
        kept = _kept(incident, delivery)
        if delivery.joining.of(incident.key):
            notification = delivery.notifications[incident.key]
            kept = replace(kept, waiting=delivery.joining.wait(notification, now))
        try:
            request_flush_of_joined(context, incident, kept, now)
            context.alert_table.save(kept, now)
        except Exception as exc:  # noqa: BLE001 -- the lease expires by itself
            context.log.warning(
                "lease not released", incident=incident.key.id, error=type(exc).__name__
            )
            return incident.key
        return None

    return {key for key in context.map_concurrently(failed, incidents) if key is not None}


def _kept(incident: Incident, delivery: _Delivery) -> Incident:
    """Return the incident without a lease, with who got its notification and who cannot have."""
    outbox = incident.outbox
    if outbox is None:
        return incident
    joins = delivery.joining.of(incident.key)
    return replace(
        incident,
        outbox=outbox._replace(
            lease_until=None,
            delivered=delivery.delivered[incident.key],
            is_unsent=outbox.is_unsent and incident.key not in delivery.tried,
            joins=joins if outbox.is_unsent else joins & outbox.joins,
        ),
    )
