"""The e-mail: a subject that alone is enough, and a body that says what to do. Pure."""

from __future__ import annotations

from alert_router.incidents.incident import Step, Trouble
from alert_router.messages.formats.limits import subject_line
from alert_router.messages.notification import Notice
from alert_router.messages.wording import phrases as clauses
from alert_router.messages.wording.actions import actions
from alert_router.messages.wording.details import facts
from alert_router.messages.wording.links import Links


def subject(notice: Notice) -> str:
    """Return the subject: how bad, whose, what, and by when."""
    return subject_line(f"{tag(notice)} {notice.name}: {summary(notice)}")


def tag(notice: Notice) -> str:
    """Return the word that a subject begins with."""
    match notice.step:
        case Step.RECOVERED:
            return "RESOLVED"
        case Step.CLOSED:
            return "CLOSED"
        case Step.IMPROVED:
            return "IMPROVED"
        case Step.NOT_SET_UP:
            return "NOT SET UP"
        case Step.REMINDER:
            return f"STILL {notice.severity.upper()}"
        case _:
            return notice.severity.upper()


def summary(notice: Notice) -> str:
    """Return the subject's second half, which is also the body's first sentence."""
    length = clauses.duration(notice)
    match notice.step:
        case Step.NOT_SET_UP:
            parts = [not_set_up(notice)]
        case Step.CLOSED:
            parts = ["no longer watched, its alarms are gone"]
        case Step.RECOVERED:
            parts = [*_recovered(notice), f"after {length}" if length else ""]
        case Step.IMPROVED:
            parts = [clauses.left(notice), "no longer critical"]
        case Step.REMINDER:
            parts = [*_firing(notice), f"open for {length}" if length else ""]
        case _:
            parts = _firing(notice)
    return ", ".join(filter(None, parts))


def not_set_up(notice: Notice) -> str:
    """Say how the last attempt of an account that never worked ended."""
    latest = notice.latest
    return latest.reason or latest.outcome.words if latest else "it was never polled"


def body(notice: Notice, links: Links) -> str:
    """Return the mail's text."""
    rows = facts(notice)
    width = max((len(label) for label, _ in rows), default=0)
    table = "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)
    lines = "\n".join(f"  {line}" for line in actions(notice, links))
    what_to_do = f"What to do\n{lines}" if lines else ""
    return "\n\n".join(filter(None, (_opening(notice), table, what_to_do)))


def _opening(notice: Notice) -> str:
    """Return the first lines: whose it is and what it is."""
    first = f"{notice.name}: {summary(notice)}."
    if notice.step is Step.NOT_SET_UP:
        return f"{first}\nThe account is not set up yet: no balance was ever read."
    if notice.is_reduced:
        return f"{first}\nThe account's record could not be read, so this says less than usual."
    return first


def _firing(notice: Notice) -> list[str]:
    """Say what is wrong, and by when or below what."""
    if notice.note is not None:
        return [notice.note.brief]
    if notice.leading is not Trouble.LOW:
        return [clauses.what(notice)]
    return [clauses.left(notice), clauses.empties(notice) or clauses.limit(notice)]


def _recovered(notice: Notice) -> list[str]:
    """Say what is left now, and what happened."""
    if notice.note is not None:
        return ["OK again"]
    now_left = clauses.left(notice) if notice.balance is not None else ""
    found = [now_left, clauses.how_it_ended(notice)]
    return found if any(found) else ["its alarms cleared"]
