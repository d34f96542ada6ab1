"""The message that passes on another service's notice, marked as that."""

from __future__ import annotations

from datetime import datetime

from alert_router.events.notice import Notice
from alert_router.messages.formats.chat import chat
from alert_router.messages.formats.limits import sms_text, subject_line
from alert_router.messages.formats.message import Heading, Message
from alert_router.messages.formats.webhook import document
from alert_router.messages.wording.links import Links
from shared.names import NO_SUBJECT, Status


def notice_message(notice: Notice, links: Links, now: datetime) -> Message:
    """Return a notice's message; each line of others is quoted with "> "."""
    source = notice.source or "an unknown sender"
    line = f"NOTICE {notice.severity.upper()} {source}: {notice.title}"
    heading = Heading("notice", subject_line(line), notice.severity, Status.FIRING, now)
    quoted = "\n".join(f"> {text}" for text in notice.lines)
    what = f"{source[0].upper()}{source[1:]} wrote to topic {links.stack_name}-alarms"
    rest = f"What to do\n  Details: {notice.url}" if notice.url else ""
    fields = {
        "id": notice.id,
        "source": notice.source,
        "title": notice.title,
        "lines": list(notice.lines),
        "url": notice.url,
    }
    return Message(
        subject=heading.line,
        email="\n\n".join(filter(None, (f"{notice.title}.", f"{what}:", quoted, rest))),
        sms=sms_text(line),
        document=document(heading, (), links)
        | {"notice": {name: value for name, value in fields.items() if value}},
        chat=chat(
            heading,
            quoted,
            [f"Details: {notice.url}"] if notice.url else (),
            thread=f"notice-{notice.id}",
        ),
        severity=notice.severity,
        status=Status.FIRING,
        providers=(NO_SUBJECT,),
        accounts=(NO_SUBJECT,),
    )
