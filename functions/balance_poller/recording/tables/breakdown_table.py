"""The PER_KEY items: which keys of an account consumed most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from balance_poller.aws_batches import error_code
from shared.aws.dynamo import encode
from shared.records.breakdown import Breakdown

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_FOR: Final = timedelta(days=7)


class BreakdownTable:
    """Writes them, each replacing the previous one.

    Args:
        client: Returns the DynamoDB client; called when it is first needed.
        table: The balances table's name.
    """

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        self._client = client
        self._table = table

    def write(self, breakdowns: Sequence[Breakdown]) -> list[str]:
        """Store breakdowns; return AWS's error codes for those that cannot be stored."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

        errors = []
        for one in breakdowns:
            try:
                item = encode(one.to_item(one.at + _KEPT_FOR))
                self._client().put_item(TableName=self._table, Item=item)
            except (ClientError, BotoCoreError) as exc:
                errors.append(error_code(exc))
        return errors
