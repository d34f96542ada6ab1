"""What the adapters ask AWS for, and how they read the answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from alert_router.aws.alarms import AlarmReader
from alert_router.aws.balance_table import BalanceTable
from alert_router.aws.queue import FlushQueue
from alert_router.aws.topics import Publisher
from alert_router.events.alarm import AlarmState
from alert_router.incidents.snapshot import EnrichmentError
from alert_router.incidents.subscriber import Form
from shared.aws.dynamo import encode
from tests.unit.router.builders import NOW, latest
from tests.unit.router.kinds import every_kind


class Recorder:
    """A client that notes calls and answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.calls: list[dict[str, Any]] = []
        self.answers = list(answers)

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append({"operation": operation} | arguments)
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_alarms"
        return self


def described(**changes: Any) -> dict[str, Any]:
    """Return an alarm as DescribeAlarms lists it."""
    return {
        "AlarmName": "bm/acc/critical",
        "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:bm/acc/critical",
        "StateValue": "ALARM",
        "StateReason": "Threshold Crossed: 1 datapoint [3.2 (23/11/26 14:05:00)] was less than",
        "StateUpdatedTimestamp": NOW + timedelta(hours=1),
        "StateTransitionedTimestamp": NOW,
        "Dimensions": [{"Name": "Account", "Value": "acc"}],
    } | changes


def test_watch_when_alarms_fire_then_their_transition_is_described() -> None:
    client: Any = Recorder([{"MetricAlarms": [described()]}])

    (change,) = AlarmReader(lambda: client, "bm").firing()

    assert client.calls == [
        {"operation": "paginate", "AlarmNamePrefix": "bm/", "StateValue": "ALARM"}
    ]
    assert change.state is AlarmState.ALARM
    assert change.changed_at == NOW
    assert change.region == "eu-west-1"
    assert change.metric.dimensions == {"Account": "acc"}
    assert change.latest is not None
    assert change.latest.value == Decimal("3.2")


@pytest.mark.parametrize(
    "changes", [{"ActionsEnabled": False}, {"EvaluationState": "PARTIAL_DATA"}]
)
def test_watch_when_an_alarm_may_not_act_then_it_is_left_out(changes: dict[str, Any]) -> None:
    client: Any = Recorder([{"MetricAlarms": [described(**changes)]}])

    assert AlarmReader(lambda: client, "bm").firing() == []


def test_watch_when_the_time_of_the_transition_is_missing_then_the_update_counts() -> None:
    alarm = described()
    del alarm["StateTransitionedTimestamp"]
    client: Any = Recorder([{"MetricAlarms": [alarm]}])

    (change,) = AlarmReader(lambda: client, "bm").firing()

    assert change.changed_at == NOW + timedelta(hours=1)


def test_watch_when_requested_many_names_then_a_hundred_are_read_at_a_time() -> None:
    names = [f"alarm-{n:03}" for n in range(101)]
    client: Any = Recorder(
        [{"MetricAlarms": [described(AlarmName=names[0])]}],
        [{"CompositeAlarms": [described(AlarmName=names[100])]}],
    )

    found = AlarmReader(lambda: client, "bm").states(names)

    assert [len(call["AlarmNames"]) for call in client.calls] == [100, 1]
    assert set(found) == {names[0], names[100]}


def test_balances_when_dynamodb_leaves_keys_out_then_they_are_requested_again() -> None:
    first, second = latest("one"), latest("two")
    left = {"table": {"Keys": [encode({"account": "two", "at": "LATEST"})]}}
    client: Any = Recorder(
        {"Responses": {"table": [encode(first.to_item())]}, "UnprocessedKeys": left},
        {"Responses": {"table": [encode(second.to_item())]}, "UnprocessedKeys": {}},
    )

    found = BalanceTable(client, "table").read(["one", "two"])

    assert found == {"one": first, "two": second}
    assert client.calls[1]["RequestItems"] == left


def test_balances_when_a_record_cannot_be_read_then_it_is_as_good_as_none() -> None:
    broken = {"account": "one", "at": "LATEST", "outcome": "unheard of"}
    client: Any = Recorder({"Responses": {"table": [encode(broken)]}})

    assert BalanceTable(client, "table").read(["one"]) == {"one": None}


def test_balances_when_dynamodb_refuses_then_enrichment_fails() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "BatchGetItem")
    client: Any = Recorder(error, error)
    balances = BalanceTable(client, "table")

    with pytest.raises(EnrichmentError):
        balances.read(["one"])
    with pytest.raises(EnrichmentError):
        balances.history("one", NOW - timedelta(days=1), NOW)


def test_history_when_some_polls_failed_then_only_balances_are_returned() -> None:
    items = [
        encode({"at": "2026-11-23T14:00:00Z", "balance": Decimal(5)}),
        encode({"at": "2026-11-23T14:05:00Z"}),
    ]
    client: Any = Recorder({"Items": items})

    found = BalanceTable(client, "table").history("one", NOW - timedelta(days=1), NOW)

    assert found == {datetime(2026, 11, 23, 14, tzinfo=UTC): Decimal(5)}


def test_publisher_when_there_is_no_chat_topic_then_none_is_called() -> None:
    client: Any = Recorder({"MessageId": "m"})
    publisher = Publisher(client, {Form.EMAIL: "topic", Form.SMS: ""})
    message = every_kind()["critical"]

    published = publisher.publish(message, Form.EMAIL, ["team"])
    publisher.publish_chat(message)

    assert published == "m"
    assert publisher.forms == (Form.EMAIL,)
    assert len(client.calls) == 1


@pytest.mark.parametrize("form", Form)
def test_publisher_when_it_publishes_then_the_message_is_a_plain_string_with_attributes(
    form: Form,
) -> None:
    """AWS sends attributes, on which all filters rest, with String messages alone."""
    client: Any = Recorder({"MessageId": "m"})
    message = every_kind()["critical"]

    Publisher(client, dict.fromkeys(Form, "") | {form: f"{form}-topic"}).publish(
        message, form, ["team", "ops"]
    )

    (call,) = client.calls
    assert "MessageStructure" not in call
    assert call["TopicArn"] == f"{form}-topic"
    assert call["Message"] == message.text(form)
    assert json.loads(call["MessageAttributes"]["to"]["StringValue"]) == ["team", "ops"]


@pytest.mark.parametrize(
    ("wait", "delay"),
    [(timedelta(0), 0), (timedelta(seconds=0.4), 1), (timedelta(hours=1), 900)],
)
def test_a_delayed_flush_when_requested_then_the_delay_is_one_that_sqs_takes(
    wait: timedelta, delay: int
) -> None:
    client: Any = Recorder({})

    FlushQueue(lambda: client, "url").request_flush("warning", wait)

    (call,) = client.calls
    assert call["DelaySeconds"] == delay
    assert json.loads(call["MessageBody"]) == {"kind": "flush", "group": "warning"}
