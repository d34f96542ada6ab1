"""The message about one incident, and the test message."""

from __future__ import annotations

from datetime import datetime

from alert_router.events.envelope import TestRequest
from alert_router.incidents.incident import NotificationReason
from alert_router.incidents.notification import Notification
from alert_router.messages.formats import email
from alert_router.messages.formats.chat import chat
from alert_router.messages.formats.limits import sms_text, subject_line
from alert_router.messages.formats.message import Heading, Message
from alert_router.messages.formats.sms import sms
from alert_router.messages.formats.webhook import document
from alert_router.messages.wording.actions import actions
from alert_router.messages.wording.details import details
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.units import full_time, quoted
from shared.names import NO_SUBJECT, Status
from shared.records import Latest


def message(notification: Notification, links: Links) -> Message:
    """Return the message about one account or one foreign alarm."""
    headline = email.subject(notification)
    text = email.body(notification, links)
    heading = Heading(
        kind="account" if notification.foreign_alarm is None else "alarm",
        line=headline,
        severity=notification.audience,
        status=notification.status,
        now=notification.now,
    )
    return Message(
        subject=headline,
        email=text,
        sms=sms(notification),
        document=document(heading, [notification], links),
        chat=chat(
            heading,
            "\n".join(f"*{label}:* {value}" for label, value in details(notification)),
            actions(notification, links),
            thread=notification.key.id,
        ),
        severity=notification.audience,
        status=notification.status,
        providers=(notification.provider,),
        accounts=(notification.account,),
        members=(notification.key,),
        is_reduced=notification.is_reduced
        and notification.reason is not NotificationReason.NOT_SET_UP,
    )


def test_message(
    request: TestRequest, latest: Latest | None, links: Links, now: datetime
) -> Message:
    """Return a message marked TEST, delivered like a real one."""
    account, severity = request.account, request.severity
    title = f"{latest.provider_title} " if latest else ""
    headline = subject_line(f"TEST {severity.upper()} {title}{account}: messages arrive")
    who = f"\nRequested by {quoted(request.requested_by)}." if request.requested_by else ""
    heading = Heading("test", headline, severity, Status.TEST, now)
    text = (
        f"This is a test. Nothing is wrong with {title}{account}.\n\n"
        f"A {severity} alert about this account would reach you in the same way.{who}\n"
        f"Sent {full_time(now)} by {links.stack_name}."
    )
    provider = latest.provider if latest else NO_SUBJECT
    return Message(
        subject=headline,
        email=text,
        sms=sms_text(f"TEST: {severity} alerts about {account} reach you.", (links.stack_name,)),
        document=document(heading, (), links)
        | {"accounts": [{"account": account, "provider": provider, "event": "test"}]},
        chat=chat(heading, text, (), thread=f"test-{account}"),
        severity=severity,
        status=Status.TEST,
        providers=(provider,),
        accounts=(account,),
    )
