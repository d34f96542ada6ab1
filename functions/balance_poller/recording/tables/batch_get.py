"""Reads items of table ``balances`` by their keys, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from balance_poller.aws_batches import in_batches
from balance_poller.recording.tables.writer import UnprocessedError, waits
from shared.aws.dynamo import decode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef

#: BatchGetItem (API reference, read 2026-11).
MAX_BATCH: Final = 100


class ItemReader(NamedTuple):
    """Reads the items that accounts have under one sort key.

    Keys that DynamoDB leaves unprocessed are requested again, after a wait.
    """

    client: Callable[[], DynamoDBClient]
    """Returns the DynamoDB client; called when it is first needed."""
    table: str
    at: str
    """The sort key."""
    sleep: Callable[[float], None]
    """Waits between attempts, in seconds."""

    def read(self, accounts: Sequence[str]) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
        """Yield the accounts of each batch, and those of their items that exist.

        The read is consistent: an event that comes twice within a second must find its own mark.

        Raises:
            UnprocessedError: when DynamoDB keeps leaving some.
            botocore.exceptions.ClientError, BotoCoreError: when it cannot be read.
        """
        return self._batches(accounts, {"ConsistentRead": True, "Keys": []})

    def read_parts(
        self, accounts: Sequence[str], names: Sequence[str]
    ) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
        """Yield as :meth:`read` does, with the attributes ``names`` of each item alone.

        It costs half as much, since the read is eventually consistent.
        """
        return self._batches(
            accounts,
            {
                "ProjectionExpression": ", ".join(f"#{name}" for name in names),
                "ExpressionAttributeNames": {f"#{name}": name for name in names},
                "Keys": [],
            },
        )

    def _batches(
        self, accounts: Sequence[str], how: KeysAndAttributesTypeDef
    ) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
        """Yield the accounts and items of each batch, read as ``how`` says."""
        for batch in in_batches(accounts, MAX_BATCH):
            yield batch, self._get(batch, how)

    def _get(self, batch: list[str], how: KeysAndAttributesTypeDef) -> list[dict[str, Any]]:
        """Get one batch; request keys that DynamoDB leaves unprocessed again."""
        keys: Sequence[Any] = [{"account": {"S": name}, "at": {"S": self.at}} for name in batch]
        found: list[dict[str, Any]] = []
        pauses = waits()
        while keys:
            response = self.client().batch_get_item(
                RequestItems={self.table: {**how, "Keys": keys}}
            )
            found += [decode(item) for item in response["Responses"].get(self.table, [])]
            left = response.get("UnprocessedKeys", {}).get(self.table)
            keys = left["Keys"] if left else []
            if keys:
                self._pause(next(pauses, None))
        return found

    def _pause(self, seconds: float | None) -> None:
        """Wait before the next attempt; None if there is none."""
        if seconds is None:
            raise UnprocessedError
        self.sleep(seconds)
