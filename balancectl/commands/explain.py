"""``explain``: what happened to an account around a time, and why a message was not sent."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import Cell, Column, print_json, print_note, print_table, progress
from balancectl.commands.accounts import known_stack, require_accounts
from balancectl.commands.options import (
    AccountArgument,
    ForceOption,
    JsonOption,
    read_duration,
    target_of,
)
from balancectl.deployment.alerts.explanation import Event, What, explain_account
from shared.times import format_duration, parse_time

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_STYLES: Final = {What.MESSAGE: "green", What.NO_MESSAGE: "yellow", What.ALARM: "red"}
_COLUMNS: Final = (Column("At (UTC)"), Column("What"), Column("Details", wraps=True))


def explain(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    account: AccountArgument,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="14:06 in UTC, or 2026-11-23T14:06:00Z; default: now."
        ),
    ] = None,
    around: Annotated[
        str, typer.Option("--around", metavar="TIME", help="How far before and after: 30m, 2h.")
    ] = "30m",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what happened to an account, and why a message was or was not sent.

    Shows polls, alarms, silences and messages, and why a change was not announced.

    Exits 0 if anything is known of that time, 1 if nothing is.
    """
    target = target_of(context)
    center = read_time(at, target.now())
    span = read_duration(around)
    require_accounts(known_stack(target), [account], force=force)
    with progress("reading …"):
        events = explain_account(target, account, center - span, center + span)
    if as_json:
        print_json({"account": account, "events": [asdict(event) for event in events]})
    elif events:
        print_table(_COLUMNS, [_row(event) for event in events])
    else:
        print_note(
            f"nothing is known of {account} within {format_duration(span)} of"
            f" {center:%Y-%m-%d %H:%M} UTC"
        )
    if not events:
        raise typer.Exit(ExitCode.NO)


def read_time(text: str | None, now: datetime) -> datetime:
    """Parse a time of day, which means its latest occurrence, or a full time.

    Raises:
        typer.BadParameter: When it is neither.
    """
    if text is None:
        return now
    if clock := _CLOCK.fullmatch(text.strip()):
        today = now.astimezone(UTC).replace(second=0, microsecond=0)
        found = today.replace(hour=int(clock[1]), minute=int(clock[2]))
        return found if found <= now else found - timedelta(days=1)
    try:
        return parse_time(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is not a time: use 14:06, or 2026-11-23T14:06:00Z"
        ) from None


def _row(event: Event) -> list[Cell | str]:
    """Return an event's row."""
    style = _STYLES.get(event.what, "")
    return [f"{event.at:%Y-%m-%d %H:%M:%S}", Cell(event.what.value, style), event.text]
