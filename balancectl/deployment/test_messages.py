"""A test message: asked for on the alarms' topic, and what became of it.

The router remembers each test that it sent under scope ``lease`` of table ``alerts``, as
``test/ACCOUNT/SEVERITY/TIME``, leased far beyond the time that sending takes.
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

from balancectl.cli.errors import StackNotFoundError, is_missing
from balancectl.deployment.subscriptions import State, Subscription
from balancectl.deployment.target import Target
from shared.dynamo import decode, encode
from shared.names import NO_SUBJECT, MessageAttribute, Severity, Status
from shared.times import format_time

_POLL_SECONDS: Final = 1.0
#: A router that is sending leases the test for minutes, one that has sent it for a day.
_SENT_BEYOND: Final = timedelta(hours=2)


class Trial(StrEnum):
    """How far a test message came."""

    SENT = "sent"
    """The router published it."""
    TRIED = "tried"
    """The router has it, and has not published it yet."""
    WAITING = "waiting"
    """The router has not taken it up."""


@dataclass(frozen=True, slots=True)
class Request:
    """A test that was asked for."""

    account: str
    severity: Severity
    at: datetime

    @property
    def lease_id(self) -> str:
        """Under which the router remembers it."""
        return f"test/{self.account}/{self.severity}/{format_time(self.at)}"


def ask_for_trial(target: Target, request: Request, by: str) -> str:
    """Publish the request on the alarms' topic; return SNS's message id.

    Raises:
        StackNotFoundError: when there is no such topic.
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


def wait_for_trial(
    target: Target,
    request: Request,
    seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Trial:
    """Wait until the router has sent the test, or ``seconds`` are over; return how far it came."""
    end = monotonic() + seconds
    while True:
        state = _look(target, request)
        if state is Trial.SENT or monotonic() >= end:
            return state
        sleep(_POLL_SECONDS)


def recipients(
    subscriptions: Iterable[Subscription], request: Request, provider: str | None
) -> list[Subscription]:
    """Return the confirmed subscribers whose filter lets the test pass."""
    attributes = {
        MessageAttribute.SEVERITY.value: request.severity.value,
        MessageAttribute.STATUS.value: Status.TEST.value,
        MessageAttribute.PROVIDER.value: provider or NO_SUBJECT,
        MessageAttribute.ACCOUNT.value: request.account,
    }
    return [
        each for each in subscriptions if each.state is State.CONFIRMED and each.passes(attributes)
    ]


def _look(target: Target, request: Request) -> Trial:
    """Return how far the test came."""
    answer = target.dynamodb.get_item(
        TableName=target.names.alerts_table,
        Key=encode({"scope": "lease", "id": request.lease_id}),
        ConsistentRead=True,
    )
    if "Item" not in answer:
        return Trial.WAITING
    leased_until = int(decode(answer["Item"])["lease_until"]) / 1000
    is_sent = leased_until > (request.at + _SENT_BEYOND).timestamp()
    return Trial.SENT if is_sent else Trial.TRIED
