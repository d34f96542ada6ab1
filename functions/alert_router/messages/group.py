"""Messages about several incidents: one cause, several to set up, a digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from alert_router.incidents.incident import ONE_CAUSE, NotificationReason
from alert_router.incidents.notification import Notification
from alert_router.messages.formats import email
from alert_router.messages.formats.chat import chat
from alert_router.messages.formats.limits import sms_text, subject_line
from alert_router.messages.formats.message import Heading, Message
from alert_router.messages.formats.webhook import MAX_ENTRIES, document
from alert_router.messages.wording import phrases
from alert_router.messages.wording.actions import actions_for_several
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.units import clock, plural
from shared.names import Severity, Status
from shared.outcome import Outcome
from shared.times import format_time

_DIGEST: Final = "digest/"
_DIGEST_TAGS: Final = {Status.RESOLVED: "RESOLVED", Status.REMINDER: "REMINDER"}


class _Text(NamedTuple):
    """The texts of a message about several incidents."""

    tag: str
    lead: str
    rows: Sequence[str]
    rest: str = ""
    group: str = ""


def cause_key(notification: Notification) -> str:
    """Name the cause that accounts of one provider have in common, and when it was announced."""
    outcome = notification.latest.outcome.value if notification.latest else ""
    return f"{ONE_CAUSE}{notification.provider}/{outcome}/{format_time(notification.now)}"


def one_cause(
    notifications: Sequence[Notification], links: Links, group: str, still_open: Sequence[str] = ()
) -> Message:
    """Return "Firecrawl unreachable: 7 accounts", its reminder, or its end."""
    first = notifications[0]
    lead = _cause(first, len(notifications))
    if still_open:
        lead = f"{lead}, {plural(len(still_open), 'account')} not yet"
    rows = [f"{n.account}: {_line(n)}" for n in notifications]
    rest = _listed("Still without a balance", still_open) if still_open else ""
    return _message(notifications, links, _Text(email.tag(first), lead, rows, rest, group))


def not_set_up(notifications: Sequence[Notification], links: Links) -> Message:
    """Return the message about accounts without a working key, and how to set them up."""
    count = plural(len(notifications), "account")
    rows = [f"{n.name}: {email.not_set_up(n)}" for n in notifications]
    return _message(
        notifications, links, _Text("NOT SET UP", f"{count}, no balance has been read yet", rows)
    )


def digest(
    drafts: Sequence[tuple[Message, Sequence[Notification]]], links: Links, part: tuple[int, int]
) -> Message:
    """Return one message that lists many others, the worst first.

    Args:
        drafts: the messages that it replaces, all of one severity and status.
        links: the links in it.
        part: its number and the number of digests; one has no room for hundreds of accounts.
    """
    ordered = sorted(drafts, key=lambda draft: _urgency(draft[1][0]))
    notifications = [notification for _, group in ordered for notification in group]
    first = ordered[0][0]
    count = _counted(notifications)
    number = f" ({part[0]} of {part[1]})" if part[1] > 1 else ""
    worst = "including" if first.status is Status.RESOLVED else "worst"
    lead = f"{count}{number}, {worst} {first.subject.partition(' ')[2]}"
    return _message(
        notifications,
        links,
        _Text(
            tag=_DIGEST_TAGS.get(first.status) or email.tag(ordered[0][1][0]),
            lead=lead,
            rows=[message.subject for message, _ in ordered],
            group=f"{_DIGEST}{format_time(notifications[0].now)}/{part[0]}",
        ),
        Status.DIGEST,
    )


def _message(
    notifications: Sequence[Notification], links: Links, text: _Text, status: Status | None = None
) -> Message:
    """Render a message about several incidents in all its forms."""
    first = notifications[0]
    line = f"{text.tag} {text.lead}"
    todo = actions_for_several(notifications, links)
    body = "\n\n".join(
        filter(
            None,
            (f"{line}.", _listed("", text.rows), text.rest, _listed("What to do", todo)),
        )
    )
    heading = Heading(
        kind="digest" if status is Status.DIGEST else "group",
        line=subject_line(line),
        severity=Severity.CRITICAL if _is_critical(notifications) else Severity.WARNING,
        status=status or first.status,
        now=first.now,
    )
    return Message(
        subject=heading.line,
        email=body,
        sms=sms_text(*_sms(notifications, text)),
        document=document(heading, notifications, links) | {"count": len(notifications)},
        chat=chat(heading, _listed("", text.rows), todo, thread=text.group or text.tag),
        severity=heading.severity,
        status=heading.status,
        providers=_distinct([notification.provider for notification in notifications]),
        accounts=_distinct([notification.account for notification in notifications]),
        members=tuple(notification.key for notification in notifications),
        group=text.group,
        is_reduced=any(notification.is_reduced for notification in notifications),
    )


def _cause(notification: Notification, count: int) -> str:
    """Return what the accounts of a provider have in common."""
    accounts = plural(count, "account")
    length = phrases.duration(notification)
    if phrases.is_over(notification):
        return f"{notification.title} answers again: {accounts}" + (
            f", after {length}" if length else ""
        )
    lasting = (
        f" for {length}" if notification.reason is NotificationReason.REMINDER and length else ""
    )
    if notification.latest is not None and notification.latest.outcome is Outcome.TRANSIENT:
        return f"{notification.title} unreachable{lasting}: {accounts}"
    why = phrases.why_stale(notification)
    return f"{notification.title} without balances{lasting}: {accounts}, {why}"


def _counted(notifications: Sequence[Notification]) -> str:
    """Return how many accounts and alarms these are: "7 accounts and 1 alarm"."""
    alarms = sum(notification.foreign_alarm is not None for notification in notifications)
    accounts = len(notifications) - alarms
    counts = ((accounts, "account"), (alarms, "alarm"))
    return " and ".join(plural(count, noun) for count, noun in counts if count)


def _line(notification: Notification) -> str:
    """Return what distinguishes one account of a group from the others."""
    if phrases.is_over(notification):
        return (
            phrases.left(notification) if notification.balance is not None else "no longer watched"
        )
    latest = notification.latest
    if latest is None or latest.good.balance_at is None or notification.balance is None:
        return phrases.no_balance(notification)
    read_at = clock(latest.good.balance_at, notification.now)
    return f"{phrases.left(notification)} at {read_at}, nothing since"


def _listed(title: str, rows: Sequence[str]) -> str:
    """List rows under a title, as many as a message holds."""
    if not rows:
        return ""
    shown = [f"  {row}" for row in rows[:MAX_ENTRIES]]
    if len(rows) > MAX_ENTRIES:
        shown.append(f"  and {len(rows) - MAX_ENTRIES} more")
    return "\n".join([title, *shown] if title else shown)


def _sms(notifications: Sequence[Notification], text: _Text) -> tuple[str, list[str]]:
    """Return the count and the common cause, then the names."""
    count = _counted(notifications)
    lead = text.lead.removeprefix(f"{count}, ").replace(f": {count}", "")
    names = (
        []
        if text.group.startswith(_DIGEST)
        else [notification.account for notification in notifications]
    )
    # The lead of a digest in parts begins with the count: "50 accounts (1 of 2), worst …".
    counted = lead if lead.startswith(count) else f"{count}: {lead}"
    return f"{counted}. {text.tag}.", names


def _urgency(notification: Notification) -> tuple[bool, float, float, str]:
    """Sort by time until empty, then by balance; unknown balances come last."""
    latest = notification.latest
    hours = (
        float(latest.good.runway_hours) if latest and latest.good.runway_hours is not None else 1e9
    )
    left = float(notification.balance) if notification.balance is not None else 1e15
    return notification.severity is not Severity.CRITICAL, hours, left, notification.key.id


def _is_critical(notifications: Sequence[Notification]) -> bool:
    """Whether any of these concerns the audience of critical alerts."""
    return any(notification.audience is Severity.CRITICAL for notification in notifications)


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    """Return each value once, in order."""
    return tuple(dict.fromkeys(values))
