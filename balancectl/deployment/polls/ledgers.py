"""Reads and writes ledgers in table ``balances``, on condition that nobody wrote meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from botocore.exceptions import ClientError

from balance_poller.definitions.answer.spend_spec import SpendSpec
from balance_poller.definitions.definition import DefinitionError
from balance_poller.exchange.provider import load_provider
from balancectl.cli.errors import CliError, StackNotFoundError, is_missing
from balancectl.deployment.accounts import DeployedAccount, Stack
from balancectl.deployment.target import Target
from shared.aws.conditional import put_if
from shared.aws.dynamo import decode, encode
from shared.records.ledger import LEDGER, Ledger

#: The poller writes once a poll.
_MOST_CONFLICTS: Final = 5


def spend_of(stack: Stack, account: DeployedAccount) -> SpendSpec:
    """Return how the account's provider reports cost.

    Raises:
        CliError: When it answers with a balance, or has a budget instead of an anchor.
    """
    inline = next(s.event.get("providers", {}) for s in stack.shards if s.number == account.shard)
    try:
        spec = load_provider(account.provider, inline).definition.spend
    except DefinitionError as exc:
        raise CliError(f"provider {account.provider}: {exc}") from None
    if spec is None:
        raise CliError(
            f"account '{account.id}' has no ledger: provider {account.provider} has a balance"
        )
    if spec.is_budget:
        raise CliError(
            f"account '{account.id}' has a budget and no ledger: set `budget` in `accounts`"
        )
    return spec


def read_ledger(target: Target, account: str) -> Ledger | None:
    """Return the account's ledger; None before the first anchor."""
    table = target.names.balances_table
    try:
        answer = target.dynamodb.get_item(
            TableName=table,
            Key=encode({"account": account, "at": LEDGER}),
            ConsistentRead=True,
        )
    except ClientError as exc:
        if is_missing(exc):
            raise StackNotFoundError(target.name, target.region_name, f"table {table}") from exc
        raise
    item = answer.get("Item")
    if item is None:
        return None
    try:
        return Ledger.from_item(decode(item))
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise CliError(
            f"the ledger of account '{account}' cannot be read ({type(exc).__name__}): is"
            " balancectl older than the deployment?"
        ) from None


def change_ledger(
    target: Target, account: str, change: Callable[[Ledger | None], Ledger]
) -> Ledger:
    """Store what ``change`` makes of the account's ledger, and return it.

    ``change`` is applied again to what the poller has written meanwhile.
    """
    for _ in range(_MOST_CONFLICTS):
        known = read_ledger(target, account)
        made = change(known)
        if _is_written(target, replace(made, version=known.version if known else 0)):
            return made
    raise CliError("the ledger was changed meanwhile, several times: run the command again")


def _is_written(target: Target, ledger: Ledger) -> bool:
    """Write the item if it is still the one that was read; return whether it was."""
    condition, values = "attribute_not_exists(account)", {}
    if ledger.version:
        condition, values = "version = :version", {":version": ledger.version}
    table = target.names.balances_table
    return put_if(target.dynamodb, table, ledger.to_item(), condition, values)
