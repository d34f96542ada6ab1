"""``keys bind``: allow accounts' keys to be sent to where the accounts point now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import join_names
from balancectl.cli.output import print_line, print_note
from balancectl.commands.completion import complete_account
from balancectl.commands.options import target_of
from balancectl.deployment.accounts import read_stack
from balancectl.keys import sources
from balancectl.keys.document import Change
from balancectl.keys.locations import bind_keys, locate_key
from balancectl.keys.requirements import destinations

_STYLES = {Change.ADDED: "green", Change.CHANGED: "green", Change.ABSENT: "bold red"}


def bind(
    context: typer.Context,
    accounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ACCOUNT...", help="Account names.", autocompletion=complete_account
        ),
    ] = None,
    all_accounts: Annotated[
        bool, typer.Option("--all", help="Bind the keys of all accounts.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Allow an account's key to be sent to where the account points now.

    A key is sent only to the place it was stored for. After an account's provider, base_url or
    custom definition has changed, check the new address, and then bind the key to it.

    Exits 1 if a key is missing.
    """
    target = target_of(context)
    stack = read_stack(target)
    names = sorted(stack.with_keys) if all_accounts else list(accounts or [])
    if not names:
        raise CliError("name the accounts, or pass --all")
    locations = {name: locate_key(target, stack, stack.account(name).id) for name in names}
    if all_accounts:
        locations = {name: place for name, place in locations.items() if place.json_key}
    bound_to = destinations(stack, locations)
    if unusable := [name for name in locations if name not in bound_to]:
        raise CliError(f"{join_names(unusable)}: not usable as configured, so nothing changed")
    if not yes:
        _confirm(bound_to)
    changes = bind_keys(target, locations, bound_to)
    for name, change in changes.items():
        words = "no key" if change is Change.ABSENT else f"bound to {bound_to[name]}"
        print_line(f"{name}: {words}", _STYLES.get(change, ""))
    if Change.ABSENT in changes.values():
        raise typer.Exit(ExitCode.NO)


def _confirm(bound_to: Mapping[str, str]) -> None:
    """Show where keys would be sent; exit unless that is confirmed."""
    if sources.is_piped():
        raise CliError("this allows keys to be sent elsewhere: pass --yes to confirm")
    for name, destination in bound_to.items():
        print_line(f"{name}: {destination}")
    if not typer.confirm("Send these keys there?"):
        print_note("nothing changed")
        raise typer.Exit(ExitCode.NO)
