"""What people can do about an incident, one action per line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.notification import Notification
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.phrases import is_over, is_pushed
from shared.outcome import Outcome

#: Outcomes that a new key may resolve.
_KEY_PROBLEMS = frozenset(
    {Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE, Outcome.BAD_CONFIG, Outcome.UNVERIFIED}
)


def actions(notification: Notification, links: Links) -> list[str]:
    """Return what to do about one incident; only links when it is over."""
    over = is_over(notification)
    pairs = [
        ("Top up", "" if over else _top_up(notification)),
        ("Set the key", "" if over else _set_key(notification, links)),
        ("Push the balance", "" if over else _push(notification, links)),
        ("Check", "" if over else _check(notification)),
        ("Dashboard", links.dashboard_url),
        (
            "Alarm",
            "" if notification.reason is NotificationReason.CLOSED else links.alarm(notification),
        ),
        ("Runbook", "" if over else links.runbook(notification)),
        ("Advice", "" if over else links.advice(notification)),
        (
            "Silence",
            "" if over or notification.foreign_alarm else _silence(notification.account, links),
        ),
    ]
    return _lines(pairs)


def actions_for_several(notifications: Sequence[Notification], links: Links) -> list[str]:
    """Return what to do about several incidents."""
    first = notifications[0]
    over = is_over(first)
    top_ups = dict.fromkeys((f"Top up {n.title}", _top_up(n)) for n in notifications if not over)
    provider = first.provider if len({n.provider for n in notifications}) == 1 else ""
    is_one_cause = all(
        n.problems == {Problem.STALE} and n.reason is not NotificationReason.NOT_SET_UP
        for n in notifications
    )
    pairs = [
        *top_ups,
        *((("Set the key", _set_key(n, links)) for n in notifications) if not over else ()),
        *((("Push the balance", _push(n, links)) for n in notifications) if not over else ()),
        ("Dashboard", links.dashboard_url),
        ("Runbook", "" if over else links.runbook(first)),
        ("Advice", "" if over else links.advice(first)),
        ("Silence", _silence(f"provider:{provider}", links) if provider and is_one_cause else ""),
    ]
    return _lines(pairs)


def _lines(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the pairs that have a text, as lines."""
    return [f"{label}: {text}" for label, text in pairs if text]


def _top_up(notification: Notification) -> str:
    """Return where to top up, if credit is low."""
    url = notification.latest.top_up_url if notification.latest else None
    needs = notification.problems & {Problem.LOW, Problem.EXPIRY}
    blocked = (
        notification.latest is not None and notification.latest.outcome is Outcome.ACCOUNT_BLOCKED
    )
    return url if url and (needs or blocked) else ""


def _set_key(notification: Notification, links: Links) -> str:
    """Return the command that stores the account's key, if a key may be missing."""
    if notification.foreign_alarm is not None or Problem.STALE not in notification.problems:
        return ""
    outcome = notification.latest.outcome if notification.latest else Outcome.BAD_CONFIG
    asks = notification.reason is NotificationReason.NOT_SET_UP or outcome in _KEY_PROBLEMS
    if is_pushed(notification):
        return ""
    return links.command(f"keys set {notification.account}") if asks else ""


def _push(notification: Notification, links: Links) -> str:
    """Return the command that hands in a balance, where somebody has to."""
    if not is_pushed(notification) or Problem.STALE not in notification.problems:
        return ""
    return links.command(f"push {notification.account} AMOUNT")


def _check(notification: Notification) -> str:
    """Return what to check when consumption is abnormal."""
    if Problem.DRAIN not in notification.problems:
        return ""
    return "who uses the key? If nobody knows, it may have leaked: revoke it at the provider"


def _silence(pattern: str, links: Links) -> str:
    """Return the command that silences accounts."""
    return links.command(f'silence {pattern} --for 2h --reason "..."')
