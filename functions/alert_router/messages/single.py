"""The message about one subject, and the test message. Pure."""

from __future__ import annotations

from datetime import datetime

from alert_router.events.envelope import TestRequest
from alert_router.incidents.incident import Step
from alert_router.messages.formats import email
from alert_router.messages.formats.chat import chat
from alert_router.messages.formats.heading import Heading
from alert_router.messages.formats.limits import sms_text, subject_line
from alert_router.messages.formats.sms import sms
from alert_router.messages.formats.webhook import document
from alert_router.messages.message import Message
from alert_router.messages.notification import Notice
from alert_router.messages.wording.actions import actions
from alert_router.messages.wording.details import facts
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.units import full_time
from shared.names import NO_SUBJECT, Status
from shared.records import Latest


def message(notice: Notice, links: Links) -> Message:
    """Return the message about one account or one foreign alarm."""
    headline = email.subject(notice)
    text = email.body(notice, links)
    heading = Heading(
        kind="account" if notice.note is None else "alarm",
        line=headline,
        severity=notice.audience,
        status=notice.status,
        now=notice.now,
    )
    return Message(
        subject=headline,
        email=text,
        sms=sms(notice),
        document=document(heading, [notice], links),
        chat=chat(
            heading,
            "\n".join(f"*{label}:* {value}" for label, value in facts(notice)),
            actions(notice, links),
            thread=notice.subject.id,
        ),
        severity=notice.audience,
        status=notice.status,
        providers=(notice.provider,),
        accounts=(notice.account,),
        members=(notice.subject,),
        is_reduced=notice.is_reduced and notice.step is not Step.NOT_SET_UP,
    )


def trial(request: TestRequest, latest: Latest | None, links: Links, now: datetime) -> Message:
    """Return a message marked TEST, that takes the way of a real one."""
    account, severity = request.account, request.severity
    title = f"{latest.provider_title} " if latest else ""
    headline = subject_line(f"TEST {severity.upper()} {title}{account}: messages arrive")
    who = f"\nIt was asked for by {request.requested_by}." if request.requested_by else ""
    heading = Heading("test", headline, severity, Status.TEST, now)
    text = (
        f"This is a test. Nothing is wrong with {title}{account}.\n\n"
        f"You would be told of a {severity} alert about this account in the same way.{who}\n"
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
