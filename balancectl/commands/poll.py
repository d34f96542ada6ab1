"""``poll``: run the deployed poller now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_count
from balancectl.cli.output import (
    Cell,
    Column,
    print_json,
    print_note,
    print_table,
    print_warning,
    progress,
)
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.polling import Polled, Report, poll_shards
from shared.money import format_amount

_COLUMNS = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=100),
    Column("Balance", justify="right"),
    Column("Outcome", wraps=True),
)


def poll(
    context: typer.Context,
    accounts: Annotated[
        list[str] | None,
        typer.Argument(metavar="ACCOUNT", help="Accounts to poll; default: all."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the deployed poller now.

    Writes records and metrics, as a scheduled run does.

    Exits 0 if every balance was read, 1 if one was not, 2 if the run failed.
    """
    target = target_of(context)
    stack = read_stack(target)
    names = set(accounts or stack.accounts)
    numbers = {stack.account(name).shard for name in names}
    shards = [shard for shard in stack.shards if shard.number in numbers]
    with progress(f"polling {format_count(len(names), 'account')} …"):
        report = poll_shards(target, shards, names, target.now().replace(microsecond=0))
    if as_json:
        print_json(
            {
                "accounts": [asdict(polled) for polled in report.polled],
                "errors": list(report.errors),
                "duration_ms": report.duration_ms,
            }
        )
    else:
        _print(report)
    if report.errors:
        raise typer.Exit(ExitCode.UNKNOWN)
    if not all(polled.is_ok for polled in report.polled):
        raise typer.Exit(ExitCode.NO)


def _print(report: Report) -> None:
    """Print the report, failures first."""
    if not report.polled:
        print_note("no account is configured yet: add one to `accounts`, then run `make deploy`")
        return
    rows = sorted(report.polled, key=lambda polled: (polled.is_ok, polled.account))
    print_table(_COLUMNS, [_row(polled) for polled in rows])
    for error in report.errors:
        print_warning(error)
    if report.duration_ms is not None:
        print_note(f"{format_count(len(rows), 'account')} in {report.duration_ms / 1000:.1f} s")


def _row(polled: Polled) -> list[Cell | str]:
    """Return an account's row."""
    unit = polled.unit or ""
    balance = "-" if polled.balance is None else format_amount(polled.balance, unit)
    style = "green" if polled.is_ok else "red"
    return [polled.account, polled.provider, Cell(balance, "bold"), Cell(polled.detail, style)]
