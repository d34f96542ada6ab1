"""Where accounts' keys are sent, in the form of the notes beside them."""

from __future__ import annotations

from collections.abc import Iterable

from balance_poller.credentials.binding import destination_of
from balance_poller.definitions.definition import DefinitionError
from balance_poller.definitions.language.template import ConfigError
from balance_poller.event import AccountError, parse_account
from balance_poller.exchange.provider import load_provider
from balancectl.deployment.accounts import Stack


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
