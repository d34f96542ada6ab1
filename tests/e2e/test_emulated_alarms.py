"""Mute rules and log alarms in the emulator behave as CloudWatch documents them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import start_emulator
from balancectl.localcloud.inbox import Inbox

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ALARM = "stack/acme/critical"


@pytest.fixture
def emulator(tmp_path: Any) -> Iterator[Emulator]:
    running = start_emulator(tmp_path / "cloud", story_start=START)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def cloudwatch(emulator: Emulator) -> Any:
    """CloudWatch with one alarm, which sends e-mails."""
    sns = emulator.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
    client = emulator.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=ALARM,
        Namespace="BalanceMonitor",
        MetricName="Balance",
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="LessThanThreshold",
        Threshold=5,
        AlarmActions=[topic],
        OKActions=[topic],
    )
    client.set_alarm_state(AlarmName=ALARM, StateValue="OK", StateReason="Enough.")
    Inbox(emulator.mailbox_file).read_new()
    return client


def set_state(cloudwatch: Any, state: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="Test.")


def mute(cloudwatch: Any, **changes: Any) -> None:
    """Mute the alarm from 12:10 to 12:40."""
    schedule = {"Expression": "at(2026-11-23T12:10)", "Duration": "PT30M"} | changes
    cloudwatch.put_alarm_mute_rule(
        Name="maintenance", Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": [ALARM]}
    )


def statuses(cloudwatch: Any, **request: Any) -> list[str]:
    found = cloudwatch.list_alarm_mute_rules(**request)["AlarmMuteRuleSummaries"]
    return [summary["Status"] for summary in found]


def arrived(inbox: Inbox, within_seconds: float = 3) -> list[str]:
    """Return the subjects of the messages received, waiting a little for the first."""
    deadline = time.monotonic() + within_seconds
    while not (found := inbox.read_new()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [message.subject for message in found]


def test_muted_alarm_shows_its_state_and_takes_no_action(
    emulator: Emulator, cloudwatch: Any
) -> None:
    inbox = Inbox(emulator.mailbox_file)
    inbox.read_new()
    mute(cloudwatch)
    emulator.clock.set(START + timedelta(minutes=20))

    set_state(cloudwatch, "ALARM")

    described = cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    assert [alarm["StateValue"] for alarm in described] == ["ALARM"]
    assert arrived(inbox, within_seconds=0.5) == []


def test_action_follows_when_the_rule_ends_and_the_state_still_holds(
    emulator: Emulator, cloudwatch: Any
) -> None:
    inbox = Inbox(emulator.mailbox_file)
    inbox.read_new()
    mute(cloudwatch)
    emulator.clock.set(START + timedelta(minutes=20))
    set_state(cloudwatch, "ALARM")

    emulator.clock.set(START + timedelta(minutes=41))

    assert [subject.split(":")[0] for subject in arrived(inbox)] == ["ALARM"]


def test_no_action_follows_when_the_state_has_changed_back(
    emulator: Emulator, cloudwatch: Any
) -> None:
    inbox = Inbox(emulator.mailbox_file)
    inbox.read_new()
    mute(cloudwatch)
    emulator.clock.set(START + timedelta(minutes=20))
    set_state(cloudwatch, "ALARM")
    emulator.clock.set(START + timedelta(minutes=41))
    arrived(inbox)
    emulator.clock.set(START + timedelta(minutes=20))
    set_state(cloudwatch, "OK")
    set_state(cloudwatch, "ALARM")
    set_state(cloudwatch, "OK")

    emulator.clock.set(START + timedelta(minutes=41))

    assert [subject.split(":")[0] for subject in arrived(inbox)] == ["OK"]


def test_rules_are_listed_by_alarm_and_status_without_alarm_names(
    emulator: Emulator, cloudwatch: Any
) -> None:
    mute(cloudwatch)

    before = statuses(cloudwatch, AlarmName=ALARM)
    emulator.clock.set(START + timedelta(minutes=20))
    during = statuses(cloudwatch, AlarmName=ALARM, Statuses=["ACTIVE"])
    foreign = statuses(cloudwatch, AlarmName="another", Statuses=["ACTIVE"])
    emulator.clock.set(START + timedelta(minutes=41))
    after = statuses(cloudwatch, AlarmName=ALARM, Statuses=["ACTIVE"])
    summary = cloudwatch.list_alarm_mute_rules()["AlarmMuteRuleSummaries"][0]

    assert (before, during, foreign, after) == (["SCHEDULED"], ["ACTIVE"], [], [])
    assert ALARM not in str(summary)


def test_rule_is_read_and_deleted(cloudwatch: Any) -> None:
    mute(cloudwatch)

    found = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="maintenance")
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="maintenance")

    assert found["MuteTargets"]["AlarmNames"] == [ALARM]
    assert statuses(cloudwatch) == []
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="maintenance")


@pytest.mark.parametrize(
    "changes",
    [
        {"Duration": "PT0M"},
        {"Duration": "P16D"},
        {"Duration": "an hour"},
        {"Expression": "at(tomorrow)"},
    ],
    ids=str,
)
def test_invalid_schedule_is_refused(cloudwatch: Any, changes: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        mute(cloudwatch, **changes)


def put_log_alarm(cloudwatch: Any, topic: str) -> None:
    cloudwatch.put_log_alarm(
        AlarmName="errors-in-log",
        ScheduledQueryConfiguration={
            "QueryString": "fields @message | filter @message like /ERROR/",
            "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/query",
            "ScheduleConfiguration": {
                "ScheduleExpression": "rate(5 minutes)",
                "StartTimeOffset": 300,
            },
            "AggregationExpression": "count(*)",
        },
        QueryResultsToEvaluate=1,
        QueryResultsToAlarm=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )


def test_log_alarm_is_described_only_when_its_type_is_requested(
    emulator: Emulator, cloudwatch: Any
) -> None:
    inbox = Inbox(emulator.mailbox_file)
    topic = emulator.client("sns").list_topics()["Topics"][0]["TopicArn"]
    put_log_alarm(cloudwatch, topic)
    arrived(inbox, within_seconds=0.5)

    cloudwatch.set_alarm_state(
        AlarmName="errors-in-log", StateValue="ALARM", StateReason="3 errors."
    )
    by_default = cloudwatch.describe_alarms(AlarmNames=["errors-in-log"])
    asked = cloudwatch.describe_alarms(
        AlarmNames=["errors-in-log", ALARM], AlarmTypes=["MetricAlarm", "LogAlarm"]
    )
    cloudwatch.delete_alarms(AlarmNames=["errors-in-log"])
    deleted = cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])

    assert by_default.get("LogAlarms", []) == []
    assert [alarm["StateValue"] for alarm in asked["LogAlarms"]] == ["ALARM"]
    assert [alarm["AlarmName"] for alarm in asked["MetricAlarms"]] == [ALARM]
    assert deleted["LogAlarms"] == []
    assert len(arrived(inbox)) == 1
