"""The clauses of which subjects, mails and SMS are made: what is wrong, in words. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from alert_router.incidents.incident import Step, Trouble
from alert_router.messages.notification import Notice
from alert_router.messages.wording.units import about, amount, clock, lasted
from shared.names import AlarmKind, Severity
from shared.outcome import Outcome

#: An ok poll this old means that nobody polls: the stale alarm takes no less to notice.
_POLLS_STOPPED: Final = timedelta(minutes=10)

#: A top-up is seen by the poll before the alarm clears, and may be seen just before one opens.
_TOP_UP_SLACK: Final = timedelta(minutes=10)

#: What an ok poll says after one that ended otherwise.
_REPAIRED: Final = {
    Outcome.INVALID_KEY.value: "the key works again",
    Outcome.INSUFFICIENT_SCOPE.value: "the key may read the balance again",
    Outcome.ACCOUNT_BLOCKED.value: "the account is no longer blocked",
    Outcome.TRANSIENT.value: "the provider can be reached again",
    Outcome.RATE_LIMITED.value: "the provider answers again",
}


def what(notice: Notice) -> str:
    """Say what is wrong, or what it is now, in a few words: "3.20 USD left"."""
    match notice.leading:
        case Trouble.STALE:
            return no_balance(notice)
        case Trouble.DRAIN:
            return drain(notice)
        case Trouble.EXPIRY:
            return f"credit expires {expiry(notice)}"
        case _:
            return left(notice)


def left(notice: Notice) -> str:
    """Say what is left: "3.20 USD left", "overdrawn by 1.10 USD"."""
    if notice.balance is None:
        return "the balance is below its threshold"
    if notice.balance < 0:
        return f"overdrawn by {amount(-notice.balance, notice.unit)}"
    return f"{amount(notice.balance, notice.unit)} left"


def empties(notice: Notice) -> str:
    """Say when it will be empty: "empty in about 9 h"; empty when nobody can tell.

    The forecast is the record's: where the alarm knows a newer balance, it is out of date.
    """
    latest = notice.latest
    if (
        latest is None
        or latest.good.empty_at is None
        or latest.good.balance_at != notice.balance_at
    ):
        return ""
    if notice.balance is not None and notice.balance <= 0:
        return ""
    if latest.good.empty_at <= notice.now:
        return "empty any minute"
    return f"empty in {about(latest.good.empty_at - notice.now)}"


def burn(notice: Notice) -> str:
    """Say how fast it goes: "8.40 USD a day"; empty when nobody can tell."""
    latest = notice.latest
    if latest is None or latest.good.burn_per_day is None:
        return ""
    return f"{amount(latest.good.burn_per_day, notice.unit)} a day"


def drain(notice: Notice) -> str:
    """Say that it burns abnormally."""
    rate = burn(notice)
    return f"burns {rate}, far more than normal" if rate else "burns far more than normal"


def expiry(notice: Notice) -> str:
    """Say when credit expires: "in about 12 days, 5 Dec, 14:06 UTC"."""
    at = notice.latest.good.credit_expires_at if notice.latest else None
    if at is None:
        return "soon"
    return f"in {about(at - notice.now)}, {clock(at, notice.now)}"


def no_balance(notice: Notice) -> str:
    """Say why there is no balance, and since when: "the key was rejected, no balance since ..."."""
    latest = notice.latest
    if latest is None:
        return "no balance is being read"
    since = (
        "no balance was ever read"
        if latest.good.balance_at is None
        else f"no balance since {clock(latest.good.balance_at, notice.now)}"
    )
    return f"{why_stale(notice)}, {since}"


def why_stale(notice: Notice) -> str:
    """Say why no balance arrives: the last outcome in words, or that nobody polls."""
    latest = notice.latest
    if latest is None:
        return ""
    if latest.outcome is not Outcome.OK:
        return latest.reason or latest.outcome.words
    if notice.now - latest.polled_at > _POLLS_STOPPED:
        return "the monitor itself has stopped polling"
    return "the last poll was ok, its metric has not arrived"


def limit(notice: Notice) -> str:
    """Say which threshold it is below: "below 5.00 USD"; empty when none is known."""
    value = notice.threshold
    if value is not None:
        return f"below {amount(value, notice.unit)}"
    kinds = notice.firing & {AlarmKind.RUNWAY_WARNING, AlarmKind.RUNWAY_CRITICAL}
    if not kinds or notice.latest is None:
        return ""
    limits = notice.latest.thresholds
    is_critical = notice.severity is Severity.CRITICAL and limits.runway_critical_hours
    hours = limits.runway_critical_hours if is_critical else limits.runway_warning_hours
    return f"less than {plain(hours)} h" if hours is not None else ""


def duration(notice: Notice) -> str:
    """Say how long it lasts: "4 h 5 min"; empty when the start is not known."""
    return lasted(notice.now - notice.opened_at) if notice.opened_at else ""


def how_it_ended(notice: Notice) -> str:
    """Say what ended it: "topped up by 50.00 USD at 14:05 UTC", "the key works again"."""
    if notice.leading is Trouble.STALE:
        known = notice.told.outcome if notice.told else ""
        return _REPAIRED.get(known, "balances are read again")
    top_up = notice.latest.good.last_top_up if notice.latest else None
    if top_up and notice.opened_at and top_up.at >= notice.opened_at - _TOP_UP_SLACK:
        by = amount(top_up.amount, notice.unit)
        return f"topped up by {by} at {clock(top_up.at, notice.now)}"
    return ""


def what_changed(notice: Notice) -> str:
    """Say how the balance moved since the last message; empty when it did not or is unknown."""
    before = notice.told.balance if notice.told else None
    if before is None or notice.balance is None or before == notice.balance:
        return ""
    return (
        f"from {amount(before, notice.unit)} at the last message "
        f"to {amount(notice.balance, notice.unit)}"
    )


def is_over(notice: Notice) -> bool:
    """Whether a message says the end of something."""
    return notice.step in (Step.RECOVERED, Step.CLOSED)


def plain(value: Decimal) -> str:
    """Return a number without trailing zeros."""
    return f"{value.normalize():f}"
