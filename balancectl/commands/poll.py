"""``poll``: run the deployed poller now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_count
from balancectl.cli.output import (
    print_json,
    progress,
)
from balancectl.commands.completion import complete_account
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.polls.polling import poll_shards, with_recorded_balances
from balancectl.views.poll import print_report


def poll(
    context: typer.Context,
    accounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ACCOUNT",
            help="Accounts to poll; default: all.",
            autocompletion=complete_account,
        ),
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
        report = with_recorded_balances(target, report)
    if as_json:
        print_json(
            {
                "accounts": [asdict(polled) for polled in report.polled],
                "errors": list(report.errors),
                "duration_ms": report.duration_ms,
            }
        )
    else:
        print_report(report)
    if report.errors:
        raise typer.Exit(ExitCode.UNKNOWN)
    if not all(polled.is_ok for polled in report.polled):
        raise typer.Exit(ExitCode.NO)
