"""The phrases that make up subjects, e-mails and SMS. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from alert_router.incidents.endings import Ending
from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.notification import Notification
from alert_router.messages.wording.units import about, amount, at_least, clock, lasted
from shared.names import PUSHED, AlarmKind, Severity, Status
from shared.outcome import Outcome
from shared.records import RUNWAY_CLEARS_ABOVE, TOP_UP_IS_LATE, Latest

#: If the last ok poll is this old, polling has stopped: the stale alarm takes no less to fire.
_POLLS_STOPPED: Final = timedelta(minutes=10)

#: A top-up is recorded before the alarm clears, and may be recorded just before one opens.
_TOP_UP_SLACK: Final = timedelta(minutes=10)

#: What an ok poll means after a failed one.
_REPAIRED: Final = {
    Outcome.INVALID_KEY.value: "the key works again",
    Outcome.INSUFFICIENT_SCOPE.value: "the key may read the balance again",
    Outcome.ACCOUNT_BLOCKED.value: "the account is no longer blocked",
    Outcome.TRANSIENT.value: "the provider can be reached again",
    Outcome.RATE_LIMITED.value: "the provider answers again",
    Outcome.NOT_PUSHED.value: "a new balance was pushed",
}


#: The text for a problem that is over while another persists.
_ENDED: Final = {
    Problem.LOW: "the balance is no longer low",
    Problem.STALE: "balances are read again",
    Problem.DRAIN: "the burn is normal again",
    Problem.EXPIRY: "no credit expires soon",
}


#: The name of the threshold of each kind of alarm.
_THRESHOLDS: Final = {
    AlarmKind.WARNING: "warning threshold",
    AlarmKind.CRITICAL: "critical threshold",
    AlarmKind.RUNWAY_WARNING: "runway threshold",
    AlarmKind.RUNWAY_CRITICAL: "critical runway threshold",
    AlarmKind.DRAIN: "burn threshold",
    AlarmKind.EXPIRY: "expiry threshold",
}

#: The forecast's basis while too little is known: its figure means nothing then, 0 included.
_NO_BASIS: Final = "accumulating"


def what(notification: Notification) -> str:
    """Return what is wrong, or the current balance: "3.20 USD left"."""
    return _what(notification, notification.leading)


def ongoing_problem(notification: Notification) -> str:
    """Return the first problem that persists; empty if none does."""
    holds = next((problem for problem in Problem if problem in notification.problems), None)
    return _what(notification, holds) if holds is not None else ""


def _what(notification: Notification, problem: Problem) -> str:
    """Describe one problem."""
    match problem:
        case Problem.STALE:
            return no_balance(notification)
        case Problem.DRAIN:
            return drain(notification)
        case Problem.EXPIRY:
            return f"credit expires {expiry(notification)}"
        case _:
            return left(notification)


def left(notification: Notification) -> str:
    """Return the balance: "3.20 USD left", "overdrawn by 1.10 USD"."""
    if notification.balance is None:
        return "the balance is below its threshold"
    if notification.balance < 0:
        return f"overdrawn by {amount(-notification.balance, notification.unit)}"
    return f"{amount(notification.balance, notification.unit)} left"


def empties(notification: Notification) -> str:
    """Return when it will be empty: "empty in about 9 h, at least 6 h"; empty when unknown.

    The forecast is the record's: if the alarm has a newer balance, it is out of date.
    """
    latest = notification.latest
    if (
        latest is None
        or latest.good.empty_at is None
        or latest.good.balance_at != notification.balance_at
    ):
        return ""
    if notification.balance is not None and notification.balance <= 0:
        return ""
    if latest.good.empty_at <= notification.now:
        return "empty any minute"
    likely = f"empty in {about(latest.good.empty_at - notification.now)}"
    least = bound(notification)
    return f"{likely}, at least {least}" if least else likely


def bound(notification: Notification) -> str:
    """Return the least time until it is empty: "31 h"; empty if unknown."""
    between = notification.latest.good.empty_between if notification.latest else None
    if between is None or between[0] <= notification.now:
        return ""
    return at_least(between[0] - notification.now)


def burn(notification: Notification) -> str:
    """Return the rate of consumption: "8.40 USD a day"; empty if unknown."""
    latest = notification.latest
    if latest is None or latest.good.burn_per_day is None:
        return ""
    if latest.good.burn_basis == _NO_BASIS:
        return ""
    return f"{amount(latest.good.burn_per_day, notification.unit)} a day"


def drain(notification: Notification) -> str:
    """Return that consumption is abnormal."""
    rate = burn(notification)
    return f"burning {rate}, far more than normal" if rate else "burning far more than normal"


def expiry(notification: Notification) -> str:
    """Return when credit expires: "in about 12 days, 5 Dec, 14:06 UTC"."""
    at = notification.latest.good.credit_expires_at if notification.latest else None
    if at is None:
        return "soon"
    return f"in {about(at - notification.now)}, {clock(at, notification.now)}"


def no_balance(notification: Notification) -> str:
    """Return why there is no balance, and since when: "the key was rejected, no balance since"."""
    latest = notification.latest
    if latest is None:
        return "no balance is being read"
    since = (
        "no balance has been read yet"
        if latest.good.balance_at is None
        else f"no balance since {clock(latest.good.balance_at, notification.now)}"
    )
    if latest.outcome is Outcome.OK and not _has_stopped(notification, latest):
        return why_stale(notification)
    return f"{why_stale(notification)}, {since}"


def why_stale(notification: Notification) -> str:
    """Return why no balance arrives: the last outcome, or that polling has stopped."""
    latest = notification.latest
    if latest is None:
        return ""
    if latest.outcome is not Outcome.OK:
        return latest.reason or latest.outcome.words
    if _has_stopped(notification, latest):
        return "the monitor itself has stopped polling"
    return "balances are read, but their metric does not arrive"


def _has_stopped(notification: Notification, latest: Latest) -> bool:
    """Whether the last poll is so long ago that polling has stopped."""
    return notification.now - latest.polled_at > _POLLS_STOPPED


def limit(notification: Notification) -> str:
    """Return the threshold that it is below: "below 5.00 USD"; empty if unknown."""
    value = notification.threshold
    if value is not None:
        return f"below {amount(value, notification.unit)}"
    hours = _runway_limit(notification)
    return "" if hours is None else recovering(notification) or f"less than {plain(hours)} h"


def recovering(notification: Notification) -> str:
    """Return that it is no longer below its runway threshold, and when that ends the incident.

    Empty while it is below. "recovering: at least 16 h, ends above 18 h"
    """
    hours = None if notification.threshold is not None else _runway_limit(notification)
    latest = notification.latest
    if hours is None or latest is None or latest.good.balance_at != notification.balance_at:
        return ""
    least = latest.good.at_least_hours
    if least is None or least < hours or notification.status is Status.RESOLVED:
        return ""
    return f"recovering: at least {int(least)} h, ends above {plain(hours * RUNWAY_CLEARS_ABOVE)} h"


def outlook(notification: Notification) -> str:
    """Return when it will be empty, or that it is recovering; empty when unknown."""
    return recovering(notification) or empties(notification)


def _runway_limit(notification: Notification) -> Decimal | None:
    """Return the runway threshold that fires; None if none does."""
    kinds = notification.firing & {AlarmKind.RUNWAY_WARNING, AlarmKind.RUNWAY_CRITICAL}
    if not kinds or notification.latest is None:
        return None
    limits = notification.latest.thresholds
    is_critical = notification.severity is Severity.CRITICAL and limits.runway_critical_hours
    return limits.runway_critical_hours if is_critical else limits.runway_warning_hours


def duration(notification: Notification) -> str:
    """Return how long it has lasted: "4 h 5 min"; empty when the start is not known."""
    if notification.opened_at is None:
        return ""
    end = notification.ended_at if is_over(notification) else None
    return lasted((end or notification.now) - notification.opened_at)


def cause_of_end(notification: Notification) -> str:
    """Return what ended it: "topped up by 50.00 USD at 14:05 UTC", "the key works again"."""
    if notification.leading is Problem.STALE:
        known = notification.previous.outcome if notification.previous else ""
        return _REPAIRED.get(known, "balances are read again")
    top_up = notification.latest.good.last_top_up if notification.latest else None
    if top_up and notification.opened_at and top_up.at >= notification.opened_at - _TOP_UP_SLACK:
        by = amount(top_up.amount, notification.unit)
        return f"topped up by {by} at {clock(top_up.at, notification.now)}"
    return ""


def balance_change(notification: Notification) -> str:
    """Return how the balance has changed since the last message; empty if unchanged or unknown."""
    before = notification.previous.balance if notification.previous else None
    if before is None or notification.balance is None or before == notification.balance:
        return ""
    return (
        f"from {amount(before, notification.unit)} at the last message "
        f"to {amount(notification.balance, notification.unit)}"
    )


def ended_problems(notification: Notification) -> list[str]:
    """Return which of several problems are over, and what is left."""
    texts = []
    for problem in Problem:
        if problem in notification.ended:
            is_repaired = problem is Problem.STALE and notification.leading is Problem.STALE
            if problem in notification.endings:
                texts.append(_cut_short(notification.endings[problem], notification.unit))
            else:
                texts.append(cause_of_end(notification) if is_repaired else _ENDED.get(problem, ""))
    return texts


def cut_short(notification: Notification) -> list[str]:
    """Return which thresholds were changed or removed, so that a problem ended without recovery."""
    return [
        _cut_short(notification.endings[problem], notification.unit)
        for problem in Problem
        if problem in notification.endings and problem in notification.ended
    ]


def _cut_short(ending: Ending, unit: str) -> str:
    """Return how a threshold was changed: "its warning threshold was changed from … to …"."""
    known = {kind.value: text for kind, text in _THRESHOLDS.items()}
    name = f"its {known.get(ending.kind, 'threshold')}"
    if ending.after is None:
        return f"{name} was removed"
    if ending.before is None:
        return f"{name} was changed"
    before, after = (_limit(ending.kind, value, unit) for value in (ending.before, ending.after))
    return f"{name} was changed from {before} to {after}"


def _limit(kind: str, value: Decimal, unit: str) -> str:
    """Return the value of a kind's threshold with its unit."""
    match kind:
        case AlarmKind.WARNING | AlarmKind.CRITICAL:
            return amount(value, unit)
        case AlarmKind.RUNWAY_WARNING | AlarmKind.RUNWAY_CRITICAL:
            return f"{plain(value)} h"
        case AlarmKind.EXPIRY:
            return f"{plain(value)} days"
    return plain(value)


def is_over(notification: Notification) -> bool:
    """Return whether a notification announces the end of an incident."""
    return notification.reason in (NotificationReason.RECOVERED, NotificationReason.CLOSED)


def auto_top_up(notification: Notification) -> str:
    """Return that the account tops up by itself, and for how long it did not; empty if neither."""
    good = notification.latest.good if notification.latest else None
    if good is None or not good.tops_up_itself:
        return ""
    due = good.top_up_due_since
    if due is None or notification.now - due < TOP_UP_IS_LATE:
        return "on"
    return f"tops up automatically, but has not for {lasted(notification.now - due)}"


def is_pushed(notification: Notification) -> bool:
    """Whether the account's balance is pushed, so that it has no key."""
    return notification.provider == PUSHED and notification.foreign_alarm is None


def plain(value: Decimal) -> str:
    """Return a number without trailing zeros."""
    return f"{value.normalize():f}"
