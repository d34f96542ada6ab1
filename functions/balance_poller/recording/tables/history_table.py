"""Records every attempt, and every finished day, as an item of table ``balances``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from balance_poller.aws_batches import in_batches
from balance_poller.recording.tables.writer import (
    Entry,
    Target,
    UnprocessedError,
    WriteProblem,
    Writer,
    encode_entry,
    waits,
)
from shared.records import Attempt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestUnionTypeDef

#: BatchWriteItem (API reference, read 2026-11).
MAX_BATCH: Final = 25


class HistoryTable:
    """Records attempts. Writing a run twice is harmless, since the keys are the same.

    Args:
        client: Returns the DynamoDB client; called on first use.
        table: The balances table's name.
        keep_days: How many days to keep an attempt.
        sleep: Waits between attempts, in seconds.
    """

    def __init__(
        self,
        client: Callable[[], DynamoDBClient],
        table: str,
        keep_days: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._keep_days = keep_days
        self._sleep = sleep

    def write(self, attempts: Sequence[Attempt]) -> list[WriteProblem]:
        """Record ``attempts``; return those that could not be recorded."""
        writer = Writer(Target.HISTORY)
        entries = [
            entry
            for made in attempts
            for entry in encode_entry(made.account, made.to_item(self._keep_days), writer)
        ]
        for batch in in_batches(entries, MAX_BATCH):
            writer.write(batch, self._put, lambda entry: entry.account)
        return writer.problems

    def write_days(self, items: Sequence[Mapping[str, Any]]) -> list[WriteProblem]:
        """Write items of finished days; return those that could not be written."""
        writer = Writer(Target.DAYS)
        entries = [entry for item in items for entry in encode_entry(item["account"], item, writer)]
        for batch in in_batches(entries, MAX_BATCH):
            writer.write(batch, self._put, lambda entry: entry.account)
        return writer.problems

    def _put(self, batch: list[Entry]) -> None:
        """Put one batch; after a wait, resend the items that DynamoDB leaves unprocessed."""
        pending: Sequence[WriteRequestUnionTypeDef] = [
            {"PutRequest": {"Item": entry.item}} for entry in batch
        ]
        pauses = waits()
        while True:
            response = self._client().batch_write_item(RequestItems={self._table: pending})
            pending = response.get("UnprocessedItems", {}).get(self._table, [])
            if not pending:
                return
            pause = next(pauses, None)
            if pause is None:
                raise UnprocessedError
            self._sleep(pause)
