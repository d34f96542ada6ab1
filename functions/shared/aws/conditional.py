"""Conditional writes that recognise their own repetition.

botocore repeats a request whose response was lost. The first attempt may have written the item, and
then the condition of the repetition fails: it looks as if somebody else had been faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from shared.aws.dynamo import encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Attribute of items written on a condition: distinguishes the write from all others.
_WRITE: Final = "write"

#: The keys of tables ``alerts`` and ``balances``, whose items have no ``scope``.
_ALERTS_KEY: Final = ("scope", "id")
_BALANCES_KEY: Final = ("account", "at")


def put_if(
    client: DynamoDBClient,
    table: str,
    item: Mapping[str, Any],
    condition: str,
    values: Mapping[str, Any],
) -> bool:
    """Write an item if ``condition`` holds; return whether it was written.

    Raises:
        botocore.exceptions.ClientError, BotoCoreError: when DynamoDB cannot be used.
    """
    write = uuid4().hex
    options: dict[str, Any] = {"ExpressionAttributeValues": encode(values)} if values else {}
    try:
        client.put_item(
            TableName=table,
            Item=encode({**item, _WRITE: write}),
            ConditionExpression=condition,
            **options,
        )
    except client.exceptions.ConditionalCheckFailedException:
        names = _ALERTS_KEY if "scope" in item else _BALANCES_KEY
        key = encode({name: item[name] for name in names})
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return found.get("Item", {}).get(_WRITE) == {"S": write}
    return True
