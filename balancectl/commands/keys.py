"""``keys list``, ``move`` and ``remove``: the keys that are stored. No command shows one."""

from __future__ import annotations

from typing import Annotated

import typer

from balance_poller.credentials.reference import SecretReference
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_age, format_count, join_names
from balancectl.cli.output import (
    Cell,
    Column,
    print_command,
    print_json,
    print_line,
    print_note,
    print_table,
)
from balancectl.commands.accounts import known_stack
from balancectl.commands.completion import complete_account
from balancectl.commands.options import AccountArgument, JsonOption, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.rename import copy_history
from balancectl.deployment.target import Target
from balancectl.keys import sources
from balancectl.keys.document import Change
from balancectl.keys.locations import KeyState, key_states, locate_key, remove_key, unused_names
from balancectl.keys.rename import rename_key
from shared.names import ACCOUNT_PATTERN
from shared.silences import EVERYTHING

_LIST = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=110),
    Column("Key"),
    Column("Secret", min_terminal_width=100),
    Column("Secret changed", min_terminal_width=100),
    Column("Why", wraps=True),
)


def list_keys(context: typer.Context, as_json: JsonOption = False) -> None:
    """List which accounts have a key, and where it is stored.

    Exits 0 if all have one, 1 if one has not.
    """
    target = target_of(context)
    stack = read_stack(target)
    states = key_states(target, stack)
    unused = unused_names(target, stack)
    if as_json:
        print_json(
            {
                "accounts": [_as_json(state) for state in states],
                "unused": unused,
            }
        )
    else:
        now = target.now()
        print_table(
            _LIST,
            [
                [
                    state.account,
                    stack.accounts[state.account].provider,
                    Cell("missing", "bold red") if state.why_missing else Cell("yes", "green"),
                    state.reference.secret_id,
                    "-" if state.changed_at is None else format_age(state.changed_at, now),
                    state.why_missing or "",
                ]
                for state in states
            ],
        )
        if unused:
            print_note(f"unused keys in {target.names.secret}: {join_names(unused)}")
    if any(state.why_missing for state in states):
        raise typer.Exit(ExitCode.NO)


def _as_json(state: KeyState) -> dict[str, object]:
    """Return an account's key, without the key, as JSON."""
    return {
        "account": state.account,
        "has_key": state.why_missing is None,
        "why_missing": state.why_missing,
        "secret": state.reference.secret_id,
        "json_key": state.reference.json_key,
        "secret_changed_at": state.changed_at,
    }


def remove_keys(
    context: typer.Context,
    account: AccountArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove an account's key. Also revoke it at the provider.

    Exits 1 if there was none.
    """
    target = target_of(context)
    stack = known_stack(target)
    location = locate_key(target, stack, account)
    if not yes:
        if sources.is_piped():
            raise CliError(f"this removes the key of '{account}': pass --yes to confirm")
        if not typer.confirm(f"Remove the key of {account} from {location.secret_id}?"):
            print_note("nothing changed")
            raise typer.Exit(ExitCode.NO)
    change = remove_key(target, location)
    if change is Change.ABSENT:
        print_line(f"{account}: no key in {location.secret_id}")
        raise typer.Exit(ExitCode.NO)
    print_line(f"{account}: key removed from {location.secret_id}", "yellow")
    print_note(
        "the secret's previous version contains it until the next change: revoke it at the provider"
    )


def move_key(
    context: typer.Context,
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="The account's current name.", autocompletion=complete_account
        ),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a key that is stored under the new name.")
    ] = False,
) -> None:
    """Rename an account, and keep its key and history.

    Run it before you deploy the new name. While the old name is deployed, its key stays in place,
    so that it can still be polled.
    """
    target = target_of(context)
    if not ACCOUNT_PATTERN.fullmatch(new) or new == EVERYTHING:
        raise typer.BadParameter(f"'{new}' is not a valid account name")
    stack = known_stack(target)
    is_deployed = stack is None or old in stack.accounts
    has_key = stack is None or old not in stack.accounts or old in stack.with_keys
    if has_key:
        _move(target, locate_key(target, stack, old), (old, new), keep=is_deployed, force=force)
    copied = copy_history(target, old, new)
    print_note(f"{format_count(copied, 'record')} of {old} copied to {new}")
    if is_deployed and not has_key:
        print_note(f"rename {old} to {new} in `accounts`, and run `make deploy`")
    elif is_deployed:
        print_note(f"rename {old} to {new} in `accounts`, run `make deploy`, and then:")
        print_command(target.command("keys", "remove", old))


def _move(
    target: Target, location: SecretReference, names: tuple[str, str], *, keep: bool, force: bool
) -> None:
    """Rename a key in the deployment's secret; a key in another secret remains."""
    old, new = names
    if location == SecretReference(target.names.secret, old):
        change = rename_key(target, location, new, keep_old=keep, replace=force)
        print_line(f"{new}: key {change} in {location.secret_id}", "green")
    else:
        print_line(f"{new}: the key remains in {location.secret_id}: keep `secret` in its entry")
