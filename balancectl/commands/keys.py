"""``keys``: store the accounts' keys in the deployment's secret. No command shows one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from balance_poller.definitions.definition import DefinitionError
from balance_poller.definitions.template import Secret
from balance_poller.event import AccountError, parse_account
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_age, join_names
from balancectl.cli.output import (
    Cell,
    Column,
    print_json,
    print_line,
    print_note,
    print_table,
    print_warning,
    progress,
)
from balancectl.commands.accounts import known_stack, warn_unknown
from balancectl.commands.options import AccountArgument, JsonOption, target_of
from balancectl.deployment.accounts import Stack, read_stack
from balancectl.keys import sources
from balancectl.keys.document import Change
from balancectl.keys.files import ENVIRONMENT_PREFIX, assign, read_keys
from balancectl.keys.locations import key_states, locate_key, remove_key, save_keys, unused_names
from balancectl.keys.sources import read_key
from balancectl.local.poll import poll_accounts
from balancectl.views.verify import print_one
from shared.outcome import Outcome

app = typer.Typer(
    no_args_is_help=True,
    help="Store the accounts' keys. No command shows one.",
    rich_markup_mode=None,
)

_LIST = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=110),
    Column("Key"),
    Column("Secret", min_terminal_width=100),
    Column("Secret changed", min_terminal_width=100),
    Column("Why", wraps=True),
)
_STYLES = {Change.ADDED: "green", Change.CHANGED: "green", Change.REMOVED: "yellow"}


@app.command("set")
def set_key(
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
) -> None:
    """Save an account's key, from a hidden prompt or standard input.

    A credential of several parts is a JSON object on standard input, or one --field for each part.
    """
    target = target_of(context)
    stack = known_stack(target)
    warn_unknown(stack, [account])
    location = locate_key(target, stack, account)
    key = read_key(account, from_stdin=from_stdin, fields=fields or _parts(stack, account))
    if verify:
        _verify(stack, account, key, target.now().replace(microsecond=0))
    change = save_keys(target, {account: location}, {account: key})[account]
    print_line(f"{account}: key {change} in {location.secret_id}", _STYLES.get(change, ""))
    print_note(f"poll with it now: balancectl poll {account}")


@app.command("import")
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
    given = assign(read_keys(source), stack.accounts if stack else ())
    if not given:
        raise CliError("the input contains no key")
    if stack is None and (
        variables := [name for name in given if name.startswith(ENVIRONMENT_PREFIX)]
    ):
        raise CliError(f"{join_names(variables)}: use account names, which could not be read")
    warn_unknown(stack, given)
    left_out = [name for name in given if stack and not unknown and name not in stack.accounts]
    keys = {name: key for name, key in given.items() if name not in left_out}
    locations = {account: locate_key(target, stack, account) for account in keys}
    changes = save_keys(target, locations, keys)
    for account, change in sorted(changes.items()):
        print_line(f"{account}: {change}", _STYLES.get(change, ""))
    numbers = {change: list(changes.values()).count(change) for change in Change}
    print_note(", ".join(f"{number} {change}" for change, number in numbers.items() if number))
    if left_out:
        print_warning(f"not saved: {join_names(left_out)}; --unknown saves them, too")
        raise typer.Exit(ExitCode.NO)


@app.command("list")
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
                "accounts": [
                    {
                        "account": state.account,
                        "has_key": state.why_missing is None,
                        "why_missing": state.why_missing,
                        "secret": state.reference.secret_id,
                        "json_key": state.reference.json_key,
                        "secret_changed_at": state.changed_at,
                    }
                    for state in states
                ],
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


@app.command("remove")
def remove_keys(
    context: typer.Context,
    account: AccountArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove an account's key. Revoke it at the provider, too.

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


def _parts(stack: Stack | None, account: str) -> Sequence[str]:
    """Return the parts of a key that the account's provider needs; none for a plain key."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        return ()
    inline = stack.shards[known.shard].event.get("providers") or {}
    try:
        return load_provider(known.provider, inline).definition.secret_fields
    except DefinitionError:
        return ()


def _verify(stack: Stack | None, account: str, key: Secret, now: datetime) -> None:
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
