"""Assesses an account by its record. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from shared.money import format_amount
from shared.outcome import Outcome
from shared.records import Latest
from shared.times import format_duration


class Condition(IntEnum):
    """An account's condition; lower is worse."""

    CRITICAL = 0
    FAILING = 1
    """The last poll failed."""
    STALE = 2
    """The last poll is too long ago."""
    WARNING = 3
    NOT_SET_UP = 4
    """No poll has read the balance yet."""
    OK = 5

    @property
    def label(self) -> str:
        """The condition as it is printed: "not set up"."""
        return self.name.lower().replace("_", " ")

    @property
    def heading(self) -> str:
        """The condition at the start of a line: "Not set up"."""
        return "OK" if self is Condition.OK else self.label.capitalize()


@dataclass(frozen=True, slots=True)
class Health:
    """An account's condition, and why: "" if all is well."""

    condition: Condition
    detail: str = ""


def assess(latest: Latest | None, now: datetime, stale_after: timedelta) -> Health:
    """Return the worst condition at ``now``, and everything that is wrong."""
    if latest is None:
        return Health(Condition.NOT_SET_UP, "never polled")
    if latest.good.balance is None or latest.good.balance_at is None:
        return Health(Condition.NOT_SET_UP, _failure(latest, now))
    found = sorted(_findings(latest, now, stale_after), key=lambda finding: finding.condition)
    if not found:
        return Health(Condition.OK)
    return Health(found[0].condition, "; ".join(finding.detail for finding in found))


def _findings(latest: Latest, now: datetime, stale_after: timedelta) -> Iterator[Health]:
    """Yield everything that is wrong."""
    yield from _below(latest)
    yield from _runway(latest, now)
    yield from _drain(latest)
    yield from _expiry(latest, now)
    age = now - (latest.good.balance_at or latest.polled_at)
    if latest.outcome is not Outcome.OK:
        yield Health(Condition.FAILING, _failure(latest, now))
    elif age > stale_after:
        yield Health(Condition.STALE, f"not polled for {format_duration(age)}")


def _below(latest: Latest) -> Iterator[Health]:
    """Compare the balance with its thresholds; yield only the worse."""
    limits, unit = latest.thresholds, latest.good.unit or ""
    if (text := _compare(latest.good.balance, limits.critical, unit, _is_less)) is not None:
        yield Health(Condition.CRITICAL, f"below {text}")
    elif (text := _compare(latest.good.balance, limits.warning, unit, _is_less)) is not None:
        yield Health(Condition.WARNING, f"below {text}")


def _runway(latest: Latest, now: datetime) -> Iterator[Health]:
    """Compare the remaining time with its thresholds."""
    left = hours_left(latest, now)
    limits = latest.thresholds
    if left is None:
        return
    least = least_left(latest, now)
    text = "empty by now"
    if left > timedelta():
        text = f"empty in about {format_duration(left)}"
        text += "" if least is None else f", at least {format_duration(least)}"
    hours = Decimal((left if least is None else least).total_seconds()) / 3600
    if limits.runway_critical_hours is not None and hours < limits.runway_critical_hours:
        yield Health(Condition.CRITICAL, text)
    elif limits.runway_warning_hours is not None and hours < limits.runway_warning_hours:
        yield Health(Condition.WARNING, text)


def hours_left(latest: Latest, now: datetime) -> timedelta | None:
    """Return how long the balance will last from ``now``; None if unknown."""
    return None if latest.good.empty_at is None else latest.good.empty_at - now


def least_left(latest: Latest, now: datetime) -> timedelta | None:
    """Return how long the balance will last at least, in 9 cases of 10; None if unknown."""
    between = latest.good.empty_between
    return None if between is None else max(timedelta(), between[0] - now)


def _drain(latest: Latest) -> Iterator[Health]:
    """Compare the burn with its limit."""
    limit, unit = latest.thresholds.max_burn_per_day, latest.good.unit or ""
    if _compare(latest.good.burn_per_day, limit, unit, _is_more) is not None:
        burn = format_amount(latest.good.burn_per_day or Decimal(0), unit)
        yield Health(Condition.WARNING, f"is burning {burn} a day")


def _expiry(latest: Latest, now: datetime) -> Iterator[Health]:
    """Compare the time until credit expires with its threshold."""
    days = latest.thresholds.expiry_warning_days
    if days is None or latest.good.credit_expires_at is None:
        return
    left = latest.good.credit_expires_at - now
    if left < timedelta(days=float(days)):
        text = f"expires in {format_duration(left)}" if left > timedelta() else "has expired"
        yield Health(Condition.WARNING, f"the credit {text}")


def _failure(latest: Latest, now: datetime) -> str:
    """Return why and since when polls fail."""
    text = latest.reason or latest.outcome.words
    since = latest.failing_since
    if since is None or now - since < timedelta(minutes=1):
        return text
    return f"{text} (for {format_duration(now - since)})"


def _compare(
    value: Decimal | None,
    limit: Decimal | None,
    unit: str,
    is_breach: Callable[[Decimal, Decimal], bool],
) -> str | None:
    """Return the limit as text if ``value`` is beyond it."""
    if value is None or limit is None or not is_breach(value, limit):
        return None
    return format_amount(limit, unit)


def _is_less(value: Decimal, limit: Decimal) -> bool:
    return value < limit


def _is_more(value: Decimal, limit: Decimal) -> bool:
    return value > limit
