"""Reads the accounts' ``LATEST`` records of table ``balances``, in one request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from shared.aws.dynamo import decode, encode
from shared.names import LATEST

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: DynamoDB leaves keys out while it is throttled; a dashboard's viewer does not wait long.
_ATTEMPTS: Final = 3


class UnreadError(Exception):
    """DynamoDB did not read all records."""


def read_records(
    dynamodb: DynamoDBClient, table: str, accounts: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return the item of each account that has one; at most a hundred accounts.

    Raises:
        UnreadError: when DynamoDB keeps leaving some out.
        botocore.exceptions.ClientError, BotoCoreError: when the table cannot be read.
    """
    keys = [encode({"account": account, "at": LATEST}) for account in accounts]
    pending: Any = {table: {"Keys": keys}} if keys else None
    found: dict[str, dict[str, Any]] = {}
    for _ in range(_ATTEMPTS):
        if not pending:
            return found
        answer = dynamodb.batch_get_item(RequestItems=pending)
        items = [decode(item) for item in answer["Responses"].get(table, [])]
        found |= {item["account"]: item for item in items}
        pending = answer.get("UnprocessedKeys")
    if pending:
        raise UnreadError("DynamoDB is busy: refresh the dashboard in a minute")
    return found
