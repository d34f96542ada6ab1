"""``preflight``: is there enough for what is about to start? For scripts and CI."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import ago, exactly
from balancectl.cli.output import print_json, progress, say
from balancectl.commands.options import AccountArgument, JsonOption, read_duration, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.balances import read_latest
from balancectl.deployment.polling import Polled, poll_shards
from balancectl.deployment.target import Target
from shared.money import NumberError, format_amount, parse_number, within_limits
from shared.outcome import Outcome
from shared.records import Latest


class Answer(StrEnum):
    """What ``preflight`` says."""

    ENOUGH = "enough"
    NOT_ENOUGH = "not enough"
    UNKNOWN = "unknown"


_EXIT = {
    Answer.ENOUGH: ExitCode.OK,
    Answer.NOT_ENOUGH: ExitCode.NO,
    Answer.UNKNOWN: ExitCode.UNKNOWN,
}
_STYLE = {Answer.ENOUGH: "green", Answer.NOT_ENOUGH: "bold red", Answer.UNKNOWN: "yellow"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of an account's balance."""

    outcome: Outcome
    words: str
    """Why the last poll failed, when it did."""
    balance: Decimal | None
    unit: str
    at: datetime | None
    """When the balance was read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and the words for it."""

    answer: Answer
    words: str


def preflight(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    account: AccountArgument,
    need: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT",
            help="How much must be left, in the account's unit; with a unit behind it, that is "
            "checked too: 12.50, or '12.50 USD'.",
        ),
    ],
    max_age: Annotated[
        str, typer.Option(metavar="TIME", help="How old the balance may be: 90s, 10m, 2h.")
    ] = "10m",
    live: Annotated[bool, typer.Option("--live", help="Poll the account first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say whether an account has enough left.

    Exits 0 when there is enough, 1 when there is not, and 2 when nobody knows: there is no record,
    it is too old, or the last poll failed.
    """
    amount, unit = read_need(need)
    oldest = read_duration(max_age)
    target = target_of(context)
    reading = poll_account(target, account) if live else recorded(target, account)
    now = target.now()
    verdict = judge(reading, amount, unit, oldest, now)
    if as_json:
        print_json(_as_json(account, reading, amount, verdict, now))
    else:
        say(f"{account}: {verdict.answer}: {verdict.words}", _STYLE[verdict.answer])
    raise typer.Exit(_EXIT[verdict.answer])


def judge(
    reading: Reading | None, need: Decimal, unit: str | None, max_age: timedelta, now: datetime
) -> Verdict:
    """Return the answer for what is known of the account. Pure."""
    if reading is None:
        return Verdict(Answer.UNKNOWN, "there is no record of it: never polled, or no such account")
    if reading.outcome is not Outcome.OK:
        return Verdict(Answer.UNKNOWN, f"the last poll failed: {reading.words}")
    if reading.balance is None or reading.at is None:
        return Verdict(Answer.UNKNOWN, "its balance was never read")
    if unit is not None and unit != reading.unit:
        return Verdict(Answer.UNKNOWN, f"its balance is in {reading.unit}, not in {unit}")
    age = now - reading.at
    if age > max_age:
        words = f"the balance is {exactly(age)} old, more than {exactly(max_age)}"
        return Verdict(Answer.UNKNOWN, words)
    left = format_amount(reading.balance, reading.unit)
    wanted = format_amount(need, reading.unit)
    if left == wanted and reading.balance != need:  # rounding hides what decides
        left, wanted = f"{reading.balance:f} {reading.unit}", f"{need:f} {reading.unit}"
    words = f"{left} left, {wanted} needed (read {ago(reading.at, now)})"
    return Verdict(Answer.ENOUGH if reading.balance >= need else Answer.NOT_ENOUGH, words)


def recorded(target: Target, account: str) -> Reading | None:
    """Return what the monitor last recorded of the account."""
    latest: Latest | None = read_latest(target, account)
    if latest is None:
        return None
    return Reading(
        outcome=latest.outcome,
        words=latest.reason or latest.outcome.words,
        balance=latest.balance,
        unit=latest.unit or "",
        at=latest.balance_at,
    )


def poll_account(target: Target, account: str) -> Reading | None:
    """Poll the account and return what that found."""
    stack = read_stack(target)
    shard = stack.shards[stack.account(account).shard]
    at = target.now().replace(microsecond=0)
    with progress(f"polling {account} …"):
        report = poll_shards(target, [shard], {account}, at)
    polled: Polled | None = next((row for row in report.polled if row.account == account), None)
    if polled is None or polled.is_skipped:
        return recorded(target, account)  # another run polled it at the same second
    return Reading(polled.outcome, polled.words, polled.balance, polled.unit or "", at)


def read_need(text: str) -> tuple[Decimal, str | None]:
    """Read "12.50" or "12.50 USD".

    Raises:
        typer.BadParameter: when it is neither, or below 0.
    """
    number, _, unit = text.strip().partition(" ")
    try:
        amount = within_limits(parse_number(number))
    except NumberError:
        raise typer.BadParameter(
            f"'{text}' is not an amount: write 12.50, or '12.50 USD'"
        ) from None
    if amount < 0:
        raise typer.BadParameter("what is needed cannot be less than nothing")
    unit = unit.strip()
    return amount, (unit.upper() if len(unit) == 3 else unit) or None  # as units are recorded


def _as_json(
    account: str, reading: Reading | None, need: Decimal, verdict: Verdict, now: datetime
) -> dict[str, object]:
    """Return the verdict as JSON."""
    read_at = None if reading is None else reading.at
    return {
        "account": account,
        "answer": verdict.answer.value,
        "words": verdict.words,
        "need": need,
        "balance": None if reading is None else reading.balance,
        "unit": None if reading is None else reading.unit or None,
        "balance_at": read_at,
        "age_seconds": None if read_at is None else int((now - read_at).total_seconds()),
        "outcome": None if reading is None else reading.outcome.value,
    }
