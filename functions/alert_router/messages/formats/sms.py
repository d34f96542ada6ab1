"""The SMS about one incident: one part, with the amount first. Pure."""

from __future__ import annotations

from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.notification import Notification
from alert_router.messages.formats.email import closed, not_set_up, summary, tag
from alert_router.messages.formats.limits import sms_text
from alert_router.messages.wording import phrases
from alert_router.messages.wording.units import amount, lasted


def sms(notification: Notification) -> str:
    """Return at most 160 septets: balance, account, severity, time left, where to top up."""
    if notification.foreign_alarm is not None:
        return sms_text(f"{tag(notification)} {notification.name}: {summary(notification)}")
    name = (
        f"{notification.account} ({notification.title})"
        if notification.title
        else notification.account
    )
    first = f"{_upper_first(_number(notification))}: {name}. {tag(notification)}."
    return sms_text(
        f"{first} {_reason(notification)}".strip(), filter(None, _details(notification))
    )


def _number(notification: Notification) -> str:
    """Return the beginning of the SMS: an amount, or since when there is none."""
    if notification.reason is NotificationReason.NOT_SET_UP:
        return "1 account without a key"
    if phrases.is_over(notification) or notification.reason is NotificationReason.IMPROVED:
        return phrases.left(notification) if notification.balance is not None else "over"
    if notification.leading is Problem.STALE:
        at = notification.latest.good.balance_at if notification.latest else None
        return f"{lasted(notification.now - at)} without a balance" if at else "no balance"
    return (
        _rate(notification) if notification.leading is Problem.DRAIN else phrases.what(notification)
    )


def _rate(notification: Notification) -> str:
    """Return the rate of an abnormal drain."""
    burn = notification.latest.good.burn_per_day if notification.latest else None
    return f"{amount(burn, notification.unit)} a day" if burn is not None else "an abnormal burn"


def _reason(notification: Notification) -> str:
    """Return the required part, even if it has to be cut."""
    if notification.reason is NotificationReason.NOT_SET_UP:
        return _sentence(not_set_up(notification))
    if notification.reason is NotificationReason.CLOSED:
        return _sentence(closed(notification).partition(", its alarms")[0])
    if notification.leading is Problem.STALE and not phrases.is_over(notification):
        return _sentence(phrases.why_stale(notification))
    return ""


def _details(notification: Notification) -> tuple[str, ...]:
    """Return the optional parts, the most useful first."""
    if notification.reason is NotificationReason.NOT_SET_UP:
        verb = "push" if phrases.is_pushed(notification) else "keys set"
        return (f"balancectl {verb} {notification.account}",)
    if phrases.is_over(notification):
        return (_sentence(phrases.cause_of_end(notification)),)
    latest = notification.latest
    needs_money = notification.problems & {Problem.LOW, Problem.EXPIRY}
    return (
        _sentence(phrases.limit(notification) if notification.leading is Problem.LOW else ""),
        _sentence(
            phrases.outlook(notification) if notification.leading is not Problem.STALE else ""
        ),
        (latest.top_up_url or "") if latest and needs_money else "",
    )


def _sentence(text: str) -> str:
    """Return a clause as a sentence."""
    return f"{_upper_first(text)}." if text else ""


def _upper_first(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
