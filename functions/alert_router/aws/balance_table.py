"""Table ``balances``, read only: the state of accounts, and a day of an account's history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from alert_router.incidents.snapshot import EnrichmentError
from shared.aws.dynamo import decode, encode
from shared.names import LATEST
from shared.records import Latest, latest_or_none
from shared.records.breakdown import BREAKDOWN, Breakdown
from shared.times import format_time, parse_time

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: BatchGetItem takes at most this many keys.
_KEYS_PER_READ: Final = 100
_ATTEMPTS: Final = 5


class BalanceTable:
    """The poller's records."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, accounts: Iterable[str]) -> dict[str, Latest | None]:
        """Return the record of each account that has one; None for an unreadable one.

        Raises:
            EnrichmentError: when DynamoDB cannot be read.
        """
        remaining = iter(sorted(set(accounts)))
        found: dict[str, Latest | None] = {}
        while chunk := list(islice(remaining, _KEYS_PER_READ)):
            found |= self._read_chunk(chunk)
        return found

    def history(self, account: str, since: datetime, until: datetime) -> dict[datetime, Decimal]:
        """Return the balances polled between two times.

        Raises:
            EnrichmentError: when DynamoDB cannot be read.
        """
        try:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="account = :account AND #at BETWEEN :since AND :until",
                ProjectionExpression="#at, balance",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues=encode(
                    {
                        ":account": account,
                        ":since": format_time(since),
                        ":until": format_time(until),
                    }
                ),
            )
        except _client_errors() as exc:
            raise EnrichmentError("the history cannot be read") from exc
        items = (decode(item) for item in answer["Items"])
        return {parse_time(item["at"]): item["balance"] for item in items if "balance" in item}

    def breakdown(self, account: str) -> Breakdown | None:
        """Return the keys of an account that consumed most; None if unknown.

        Raises:
            EnrichmentError: when DynamoDB cannot be read.
        """
        request: Any = {self._table: {"Keys": [encode({"account": account, "at": BREAKDOWN})]}}
        try:
            answer = self._client.batch_get_item(RequestItems=request)
        except _client_errors() as exc:
            raise EnrichmentError("the keys that consumed most cannot be read") from exc
        for item in answer["Responses"].get(self._table, ()):
            try:
                return Breakdown.from_item(decode(item))
            except Exception:  # noqa: BLE001 -- whatever is in it, it costs itself alone
                return None
        return None

    def _read_chunk(self, accounts: list[str]) -> dict[str, Latest | None]:
        """Read up to a hundred accounts, retrying the keys that DynamoDB left out."""
        keys = [encode({"account": account, "at": LATEST}) for account in accounts]
        request: Any = {self._table: {"Keys": keys}}
        found: dict[str, Latest | None] = {}
        for _ in range(_ATTEMPTS):
            try:
                answer = self._client.batch_get_item(RequestItems=request)
            except _client_errors() as exc:
                raise EnrichmentError("the records cannot be read") from exc
            for item in answer["Responses"].get(self._table, ()):
                record = decode(item)
                found[record["account"]] = latest_or_none(record)
            request = answer.get("UnprocessedKeys")
            if not request:
                break
        return found


def _client_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that botocore raises when a service cannot be reached."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

    return BotoCoreError, ClientError
