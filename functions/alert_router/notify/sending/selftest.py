"""Send a test message, once per request."""

from __future__ import annotations

from datetime import timedelta

from alert_router.events.envelope import TestRequest
from alert_router.incidents.incident import IncidentKey, Scope
from alert_router.incidents.subscriber import Form, Line
from alert_router.messages import single
from alert_router.messages.formats.message import Message
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.publish import publish
from alert_router.notify.sending.send import read_subscribers
from alert_router.notify.update import BusyError
from shared.names import selftest_lease
from shared.times import format_time

#: A request repeated within a day is the same request.
_REMEMBERED = timedelta(days=1)


class SelfTestError(Exception):
    """SNS did not accept the test message."""


def send_test(context: RouterContext, request: TestRequest) -> None:
    """Publish a message marked TEST, once, however often the request arrives.

    Raises:
        BusyError: when another invocation is sending it.
        SelfTestError: when SNS did not accept it.
    """
    now = context.clock()
    lease = selftest_lease(request.account, request.severity, format_time(request.at))
    if not context.alert_table.try_lease(lease, now, context.lease):
        if context.alert_table.is_leased(lease, now + context.lease):
            context.log.info("test already sent", account=request.account)
            return
        raise BusyError("another invocation is sending the test")
    latest = context.snapshots.latest(IncidentKey(Scope.ACCOUNT, request.account))
    message = single.test_message(request, latest, context.links, now)
    if not _publish(context, message):
        context.alert_table.end_lease(lease, now)
        raise SelfTestError("SNS did not accept the test message")
    context.alert_table.end_lease(lease, now + _REMEMBERED)


def _publish(context: RouterContext, message: Message) -> bool:
    """Publish to everyone whom an alert of this severity about this account would reach."""
    line = Line(message.severity, message.status, *message.providers, *message.accounts)
    to: dict[Form, list[str]] = {}
    for subscriber in read_subscribers(context):
        if subscriber.wants(line):
            to.setdefault(subscriber.form, []).append(subscriber.name)
    accepted = [publish(context, message, form, names) for form, names in to.items()]
    return all(accepted)
