"""Messages about several subjects: one cause, several to set up, a digest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from alert_router.incidents.incident import ONE_CAUSE, Step
from alert_router.messages.formats import email
from alert_router.messages.formats.chat import chat
from alert_router.messages.formats.heading import Heading
from alert_router.messages.formats.limits import sms_text, subject_line
from alert_router.messages.formats.webhook import MAX_ENTRIES, document
from alert_router.messages.message import Message
from alert_router.messages.notification import Notice
from alert_router.messages.wording import phrases as clauses
from alert_router.messages.wording.actions import actions_for_several
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.units import clock, plural
from shared.names import Severity, Status
from shared.outcome import Outcome
from shared.times import format_time

_DIGEST: Final = "digest/"
_DIGEST_TAGS: Final = {Status.RESOLVED: "RESOLVED", Status.REMINDER: "REMINDER"}


class _Text(NamedTuple):
    """What a message about several subjects says."""

    tag: str
    lead: str
    rows: Sequence[str]
    rest: str = ""
    group: str = ""


def cause_key(notice: Notice) -> str:
    """Name the cause that accounts of one provider have in common, and when it was told."""
    outcome = notice.latest.outcome.value if notice.latest else ""
    return f"{ONE_CAUSE}{notice.provider}/{outcome}/{format_time(notice.now)}"


def one_cause(
    notices: Sequence[Notice], links: Links, group: str, still_open: Sequence[str] = ()
) -> Message:
    """Return "Firecrawl unreachable: 7 accounts", its reminder, or its end."""
    first = notices[0]
    lead = _cause(first, len(notices))
    if still_open:
        lead = f"{lead}, {plural(len(still_open), 'account')} not yet"
    rows = [f"{n.account}: {_line(n)}" for n in notices]
    rest = _listed("Still without a balance", still_open) if still_open else ""
    return _message(notices, links, _Text(email.tag(first), lead, rows, rest, group))


def not_set_up(notices: Sequence[Notice], links: Links) -> Message:
    """Return the message that names accounts without a working key, and how to set them up."""
    count = plural(len(notices), "account")
    rows = [f"{n.name}: {email.not_set_up(n)}" for n in notices]
    return _message(notices, links, _Text("NOT SET UP", f"{count}, no balance was ever read", rows))


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
    count = plural(len(notices), "account" if notices[0].note is None else "alarm")
    number = f" ({part[0]} of {part[1]})" if part[1] > 1 else ""
    worst = "including" if first.status is Status.RESOLVED else "worst"
    lead = f"{count}{number}, {worst} {first.subject.partition(' ')[2]}"
    return _message(
        notices,
        links,
        _Text(
            tag=_DIGEST_TAGS.get(first.status, first.severity.upper()),
            lead=lead,
            rows=[message.subject for message, _ in ordered],
            group=f"{_DIGEST}{format_time(notices[0].now)}/{part[0]}",
        ),
        Status.DIGEST,
    )


def _message(
    notices: Sequence[Notice], links: Links, text: _Text, status: Status | None = None
) -> Message:
    """Write a message about several subjects in all its forms."""
    first = notices[0]
    line = f"{text.tag} {text.lead}"
    todo = actions_for_several(notices, links)
    body = "\n\n".join(
        filter(
            None,
            (f"{line}.", _listed("", text.rows), text.rest, _listed("What to do", todo)),
        )
    )
    heading = Heading(
        kind="digest" if status is Status.DIGEST else "group",
        line=subject_line(line),
        severity=Severity.CRITICAL if _is_critical(notices) else Severity.WARNING,
        status=status or first.status,
        now=first.now,
    )
    return Message(
        subject=heading.line,
        email=body,
        sms=sms_text(*_sms(notices, text)),
        document=document(heading, notices, links) | {"count": len(notices)},
        chat=chat(heading, _listed("", text.rows), todo, thread=text.group or text.tag),
        severity=heading.severity,
        status=heading.status,
        providers=_distinct([notice.provider for notice in notices]),
        accounts=_distinct([notice.account for notice in notices]),
        members=tuple(notice.subject for notice in notices),
        group=text.group,
        is_reduced=any(notice.is_reduced for notice in notices),
    )


def _cause(notice: Notice, count: int) -> str:
    """Say what the accounts of a provider have in common."""
    accounts = plural(count, "account")
    length = clauses.duration(notice)
    if clauses.is_over(notice):
        return f"{notice.title} answers again: {accounts}" + (f", after {length}" if length else "")
    lasting = f" for {length}" if notice.step is Step.REMINDER and length else ""
    if notice.latest is not None and notice.latest.outcome is Outcome.TRANSIENT:
        return f"{notice.title} unreachable{lasting}: {accounts}"
    return f"{notice.title} without balances{lasting}: {accounts}, {clauses.why_stale(notice)}"


def _line(notice: Notice) -> str:
    """Say of one account of a group what differs from the others."""
    if clauses.is_over(notice):
        return clauses.left(notice) if notice.balance is not None else "no longer watched"
    latest = notice.latest
    if latest is None or latest.good.balance_at is None or notice.balance is None:
        return clauses.no_balance(notice)
    return f"{clauses.left(notice)} at {clock(latest.good.balance_at, notice.now)}, nothing since"


def _listed(title: str, rows: Sequence[str]) -> str:
    """List rows under a title, as many as a message holds."""
    if not rows:
        return ""
    shown = [f"  {row}" for row in rows[:MAX_ENTRIES]]
    if len(rows) > MAX_ENTRIES:
        shown.append(f"  and {len(rows) - MAX_ENTRIES} more")
    return "\n".join([title, *shown] if title else shown)


def _sms(notices: Sequence[Notice], text: _Text) -> tuple[str, list[str]]:
    """Return the count and what they have in common, then as many names as there is room for."""
    count = plural(len(notices), "account" if notices[0].note is None else "alarm")
    lead = text.lead.removeprefix(f"{count}, ").replace(f": {count}", "")
    names = [] if text.group.startswith(_DIGEST) else [notice.account for notice in notices]
    return f"{count}: {lead}. {text.tag}.", names


def _urgency(notice: Notice) -> tuple[bool, float, float, str]:
    """Sort by what is empty first, then by what is left; what nobody can tell comes last."""
    latest = notice.latest
    hours = (
        float(latest.good.runway_hours) if latest and latest.good.runway_hours is not None else 1e9
    )
    left = float(notice.balance) if notice.balance is not None else 1e15
    return notice.severity is not Severity.CRITICAL, hours, left, notice.subject.id


def _is_critical(notices: Sequence[Notice]) -> bool:
    """Whether anybody who hears of critical things must hear of one of these."""
    return any(notice.audience is Severity.CRITICAL for notice in notices)


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    """Return each value once, in order."""
    return tuple(dict.fromkeys(values))
