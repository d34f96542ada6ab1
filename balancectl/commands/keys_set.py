"""``keys set`` and ``keys import``: save keys. No command takes one as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from balance_poller.event import AccountError, parse_account
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import join_names
from balancectl.cli.output import (
    print_line,
    print_note,
    print_warning,
    progress,
)
from balancectl.commands.accounts import known_stack, require_accounts, warn_unknown
from balancectl.commands.options import AccountArgument, ForceOption, target_of
from balancectl.deployment.accounts import Stack
from balancectl.keys import sources
from balancectl.keys.document import Change
from balancectl.keys.files import ENVIRONMENT_PREFIX, assign, read_keys
from balancectl.keys.locations import locate_key, save_keys
from balancectl.keys.requirements import check_kind, destinations, key_parts
from balancectl.keys.sources import key_warnings, read_key
from balancectl.local.poll import poll_accounts
from balancectl.views.verify import print_one
from shared.outcome import Outcome
from shared.secret import PlainKey

_STYLES = {Change.ADDED: "green", Change.CHANGED: "green"}


def set_key(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    account: AccountArgument,
    from_stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Read the key from standard input; implied by a pipe."),
    ] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="Prompt for this part of the key; repeat it for each part.",
            metavar="NAME",
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Poll with the key before saving it.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Save an account's key, from a hidden prompt or standard input.

    A credential of several parts is a JSON object on standard input, or one --field for each part.
    """
    target = target_of(context)
    stack = known_stack(target)
    require_accounts(stack, [account], force=force)
    location = locate_key(target, stack, account)
    key = read_key(account, from_stdin=from_stdin, fields=fields or key_parts(stack, account))
    for warning in [*key_warnings(key), *check_kind(stack, account, key)]:
        print_warning(f"{account}: {warning}")
    if verify:
        _verify(stack, account, key, target.now().replace(microsecond=0))
    bound_to = destinations(stack, [account])
    change = save_keys(target, {account: location}, {account: key}, bound_to)[account]
    print_line(f"{account}: key {change} in {location.secret_id}", _STYLES.get(change, ""))
    print_note(f"poll with it now: {target.command('poll', account)}")


def import_keys(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(help="Dotenv or JSON file; default: standard input.", metavar="FILE"),
    ] = "-",
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also save keys of accounts that are not configured.")
    ] = False,
) -> None:
    """Save many keys at once, from dotenv lines or a JSON object.

    Use account names, or BALANCE_KEY_ and the name in capitals. Other keys are kept.

    Exits 1 if a key was left out because no such account is configured.
    """
    if source == "-" and not sources.is_piped():
        raise CliError("standard input is empty: balancectl keys import < keys.env")
    target = target_of(context)
    stack = known_stack(target)
    if stack is None and not unknown:
        raise CliError(
            "nothing was saved, because the account names could not be read: allow"
            " scheduler:GetSchedule, or pass --unknown to save all keys as named"
        )
    given = _keys_in(source, stack)
    warn_unknown(stack, given)
    left_out = [name for name in given if stack and not unknown and name not in stack.accounts]
    keys = {name: key for name, key in given.items() if name not in left_out}
    for name, key in keys.items():
        for warning in [*key_warnings(key), *check_kind(stack, name, key)]:
            print_warning(f"{name}: {warning}")
    locations = {account: locate_key(target, stack, account) for account in keys}
    changes = save_keys(target, locations, keys, destinations(stack, keys))
    _print(changes)
    if left_out:
        print_warning(f"not saved: {join_names(left_out)}; --unknown also saves them")
        raise typer.Exit(ExitCode.NO)


def _keys_in(source: str, stack: Stack | None) -> dict[str, PlainKey]:
    """Return the keys of a file or standard input by account.

    Raises:
        CliError: When there is none, or one whose account cannot be told without the accounts.
    """
    given = assign(read_keys(source), stack.accounts if stack else ())
    if not given:
        raise CliError("the input contains no key")
    variables = [name for name in given if name.startswith(ENVIRONMENT_PREFIX)]
    if stack is None and variables:
        raise CliError(f"{join_names(variables)}: use account names, which could not be read")
    return given


def _print(changes: Mapping[str, Change]) -> None:
    """Print what became of each key, and how many were changed."""
    for account, change in sorted(changes.items()):
        print_line(f"{account}: {change}", _STYLES.get(change, ""))
    numbers = {change: list(changes.values()).count(change) for change in Change}
    print_note(", ".join(f"{number} {change}" for change, number in numbers.items() if number))


def _verify(stack: Stack | None, account: str, key: PlainKey, now: datetime) -> None:
    """Poll with the key; exit if that does not read the balance."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        raise CliError(f"'{account}' cannot be verified: no such account is configured")
    try:
        parsed = parse_account(known.config)
    except AccountError as exc:
        raise CliError(f"account '{account}': {exc}") from None
    inline = stack.shards[known.shard].event.get("providers") or {}
    with progress(f"polling {known.provider} …"):
        poll = poll_accounts([parsed], inline, {account: key}, now)[0]
    print_one(poll)
    if poll.reading.outcome is not Outcome.OK:
        print_warning("not saved; omit --verify to save it anyway")
        raise typer.Exit(ExitCode.NO)
