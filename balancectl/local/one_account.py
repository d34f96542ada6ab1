"""Makes the account and reads the key with which a provider is tried on this machine."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from balance_poller.definitions.catalogue import list_providers
from balance_poller.event import Account, AccountError, parse_account
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError
from balancectl.cli.formatting import did_you_mean
from balancectl.keys.sources import key_from_environment, read_key
from shared.secret import PlainKey


def make_account(provider: str, entry: Mapping[str, object]) -> Account:
    """Return an account of ``provider``, named as it."""
    try:
        return parse_account({**entry, "id": provider, "provider": provider, "secret": "given"})
    except AccountError as exc:
        raise CliError(str(exc)) from None


def check_wallet(provider: str, inline: Mapping[str, object], wallet: str | None) -> None:
    """Refuse a wallet that the provider does not have.

    Raises:
        CliError: With the closest one.
    """
    wallets = load_provider(provider, inline).definition.wallets
    if wallet is not None and wallet not in wallets:
        hint = did_you_mean(wallet, wallets)
        raise CliError(f"provider {provider} has no wallet '{wallet}': {hint}")


def read_provider_key(
    provider: str, inline: Mapping[str, object], key_env: list[str], *, key_stdin: bool
) -> PlainKey:
    """Read one key for ``provider``, prompting for the parts that it needs."""
    known = sorted({*list_providers(), *inline})
    if provider not in known:
        raise CliError(
            f"there is no provider '{provider}': {did_you_mean(provider, known)}"
            " (to try your own definition: `balancectl provider check FILE`)"
        )
    if key_env and key_stdin:
        raise typer.BadParameter("use either --key-env or --key-stdin")
    if key_env:
        return key_from_environment(key_env)
    fields = load_provider(provider, inline).definition.secret_fields
    return read_key(provider, from_stdin=key_stdin, fields=fields)
