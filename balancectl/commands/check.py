"""``check``: find every mistake in a Terraform variables file before a plan does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_count
from balancectl.cli.output import print_json, print_line, progress
from balancectl.commands.options import JsonOption
from balancectl.configuration.check import check_file
from balancectl.configuration.problems import Problem, Severity, format_path
from balancectl.local.accounts_file import read_text


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A *.tfvars or *.tfvars.json file.")],
    as_json: JsonOption = False,
) -> None:
    """Check a Terraform variables file: syntax, names, types, thresholds, definitions.

    Names every problem's line, value and remedy. The rules are those of the plan; no AWS
    credentials are needed.

    Exits 0 if a plan would accept the file, 1 if not, 2 if it could not be checked.
    """
    text = read_text(file)
    with progress(f"checking {file} …"):
        problems = check_file(text, str(file))
    if as_json:
        print_json({"file": str(file), "problems": [_as_json(problem) for problem in problems]})
    else:
        _print(file, problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise typer.Exit(ExitCode.NO)


def _print(file: Path, problems: list[Problem]) -> None:
    """Print one line for every problem."""
    for problem in problems:
        is_error = problem.severity is Severity.ERROR
        place = f"{file}:{problem.line}" if problem.line else str(file)
        label = "" if is_error else "warning: "
        print_line(f"{place}: {label}{problem.sentence}", "red" if is_error else "yellow")
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    print_line(f"{file}: {format_count(errors, 'problem') if errors else 'ok'}", "bold")


def _as_json(problem: Problem) -> dict[str, object]:
    """Return a problem as JSON."""
    return {**asdict(problem), "text": problem.sentence, "path": format_path(problem.path)}
