"""Which channels accepted which messages, in table ``alerts``, so that a retry sends the rest.

Items of scope ``courier``, which no other function reads, with a TTL longer than the dead-letter
queue keeps a message: ``<message>/<channel>/<key>`` while and after a post is sent, and
``<channel>/<key>`` with the time of the newest message about a pager's incident.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from courier.message import Subscription, parse_subscriptions
from courier.posts import Post
from shared.aws.conditional import put_if
from shared.aws.dynamo import decode, encode
from shared.names import SUBSCRIBERS_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCOPE: Final = "courier"

#: The dead-letter queue keeps a message for 14 days.
_REMEMBERED: Final = timedelta(days=15)


class BusyError(Exception):
    """Another invocation is sending the same post, or ended while it was."""


class DeliveryTable:
    """Leases and marks of posts in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def subscriptions(self) -> list[Subscription]:
        """Return the declared subscribers that are channels.

        Raises:
            KeyError, TypeError, ValueError: when the item is not as Terraform writes it.
            botocore.exceptions.ClientError: when the table cannot be read.
        """
        return parse_subscriptions((self._get(SUBSCRIBERS_KEY) or {})["filters"])

    def claim(self, message_id: str, post: Post, now: datetime, lease: timedelta) -> bool:
        """Lease a post; return whether it is still to be sent.

        Raises:
            BusyError: when it is leased to another invocation.
            botocore.exceptions.ClientError: when the table cannot be read or written.
        """
        if post.key and (self._get(_newest(post)) or {}).get("sent_at", "") > post.sent_at:
            return False
        if put_if(
            self._client,
            self._table,
            _expiring({**_id(message_id, post), "lease_until": _millis(now + lease)}, now),
            "attribute_not_exists(id) OR lease_until <= :now",
            {":now": _millis(now)},
        ):
            return True
        if (self._get(_id(message_id, post)) or {}).get("is_taken"):
            return False
        raise BusyError("another invocation is sending this post")

    def settle(self, message_id: str, post: Post, now: datetime) -> None:
        """Record that a channel accepted a post, or that it need not be sent."""
        until = _millis(now + _REMEMBERED)
        self._put({**_id(message_id, post), "lease_until": until, "is_taken": True}, now)
        if post.key:
            self._put({**_newest(post), "sent_at": post.sent_at}, now)

    def release(self, message_id: str, post: Post, now: datetime) -> None:
        """End the lease of a post that the channel did not accept."""
        self._put({**_id(message_id, post), "lease_until": _millis(now)}, now)

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        """Return an item as last written; None if there is none."""
        found = self._client.get_item(TableName=self._table, Key=encode(key), ConsistentRead=True)
        return decode(found["Item"]) if "Item" in found else None

    def _put(self, item: dict[str, Any], now: datetime) -> None:
        """Write an item that expires by itself."""
        self._client.put_item(TableName=self._table, Item=encode(_expiring(item, now)))


def _expiring(item: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return an item that DynamoDB will delete."""
    return item | {"expires_at": int((now + _REMEMBERED).timestamp())}


def _id(message_id: str, post: Post) -> dict[str, str]:
    """Return the key of a post's item."""
    return {"scope": SCOPE, "id": f"{message_id}/{post.channel}/{post.key}"}


def _newest(post: Post) -> dict[str, str]:
    """Return the key of the item about a pager's incident."""
    return {"scope": SCOPE, "id": f"{post.channel}/{post.key}"}


def _millis(at: datetime) -> int:
    """Return a time as DynamoDB can compare it."""
    return int(at.timestamp() * 1000)
