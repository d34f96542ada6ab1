"""Every document that AWS publishes of an alarm is read, whichever shape it has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.cloudwatch import UnreadableAlarmError
from alert_router.events.envelope import Content, Ignored, UnreadableError, parse, read, unpack
from alert_router.events.state_reason import as_number
from alert_router.incidents.lifecycle.transitions import identify
from shared.aws.dynamo import encode
from tests.unit.router.builders import (
    EVENTS,
    action,
    alarm,
    eventbridge,
    foreign,
    notification,
    published,
)

DOCUMENTS = sorted(path.stem for path in EVENTS.glob("*.json"))
CONFIGURATION_CHANGES = [
    name for name in DOCUMENTS if "configuration" in name and "delete" not in name
]
ALARMS = [name for name in DOCUMENTS if name not in CONFIGURATION_CHANGES]


def read_one(document: dict[str, Any]) -> Content:
    """Read a document as an invocation brings it."""
    (record,) = unpack(document)
    return parse(record)


def read_change(name: str) -> AlarmChange:
    """Read a published alarm."""
    change = read_one(published(name))
    assert isinstance(change, AlarmChange)
    return change


@pytest.mark.parametrize("name", ALARMS)
def test_published_alarm_when_read_then_name_state_and_time_are_known(name: str) -> None:
    change = read_change(name)

    assert change.alarm_name
    assert change.changed_at.tzinfo is UTC
    assert change.region


@pytest.mark.parametrize("name", CONFIGURATION_CHANGES)
def test_configuration_change_when_read_then_it_is_ignored(name: str) -> None:
    content = read_one(published(name))

    assert content == Ignored("an alarm's configuration changed")


@pytest.mark.parametrize("name", ALARMS)
@pytest.mark.parametrize("way", ["raw", "enveloped", "queue", "queue-enveloped"])
def test_alarm_when_wrapped_then_it_reads_the_same(name: str, way: str) -> None:
    document = published(name)
    if "Records" in document:
        document = json.loads(document["Records"][0]["Sns"]["Message"])
    envelope = {"Type": "Notification", "TopicArn": "t", "Message": json.dumps(document)}
    body = json.dumps(envelope if "enveloped" in way else document)
    event = {"Records": [{"messageId": "m", "body": body}]} if "queue" in way else json.loads(body)

    wrapped = read_one(event)

    assert wrapped == read_one(document)


def test_single_metric_when_read_then_value_threshold_and_comparison_are_known() -> None:
    change = read_change("event-single-metric")

    assert change.state is AlarmState.ALARM
    assert change.previous is AlarmState.OK
    assert change.alarm_arn.endswith(":alarm:ServerCpuTooHigh")
    assert change.changed_at == datetime(2019, 10, 2, 17, 4, 40, 989000, UTC)
    assert change.metric.label == "AWS/EC2 CPUUtilization"
    assert change.metric.dimensions == {"InstanceId": "i-12345678901234567"}
    assert change.metric.threshold == 50
    assert change.metric.comparison == "above"
    assert change.latest is not None
    assert change.latest.value == Decimal("99.50160229693434")
    assert change.latest.at == datetime(2019, 10, 2, 16, 59, tzinfo=UTC)


def test_one_transition_when_delivered_by_event_and_by_topic_then_it_is_the_same() -> None:
    event, topic = read_change("event-single-metric"), read_change("sns-single-metric")

    assert event.identity == topic.identity
    assert event.changed_at == topic.changed_at
    assert event.latest == topic.latest
    assert event.metric.dimensions == topic.metric.dimensions
    assert event.region == topic.region == "us-east-1"


def test_one_contributor_when_delivered_in_three_ways_then_it_is_the_same() -> None:
    names = ("event-contributor", "action-contributor", "sns-contributor")

    changes = [read_change(name) for name in names]

    assert len({change.identity for change in changes}) == 1
    assert changes[0].contributor == "6d442278dba546f6"
    assert changes[0].attributes == {"TableName": "example-dynamodb-table-name"}
    # The alarm as a whole is the same alarm, and no series of it.
    assert changes[0].identity == read_change("event-multi-series").identity
    assert read_change("event-multi-series").contributor == ""


def test_contributor_when_its_id_is_missing_then_its_attributes_identify_it() -> None:
    document = published("sns-contributor")
    del document["AlarmContributorId"]
    other = document | {"AlarmContributorAttributes": {"TableName": "other"}}

    first, again, second = read_one(document), read_one(document), read_one(other)

    assert isinstance(first, AlarmChange)
    assert isinstance(again, AlarmChange)
    assert isinstance(second, AlarmChange)
    assert first.contributor == again.contributor != second.contributor
    assert first.identity == second.identity


@pytest.mark.parametrize("name", ["event-anomaly", "action-anomaly", "sns-anomaly-ok"])
def test_anomaly_when_read_then_the_band_and_the_metric_are_known(name: str) -> None:
    metric = read_change(name).metric

    assert metric.threshold is None
    assert metric.lower is not None
    assert metric.upper is not None
    assert metric.lower < metric.upper
    assert metric.label in ("AWS/EC2 CPUUtilization", "ContainerInsights pod_cpu_utilization")


@pytest.mark.parametrize("name", ["event-composite", "sns-composite"])
def test_composite_when_read_then_rule_and_children_are_known(name: str) -> None:
    metric = read_change(name).metric

    assert metric.is_composite
    assert metric.label == "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)"
    assert metric.children == ("ServerCpuTooHigh",)


COUNT = "SampleCount of AWS/Lambda"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("event-metric-math", "Total Network Traffic"),
        ("action-metric-math", f"m1/m2 (m1 is {COUNT} Invocations, m2 is {COUNT} Duration)"),
        ("sns-metric-math", "FILL(m1, 0) (m1 is Average of AWS/Usage CallCount)"),
    ],
)
def test_metric_math_when_read_then_the_compared_expression_is_named(name: str, label: str) -> None:
    assert read_change(name).metric.label == label


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("event-composite-suppressed", "suppressed by WaitPeriod"),
        ("event-partial-data", "evaluated on partial data"),
        ("event-muted", "muted"),
    ],
)
def test_alarm_when_nobody_is_to_hear_of_it_then_the_reason_is_kept(name: str, why: str) -> None:
    assert read_change(name).ignored_because == why


def test_mute_when_its_window_is_over_or_to_come_then_the_alarm_counts() -> None:
    assert not read_change("event-single-metric").ignored_because


def test_mute_when_its_window_is_unreadable_then_the_alarm_is_muted() -> None:
    document = published("event-single-metric")
    document["detail"]["muteDetail"] = {"mutedByArn": "arn"}

    change = read_one(document)

    assert isinstance(change, AlarmChange)
    assert change.ignored_because == "muted"


def test_new_alarm_when_it_was_never_evaluated_then_it_is_ignored() -> None:
    document = published("event-metric-math")
    document["detail"]["state"] = document["detail"]["previousState"]

    change = read_one(document)

    assert isinstance(change, AlarmChange)
    assert change.ignored_because == "not evaluated yet"


@pytest.mark.parametrize("write", [notification, eventbridge, action])
def test_our_alarm_when_read_in_any_shape_then_its_dimensions_are_known(write: Any) -> None:
    change = read_one(write(alarm("critical")))

    assert isinstance(change, AlarmChange)
    assert change.alarm_name == "balance-monitor/openrouter-main/critical"
    assert change.metric.dimensions == {"Account": "openrouter-main", "Provider": "openrouter"}


def test_dimensions_when_their_keys_are_capitalised_then_they_are_read() -> None:
    document = notification(alarm())
    document["Trigger"]["Dimensions"] = [{"Name": "Account", "Value": "a"}]

    change = read_one(document)

    assert isinstance(change, AlarmChange)
    assert change.metric.dimensions == {"Account": "a"}


@pytest.mark.parametrize("stamp", ["2026-11-23T14:06:00.000+0000", "2026-11-23T14:06:00Z"])
def test_time_when_written_either_way_then_it_is_the_same(stamp: str) -> None:
    change = read_one(notification(alarm()) | {"StateChangeTime": stamp})

    assert isinstance(change, AlarmChange)
    assert change.changed_at == datetime(2026, 11, 23, 14, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"AlarmName": None},
        {"NewStateValue": "BROKEN"},
        {"StateChangeTime": None},
        {"StateChangeTime": "yesterday"},
        {"StateChangeTime": "2026-11-23T14:06:00"},
    ],
    ids=["no-name", "unknown-state", "no-time", "no-real-time", "no-zone"],
)
def test_alarm_when_it_says_too_little_then_it_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAlarmError):
        read(notification(alarm()) | changes)


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        {},
        {"kind": "unknown"},
        {"kind": "flush"},
        {"kind": "test", "account": "a/b", "at": "2026-11-23T14:06:00Z"},
        {"kind": "test", "account": "a"},
        {"TopicArn": "t", "Message": "{no JSON"},
    ],
)
def test_record_when_it_is_nothing_known_then_it_is_unreadable(document: Any) -> None:
    with pytest.raises(UnreadableError):
        read(document)


def test_envelopes_when_nested_without_end_then_they_are_unreadable() -> None:
    document: dict[str, Any] = {}
    for _ in range(20):
        document = {"TopicArn": "t", "Message": json.dumps(document)}

    with pytest.raises(UnreadableError, match="too deeply"):
        read(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)
PARTS = ["state", "previousState", "configuration", "alarmContributor", "muteDetail", "alarmName"]
FIELDS = ["AlarmName", "NewStateReason", "StateChangeTime", "Trigger", "AlarmRule", "AlarmArn"]


@given(st.sampled_from(ALARMS), st.sampled_from(PARTS + FIELDS), JSON)
@settings(max_examples=300, deadline=None)
def test_published_alarm_when_any_part_is_anything_then_it_is_read_or_refused(
    name: str, part: str, value: Any
) -> None:
    document = published(name)
    for level in (document, document.get("detail"), document.get("alarmData")):
        if isinstance(level, dict) and part in level:
            level[part] = value
    text = json.dumps(document)

    try:
        content = read_one(json.loads(text, parse_float=Decimal))
    except ValueError:
        return

    assert isinstance(content, AlarmChange | Ignored)


@given(JSON)
def test_record_when_it_is_any_json_then_it_is_unreadable_or_known(value: Any) -> None:
    event = {"Records": [{"messageId": "m", "body": json.dumps(value)}]}

    with pytest.raises(ValueError):  # noqa: PT011 -- any of ours
        read_one(event)


def test_foreign_alarm_when_its_name_is_endless_then_its_key_fits_the_table() -> None:
    change = foreign(name="日" * 255)._replace(contributor="日" * 200)

    key, _ = identify(change, "balance-monitor")

    assert len(key.id.encode()) <= 1024


@pytest.mark.parametrize("number", ["1e200", "NaN", "1." + "3" * 60, "-1e-300", ""])
def test_number_when_dynamodb_could_not_hold_it_then_it_is_rounded_or_none(number: str) -> None:
    found = as_number(number)

    assert found is None or encode({"number": found})


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"alarmName": "a", "state": {"value": "ALARM"}},
        {"alarmName": "a", "state": None, "configuration": 7},
        {"alarmName": "a", "state": {"value": "ALARM", "timestamp": "2026-11-23T14:06:00Z"}},
    ],
)
def test_event_when_parts_are_missing_then_it_is_read_or_refused(detail: Any) -> None:
    event = {"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change"}

    try:
        content = read(event | {"detail": detail})
    except UnreadableAlarmError:
        return

    assert isinstance(content, AlarmChange)
    assert content.alarm_name == "a"
