"""Copies an account's records to another name, so that a renamed account keeps its history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, code_of
from balancectl.deployment.target import Target
from shared.aws.dynamo import encode
from shared.names import LATEST
from shared.records.ledger import LEDGER

#: BatchWriteItem takes 25 (DynamoDB API reference, read 2026-11).
_BATCH: Final = 25
_MAX_ROUNDS: Final = 20
#: Digests of where the key is kept, which the new name changes. Without them, the poller takes the
#: balance for the same one and keeps its burn.
_OF_THE_OLD_NAME: Final = ("source_hash", "asked")


def copy_history(target: Target, old: str, new: str) -> int:
    """Copy the records of ``old`` to ``new``; return how many. Idempotent.

    An existing current state or ledger of ``new`` is kept.
    """
    table = target.names.balances_table
    copies: list[Any] = []
    count = 0
    for item in _items(target, old):
        copied = {**item, "account": {"S": new}}
        count += 1
        if item["at"] in ({"S": LATEST}, {"S": LEDGER}):
            _put_latest(target, {k: v for k, v in copied.items() if k not in _OF_THE_OLD_NAME})
            continue
        copies.append({"PutRequest": {"Item": copied}})
    for start in range(0, len(copies), _BATCH):
        _write(target, {table: copies[start : start + _BATCH]})
    return count


def _items(target: Target, account: str) -> Iterator[dict[str, Any]]:
    """Yield every record of an account, as DynamoDB returns it."""
    pages = target.dynamodb.get_paginator("query").paginate(
        TableName=target.names.balances_table,
        KeyConditionExpression="account = :account",
        ExpressionAttributeValues=encode({":account": account}),
    )
    for page in pages:
        yield from page["Items"]


def _put_latest(target: Target, item: dict[str, Any]) -> None:
    """Write the current state, unless the account has one."""
    try:
        target.dynamodb.put_item(
            TableName=target.names.balances_table,
            Item=item,
            ConditionExpression="attribute_not_exists(account)",
        )
    except ClientError as exc:
        if code_of(exc) != "ConditionalCheckFailedException":
            raise


def _write(target: Target, pending: Any) -> None:  # noqa: ANN401 -- DynamoDB's request
    """Write a batch; retry what DynamoDB leaves unprocessed."""
    for _ in range(_MAX_ROUNDS):
        pending = target.dynamodb.batch_write_item(RequestItems=pending).get("UnprocessedItems")
        if not pending:
            return
    raise CliError("DynamoDB did not write all records: run the command again in a minute")
