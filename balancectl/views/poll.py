"""Prints the report of a run of the poller."""

from __future__ import annotations

from balancectl.cli.formatting import format_count
from balancectl.cli.output import Cell, Column, print_note, print_table, print_warning
from balancectl.deployment.polls.polling import Polled, Report
from shared.money import format_amount

_COLUMNS = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=100),
    Column("Balance", justify="right"),
    Column("Outcome", wraps=True),
)


def print_report(report: Report) -> None:
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
