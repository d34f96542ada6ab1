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

#: The key of table ``alerts``.
_KEY: Final = ("scope", "id")


def put_if(
    client: DynamoDBClient,
    table: str,
    item: Mapping[str, Any],
    condition: str,
    values: Mapping[str, Any],
) -> bool:
    """Write an item of table ``alerts`` if ``condition`` holds; return whether it was written.

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
        key = encode({name: item[name] for name in _KEY})
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return found.get("Item", {}).get(_WRITE) == {"S": write}
    return True
