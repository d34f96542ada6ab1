"""``preflight``: check that an account has enough credit left. For scripts and CI."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import print_json, print_line, progress
from balancectl.commands.options import AccountArgument, JsonOption, read_duration, target_of
from balancectl.deployment.polls.credit import (
    Answer,
    Reading,
    Verdict,
    judge,
    judge_time,
    poll_account,
    recorded,
)
from shared.money import NumberError, parse_number, within_limits

_EXIT = {
    Answer.ENOUGH: ExitCode.OK,
    Answer.NOT_ENOUGH: ExitCode.NO,
    Answer.UNKNOWN: ExitCode.UNKNOWN,
}
_STYLE = {Answer.ENOUGH: "green", Answer.NOT_ENOUGH: "bold red", Answer.UNKNOWN: "yellow"}


NeedOption = Annotated[
    str | None,
    typer.Option(
        metavar="AMOUNT",
        help="Required amount: a bare number uses the account's unit; if you add a unit, it "
        "must match: 12.50, or '12.50 USD'.",
    ),
]
NeedTimeOption = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="TIME",
        help="Required time: 90m, 12h. The balance must last at least this long, 9 times in 10.",
    ),
]
MaxAgeOption = Annotated[
    str, typer.Option(metavar="TIME", help="Maximum age of the balance: 90s, 10m, 2h.")
]
LiveOption = Annotated[bool, typer.Option("--live", help="Poll the account first.")]


def preflight(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    account: AccountArgument,
    need: NeedOption = None,
    need_time: NeedTimeOption = None,
    max_age: MaxAgeOption = "10m",
    live: LiveOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check that an account has enough credit left, by amount or by time.

    Exits 0 if it has, 1 if it has not, and 2 if that is unknown: there is no record, it is too old,
    or the last poll failed.
    """
    if (need is None) == (need_time is None):
        raise typer.BadParameter("give either --need AMOUNT or --for TIME")
    oldest = read_duration(max_age)
    target = target_of(context)
    if live:
        with progress(f"polling {account} …"):
            reading = poll_account(target, account)
        if need_time is not None:
            reading = recorded(target, account)  # the poll's report has no forecast
    else:
        reading = recorded(target, account)
    now = target.now()
    needed: dict[str, object]
    if need is not None:
        amount, unit = read_need(need)
        needed = {"need": amount}
        verdict = judge(reading, amount, unit, oldest, now)
    else:
        time = read_duration(need_time or "")
        needed = {"need_seconds": int(time.total_seconds())}
        verdict = judge_time(reading, time, oldest, now)
    if as_json:
        print_json(_as_json(account, reading, verdict, now) | needed)
    else:
        print_line(f"{account}: {verdict.answer}: {verdict.detail}", _STYLE[verdict.answer])
    raise typer.Exit(_EXIT[verdict.answer])


def read_need(text: str) -> tuple[Decimal, str | None]:
    """Parse "12.50" or "12.50 USD".

    Raises:
        typer.BadParameter: When it is neither, or negative.
    """
    number, _, unit = text.strip().partition(" ")
    try:
        amount = within_limits(parse_number(number))
    except NumberError:
        raise typer.BadParameter(f"'{text}' is not an amount: use 12.50, or '12.50 USD'") from None
    if amount < 0:
        raise typer.BadParameter("--need cannot be negative")
    unit = unit.strip()
    return amount, (
        unit.upper() if len(unit) == 3 else unit
    ) or None  # currencies are recorded in capitals


def _as_json(
    account: str, reading: Reading | None, verdict: Verdict, now: datetime
) -> dict[str, object]:
    """Return the verdict as JSON."""
    read_at = None if reading is None else reading.at
    return {
        "account": account,
        "answer": verdict.answer.value,
        "detail": verdict.detail,
        "balance": None if reading is None else reading.balance,
        "unit": None if reading is None else reading.unit or None,
        "balance_at": read_at,
        "age_seconds": None if read_at is None else int((now - read_at).total_seconds()),
        "lasts_until": None if reading is None else reading.lasts_until,
        "outcome": None if reading is None else reading.outcome.value,
    }
