"""Requests a test message on the alarm topic, and tracks how far it gets.

The router records each test under scope ``lease`` of table ``alerts``, as
``test/ACCOUNT/SEVERITY/TIME``, and extends that lease once the test is sent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from botocore.exceptions import ClientError

from alert_router.incidents.subscriber import Line
from balancectl.cli.errors import StackNotFoundError, is_denied, is_missing
from balancectl.deployment.balances import read_latest
from balancectl.deployment.subscribers.subscriptions import State, Subscription
from balancectl.deployment.target import Target
from shared.aws.dynamo import decode, encode
from shared.names import LEASES, NO_SUBJECT, Severity, Status, selftest_lease
from shared.times import format_time

_POLL_SECONDS: Final = 1.0
#: The router leases a test for minutes while it sends it, and for a day once it is sent.
_SENT_BEYOND: Final = timedelta(hours=2)


class Delivery(StrEnum):
    """How far a test message got."""

    SENT = "sent"
    """The router published it."""
    RECEIVED = "received"
    """The router received it and has not published it yet."""
    NOT_RECEIVED = "not received"
    """The router has not received it."""


@dataclass(frozen=True, slots=True)
class RequestedTest:
    """A requested test message."""

    account: str
    severity: Severity
    at: datetime

    @property
    def lease_id(self) -> str:
        """The id of the router's record of the test."""
        return selftest_lease(self.account, self.severity, format_time(self.at))


def request_test(target: Target, request: RequestedTest, by: str) -> str:
    """Publish the request on the alarm topic; return the message id.

    Raises:
        StackNotFoundError: When there is no such topic.
    """
    document = {
        "kind": "test",
        "account": request.account,
        "severity": request.severity.value,
        "requested_by": by,
        "at": format_time(request.at),
    }
    topic = target.names.alarms_topic
    try:
        answer = target.sns.publish(TopicArn=target.topic_arn(topic), Message=json.dumps(document))
    except ClientError as exc:
        if is_missing(exc):
            raise StackNotFoundError(target.name, target.region_name, f"topic {topic}") from exc
        raise
    return answer["MessageId"]


def wait_for_delivery(
    target: Target,
    request: RequestedTest,
    seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Delivery:
    """Wait up to ``seconds`` for the router to send the test; return how far it got."""
    end = monotonic() + seconds
    while True:
        state = _read_delivery(target, request)
        if state is Delivery.SENT or monotonic() >= end:
            return state
        sleep(_POLL_SECONDS)


def provider_of(target: Target, account: str) -> str | None:
    """Return the provider of the last poll, which the router will name."""
    latest = read_latest(target, account)
    return None if latest is None else latest.provider


def wait_if_allowed(target: Target, request: RequestedTest, seconds: float) -> Delivery | None:
    """Wait for the router; return None if access to its table is denied."""
    try:
        return wait_for_delivery(target, request, seconds)
    except ClientError as exc:
        if is_denied(exc):
            return None
        raise


def recipients(
    subscriptions: Iterable[Subscription], request: RequestedTest, provider: str | None
) -> list[Subscription]:
    """Return the confirmed subscribers whose filter the test passes."""
    line = Line(request.severity, Status.TEST, provider or NO_SUBJECT, request.account)
    return [each for each in subscriptions if each.state is State.CONFIRMED and each.receives(line)]


def _read_delivery(target: Target, request: RequestedTest) -> Delivery:
    """Return how far the test got."""
    answer = target.dynamodb.get_item(
        TableName=target.names.alerts_table,
        Key=encode({"scope": LEASES, "id": request.lease_id}),
        ConsistentRead=True,
    )
    if "Item" not in answer:
        return Delivery.NOT_RECEIVED
    leased_until = int(decode(answer["Item"])["lease_until"]) / 1000
    is_sent = leased_until > (request.at + _SENT_BEYOND).timestamp()
    return Delivery.SENT if is_sent else Delivery.RECEIVED
