"""A report as a message in its forms. Pure."""

from __future__ import annotations

from datetime import datetime

from alert_router.messages.formats.limits import MAX_MESSAGE
from alert_router.messages.formats.message import Heading, Message
from alert_router.messages.formats.webhook import document
from alert_router.messages.wording.links import Links
from alert_router.reports import text
from alert_router.reports.document import report_document
from alert_router.reports.report import Report
from shared.names import NO_SUBJECT, Severity, Status


def report_message(report: Report, links: Links, now: datetime) -> Message:
    """Return the message, within SNS's size.

    Its attributes name no account: it may cover thousands, and nothing in it is urgent.
    """
    headline = text.subject(report)
    heading = Heading("report", headline, Severity.WARNING, Status.REPORT, now)
    message = Message(
        subject=headline,
        email=text.body(report, links),
        sms=headline,
        document={**document(heading, (), links), "report": report_document(report)},
        chat={},
        severity=heading.severity,
        status=heading.status,
        providers=(NO_SUBJECT,),
        accounts=(NO_SUBJECT,),
    )
    return message if message.size_bytes() <= MAX_MESSAGE else message.shortened()
