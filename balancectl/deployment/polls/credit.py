"""Decides whether an account has enough credit left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from balancectl.cli.formatting import format_age, format_exact_duration
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.balances import read_latest
from balancectl.deployment.polls.polling import Polled, poll_shards
from balancectl.deployment.target import Target
from shared.money import format_amount
from shared.outcome import Outcome
from shared.records import Latest


class Answer(StrEnum):
    """The answer of ``preflight``."""

    ENOUGH = "enough"
    NOT_ENOUGH = "not enough"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """An account's latest known balance."""

    outcome: Outcome
    detail: str
    """Why the last poll failed, if it did."""
    balance: Decimal | None
    unit: str
    at: datetime | None
    """When the balance was read."""
    lasts_until: datetime | None = None
    """Until when it lasts at least, in 9 cases of 10; None if unknown."""
    is_steady: bool = False
    """Whether nothing is consumed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the figures behind it."""

    answer: Answer
    detail: str


def judge(
    reading: Reading | None, need: Decimal, unit: str | None, max_age: timedelta, now: datetime
) -> Verdict:
    """Return whether the latest known balance is at least the amount needed. Pure."""
    problem = _problem(reading, max_age, now)
    if reading is None or reading.balance is None or reading.at is None or problem:
        return Verdict(Answer.UNKNOWN, problem)
    if unit is not None and unit != reading.unit:
        return Verdict(Answer.UNKNOWN, f"the balance is in {reading.unit}, not in {unit}")
    left = format_amount(reading.balance, reading.unit)
    wanted = format_amount(need, reading.unit)
    if left == wanted and reading.balance != need:  # rounding would hide the difference
        left, wanted = f"{reading.balance:f} {reading.unit}", f"{need:f} {reading.unit}"
    text = f"{left} left, {wanted} needed (read {format_age(reading.at, now)})"
    return Verdict(Answer.ENOUGH if reading.balance >= need else Answer.NOT_ENOUGH, text)


def judge_time(
    reading: Reading | None, need: timedelta, max_age: timedelta, now: datetime
) -> Verdict:
    """Return whether the balance lasts as long as needed, in 9 cases of 10. Pure."""
    problem = _problem(reading, max_age, now)
    if reading is None or reading.balance is None or problem:
        return Verdict(Answer.UNKNOWN, problem)
    wanted = format_exact_duration(need)
    if reading.is_steady and reading.balance > 0:
        return Verdict(Answer.ENOUGH, f"nothing is consumed, {wanted} needed")
    if reading.lasts_until is None:
        return Verdict(Answer.UNKNOWN, "too little is known of its consumption")
    left = max(timedelta(), reading.lasts_until - now)
    text = f"lasts at least {format_exact_duration(left)}, {wanted} needed"
    return Verdict(Answer.ENOUGH if left >= need else Answer.NOT_ENOUGH, text)


def _problem(reading: Reading | None, max_age: timedelta, now: datetime) -> str:
    """Return why a reading gives no answer; empty if it does."""
    if reading is None:
        return "no record: never polled, or no such account"
    if reading.outcome is not Outcome.OK:
        return f"the last poll failed: {reading.detail}"
    if reading.balance is None or reading.at is None:
        return "the balance was never read"
    age = now - reading.at
    if age > max_age:
        too_old, limit = format_exact_duration(age), format_exact_duration(max_age)
        return f"the balance is {too_old} old, more than {limit}"
    return ""


def recorded(target: Target, account: str) -> Reading | None:
    """Return the last recorded balance."""
    latest: Latest | None = read_latest(target, account)
    if latest is None:
        return None
    return Reading(
        outcome=latest.outcome,
        detail=latest.reason or latest.outcome.words,
        balance=latest.good.balance,
        unit=latest.good.unit or "",
        at=latest.good.balance_at,
        lasts_until=latest.good.empty_between[0] if latest.good.empty_between else None,
        is_steady=latest.good.burn_basis == "steady",
    )


def poll_account(target: Target, account: str) -> Reading | None:
    """Poll the account and return its balance."""
    stack = read_stack(target)
    shard = stack.shards[stack.account(account).shard]
    at = target.now().replace(microsecond=0)
    report = poll_shards(target, [shard], {account}, at)
    polled: Polled | None = next((row for row in report.polled if row.account == account), None)
    if polled is None or polled.is_skipped:
        return recorded(target, account)  # another run polled it in the same second
    return Reading(polled.outcome, polled.detail, polled.balance, polled.unit or "", at)
