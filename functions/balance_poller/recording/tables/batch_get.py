"""Reads items of table ``balances`` by their keys, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from balance_poller.aws_batches import error_code, in_batches
from balance_poller.recording.tables.writer import UnprocessedError, waits
from shared.aws.dynamo import decode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef

#: BatchGetItem (API reference, read 2026-11).
MAX_BATCH: Final = 100

#: Takes an item.
Take = Callable[[dict[str, Any]], None]


class Unread(NamedTuple):
    """What a read could not tell."""

    accounts: frozenset[str] = frozenset()
    """The accounts whose item, if they have one, is unknown."""
    reason: str = ""
    """AWS's error code; empty if everything was read."""


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

    def read(self, accounts: Sequence[str], take: Take) -> Unread:
        """Hand every item that exists to ``take``; return the accounts that could not be read.

        The read is consistent: an event that comes twice within a second must find its own mark.
        """
        return self._read(accounts, take, {"ConsistentRead": True, "Keys": []})

    def read_parts(self, accounts: Sequence[str], names: Sequence[str], take: Take) -> Unread:
        """Read as :meth:`read` does, but only the attributes ``names`` of each item.

        It costs half as much, since the read is eventually consistent.
        """
        attributes = {f"#{name}": name for name in names}
        how: KeysAndAttributesTypeDef = {
            "ProjectionExpression": ", ".join(attributes),
            "ExpressionAttributeNames": attributes,
            "Keys": [],
        }
        return self._read(accounts, take, how)

    def _read(self, accounts: Sequence[str], take: Take, how: KeysAndAttributesTypeDef) -> Unread:
        """Read batch by batch, as ``how`` says; what was read before a failure counts."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

        left = set(accounts)
        try:
            for batch in in_batches(accounts, MAX_BATCH):
                for item in self._get(batch, how):
                    take(item)
                left -= set(batch)
        except (ClientError, BotoCoreError, UnprocessedError) as exc:
            return Unread(frozenset(left), error_code(exc))
        return Unread()

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
