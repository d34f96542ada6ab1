"""Pass on a notice, once in each form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from alert_router.events.notice import Notice
from alert_router.incidents.subscriber import Form, Line
from alert_router.messages.formats.message import Message
from alert_router.messages.notice import notice_message
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.publish import publish
from alert_router.notify.sending.send import read_subscribers
from alert_router.notify.sending.sms import publish_sms
from alert_router.notify.update import BusyError
from shared.names import NO_SUBJECT, Severity, Status

#: At most this many notices of each severity are passed on per hour: Security Hub reports hundreds
#: of findings when it is first enabled.
MOST: Final = 10
_HOUR: Final = timedelta(hours=1)


class NoticeError(Exception):
    """SNS did not accept a notice in every form."""


def send_notice(context: RouterContext, notice: Notice) -> None:
    """Publish a notice to everyone whose filter passes alarms without an account.

    One that is held back is announced once an hour, with all others, by a notice of its own.

    Raises:
        BusyError: when another invocation is sending it.
        NoticeError: when SNS did not accept a form; the retry sends that one alone.
    """
    if not _is_admitted(context, notice):
        context.log.info("notice held back", source=notice.source, title=notice.title)
        notice = _rest(notice)
    line = Line(notice.severity, Status.FIRING, NO_SUBJECT, NO_SUBJECT)
    message = notice_message(notice, context.links, context.clock()).shortened()
    to: dict[Form, list[str]] = {}
    for subscriber in read_subscribers(context):
        if subscriber.wants(line):
            to.setdefault(subscriber.form, []).append(subscriber.name)
    sent = [_send_once(context, notice, message, form, names) for form, names in to.items()]
    if not all(sent):
        raise NoticeError("SNS did not accept the notice")


def _is_admitted(context: RouterContext, notice: Notice) -> bool:
    """Whether this is, or was, one of the hour's first."""
    table, now, admitted = context.alert_table, context.clock(), f"notice/{notice.id}"
    if table.is_leased(admitted, now):
        return True
    slots = (f"notice-slot/{notice.severity}/{number}" for number in range(MOST))
    is_first = any(table.try_lease(slot, now, _HOUR) for slot in slots)
    if is_first:
        table.end_lease(admitted, now + notice.remembered)
    return is_first


def _rest(notice: Notice) -> Notice:
    """Return the notice that replaces all that are held back."""
    return Notice(
        id=f"rest/{notice.severity}",
        source=notice.source,
        title=f"more than {MOST} notices within an hour",
        lines=("No more are passed on this hour: see the service's own console.",),
        severity=notice.severity,
        remembered=_HOUR,
    )


def _send_once(
    context: RouterContext, notice: Notice, message: Message, form: Form, names: Sequence[str]
) -> bool:
    """Publish one form unless it was already published; return whether that is settled."""
    table, now = context.alert_table, context.clock()
    lease = f"notice/{notice.id}/{form}"
    if not table.try_lease(lease, now, context.lease):
        if table.is_leased(lease, now + context.lease):
            context.log.info("notice already sent", notice=notice.id, form=form.value)
            return True
        raise BusyError("another invocation is sending the notice")
    if form is Form.SMS:
        is_urgent = notice.severity is Severity.CRITICAL
        done = len(publish_sms(context, message, names, is_urgent=is_urgent)) == len(names)
    else:
        done = publish(context, message, form, names)
    table.end_lease(lease, now + notice.remembered if done else now)
    return done
