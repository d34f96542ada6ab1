"""Reads items of table ``balances`` by their keys, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from balance_poller.aws_batches import in_batches
from balance_poller.recording.writer import UnprocessedError, waits
from shared.aws.dynamo import decode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: BatchGetItem (API reference, read 2026-11).
MAX_BATCH: Final = 100


def get_items(
    client: DynamoDBClient,
    table: str,
    accounts: Sequence[str],
    at: str,
    sleep: Callable[[float], None],
) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """Yield the accounts of each batch, and those of their items ``at`` that exist.

    Keys that DynamoDB leaves unprocessed are asked for again, after a wait. The read is consistent:
    an event that comes twice within a second must find its own mark.

    Raises:
        UnprocessedError: when DynamoDB keeps leaving some.
        botocore.exceptions.ClientError, BotoCoreError: when it cannot be read.
    """
    for batch in in_batches(accounts, MAX_BATCH):
        keys: Sequence[Any] = [{"account": {"S": name}, "at": {"S": at}} for name in batch]
        found: list[dict[str, Any]] = []
        pauses = waits()
        while keys:
            response = client.batch_get_item(
                RequestItems={table: {"Keys": keys, "ConsistentRead": True}}
            )
            found += [decode(item) for item in response["Responses"].get(table, [])]
            left = response.get("UnprocessedKeys", {}).get(table)
            keys = left["Keys"] if left else []
            if keys:
                pause = next(pauses, None)
                if pause is None:
                    raise UnprocessedError
                sleep(pause)
        yield batch, found
