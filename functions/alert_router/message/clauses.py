"""The clauses of which subjects, mails and SMS are made: what is wrong, in words. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from alert_router.episode import Step, Trouble
from alert_router.message.notice import Notice
from alert_router.message.words import about, amount, clock, lasted
from shared.names import AlarmKind, Severity
from shared.outcome import Outcome

#: The runway that the poller publishes when nothing is consumed.
_NO_END: Final = Decimal(9999)

#: A poll is late when it is this much older than the alarm for missing data takes to notice.
_POLLS_STOPPED: Final = timedelta(minutes=20)

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
        case Trouble.FOREIGN:
            return notice.note.reason if notice.note else ""
        case Trouble.STALE if notice.step not in (Step.RECOVERED, Step.CLOSED, Step.IMPROVED):
            return no_balance(notice)
        case Trouble.DRAIN if notice.step is not Step.RECOVERED:
            return drain(notice)
        case Trouble.EXPIRY if notice.step is not Step.RECOVERED:
            return expiry(notice)
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
    if latest is None or latest.empty_at is None or latest.balance_at != notice.balance_at:
        return ""
    if notice.balance is not None and notice.balance <= 0:
        return ""
    return f"empty in {about(latest.empty_at - notice.now)}"


def burn(notice: Notice) -> str:
    """Say how fast it goes: "8.40 USD a day"; empty when nobody can tell."""
    latest = notice.latest
    if latest is None or latest.burn_per_day is None:
        return ""
    return f"{amount(latest.burn_per_day, notice.unit)} a day"


def drain(notice: Notice) -> str:
    """Say that it burns abnormally."""
    rate = burn(notice)
    return f"burns {rate}, far more than normal" if rate else "burns far more than normal"


def expiry(notice: Notice) -> str:
    """Say that credit expires."""
    latest = notice.latest
    if latest is None or latest.credit_expires_at is None:
        return "credit is about to expire"
    return f"credit expires {clock(latest.credit_expires_at, notice.now)}"


def no_balance(notice: Notice) -> str:
    """Say since when there is no balance, and why: "no balance since 13:20 UTC: ..."."""
    latest = notice.latest
    why = why_stale(notice)
    if latest is None:
        return f"no balance is being read{f': {why}' if why else ''}"
    if latest.balance_at is None:
        return f"no balance was ever read: {why}"
    return f"no balance since {clock(latest.balance_at, notice.now)}: {why}"


def why_stale(notice: Notice) -> str:
    """Say why no balance arrives: the last outcome in words, or that nobody polls."""
    latest = notice.latest
    if latest is None:
        return ""
    if latest.outcome is Outcome.OK and notice.now - latest.polled_at > _POLLS_STOPPED:
        return f"the monitor itself has not polled since {clock(latest.polled_at, notice.now)}"
    if latest.outcome is Outcome.OK:
        return "the last poll was ok, its metric has not arrived"
    return latest.reason or latest.outcome.words


def limit(notice: Notice) -> str:
    """Say which threshold it is below: "below critical 5.00 USD"; empty when there is none."""
    latest = notice.latest
    if latest is None:
        return ""
    limits = latest.thresholds
    if notice.severity is Severity.CRITICAL and _is_below(notice.balance, limits.critical):
        return f"below critical {amount(limits.critical or Decimal(0), notice.unit)}"
    if _is_below(notice.balance, limits.warning):
        return f"below warning {amount(limits.warning or Decimal(0), notice.unit)}"
    if notice.firing & {AlarmKind.RUNWAY_WARNING, AlarmKind.RUNWAY_CRITICAL}:
        hours = (
            limits.runway_critical_hours
            if notice.severity is Severity.CRITICAL
            else limits.runway_warning_hours
        )
        return f"less than {hours.normalize():f} h" if hours is not None else ""
    return ""


def duration(notice: Notice) -> str:
    """Say how long it lasts: "4 h 5 min"; empty when the start is not known."""
    return lasted(notice.now - notice.opened_at) if notice.opened_at else ""


def how_it_ended(notice: Notice) -> str:
    """Say what ended it: "topped up by 50.00 USD at 14:05 UTC", "the key works again"."""
    if notice.leading is Trouble.STALE:
        return _REPAIRED.get(notice.told.outcome if notice.told else "", "balances are read again")
    latest = notice.latest
    top_up = latest.last_top_up if latest else None
    if top_up and notice.opened_at and top_up.at >= notice.opened_at - timedelta(minutes=10):
        by = amount(top_up.amount, notice.unit)
        return f"topped up by {by} at {clock(top_up.at, notice.now)}"
    return ""


def what_changed(notice: Notice) -> str:
    """Say how the balance moved since the last message; empty when it did not or is unknown."""
    before = notice.told.balance if notice.told else None
    if before is None or notice.balance is None or before == notice.balance:
        return ""
    return (
        f"{amount(before, notice.unit)} at the last message, "
        f"{amount(notice.balance, notice.unit)} now"
    )


def _is_below(value: Decimal | None, threshold: Decimal | None) -> bool:
    """Whether both are known and the value is below."""
    return value is not None and threshold is not None and value < threshold
