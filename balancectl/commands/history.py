"""``history``: an account's latest polls. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.output import Cell, Column, print_json, print_table
from balancectl.commands.options import AccountArgument, JsonOption, target_of
from balancectl.deployment.balances import PastAttempt, read_history
from shared.money import format_amount, format_number
from shared.outcome import Outcome
from shared.times import format_duration


def history(
    context: typer.Context,
    account: AccountArgument,
    last: Annotated[
        int, typer.Option("--last", "-n", min=1, max=1000, help="Number of polls.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show an account's latest polls, newest first."""
    target = target_of(context)
    attempts = read_history(target, account, last + 1)
    if not attempts:
        raise CliError(f"no poll of an account '{account}' is recorded")
    shown = attempts[:last]
    if as_json:
        print_json({"account": account, "attempts": [asdict(attempt) for attempt in shown]})
        return
    columns = (
        Column("At (UTC)"),
        Column("Balance", justify="right"),
        Column("Change", justify="right"),
        Column("Empty in", justify="right"),
        Column("Outcome", wraps=True),
    )
    print_table(columns, [_attempt_row(attempts, i) for i in range(len(shown))])


def _attempt_row(attempts: Sequence[PastAttempt], index: int) -> list[Cell | str]:
    """Return a poll's row; the change is relative to the last balance before it."""
    attempt = attempts[index]
    before = next((a for a in attempts[index + 1 :] if a.balance is not None), None)
    change = ""
    if attempt.balance is not None and before is not None and before.balance is not None:
        difference = attempt.balance - before.balance
        if difference and attempt.unit == before.unit:
            sign = "+" if difference > 0 else ""
            change = f"{sign}{format_number(difference, attempt.unit or '')}"
    is_ok = attempt.outcome is Outcome.OK
    text = attempt.outcome.value if is_ok else attempt.reason or attempt.outcome.words
    if attempt.pushed_by:
        text = f"{text}, pushed by {attempt.pushed_by}"
    return [
        f"{attempt.at:%Y-%m-%d %H:%M:%S}",
        "-" if attempt.balance is None else format_amount(attempt.balance, attempt.unit or ""),
        Cell(change, "green" if change.startswith("+") else ""),
        _empty_in(attempt),
        Cell(text, "green" if is_ok else "red"),
    ]


def _empty_in(attempt: PastAttempt) -> str:
    """Return how long the balance was expected to last then."""
    if attempt.runway_hours is None:
        return "-"
    likely = format_duration(timedelta(hours=float(attempt.runway_hours)))
    if attempt.at_least_hours is None:
        return likely
    least = format_duration(timedelta(hours=float(attempt.at_least_hours)))
    return f"{likely}, at least {least}"
