"""``doctor``: check the monitor itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import Cell, Column, print_json, print_table, progress
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.views.checks import Finding, run_checks

_STYLES: Final = {Finding.GOOD: "green", Finding.BAD: "bold red", Finding.UNKNOWN: "yellow"}
_COLUMNS: Final = (
    Column("Check"),
    Column("Result"),
    Column("Details", wraps=True),
    Column("Next", wraps=True),
)


def doctor(context: typer.Context, as_json: JsonOption = False) -> None:
    """Check the monitor itself.

    Checks polling, versions, accounts, keys, channels, subscribers, failures, open alarms and
    silences.

    Exits 0 if all is good, 1 if something is not, 2 if a check failed.
    """
    target = target_of(context)
    with progress("checking …"):
        stack = read_stack(target)
        results = list(run_checks(target, stack, target.now()))
    if as_json:
        print_json({"checks": [asdict(result) for result in results]})
    else:
        rows: list[list[Cell | str]] = [
            [
                result.check,
                Cell(result.finding.value, _STYLES[result.finding]),
                result.detail,
                result.remedy,
            ]
            for result in results
        ]
        print_table(_COLUMNS, rows)
    findings = {result.finding for result in results}
    if Finding.BAD in findings:
        raise typer.Exit(ExitCode.NO)
    if Finding.UNKNOWN in findings:
        raise typer.Exit(ExitCode.UNKNOWN)
