"""``doctor``: is the monitor itself in order? One glance."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import Cell, Column, print_json, print_table, progress
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.views.checks import Finding, check_up

_STYLES: Final = {Finding.GOOD: "green", Finding.BAD: "bold red", Finding.UNKNOWN: "yellow"}
_COLUMNS: Final = (
    Column("Check"),
    Column("Is"),
    Column("What", wraps=True),
    Column("Go on with", wraps=True),
)


def doctor(context: typer.Context, as_json: JsonOption = False) -> None:
    """Look once whether the monitor itself is in order.

    Polling, accounts, keys, subscribers, what failed, open alarms, silences.

    Exits 0 when all is good, 1 when something is not, 2 when something cannot be told.
    """
    target = target_of(context)
    with progress("looking …"):
        stack = read_stack(target)
        lines = list(check_up(target, stack, target.now()))
    if as_json:
        print_json({"checks": [asdict(line) for line in lines]})
    else:
        rows: list[list[Cell | str]] = [
            [
                line.what,
                Cell(line.finding.value, _STYLES[line.finding]),
                line.words,
                line.remedy,
            ]
            for line in lines
        ]
        print_table(_COLUMNS, rows)
    findings = {line.finding for line in lines}
    if Finding.BAD in findings:
        raise typer.Exit(ExitCode.NO)
    if Finding.UNKNOWN in findings:
        raise typer.Exit(ExitCode.UNKNOWN)
