"""Lists the open incidents in table ``alerts``, and asks the router to close one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from alert_router.aws.incident_item import from_item
from alert_router.incidents.incident import Incident, IncidentKey, Scope
from balancectl.cli.errors import StackNotFoundError, is_missing
from balancectl.deployment.target import Target
from shared.aws.dynamo import decode, encode
from shared.times import format_time

_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Incidents:
    """The open incidents of a deployment."""

    opened: Sequence[Incident]
    """The oldest first."""
    unreadable: Mapping[str, str]
    """Why an item could not be read, by its id."""


def read_incidents(target: Target) -> Incidents:
    """Return the open incidents.

    Raises:
        StackNotFoundError: When there is no such table.
    """
    opened: list[Incident] = []
    unreadable: dict[str, str] = {}
    for scope in Scope:
        for item in _items(target, scope):
            try:
                incident = from_item(decode(item))
            except Exception as exc:  # noqa: BLE001 -- one malformed item must not hide the others
                unreadable[item["id"]["S"]] = f"{type(exc).__name__}: {exc}"
                continue
            if incident.is_open:
                opened.append(incident)
    return Incidents(sorted(opened, key=_age), unreadable)


def name_of(incident: Incident) -> str:
    """Return the account, or the alarm's name."""
    alarm = incident.foreign_alarm
    return incident.key.id if alarm is None else alarm.alarm_name


def called(incidents: Iterable[Incident], what: str) -> list[Incident]:
    """Return the incidents of an account, of an alarm's name, or with an id."""
    return [each for each in incidents if what in (each.key.id, name_of(each))]


def request_closing(target: Target, key: IncidentKey, reason: str) -> None:
    """Ask the router to close an incident, on the topic from which it gets alarms.

    Raises:
        StackNotFoundError: When there is no such topic.
    """
    document = {
        "kind": "close",
        "account" if key.scope is Scope.ACCOUNT else "alarm": key.id,
        "reason": reason,
        "requested_by": target.caller,
        "at": format_time(target.now()),
    }
    topic = target.names.alarms_topic
    try:
        target.sns.publish(TopicArn=target.topic_arn(topic), Message=json.dumps(document))
    except ClientError as exc:
        if is_missing(exc):
            raise StackNotFoundError(target.name, target.region_name, f"topic {topic}") from exc
        raise


def wait_until_closed(
    target: Target,
    key: IncidentKey,
    seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait up to ``seconds`` for the router to close an incident; return whether it did."""
    end = monotonic() + seconds
    while True:
        answer = target.dynamodb.get_item(
            TableName=target.names.alerts_table,
            Key=encode({"scope": key.scope.value, "id": key.id}),
            ConsistentRead=True,
        )
        incident = from_item(decode(answer["Item"])) if "Item" in answer else Incident(key)
        if not incident.firing and incident.outbox is None:
            return True
        if monotonic() >= end:
            return False
        sleep(_POLL_SECONDS)


def _items(target: Target, scope: Scope) -> list[Mapping[str, Any]]:
    """Return all items of a scope."""
    pages = target.dynamodb.get_paginator("query").paginate(
        TableName=target.names.alerts_table,
        KeyConditionExpression="#scope = :scope",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues=encode({":scope": scope.value}),
    )
    try:
        return [item for page in pages for item in page["Items"]]
    except ClientError as exc:
        if is_missing(exc):
            table = f"table {target.names.alerts_table}"
            raise StackNotFoundError(target.name, target.region_name, table) from exc
        raise


def _age(incident: Incident) -> str:
    """Sort by when an incident began; one without a time comes last."""
    return format_time(incident.opened_at) if incident.opened_at is not None else "~"
