"""``verify``: poll from this machine, without AWS: is the key right, and what does it see?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from balance_poller.definitions.catalogue import list_providers
from balance_poller.definitions.template import Secret
from balance_poller.event import Account, AccountError, parse_account
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import count, did_you_mean, listed
from balancectl.cli.output import print_json, progress, warn
from balancectl.commands.options import (
    BaseUrlOption,
    JsonOption,
    KeyEnvOption,
    KeyStdinOption,
    ParamOption,
    WalletOption,
    target_of,
)
from balancectl.keys.files import assign, read_keys, variable_of
from balancectl.keys.sources import key_from_environment, parse_key, read_key
from balancectl.local.accounts_file import AccountsFile, read_accounts_file
from balancectl.local.poll import Checked, check
from balancectl.views.verify import as_json, print_explanation, print_one, print_table_of
from shared.outcome import Outcome


def verify(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    provider: Annotated[
        str | None,
        typer.Argument(metavar="PROVIDER", help="A shipped one, such as openrouter."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="Poll the accounts of a tfvars or JSON file instead.",
            metavar="FILE",
        ),
    ] = None,
    accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="ACCOUNT", help="Of --file, only this account; repeat it for more."
        ),
    ] = None,
    key_env: KeyEnvOption = None,
    key_stdin: KeyStdinOption = False,
    keys_file: Annotated[
        str | None,
        typer.Option(
            "--keys-file",
            metavar="FILE",
            help="With --file: take keys from a dotenv or JSON file; - is standard input.",
        ),
    ] = None,
    params: ParamOption = None,
    wallet: WalletOption = None,
    base_url: BaseUrlOption = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show the request with its key masked, the status, what each expression gave, and "
            "what would be published.",
        ),
    ] = False,
    as_json_: JsonOption = False,
) -> None:
    """Poll from this machine, without AWS: what can the key see?

    Nothing is published, recorded or stored. The key comes from a hidden prompt, --key-env or
    --key-stdin; with --file, the key of account my-account from BALANCE_KEY_MY_ACCOUNT, or from
    --keys-file under either name.

    Exits 0 when every balance was read, 1 when one was not, 2 when it could not be tried.
    """
    if (provider is None) == (file is None):
        raise typer.BadParameter("name either a provider or a --file of accounts")
    if file is not None:
        found, keys = _from_file(
            file, accounts, keys_file, [key_env, key_stdin, params, wallet, base_url]
        )
    else:
        entry = {"params": read_params(params or []), "wallet": wallet, "base_url": base_url}
        found = AccountsFile((account_of(str(provider), entry),))
        _refuse(keys_file, accounts)
        keys = {str(provider): key_for(str(provider), {}, key_env or [], key_stdin=key_stdin)}
    now = target_of(context).now().replace(microsecond=0)
    with progress(f"asking about {count(len(found.accounts), 'account')} …"):
        checked = check(found.accounts, found.providers, keys, now)
    show(checked, explain=explain, as_json_=as_json_, is_single=file is None)
    if any(one.reading.outcome is not Outcome.OK for one in checked):
        raise typer.Exit(ExitCode.NO)


def account_of(provider: str, entry: Mapping[str, object]) -> Account:
    """Return an account of ``provider`` for trying a key out."""
    try:
        return parse_account({**entry, "id": provider, "provider": provider, "secret": "given"})
    except AccountError as exc:
        raise CliError(str(exc)) from None


def read_params(params: list[str]) -> dict[str, str]:
    """Read NAME=VALUE options."""
    pairs = [param.partition("=") for param in params]
    for name, sign, _ in pairs:
        if not sign or not name:
            raise typer.BadParameter("--param takes NAME=VALUE")
    return {name: value for name, _, value in pairs}


def key_for(
    provider: str, inline: Mapping[str, object], key_env: list[str], *, key_stdin: bool
) -> Secret:
    """Read the one key that a provider is tried with, asking for the parts that it needs."""
    known = sorted({*list_providers(), *inline})
    if provider not in known:
        raise CliError(
            f"there is no provider '{provider}': {did_you_mean(provider, known)};"
            " a definition of your own is tried with `balancectl provider check FILE`"
        )
    if key_env and key_stdin:
        raise typer.BadParameter("take the key from --key-env or --key-stdin, not from both")
    if key_env:
        return key_from_environment(key_env)
    fields = load_provider(provider, inline).definition.secret_fields
    return read_key(provider, from_stdin=key_stdin, fields=fields)


def show(checked: list[Checked], *, explain: bool, as_json_: bool, is_single: bool) -> None:
    """Print what was found."""
    if as_json_:
        print_json({"accounts": [as_json(one, explain=explain) for one in checked]})
        return
    if is_single:
        print_one(checked[0])
    else:
        print_table_of(checked)
    if explain:
        for one in checked:
            print_explanation(one)


def _from_file(
    path: Path, only: list[str] | None, keys_file: str | None, others: list[object]
) -> tuple[AccountsFile, dict[str, Secret]]:
    """Return a file's accounts, and their keys from the environment or the keys file."""
    if any(others):
        raise typer.BadParameter("with --file, keys and settings come from files and variables")
    found = read_accounts_file(path)
    known = [account.id for account in found.accounts]
    if not known:
        raise CliError(f"{path} has no accounts")
    for name in only or ():
        if name not in known:
            raise CliError(f"{path} has no account '{name}': {did_you_mean(name, known)}")
    accounts = tuple(a for a in found.accounts if not only or a.id in only)
    variables = {variable_of(account.id) for account in accounts} & os.environ.keys()
    keys = assign(
        {name: parse_key(os.environ[name], f"the key in {name}") for name in sorted(variables)},
        [account.id for account in accounts],
    )
    if keys_file is not None:
        given = assign(read_keys(keys_file), known)
        unknown = [name for name in given if name not in known]
        if unknown:
            warn(f"{path} has no account {listed(unknown)}")
        keys |= given
    return AccountsFile(accounts, found.providers), keys


def _refuse(keys_file: str | None, accounts: list[str] | None) -> None:
    """Refuse the options that only make sense with a file."""
    if keys_file is not None or accounts:
        raise typer.BadParameter("--keys-file and --account go with --file")
