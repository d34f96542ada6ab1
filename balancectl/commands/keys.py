"""``keys``: put the accounts' keys into the stack's secret. No command shows one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from balance_poller.definitions.definition import DefinitionError
from balance_poller.definitions.template import Secret
from balance_poller.event import AccountError, parse_account
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError, is_denied
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import ago, did_you_mean, listed
from balancectl.cli.output import Cell, Column, note, print_json, print_table, progress, say, warn
from balancectl.commands.options import AccountArgument, JsonOption, target_of
from balancectl.deployment.accounts import Stack, read_stack
from balancectl.deployment.target import Target
from balancectl.keys import sources as keyinput
from balancectl.keys.document import Change
from balancectl.keys.files import ENVIRONMENT_PREFIX, assign, read_keys
from balancectl.keys.locations import key_states, place_of, remove_key, save_keys, unused_names
from balancectl.keys.sources import read_key
from balancectl.local.poll import check
from balancectl.views.verify import print_one
from shared.outcome import Outcome

app = typer.Typer(
    no_args_is_help=True,
    help="Put the accounts' keys in place. Never shows one.",
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
        typer.Option(
            "--stdin", help="Read the key from standard input; so does a pipe without it."
        ),
    ] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="Ask for this part of the key; repeat it for a credential of several parts.",
            metavar="NAME",
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Ask the provider with the key before saving it.")
    ] = False,
) -> None:
    """Save one account's key, from a hidden prompt or standard input.

    A credential of several parts is a JSON object on standard input, or one --field each.
    """
    target = target_of(context)
    stack = known_stack(target)
    warn_unknown(stack, [account])
    place = place_of(target, stack, account)
    key = read_key(account, from_stdin=from_stdin, fields=fields or _parts(stack, account))
    if verify:
        _verify(stack, account, key, target.now().replace(microsecond=0))
    change = save_keys(target, {account: place}, {account: key})[account]
    say(f"{account}: key {change} in {place.secret_id}", _STYLES.get(change, ""))
    note(f"poll with it now: balancectl poll {account}")


@app.command("import")
def import_keys(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(help="A dotenv or JSON file; standard input by default.", metavar="FILE"),
    ] = "-",
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Save keys of accounts that the stack lacks, too.")
    ] = False,
) -> None:
    """Save many keys at once, from dotenv lines or a JSON object on standard input.

    Names are the accounts' own, or BALANCE_KEY_ and the name in capitals. Other keys stay.
    Exits 1 when a name was left out because the stack watches no such account.
    """
    if source == "-" and not keyinput.is_piped():
        raise CliError("nothing is piped in: balancectl keys import < keys.env")
    target = target_of(context)
    stack = known_stack(target)
    if stack is None and not unknown:
        raise CliError(
            "nothing tells which names are accounts, so nothing was saved: allow"
            " scheduler:GetSchedule, or pass --unknown to save every name under itself"
        )
    given = assign(read_keys(source), stack.accounts if stack else ())
    if not given:
        raise CliError("there is no key in what was given")
    if stack is None and (
        variables := [name for name in given if name.startswith(ENVIRONMENT_PREFIX)]
    ):
        raise CliError(f"{listed(variables)}: use the accounts' own names, which cannot be read")
    warn_unknown(stack, given)
    left_out = [name for name in given if stack and not unknown and name not in stack.accounts]
    keys = {name: key for name, key in given.items() if name not in left_out}
    places = {account: place_of(target, stack, account) for account in keys}
    changes = save_keys(target, places, keys)
    for account, change in sorted(changes.items()):
        say(f"{account}: {change}", _STYLES.get(change, ""))
    numbers = {change: list(changes.values()).count(change) for change in Change}
    note(", ".join(f"{number} {change}" for change, number in numbers.items() if number))
    if left_out:
        warn(f"not saved: {listed(left_out)}; --unknown saves such keys, too")
        raise typer.Exit(ExitCode.NO)


@app.command("list")
def list_keys(context: typer.Context, as_json: JsonOption = False) -> None:
    """List which accounts have a key, and where; never the key.

    Exits 0 when all have one, 1 when one has not.
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
                    "-" if state.changed_at is None else ago(state.changed_at, now),
                    state.why_missing or "",
                ]
                for state in states
            ],
        )
        if unused:
            note(f"in {target.names.secret}, but of no account: {listed(unused)}")
    if any(state.why_missing for state in states):
        raise typer.Exit(ExitCode.NO)


@app.command("remove")
def remove_keys(
    context: typer.Context,
    account: AccountArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove an account's key from the secret. Revoke it at the provider, too.

    Exits 1 when there was none.
    """
    target = target_of(context)
    stack = known_stack(target)
    place = place_of(target, stack, account)
    if not yes:
        if keyinput.is_piped():
            raise CliError(f"this removes the key of '{account}': pass --yes to confirm")
        if not typer.confirm(f"Remove the key of {account} from {place.secret_id}?"):
            note("nothing was changed")
            raise typer.Exit(ExitCode.NO)
    change = remove_key(target, place)
    if change is Change.ABSENT:
        say(f"{account}: there is no key in {place.secret_id}")
        raise typer.Exit(ExitCode.NO)
    say(f"{account}: key removed from {place.secret_id}", "yellow")
    note("the secret's previous version keeps it until the next change: revoke it at the provider")


def known_stack(target: Target) -> Stack | None:
    """Return the stack's accounts; None, with a warning, when they may not be read."""
    try:
        return read_stack(target)
    except ClientError as exc:
        if not is_denied(exc):
            raise
        warn("the stack's accounts may not be read (scheduler:GetSchedule): names are not checked")
        return None


def warn_unknown(stack: Stack | None, accounts: Iterable[str]) -> None:
    """Warn of names that are no account of the stack: the key is saved, and used by nobody yet."""
    if stack is None:
        return
    for account in accounts:
        if account not in stack.accounts:
            hint = did_you_mean(account, stack.accounts)
            warn(f"the stack watches no account '{account}'{'; ' if hint else ''}{hint}")


def _parts(stack: Stack | None, account: str) -> Sequence[str]:
    """Return the parts that the account's provider wants of a key; none for a single one."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        return ()
    inline = stack.shards[known.shard].event.get("providers") or {}
    try:
        return load_provider(known.provider, inline).definition.secret_fields
    except DefinitionError:
        return ()


def _verify(stack: Stack | None, account: str, key: Secret, now: datetime) -> None:
    """Ask the provider with the key; exits when the balance cannot be read with it."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        raise CliError(f"'{account}' cannot be verified: the stack watches no such account")
    try:
        parsed = parse_account(known.config)
    except AccountError as exc:
        raise CliError(f"account '{account}': {exc}") from None
    inline = stack.shards[known.shard].event.get("providers") or {}
    with progress(f"asking {known.provider} …"):
        checked = check([parsed], inline, {account: key}, now)[0]
    print_one(checked)
    if checked.reading.outcome is not Outcome.OK:
        warn("not saved; without --verify it is saved untried")
        raise typer.Exit(ExitCode.NO)
