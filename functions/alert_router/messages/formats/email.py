"""The e-mail: a subject that is enough by itself, and a body that says what to do. Pure."""

from __future__ import annotations

from typing import Final

from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.notification import Notification
from alert_router.messages.formats.limits import subject_line
from alert_router.messages.wording import phrases
from alert_router.messages.wording.actions import actions
from alert_router.messages.wording.details import details
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.units import quoted

_TAGS: Final = {
    NotificationReason.RECOVERED: "RESOLVED",
    NotificationReason.CLOSED: "CLOSED",
    NotificationReason.IMPROVED: "IMPROVED",
    NotificationReason.NOT_SET_UP: "NOT SET UP",
    NotificationReason.FLAPPING: "FLAPPING",
    NotificationReason.NO_DATA: "NO DATA",
}


def subject(notification: Notification) -> str:
    """Return the subject: severity, account, problem, and when it will be empty."""
    return subject_line(f"{tag(notification)} {notification.name}: {summary(notification)}")


def tag(notification: Notification) -> str:
    """Return the first word of a subject."""
    if notification.reason is NotificationReason.REMINDER:
        return f"STILL {notification.severity.upper()}"
    return _TAGS.get(notification.reason, notification.severity.upper())


def summary(notification: Notification) -> str:
    """Return the second half of the subject, which is also the body's first sentence."""
    length = phrases.duration(notification)
    match notification.reason:
        case NotificationReason.NOT_SET_UP:
            parts = [not_set_up(notification)]
        case NotificationReason.CLOSED:
            parts = [_rest(notification), closed(notification)]
        case NotificationReason.RECOVERED:
            parts = [*_recovered(notification), f"after {length}" if length else ""]
        case NotificationReason.IMPROVED:
            parts = _improved(notification)
        case NotificationReason.FLAPPING:
            parts = [*_firing(notification), "flapping"]
        case NotificationReason.NO_DATA:
            parts = [no_data(notification)]
        case NotificationReason.REMINDER:
            parts = [*_firing(notification), f"open for {length}" if length else ""]
        case _:
            parts = _firing(notification)
    return ", ".join(filter(None, parts))


def no_data(notification: Notification) -> str:
    """Return that nothing more is known about a foreign alarm."""
    if notification.foreign_alarm is not None and notification.foreign_alarm.has_data:
        length = phrases.duration(notification)
        return f"no further news{f' for {length}' if length else ''}"
    return "it has no data" if notification.previous is None else "it no longer has data"


def closed(notification: Notification) -> str:
    """Return why an incident ends without its alarms having cleared."""
    if notification.moved_to:
        return f"now an account of {notification.moved_to}, no longer of {notification.provider}"
    if notification.closed_by:
        return f"closed by hand: {quoted(notification.closed_by)}"
    return ", ".join(phrases.cut_short(notification)) or "no longer watched, its alarms are gone"


def _rest(notification: Notification) -> str:
    """Return the balance of an account whose threshold was changed or removed."""
    is_known = notification.balance is not None and notification.endings
    return phrases.left(notification) if is_known and not notification.closed_by else ""


def not_set_up(notification: Notification) -> str:
    """Return how the last poll of an account that never worked ended."""
    latest = notification.latest
    return latest.reason or latest.outcome.words if latest else "it was never polled"


def body(notification: Notification, links: Links) -> str:
    """Return the e-mail's text."""
    rows = details(notification)
    width = max((len(label) for label, _ in rows), default=0)
    table = "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)
    lines = "\n".join(f"  {line}" for line in actions(notification, links))
    what_to_do = f"What to do\n{lines}" if lines else ""
    return "\n\n".join(filter(None, (_opening(notification), table, what_to_do)))


def _opening(notification: Notification) -> str:
    """Return the first lines: the account and the problem."""
    # A foreign alarm may have any name, even "What to do".
    whose = "Alarm " if notification.foreign_alarm is not None else ""
    first = f"{whose}{notification.name}: {summary(notification)}."
    if notification.reason is NotificationReason.NOT_SET_UP:
        return f"{first}\nThe account is not set up: no balance has been read yet."
    if notification.reason is NotificationReason.FLAPPING:
        return f"{first}\nIt is flapping: the next message follows after a stable hour."
    if notification.is_reduced:
        return f"{first}\nThe account's record could not be read, so details are missing."
    return first


def _firing(notification: Notification) -> list[str]:
    """Return what is wrong, with the time left or the threshold."""
    if notification.foreign_alarm is not None:
        return [notification.foreign_alarm.brief]
    if notification.leading is not Problem.LOW:
        return [phrases.what(notification)]
    return [
        phrases.left(notification),
        phrases.outlook(notification) or phrases.limit(notification),
    ]


def _improved(notification: Notification) -> list[str]:
    """Return what is over, what is left, and what persists."""
    previous = notification.previous
    is_relief = previous is not None and previous.severity is not notification.severity
    rest = "" if Problem.LOW in notification.problems else phrases.ongoing_problem(notification)
    return [
        *phrases.ended_problems(notification),
        phrases.left(notification) if notification.balance is not None else "",
        "no longer critical" if is_relief else phrases.limit(notification),
        rest,
    ]


def _recovered(notification: Notification) -> list[str]:
    """Return the balance now, and what happened."""
    if notification.foreign_alarm is not None:
        return ["OK again", *phrases.cut_short(notification)]
    now_left = phrases.left(notification) if notification.balance is not None else ""
    found = [now_left, phrases.cause_of_end(notification)]
    return found if any(found) else ["its alarms cleared"]
