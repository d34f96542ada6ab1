"""The accounts' LATEST items: read before a run, and written last, only over older ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from balance_poller.aws_batches import in_batches
from balance_poller.poll_intervals import PollMark, PollMarks
from balance_poller.recording.tables.batch_get import ItemReader
from balance_poller.recording.tables.upgrade import upgraded
from balance_poller.recording.tables.writer import (
    Entry,
    Target,
    UnprocessedError,
    WriteProblem,
    Writer,
    encode_entry,
    waits,
)
from shared.names import LATEST
from shared.outcome import Outcome
from shared.records import Latest
from shared.times import format_time, parse_time

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        PutTypeDef,
        TransactWriteItemTypeDef,
    )

#: TransactWriteItems (API reference, read 2026-11).
MAX_BATCH: Final = 100

_NEWER: Final = "attribute_not_exists(polled_at) OR polled_at < :polled_at"
_ABSENT: Final = "attribute_not_exists(polled_at)"
_UNCHANGED: Final = "polled_at = :read"
#: Reading less of an item costs as much, but takes less time.
_MARK: Final = ("account", "polled_at", "outcome", "is_close")
_SUPERSEDED: Final = "ConditionalCheckFailed"
#: Cancellation reasons that blame the item itself.
_REFUSED: Final = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})


class LatestRead(NamedTuple):
    """The LATEST items before a run."""

    items: dict[str, Latest]
    unknown: frozenset[str] = frozenset()
    """Accounts whose item could not be read, and so must not be overwritten."""
    problem: str | None = None


class _Condition(NamedTuple):
    """The condition under which an item may be overwritten."""

    known: Mapping[str, Latest] | None = None
    """Only these may be overwritten, as they were read; None means any older one."""

    def of(self, entry: Entry) -> tuple[str, dict[str, AttributeValueTypeDef]]:
        """Return the condition expression for an entry, and its values."""
        if self.known is None:
            return _NEWER, {":polled_at": entry.item["polled_at"]}
        read = self.known.get(entry.account)
        if read is None:
            return _ABSENT, {}
        return _UNCHANGED, {":read": {"S": format_time(read.polled_at)}}


class LatestTable:
    """Reads and writes LATEST items.

    Args:
        client: Returns the DynamoDB client; called on first use.
        table: The balances table's name.
        sleep: Waits between attempts, in seconds.
    """

    def __init__(
        self,
        client: Callable[[], DynamoDBClient],
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._sleep = sleep
        self._items = ItemReader(client, table, LATEST, sleep)

    def read(self, accounts: Sequence[str]) -> LatestRead:
        """Return the items of ``accounts``; an item that cannot be parsed counts as absent."""
        items: dict[str, Latest] = {}
        unread = self._items.read(accounts, lambda item: items.update(_readable(item)))
        problem = f"{Target.LATEST} not read: {unread.reason}" if unread.reason else None
        return LatestRead(items, unread.accounts, problem)

    def read_marks(self, accounts: Sequence[str]) -> PollMarks:
        """Return when ``accounts`` were polled, at half the price of reading their items.

        The read is eventually consistent: an account that seems due is read again before it is
        polled. A failure here recurs in that read, which reports it.
        """
        known: dict[str, PollMark] = {}
        unread = self._items.read_parts(accounts, _MARK, lambda item: known.update(_mark(item)))
        return PollMarks(known, unread.accounts)

    def write(self, latests: Sequence[Latest]) -> list[WriteProblem]:
        """Write ``latests``, each only over an older one; return what could not be written."""
        return self._write(latests, _Condition()).problems

    def replace(
        self, latests: Sequence[Latest], known: Mapping[str, Latest]
    ) -> tuple[list[WriteProblem], frozenset[str]]:
        """Write ``latests``, each only over the item that was read.

        Args:
            latests: What to write.
            known: The items as they were read; where there was none, there must still be none.

        Returns:
            What could not be written, and the accounts whose item has changed since.
        """
        writer = self._write(latests, _Condition(known))
        return writer.problems, frozenset(writer.superseded)

    def _write(self, latests: Sequence[Latest], condition: _Condition) -> Writer:
        """Write each of ``latests`` for which ``condition`` holds."""
        writer = Writer(Target.LATEST)
        entries = [
            entry
            for latest in latests
            for entry in encode_entry(latest.account, latest.to_item(), writer)
        ]
        for batch in in_batches(entries, MAX_BATCH):
            writer.write(
                batch,
                lambda part: self._put(part, writer, condition),
                lambda entry: entry.account,
            )
        return writer

    def _put(self, batch: list[Entry], writer: Writer, condition: _Condition) -> None:
        """Put one batch in a transaction; after a cancellation, without superseded items."""
        pending = batch
        pauses = waits()
        while pending:
            try:
                self._client().transact_write_items(
                    TransactItems=[self._item(entry, condition) for entry in pending]
                )
            except self._client().exceptions.TransactionCanceledException as exc:
                pending, is_busy = _still_to_write(pending, exc, writer)
                if is_busy:
                    self._pause(next(pauses, None))
            else:
                return

    def _item(self, entry: Entry, condition: _Condition) -> TransactWriteItemTypeDef:
        """Return one conditional put."""
        expression, values = condition.of(entry)
        put: PutTypeDef = {
            "TableName": self._table,
            "Item": entry.item,
            "ConditionExpression": expression,
        }
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _pause(self, seconds: float | None) -> None:
        """Wait before the next attempt; None if there is none."""
        if seconds is None:
            raise UnprocessedError
        self._sleep(seconds)


def _readable(item: dict[str, Any]) -> dict[str, Latest]:
    """Return the item by account; empty if it cannot be parsed."""
    try:
        latest = Latest.from_item(upgraded(item))
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return {latest.account: latest}


def _mark(item: dict[str, Any]) -> dict[str, PollMark]:
    """Return the mark by account; empty if it cannot be parsed."""
    try:
        polled_at, outcome = parse_time(item["polled_at"]), Outcome(item["outcome"])
        return {item["account"]: PollMark(polled_at, outcome, item.get("is_close") is True)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _still_to_write(
    batch: list[Entry], exc: ClientError, writer: Writer
) -> tuple[list[Entry], bool]:
    """Return the entries to send again, and whether to wait first.

    Reasons come in the order of the batch (TransactWriteItems, API reference, read 2026-11).
    """
    reasons = [reason.get("Code", "None") for reason in exc.response.get("CancellationReasons", [])]
    if len(reasons) != len(batch):
        return batch, True
    remaining: list[Entry] = []
    for entry, reason in zip(batch, reasons, strict=True):
        if reason in _REFUSED:
            writer.refuse(entry.account, reason)
        elif reason == _SUPERSEDED:
            writer.superseded.append(entry.account)
        else:
            remaining.append(entry)
    return remaining, len(remaining) == len(batch)


def is_done(latest: Latest | None, scheduled_at: datetime) -> bool:
    """Whether the account was already polled for ``scheduled_at`` or a later run."""
    return latest is not None and format_time(latest.polled_at) >= format_time(scheduled_at)
