"""The SMS: one part, the number first. Pure."""

from __future__ import annotations

from alert_router.episode import Step, Trouble
from alert_router.message import clauses
from alert_router.message.email import summary, tag
from alert_router.message.limits import sms_text
from alert_router.message.notice import Notice
from alert_router.message.words import lasted


def sms(notice: Notice) -> str:
    """Return at most 160 septets: what is left, whose, how bad, by when, where to top up."""
    if notice.note is not None:
        return sms_text(f"{tag(notice)} {notice.name}", (f"- {summary(notice)}",))
    latest = notice.latest
    name = f"{notice.account} ({notice.title})" if notice.title else notice.account
    first = f"{_number(notice)}: {name}. {tag(notice)}."
    is_over = notice.step in (Step.RECOVERED, Step.CLOSED)
    is_stale = notice.leading is Trouble.STALE and not is_over
    link = latest.top_up_url if latest and notice.leading is Trouble.LOW else None
    return sms_text(
        f"{first} {_sentence(clauses.why_stale(notice))}" if is_stale else first,
        filter(
            None,
            (
                _sentence(clauses.limit(notice) if not is_over else clauses.how_it_ended(notice)),
                _sentence(clauses.empties(notice) if not is_over else ""),
                link if link and not is_over else "",
            ),
        ),
    )


def _number(notice: Notice) -> str:
    """Return what the SMS begins with: an amount, or a time without one."""
    match notice.step:
        case Step.NOT_SET_UP | Step.CLOSED:
            return summary(notice).capitalize()
        case Step.RECOVERED | Step.IMPROVED if notice.balance is not None:
            return clauses.left(notice)
        case Step.RECOVERED | Step.IMPROVED:
            return "Over"
        case _ if notice.leading is Trouble.STALE:
            known_at = notice.latest.balance_at if notice.latest else None
            return (
                f"{lasted(notice.now - known_at)} without a balance" if known_at else "No balance"
            )
        case _:
            return _upper_first(clauses.what(notice))


def _sentence(text: str) -> str:
    """Return a clause as a sentence of its own."""
    return f"{_upper_first(text)}." if text else ""


def _upper_first(text: str) -> str:
    """Return the text with a capital at its start."""
    return text[:1].upper() + text[1:]
