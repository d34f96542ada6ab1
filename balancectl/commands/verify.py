"""``verify``: poll from this machine, without AWS, to try keys and settings."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from balance_poller.definitions.catalogue import list_providers
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import did_you_mean, format_count, join_names
from balancectl.cli.output import print_note, print_warning, progress
from balancectl.commands.completion import complete_provider
from balancectl.commands.options import (
    BaseUrlOption,
    JsonOption,
    KeyEnvOption,
    KeyStdinOption,
    ParamOption,
    WalletOption,
    read_params,
    target_of,
)
from balancectl.keys.files import assign, read_keys, variable_of
from balancectl.keys.sources import parse_key
from balancectl.local.accounts_file import AccountsFile, read_accounts_file
from balancectl.local.one_account import check_wallet, make_account, read_provider_key
from balancectl.local.poll import poll_accounts
from balancectl.views.verify import print_polls
from shared.names import PUSHED
from shared.outcome import Outcome
from shared.secret import PlainKey

ProviderArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PROVIDER",
        help="A shipped provider, such as openrouter.",
        autocompletion=complete_provider,
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", metavar="FILE", help="Poll the accounts in a tfvars or JSON file."
    ),
]
AccountsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--account",
        metavar="ACCOUNT",
        help="With --file: poll only this account; may be repeated.",
    ),
]
KeysFileOption = Annotated[
    str | None,
    typer.Option(
        "--keys-file",
        metavar="FILE",
        help="With --file: read keys from a dotenv or JSON file; - is standard input.",
    ),
]
ExplainOption = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Show the request with its key masked, the status, the result of each expression, "
        "and what would be published.",
    ),
]


def verify(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    provider: ProviderArgument = None,
    file: FileOption = None,
    accounts: AccountsOption = None,
    key_env: KeyEnvOption = None,
    key_stdin: KeyStdinOption = False,
    keys_file: KeysFileOption = None,
    params: ParamOption = None,
    wallet: WalletOption = None,
    base_url: BaseUrlOption = None,
    explain: ExplainOption = False,
    as_json_: JsonOption = False,
) -> None:
    """Try keys and settings from this machine, without AWS.

    Publishes, records and stores nothing. The key comes from a hidden prompt, --key-env or
    --key-stdin; with --file, the key of account my-account comes from BALANCE_KEY_MY_ACCOUNT, or
    from --keys-file under either name.

    Exits 0 if every balance was read, 1 if one was not, 2 if polling failed.
    """
    if (provider is None) == (file is None):
        raise typer.BadParameter("give either a provider or --file")
    if provider == PUSHED:
        raise typer.BadParameter("a pushed account has no provider to poll")
    if file is not None:
        found, keys = _from_file(
            file, accounts, keys_file, [key_env, key_stdin, params, wallet, base_url]
        )
    else:
        _refuse(keys_file, accounts)
        name = str(provider)
        entry = {"params": read_params(params or []), "wallet": wallet, "base_url": base_url}
        found = AccountsFile((make_account(name, entry),))
        if name in list_providers():
            check_wallet(name, {}, wallet)
        keys = {name: read_provider_key(name, {}, key_env or [], key_stdin=key_stdin)}
    if pushed := [account.id for account in found.accounts if account.is_pushed]:
        print_note(f"nothing to poll for {join_names(pushed)}: the balance is pushed")
        found = replace(found, accounts=tuple(a for a in found.accounts if not a.is_pushed))
    now = target_of(context).now().replace(microsecond=0)
    with progress(f"polling {format_count(len(found.accounts), 'account')} …"):
        polls = poll_accounts(found.accounts, found.providers, keys, now)
    print_polls(polls, explain=explain, as_json_=as_json_, is_single=file is None)
    if any(one.reading.outcome is not Outcome.OK for one in polls):
        raise typer.Exit(ExitCode.NO)


def _from_file(
    path: Path, only: list[str] | None, keys_file: str | None, others: list[object]
) -> tuple[AccountsFile, dict[str, PlainKey]]:
    """Return the file's accounts, and their keys from the environment or the keys file."""
    if any(others):
        raise typer.BadParameter(
            "with --file, keys and settings come from the files and the environment"
        )
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
            print_warning(f"{path} has no account {join_names(unknown)}")
        keys |= given
    return AccountsFile(accounts, found.providers), keys


def _refuse(keys_file: str | None, accounts: list[str] | None) -> None:
    """Refuse options that make sense only with a file."""
    if keys_file is not None or accounts:
        raise typer.BadParameter("--keys-file and --account need --file")
