"""``silence add``, ``list`` and ``remove``: mute accounts for a while, with a reason."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.formatting import did_you_mean, format_count, join_names
from balancectl.cli.output import (
    Column,
    print_json,
    print_line,
    print_note,
    print_table,
    print_warning,
)
from balancectl.commands.accounts import known_stack
from balancectl.commands.completion import complete_account
from balancectl.commands.options import ForceOption, JsonOption, read_duration, target_of
from balancectl.deployment.accounts import Stack
from balancectl.deployment.alerts.silences import (
    delete_silence,
    new_silence,
    read_silences,
    write_silence,
)
from balancectl.deployment.target import Target
from shared.silences import EVERYTHING, PROVIDER_PREFIX, Silence
from shared.times import format_clock, format_duration

_LONGEST: Final = timedelta(days=366)
_PATTERN: Final = re.compile(r"(provider:)?[A-Za-z0-9._*?\[\]!-]{1,128}")
_SHORT_ID: Final = 8
_COLUMNS: Final = (
    Column("Id"),
    Column("What"),
    Column("For", justify="right"),
    Column("Until", min_terminal_width=90),
    Column("By", min_terminal_width=100),
    Column("Reason", wraps=True),
)


def add(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT|provider:NAME|all",
            autocompletion=complete_account,
            help="What to mute; * and ? are wildcards: 'staging-*', 'provider:fire*'.",
        ),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for others to read.")
    ],
    length: Annotated[
        str, typer.Option("--for", metavar="TIME", help="For how long: 30m, 2h, 3d.")
    ] = "2h",
    force: ForceOption = False,
) -> None:
    """Mute accounts for a while.

    Alarms are still tracked; alerts that are still true when the silence ends are sent then.
    """
    target = target_of(context)
    lasting = read_duration(length)
    if lasting > _LONGEST:
        raise typer.BadParameter(
            "a silence can last at most a year: to stop watching an account, remove it"
        )
    if not _PATTERN.fullmatch(what):
        raise typer.BadParameter(
            f"'{what}' is not an account, provider:NAME or all (globs allowed)"
        )
    if not reason.strip():
        raise typer.BadParameter("--reason must not be empty")
    now = target.now().replace(microsecond=0)
    made = new_silence(what, " ".join(reason.split()), target.caller, now, now + lasting)
    covered = _covered(known_stack(target), made, force=force)
    write_silence(target, made)
    print_line(
        f"silenced {what} until {format_clock(made.until, now)} ({made.id[:_SHORT_ID]})", "yellow"
    )
    if covered:
        print_note(f"covers {join_names(covered)}")
    print_note(f"to end it earlier: {target.command('silence', 'remove', made.id[:_SHORT_ID])}")


def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the active silences."""
    target = target_of(context)
    now = target.now()
    found = read_silences(target, now)
    if as_json:
        print_json({"silences": [asdict(each) for each in found.active]})
    elif not found.active:
        print_note("no silence is active")
    else:
        print_table(_COLUMNS, [_row(each, now) for each in found.active])
    for id_, why in found.unreadable.items():
        command = target.command("silence", "remove", id_)
        print_warning(f"silence {id_} cannot be read ({why}); to delete it: {command}")


def remove(
    context: typer.Context,
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="The silence's ID, or its first characters.")
    ],
) -> None:
    """End a silence now. Muted alerts that are still true are then sent."""
    target = target_of(context)
    ended, what = _find(target, id_)
    delete_silence(target, ended)
    print_line(f"silence ended: {what} ({ended[:_SHORT_ID]})")


def _find(target: Target, id_: str) -> tuple[str, str]:
    """Return the id and pattern of the one silence whose id starts with ``id_``."""
    silences = read_silences(target, target.now())
    patterns = {each.id: each.pattern for each in silences.active}
    known = {**dict.fromkeys(silences.unreadable, "unreadable"), **patterns}
    found = [(each, pattern) for each, pattern in known.items() if each.startswith(id_)]
    if not found:
        raise CliError(
            f"no active silence '{id_}': `{target.command('silence', 'list')}` lists them"
        )
    if len(found) > 1:
        raise CliError(
            f"'{id_}' matches {format_count(len(found), 'silence')}: give more characters"
        )
    return found[0]


def _covered(stack: Stack | None, made: Silence, *, force: bool) -> list[str]:
    """Return the accounts that a silence covers.

    Raises:
        CliError: When there is none, unless ``force`` is set.
    """
    if stack is None:
        return []
    now = made.created_at or made.until
    accounts = stack.accounts.values()
    covered = [each.id for each in accounts if made.covers(each.id, each.provider, now)]
    if not covered and made.pattern != EVERYTHING:
        of_provider = made.pattern.startswith(PROVIDER_PREFIX)
        known = {a.provider for a in stack.accounts.values()} if of_provider else stack.accounts
        hint = did_you_mean(made.pattern.removeprefix(PROVIDER_PREFIX), known)
        problem = f"'{made.pattern}' matches no configured account{'; ' if hint else ''}{hint}"
        if not force:
            raise CliError(f"{problem}; pass --force to accept it")
        print_warning(problem)
    return covered


def _row(each: Silence, now: datetime) -> list[str]:
    """Return a silence's row."""
    return [
        each.id[:_SHORT_ID],
        each.pattern,
        format_duration(each.until - now),
        format_clock(each.until, now),
        each.by,
        each.reason,
    ]
