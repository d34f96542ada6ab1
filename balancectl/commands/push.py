"""``push``: report balances of accounts without a balance API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import print_json, print_line, print_warning, progress
from balancectl.commands.completion import complete_account
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.polls.pushing import Answer, Figure, push
from shared.money import NumberError, format_amount, parse_number, within_limits
from shared.names import ACCOUNT_PATTERN
from shared.times import format_clock, format_time, parse_time


def push_balances(
    context: typer.Context,
    figures: Annotated[
        list[str],
        typer.Argument(
            metavar="ACCOUNT AMOUNT",
            help="An account and its balance, such as 41.20; or several such pairs.",
            autocompletion=complete_account,
        ),
    ],
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="UNIT", help="Refuse accounts with another unit."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="When the balance was read, such as 2026-11-26T09:12:00Z; default: now.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Report the balance of accounts with provider "pushed".

    A balance must be newer than the last one, and not in the future. Needs one permission:
    lambda:InvokeFunction on the poller's alias "push".

    Exits 0 if every balance was accepted, 1 if one was refused, 2 if none could be reported.
    """
    pairs = list(_pairs(figures))
    time = None if at is None else _time(at)
    target = target_of(context)
    with progress("pushing …"):
        answer = push(target, [Figure(name, amount, unit, time) for name, amount in pairs])
    if as_json:
        print_json({"pushed": list(answer.pushed), "refused": dict(answer.refused)})
    else:
        _print(answer, target.now())
    if answer.refused:
        raise typer.Exit(ExitCode.NO)


def _print(answer: Answer, now: datetime) -> None:
    """Print which balances were accepted, and why others were refused."""
    for each in answer.pushed:
        amount = format_amount(parse_number(each["balance"]), each["unit"])
        clock = format_clock(parse_time(each["at"]), now)
        print_line(f"{each['account']}: {amount} at {clock}", "green")
    for account, reason in answer.refused.items():
        print_warning(f"{account}: {reason}")


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, Decimal]]:
    """Read accounts and amounts.

    Raises:
        typer.BadParameter: Naming the word that is wrong.
    """
    if len(words) % 2:
        raise typer.BadParameter(f"'{words[-1]}' has no amount: give ACCOUNT AMOUNT")
    seen: set[str] = set()
    for account, text in zip(words[::2], words[1::2], strict=True):
        if not ACCOUNT_PATTERN.fullmatch(account):
            raise typer.BadParameter(f"'{account}' is not an account's name: give ACCOUNT AMOUNT")
        if account in seen:
            raise typer.BadParameter(f"'{account}' is given twice")
        seen.add(account)
        try:
            yield account, within_limits(parse_number(text))
        except NumberError as exc:
            raise typer.BadParameter(f"'{text}' is not an amount such as 41.20: {exc}") from None


def _time(text: str) -> str:
    """Return a time as the event has it."""
    try:
        return format_time(parse_time(text))
    except ValueError as exc:
        raise typer.BadParameter(
            f"'{text}' is not a time such as 2026-11-26T09:12Z: {exc}"
        ) from None
