"""The e-mail: a subject that suffices on its own, and a body that says what to do. Pure."""

from __future__ import annotations

from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.notification import Notification
from alert_router.messages.formats.limits import subject_line
from alert_router.messages.wording import phrases
from alert_router.messages.wording.actions import actions
from alert_router.messages.wording.details import details
from alert_router.messages.wording.links import Links


def subject(notification: Notification) -> str:
    """Return the subject: severity, account, problem, and when it will be empty."""
    return subject_line(f"{tag(notification)} {notification.name}: {summary(notification)}")


def tag(notification: Notification) -> str:
    """Return the first word of a subject."""
    match notification.reason:
        case NotificationReason.RECOVERED:
            return "RESOLVED"
        case NotificationReason.CLOSED:
            return "CLOSED"
        case NotificationReason.IMPROVED:
            return "IMPROVED"
        case NotificationReason.NOT_SET_UP:
            return "NOT SET UP"
        case NotificationReason.REMINDER:
            return f"STILL {notification.severity.upper()}"
        case _:
            return notification.severity.upper()


def summary(notification: Notification) -> str:
    """Return the second half of the subject, which is also the body's first sentence."""
    length = phrases.duration(notification)
    match notification.reason:
        case NotificationReason.NOT_SET_UP:
            parts = [not_set_up(notification)]
        case NotificationReason.CLOSED:
            parts = ["no longer watched, its alarms are gone"]
        case NotificationReason.RECOVERED:
            parts = [*_recovered(notification), f"after {length}" if length else ""]
        case NotificationReason.IMPROVED:
            parts = [phrases.left(notification), "no longer critical"]
        case NotificationReason.REMINDER:
            parts = [*_firing(notification), f"open for {length}" if length else ""]
        case _:
            parts = _firing(notification)
    return ", ".join(filter(None, parts))


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
        return f"{first}\nThe account is not set up yet: no balance was ever read."
    if notification.is_reduced:
        return f"{first}\nThe account's record could not be read, so this says less than usual."
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


def _recovered(notification: Notification) -> list[str]:
    """Return the balance now, and what happened."""
    if notification.foreign_alarm is not None:
        return ["OK again"]
    now_left = phrases.left(notification) if notification.balance is not None else ""
    found = [now_left, phrases.how_it_ended(notification)]
    return found if any(found) else ["its alarms cleared"]
