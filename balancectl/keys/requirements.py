"""What accounts' configuration says of their keys: where they are sent, their parts and kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from balance_poller.credentials.binding import destination_of
from balance_poller.definitions.definition import Definition, DefinitionError
from balance_poller.definitions.language.template import ConfigError
from balance_poller.event import AccountError, parse_account
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError
from balancectl.deployment.accounts import Stack
from shared.secret import PlainKey


def destinations(stack: Stack | None, accounts: Iterable[str]) -> dict[str, str]:
    """Return the destinations by account; an account that is not configured has none.

    For a shipped provider that is its name, for anything else the origin of its requests.
    """
    found = ((account, _destination(stack, account)) for account in accounts)
    return {account: destination for account, destination in found if destination}


def _destination(stack: Stack | None, account: str) -> str | None:
    """Return one account's destination; None if it has no usable configuration."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        return None
    try:
        parsed = parse_account(known.config)
        inline = stack.shards[known.shard].event.get("providers") or {}
        provider = load_provider(parsed.provider, inline)
        addresses = provider.addresses(parsed.params, parsed.base_url, allow_http_loopback=True)
    except (AccountError, DefinitionError, ConfigError):
        return None
    found = (destination_of(provider, address, parsed.base_url) for address in addresses)
    return " ".join(dict.fromkeys(found))


def key_parts(stack: Stack | None, account: str) -> Sequence[str]:
    """Return the parts of a key that the account's provider needs; none for a plain key."""
    definition = _definition_of(stack, account)
    return () if definition is None else definition.secret_fields


def check_kind(stack: Stack | None, account: str, key: PlainKey) -> list[str]:
    """Return warnings about the kind of an account's key.

    Raises:
        CliError: When the provider documents that this kind of key does not work.
    """
    definition = _definition_of(stack, account)
    kinds = definition.key_pattern if definition else None
    if kinds is None or not isinstance(key, str):
        return []
    if refusal := kinds.refusal(key):
        raise CliError(f"{account}: {refusal}")
    remark = kinds.remark(key)
    return [remark] if remark else []


def _definition_of(stack: Stack | None, account: str) -> Definition | None:
    """Return the definition of the account's provider; None if there is no usable one."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        return None
    inline = stack.shards[known.shard].event.get("providers") or {}
    try:
        return load_provider(known.provider, inline).definition
    except DefinitionError:
        return None
