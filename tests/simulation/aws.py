"""DynamoDB, SNS and SQS in memory: their semantics, for the calls that the router makes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.dynamo import decode, encode
from shared.records import Latest

Gate = Callable[[str, Callable[[], Any]], Any]
"""Lets a call through or not: (name of the call, the call) -> its response."""


def refused(code: str, operation: str) -> ClientError:
    """Return the error that boto3 raises when a service refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": "simulated"}}, operation)


class ConditionFailedError(ClientError):
    """DynamoDB's ConditionalCheckFailedException."""


class _Exceptions:
    ConditionalCheckFailedException = ConditionFailedError


@dataclass
class Dynamo:
    """Table ``alerts`` as items, and the poller's records as the poller's own objects."""

    gate: Gate
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    latest: dict[str, Latest] = field(default_factory=dict)
    history: dict[str, deque[tuple[str, Decimal]]] = field(default_factory=dict)
    exceptions = _Exceptions

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        """Return an item."""
        assert ConsistentRead
        assert TableName
        key = Key["scope"]["S"], Key["id"]["S"]
        return self.gate("get", lambda: _found(self.items.get(key)))

    def put_item(self, *, TableName: str, Item: Any, **condition: Any) -> None:  # noqa: N803
        """Write an item, if its condition holds."""
        assert TableName
        key = Item["scope"]["S"], Item["id"]["S"]

        def write() -> None:
            values = decode(condition.get("ExpressionAttributeValues", {}))
            expression = condition.get("ConditionExpression", "")
            if not _holds(expression, self.items.get(key), values):
                error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
                raise ConditionFailedError(error, "PutItem")
            self.items[key] = dict(Item)

        self.gate(f"put {key[0]}", write)

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        """Return the records that exist."""
        ((name, request),) = RequestItems.items()
        accounts = [key["account"]["S"] for key in request["Keys"]]
        return self.gate(
            "batch get",
            lambda: {
                "Responses": {
                    name: [
                        encode(self.latest[account].to_item())
                        for account in accounts
                        if account in self.latest
                    ]
                }
            },
        )

    def query(self, *, TableName: str, **query: Any) -> dict[str, Any]:  # noqa: N803
        """Return a part of an account's history."""
        assert TableName
        values = decode(query["ExpressionAttributeValues"])
        since, until = values[":since"], values[":until"]
        attempts = self.history.get(values[":account"], ())
        return self.gate(
            "query history",
            lambda: {
                "Items": [
                    encode({"at": at, "balance": balance})
                    for at, balance in attempts
                    if since <= at <= until
                ]
            },
        )

    def get_paginator(self, operation: str) -> Dynamo:
        """Act as the query's paginator."""
        assert operation == "query"
        return self

    def paginate(self, *, TableName: str, **query: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Yield a scope's items in pages of ten."""
        assert TableName
        scope = decode(query["ExpressionAttributeValues"])[":scope"]
        items = self.gate(
            f"query {scope}", lambda: [i for key, i in self.items.items() if key[0] == scope]
        )
        for start in range(0, len(items), 10):
            yield {"Items": items[start : start + 10]}


@dataclass
class Topics:
    """SNS: what was published, and by whom."""

    gate: Gate
    publications: Callable[[dict[str, Any]], str]

    def publish(self, **message: Any) -> dict[str, str]:
        """Accept a message within the limits that SNS checks."""
        assert len(message["Subject"]) < 100
        assert message["Subject"].isascii()
        assert "MessageStructure" not in message
        attributes = json.dumps(message["MessageAttributes"])
        assert len(f"{message['Message']}{attributes}".encode()) <= 256 * 1024
        what = f"publish {message['TopicArn']}"
        return {"MessageId": self.gate(what, lambda: self.publications(message))}


@dataclass
class Letter:
    """A message in a queue."""

    number: int
    body: str
    visible_at: datetime
    receives: int = 0


@dataclass
class Queue:
    """SQS: at-least-once delivery in no order, with delays and a visibility timeout."""

    gate: Gate
    clock: Callable[[], datetime]
    letters: dict[int, Letter] = field(default_factory=dict)
    dead: list[Letter] = field(default_factory=list)
    made: int = 0

    visibility = timedelta(seconds=180)
    max_receives = 5

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803
        """Accept a message from the router to itself."""
        assert QueueUrl
        assert 0 <= DelaySeconds <= 900
        delay = timedelta(seconds=DelaySeconds)
        self.gate("send", lambda: self.put(MessageBody, self.clock() + delay))

    def put(self, body: str, visible_at: datetime) -> None:
        """Put a message into the queue."""
        self.made += 1
        self.letters[self.made] = Letter(self.made, body, visible_at)

    def receive(self, most: int) -> list[Letter]:
        """Receive up to ``most`` visible messages, which reappear unless they are deleted."""
        now = self.clock()
        found = [letter for letter in self.letters.values() if letter.visible_at <= now][:most]
        for letter in found:
            letter.receives += 1
            letter.visible_at = now + self.visibility
            if letter.receives > self.max_receives:
                self.dead.append(self.letters.pop(letter.number))
        return [letter for letter in found if letter.receives <= self.max_receives]

    def delete(self, number: int) -> None:
        """Delete a handled message."""
        self.letters.pop(number, None)

    def next_visible(self) -> datetime | None:
        """Return when the next message becomes visible."""
        return min((letter.visible_at for letter in self.letters.values()), default=None)


def _found(item: Mapping[str, Any] | None) -> dict[str, Any]:
    """Respond as GetItem does."""
    return {"Item": dict(item)} if item is not None else {}


def _holds(expression: str, item: Mapping[str, Any] | None, values: Mapping[str, Any]) -> bool:
    """Evaluate the conditions that the router uses; any other is an error."""
    known = decode(item) if item is not None else {}
    match expression:
        case "":
            return True
        case "attribute_not_exists(id)":
            return not known
        case "version = :read":
            return bool(known) and known["version"] == Decimal(values[":read"])
        case "attribute_not_exists(id) OR lease_until <= :now":
            # A comparison of values of two types is false.
            until, now = known.get("lease_until"), Decimal(values[":now"])
            return not known or (isinstance(until, Decimal) and until <= now)
    raise AssertionError(f"an unknown condition: {expression}")
