"""The parts that a provider needs of a key."""

from __future__ import annotations

from collections.abc import Sequence

from balance_poller.definitions.definition import DefinitionError
from balance_poller.exchange.provider import load_provider
from balancectl.deployment.accounts import Stack


def key_parts(stack: Stack | None, account: str) -> Sequence[str]:
    """Return the parts of a key that the account's provider needs; none for a plain key."""
    known = None if stack is None else stack.accounts.get(account)
    if stack is None or known is None:
        return ()
    inline = stack.shards[known.shard].event.get("providers") or {}
    try:
        return load_provider(known.provider, inline).definition.secret_fields
    except DefinitionError:
        return ()
