"""The SMS about one subject: one part, the number first. Pure."""

from __future__ import annotations

from alert_router.incidents.incident import Step, Trouble
from alert_router.messages.formats.email import not_set_up, summary, tag
from alert_router.messages.formats.limits import sms_text
from alert_router.messages.notification import Notice
from alert_router.messages.wording import phrases as clauses
from alert_router.messages.wording.units import amount, lasted


def sms(notice: Notice) -> str:
    """Return at most 160 septets: what is left, whose, how bad, by when, where to top up."""
    if notice.note is not None:
        return sms_text(f"{tag(notice)} {notice.name}: {summary(notice)}")
    name = f"{notice.account} ({notice.title})" if notice.title else notice.account
    first = f"{_upper_first(_number(notice))}: {name}. {tag(notice)}."
    return sms_text(f"{first} {_reason(notice)}".strip(), filter(None, _details(notice)))


def _number(notice: Notice) -> str:
    """Return what the SMS begins with: an amount, or a time without one."""
    if notice.step is Step.NOT_SET_UP:
        return "1 account without a key"
    if clauses.is_over(notice) or notice.step is Step.IMPROVED:
        return clauses.left(notice) if notice.balance is not None else "over"
    if notice.leading is Trouble.STALE:
        at = notice.latest.good.balance_at if notice.latest else None
        return f"{lasted(notice.now - at)} without a balance" if at else "no balance"
    return _rate(notice) if notice.leading is Trouble.DRAIN else clauses.what(notice)


def _rate(notice: Notice) -> str:
    """Return how fast an abnormal drain is."""
    burn = notice.latest.good.burn_per_day if notice.latest else None
    return f"{amount(burn, notice.unit)} a day" if burn is not None else "an abnormal burn"


def _reason(notice: Notice) -> str:
    """Return what has to be said even if it must be cut."""
    if notice.step is Step.NOT_SET_UP:
        return _sentence(not_set_up(notice))
    if notice.step is Step.CLOSED:
        return _sentence("no longer watched")
    if notice.leading is Trouble.STALE and not clauses.is_over(notice):
        return _sentence(clauses.why_stale(notice))
    return ""


def _details(notice: Notice) -> tuple[str, ...]:
    """Return what follows as far as there is room, the most useful first."""
    if notice.step is Step.NOT_SET_UP:
        return (f"balancectl keys set {notice.account}",)
    if clauses.is_over(notice):
        return (_sentence(clauses.how_it_ended(notice)),)
    latest = notice.latest
    needs_money = notice.troubles & {Trouble.LOW, Trouble.EXPIRY}
    return (
        _sentence(clauses.limit(notice) if notice.leading is Trouble.LOW else ""),
        _sentence(clauses.empties(notice) if notice.leading is not Trouble.STALE else ""),
        (latest.top_up_url or "") if latest and needs_money else "",
    )


def _sentence(text: str) -> str:
    """Return a clause as a sentence of its own."""
    return f"{_upper_first(text)}." if text else ""


def _upper_first(text: str) -> str:
    """Return the text with a capital at its start."""
    return text[:1].upper() + text[1:]
