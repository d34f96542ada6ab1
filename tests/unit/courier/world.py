"""A courier with a table in memory, channels that accept or refuse, and records in SQS's form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from courier.aws.delivery_table import DeliveryTable
from courier.channels.address import Address
from courier.channels.channel import ChannelError
from courier.deliver import Courier, deliver
from courier.posts import Post
from shared.secret import Secret

NOW = datetime(2026, 11, 23, 14, 6, tzinfo=UTC)
ADDRESSES = {
    "ops-slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "ops-ntfy": "ntfy://balance-monitor-canary",
    "on-call": "pagerduty://R0123456789abcdef0123456789abcde@events",
}
SUBSCRIBERS: list[dict[str, Any]] = [
    {"name": "chat", "form": "events", "channel": "ops-slack"},
    {"name": "phone", "form": "events", "channel": "ops-ntfy"},
    {"name": "pager", "form": "events", "channel": "on-call", "severities": ["critical"]},
    {"name": "machine", "form": "events"},
]


class ConditionalCheckFailedException(Exception):  # noqa: N818 -- botocore's name
    """The item is not as the condition wants it."""


class Dynamo:
    """GetItem and PutItem on one table, with the courier's one condition."""

    def __init__(self) -> None:
        self.repeats = False
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.exceptions = SimpleNamespace(
            ConditionalCheckFailedException=ConditionalCheckFailedException
        )

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 -- botocore's
        """Return an item."""
        item = self.items.get((Key["scope"]["S"], Key["id"]["S"]))
        return {"Item": item} if item is not None else {}

    def put_item(self, **request: Any) -> None:
        """Write an item; with ``repeats``, again, as botocore does if the response was lost."""
        for _ in range(1 + self.repeats):
            self._put(**request)

    def _put(
        self,
        *,
        Item: dict[str, Any],  # noqa: N803 -- botocore's
        ConditionExpression: str = "",  # noqa: N803 -- botocore's
        ExpressionAttributeValues: dict[str, Any] | None = None,  # noqa: N803 -- botocore's
        **_: Any,
    ) -> None:
        """Write an item, unless its lease runs."""
        key = Item["scope"]["S"], Item["id"]["S"]
        if ConditionExpression:
            assert ConditionExpression == "attribute_not_exists(id) OR lease_until <= :now"
            now = int((ExpressionAttributeValues or {})[":now"]["N"])
            if key in self.items and int(self.items[key]["lease_until"]["N"]) > now:
                raise ConditionalCheckFailedException
        self.items[key] = Item


@dataclass
class World:
    """Everything around the use case."""

    dynamo: Dynamo = field(default_factory=Dynamo)
    addresses: dict[str, str] = field(default_factory=lambda: dict(ADDRESSES))
    refusing: set[str] = field(default_factory=set)
    posts: list[Post] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.declare(SUBSCRIBERS)

    def declare(self, subscribers: list[dict[str, Any]]) -> None:
        """Write the declared subscribers as Terraform does."""
        self.dynamo.items["subscribers", "declared"] = {"filters": {"S": json.dumps(subscribers)}}

    def deliver(self, *bodies: str) -> list[str]:
        """Deliver records; return the ids of those that come back."""
        courier = Courier(
            name="balance-monitor",
            table=DeliveryTable(self.dynamo, "alerts"),  # type: ignore[arg-type]
            addresses=lambda: {name: Secret(text) for name, text in self.addresses.items()},
            clock=lambda: self.now,
            lease=timedelta(seconds=65),
            log=SimpleNamespace(info=self._note, warning=self._note),
            send=self._send,
        )
        return deliver(courier, {f"record-{n}": body for n, body in enumerate(bodies)})

    def posted(self) -> list[str]:
        """Return the channels that took a post, in order."""
        return sorted(post.channel for post in self.posts)

    def _send(self, _address: Address, post: Post) -> None:
        if post.channel in self.refusing:
            raise ChannelError("error=503")
        self.posts.append(post)

    def _note(self, message: str, **fields: Any) -> None:
        self.log.append({"message": message} | fields)


def body(
    document: dict[str, Any], to: Iterable[str], message_id: str = "11111111-2222-3333-4444-5"
) -> str:
    """Return the body of a record, as SNS sends an envelope to a queue."""
    names = list(to)
    value = names[0] if len(names) == 1 else json.dumps(names)
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:balance-monitor-notifications-events",
            "Subject": document.get("headline", ""),
            "Message": json.dumps(document),
            "MessageAttributes": {
                "to": {"Type": "String" if len(names) == 1 else "String.Array", "Value": value}
            },
        }
    )


def document(event: str = "opened", severity: str = "critical", **changes: Any) -> dict[str, Any]:
    """Return the document of a message about one account."""
    status = "resolved" if event in ("recovered", "closed") else "firing"
    entry = {
        "account": "openrouter-main",
        "provider": "openrouter",
        "provider_title": "OpenRouter",
        "event": event,
        "severity": severity,
        "top_up_url": "https://openrouter.ai/settings/credits",
    }
    return {
        "version": 1,
        "kind": "account",
        "status": status,
        "severity": severity,
        "headline": "CRITICAL OpenRouter openrouter-main: 3.20 USD left",
        "text": "OpenRouter openrouter-main: 3.20 USD left.\n\n  Account      openrouter-main",
        "sent_at": "2026-11-23T14:06:00Z",
        "accounts": [entry],
    } | changes
