"""The LEDGER items of accounts whose provider reports cost: read before a run, written in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from balance_poller.aws_batches import error_code
from balance_poller.recording.tables.batch_get import ItemReader
from shared.aws.dynamo import encode
from shared.records.ledger import LEDGER, Ledger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_UNCHANGED: Final = "version = :version"


@dataclass(frozen=True, slots=True)
class LedgersRead:
    """The ledgers of some accounts."""

    items: dict[str, Ledger] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """Why an account's ledger, if it has one, is not known."""


class LedgerConflictError(Exception):
    """The ledger was written by somebody since it was read."""


class LedgerWriteError(Exception):
    """The ledger cannot be stored; the text is AWS's error code."""


class LedgerTable:
    """Reads and writes LEDGER items.

    Args:
        client: Returns the DynamoDB client; called when it is first needed.
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
        self._items = ItemReader(client, table, LEDGER, sleep)

    def read(self, accounts: Sequence[str]) -> LedgersRead:
        """Return the ledgers of ``accounts``, without those that have none."""
        read = LedgersRead()
        unread = self._items.read(accounts, lambda item: _parse(item, read))
        problem = f"the ledger could not be read: {unread.reason}"
        read.problems.update(dict.fromkeys(unread.accounts, problem))
        return read

    def write(self, ledger: Ledger) -> Ledger:
        """Store ``ledger`` and return it under its new version.

        Raises:
            LedgerConflictError: when it is not the stored one any more.
            LedgerWriteError: when it cannot be stored.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

        try:
            self._client().put_item(
                TableName=self._table,
                Item=encode(ledger.to_item()),
                ConditionExpression=_UNCHANGED,
                ExpressionAttributeValues={":version": {"N": str(ledger.version)}},
            )
        except (ClientError, BotoCoreError) as exc:
            if error_code(exc) == "ConditionalCheckFailedException":
                raise LedgerConflictError from exc
            raise LedgerWriteError(error_code(exc)) from exc
        return replace(ledger, version=ledger.version + 1)


def _parse(item: dict[str, Any], read: LedgersRead) -> None:
    """Add an item's ledger, or why it has none."""
    try:
        ledger = Ledger.from_item(item)
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        words = f"the ledger's record cannot be read ({type(exc).__name__})"
        read.problems[str(item.get("account"))] = words
    else:
        read.items[ledger.account] = ledger
