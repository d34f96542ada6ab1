"""What a provider requires of a key: its parts and its kind."""

from __future__ import annotations

from collections.abc import Sequence

from balance_poller.definitions.definition import Definition, DefinitionError
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError
from balancectl.deployment.accounts import Stack
from shared.secret import PlainKey


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
    if definition is None or not isinstance(key, str):
        return []
    if refusal := definition.key_pattern.refusal(key):
        raise CliError(f"{account}: {refusal}")
    remark = definition.key_pattern.remark(key)
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
