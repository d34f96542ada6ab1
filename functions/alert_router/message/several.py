"""Messages about several subjects: one cause, several to set up, a digest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from alert_router.episode import Step
from alert_router.message import clauses, email
from alert_router.message.chat import chat
from alert_router.message.document import MAX_ENTRIES, document
from alert_router.message.heading import Heading
from alert_router.message.limits import sms_text, subject_line
from alert_router.message.links import Links
from alert_router.message.model import Message
from alert_router.message.notice import Notice
from alert_router.message.words import clock, plural
from shared.names import Severity, Status
from shared.outcome import Outcome
from shared.times import format_time

_CAUSE: Final = "stale/"
_DIGEST: Final = "digest/"
_DIGEST_WORDS: Final = {Status.RESOLVED: "RESOLVED", Status.REMINDER: "REMINDER"}


def cause_key(notice: Notice) -> str:
    """Name the cause that accounts of one provider have in common, and when it was told."""
    outcome = notice.latest.outcome.value if notice.latest else ""
    return f"{_CAUSE}{notice.provider}/{outcome}/{format_time(notice.now)}"


def is_one_cause(group: str) -> bool:
    """Whether a group is one cause, that ends when it ended for all."""
    return group.startswith(_CAUSE)


def one_cause(
    notices: Sequence[Notice], links: Links, group: str, still_open: Sequence[str] = ()
) -> Message:
    """Return "Firecrawl unreachable: 7 accounts", its reminder, or its end."""
    first = notices[0]
    lead = f"{email.tag(first)} {first.title} {_cause(first, len(notices))}"
    if still_open:
        lead = f"{lead}, {plural(len(still_open), 'account')} not yet"
    rows = [f"{n.account}: {_line(n)}" for n in notices]
    rest = _listed("Still without a balance", still_open) if still_open else ""
    return _message(notices, links, _Text(lead, rows, rest), group)


def not_set_up(notices: Sequence[Notice], links: Links) -> Message:
    """Return the message that names accounts without a working key, and how to set them up."""
    count = plural(len(notices), "account")
    rows = [f"{n.account}: {email.summary(n)}" for n in notices]
    commands = _listed("What to do", [f"balancectl keys set {n.account}" for n in notices])
    lead = f"NOT SET UP {count}: no balance was ever read"
    return _message(notices, links, _Text(lead, rows, commands))


def digest(
    drafts: Sequence[tuple[Message, Sequence[Notice]]], links: Links, part: tuple[int, int]
) -> Message:
    """Return one message that lists what would have been many; the worst comes first.

    Args:
        drafts: the messages that it replaces, all of one severity and status.
        links: where people go from it.
        part: which of how many digests it is; one has no room for hundreds of accounts.
    """
    ordered = sorted(drafts, key=lambda draft: _urgency(draft[1][0]))
    notices = [notice for _, group in ordered for notice in group]
    first = ordered[0][0]
    word = _DIGEST_WORDS.get(first.status, first.severity.upper())
    number = f" ({part[0]} of {part[1]})" if part[1] > 1 else ""
    worst = "" if first.status is Status.RESOLVED else f", worst {_short(first)}"
    lead = f"{word}: {plural(len(notices), 'account')}{number}{worst}"
    rows = [message.subject for message, _ in ordered]
    now = notices[0].now
    group = f"{_DIGEST}{format_time(now)}/{part[0]}"
    return _message(notices, links, _Text(lead, rows), group, Status.DIGEST)


@dataclass(frozen=True, slots=True)
class _Text:
    """What a message about several subjects says."""

    lead: str
    rows: Sequence[str]
    rest: str = ""


def _message(
    notices: Sequence[Notice],
    links: Links,
    text: _Text,
    group: str = "",
    status: Status | None = None,
) -> Message:
    """Write a message about several subjects in all its forms."""
    first = notices[0]
    status = status or first.status
    severity = Severity.CRITICAL if _any_critical(notices) else Severity.WARNING
    dashboard = f"Dashboard: {links.dashboard_url}" if links.dashboard_url else ""
    parts = (f"{text.lead}.", _listed("", text.rows), text.rest, dashboard)
    body = "\n\n".join(filter(None, parts))
    headline = subject_line(text.lead)
    kind = "digest" if status is Status.DIGEST else "group"
    heading = Heading(kind, headline, severity, status, first.now)
    return Message(
        subject=headline,
        email=body,
        sms=sms_text(f"{plural(len(notices), 'account')}: {text.lead}"),
        document=document(heading, notices, links) | {"count": len(notices)},
        chat=chat(heading, body, (), thread=group or kind),
        severity=severity,
        status=status,
        providers=_distinct([notice.provider for notice in notices]),
        accounts=_distinct([notice.account for notice in notices]),
        members=tuple(notice.subject for notice in notices),
        group=group,
        is_reduced=any(notice.is_reduced for notice in notices),
    )


def _cause(notice: Notice, count: int) -> str:
    """Say what the accounts of a provider have in common."""
    accounts = plural(count, "account")
    if notice.step in (Step.RECOVERED, Step.CLOSED):
        length = clauses.duration(notice)
        return f"answers again: {accounts}" + (f", after {length}" if length else "")
    outcome = notice.latest.outcome if notice.latest else None
    for_how_long = f" for {clauses.duration(notice)}" if notice.step is Step.REMINDER else ""
    if outcome is Outcome.TRANSIENT:
        return f"unreachable{for_how_long}: {accounts}"
    return f"without balances{for_how_long}: {accounts}, {clauses.why_stale(notice)}"


def _line(notice: Notice) -> str:
    """Say of one account of a group what differs from the others."""
    if notice.step in (Step.RECOVERED, Step.CLOSED):
        return clauses.left(notice) if notice.balance is not None else "no longer watched"
    latest = notice.latest
    if latest is None or latest.balance_at is None or notice.balance is None:
        return clauses.no_balance(notice)
    return f"{clauses.left(notice)} at {clock(latest.balance_at, notice.now)}, nothing since"


def _listed(title: str, rows: Sequence[str]) -> str:
    """List rows under a title, as many as a message holds."""
    shown = [f"  {row}" for row in rows[:MAX_ENTRIES]]
    if len(rows) > MAX_ENTRIES:
        shown.append(f"  and {len(rows) - MAX_ENTRIES} more")
    return "\n".join([title, *shown] if title else shown)


def _short(message: Message) -> str:
    """Return a subject without its tag, which a digest's own says."""
    return message.subject.partition(" ")[2]


def _urgency(notice: Notice) -> tuple[bool, float]:
    """Sort by what is empty first; what nobody can tell comes last."""
    latest = notice.latest
    hours = latest.runway_hours if latest else None
    return notice.severity is not Severity.CRITICAL, float(hours) if hours is not None else 1e9


def _any_critical(notices: Sequence[Notice]) -> bool:
    """Whether anybody who hears of critical things must hear of one of these."""
    return any(notice.audience is Severity.CRITICAL for notice in notices)


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    """Return each value once, in order."""
    return tuple(dict.fromkeys(values))
