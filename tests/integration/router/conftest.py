"""The router's surroundings on the emulator: tables, topics, its queue, a subscriber's inbox."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_localstack.session import RunningSession

from alert_router import handler
from alert_router.incidents.subscriber import ITEM_ID, SCOPE
from alert_router.settings import settings
from shared.aws import clients
from shared.aws.dynamo import encode
from shared.records import Latest
from tests.integration.conftest import queue_for_topics


class LambdaContext:
    """What Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


@dataclass
class Deployment:
    """A stack's parts that the router touches."""

    name: str
    balances: str
    alerts: str
    topic: str
    chat: str
    queue_url: str
    inbox_url: str
    chat_inbox_url: str
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Run the handler as Lambda does."""
        return handler.lambda_handler(event, LambdaContext())

    def deliver(self, *bodies: Mapping[str, Any]) -> dict[str, Any]:
        """Run the handler with a batch of its queue."""
        records = [
            {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
        return self.invoke({"Records": records})

    def record(self, latest: Latest) -> None:
        """Write an account's record, as the poller does."""
        clients.dynamodb().put_item(TableName=self.balances, Item=encode(latest.to_item()))

    def received(self) -> list[dict[str, Any]]:
        """Return and delete everything in the subscriber's inbox."""
        return _drain(self.inbox_url)

    def requested(self) -> list[dict[str, Any]]:
        """Return and delete the router's requests to itself from its queue."""
        return _drain(self.queue_url)

    def chatted(self) -> list[dict[str, Any]]:
        """Return and delete everything in the chat room's inbox."""
        return _drain(self.chat_inbox_url)


def _drain(queue_url: str) -> list[dict[str, Any]]:
    """Receive and delete everything in a queue."""
    found = []
    while (
        messages := clients.sqs()
        .receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        .get("Messages")
    ):
        for message in messages:
            clients.sqs().delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            attributes = {
                name: value["StringValue"]
                for name, value in message.get("MessageAttributes", {}).items()
            }
            found.append(json.loads(message["Body"]) | {"attributes": attributes})
    return found


def _table(name: str, hash_key: str, range_key: str) -> str:
    """Create a table as Terraform does."""
    clients.dynamodb().create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": hash_key, "KeyType": "HASH"},
            {"AttributeName": range_key, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": hash_key, "AttributeType": "S"},
            {"AttributeName": range_key, "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def _declare(table: str) -> None:
    """Write who gets what, as Terraform does: the inbox gets everything."""
    filters = json.dumps([{"name": "inbox", "form": "events"}])
    clients.dynamodb().put_item(
        TableName=table, Item=encode({"scope": SCOPE, "id": ITEM_ID, "filters": filters})
    )


def _inbox(topic: str, name: str, **policy: list[str]) -> str:
    """Subscribe a queue to a topic; return its URL."""
    url, arn = queue_for_topics(clients.sqs(), name)
    clients.sns().subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"}
        | ({"FilterPolicy": json.dumps(policy)} if policy else {}),
    )
    return url


@pytest.fixture
def deployment(aws: RunningSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Create a separate stack for one test."""
    del aws
    name = f"bm-{uuid.uuid4().hex[:8]}"
    email = clients.sns().create_topic(Name=f"{name}-notifications")["TopicArn"]
    topic = clients.sns().create_topic(Name=f"{name}-notifications-events")["TopicArn"]
    chat = clients.sns().create_topic(Name=f"{name}-chat")["TopicArn"]
    made = Deployment(
        name=name,
        balances=_table(f"{name}-balances", "account", "at"),
        alerts=_table(f"{name}-alerts", "scope", "id"),
        topic=topic,
        chat=chat,
        queue_url=clients.sqs().create_queue(QueueName=f"{name}-alarms")["QueueUrl"],
        inbox_url=_inbox(topic, f"{name}-inbox", to=["inbox"]),
        chat_inbox_url=_inbox(chat, f"{name}-chat-inbox"),
    )
    _declare(made.alerts)
    environment = {
        "BALANCE_MONITOR_NAME": name,
        "BALANCES_TABLE": made.balances,
        "ALERTS_TABLE": made.alerts,
        "NOTIFICATIONS_TOPIC_ARN": email,
        "EVENTS_TOPIC_ARN": topic,
        "CHAT_TOPIC_ARN": chat,
        "INTAKE_QUEUE_URL": made.queue_url,
        "GROUP_WAIT_SECONDS": "0",
        "DASHBOARD_URL": "https://console.example/dashboard",
        "RUNBOOK_URL": "https://runbook.example/runbook.md",
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    settings.cache_clear()
    yield made
    settings.cache_clear()


@pytest.fixture
def now() -> datetime:
    """Return the time in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
