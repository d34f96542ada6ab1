"""The evaluator reads data and sets states as CloudWatch would at the given time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from balancectl.localcloud.alarms.evaluator import AlarmEvaluator
from balancectl.localcloud.alarms.rules import AlarmState

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class FakeCloudWatch:
    """Alarms, values and states in memory."""

    def __init__(self, *alarms: dict[str, Any]) -> None:
        self.alarms = {alarm["AlarmName"]: alarm for alarm in alarms}
        self.values: list[tuple[str, datetime, float]] = []
        self.reads = 0

    def publish(self, account: str, at: datetime, value: float) -> None:
        self.values.append((account, at, value))

    def get_paginator(self, operation: str) -> FakeCloudWatch:
        assert operation == "describe_alarms"
        return self

    def paginate(self, **options: Any) -> Iterator[dict[str, Any]]:
        prefix = options.get("AlarmNamePrefix", "")
        yield {
            "MetricAlarms": [
                alarm for name, alarm in self.alarms.items() if name.startswith(prefix)
            ]
        }

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        self.reads += 1
        account = request["Dimensions"][0]["Value"]
        assert request["Period"] == 60
        return {
            "Datapoints": [
                {
                    "Timestamp": at.replace(second=0),
                    "SampleCount": 1.0,
                    "Sum": value,
                    "Minimum": value,
                    "Maximum": value,
                }
                for name, at, value in self.values
                if name == account and request["StartTime"] <= at < request["EndTime"]
            ]
        }

    def set_alarm_state(self, **request: Any) -> None:
        self.alarms[request["AlarmName"]]["StateValue"] = request["StateValue"]


def alarm(account: str, kind: str = "warning", **changes: Any) -> dict[str, Any]:
    return {
        "AlarmName": f"stack/{account}/{kind}",
        "StateValue": "INSUFFICIENT_DATA",
        "Namespace": "BalanceMonitor",
        "MetricName": "Balance",
        "Dimensions": [{"Name": "Account", "Value": account}],
        "Statistic": "Minimum",
        "Period": 300,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 20.0,
        "TreatMissingData": "ignore",
    } | changes


def evaluate(cloudwatch: FakeCloudWatch, at: datetime, **options: Any) -> dict[str, AlarmState]:
    evaluator = AlarmEvaluator(cloudwatch, **options)  # type: ignore[arg-type]
    return {change.alarm: change.after for change in evaluator.evaluate_all(at)}


def test_evaluation_when_one_account_breaches_then_only_its_alarm_fires() -> None:
    cloudwatch = FakeCloudWatch(alarm("low"), alarm("fine"))
    cloudwatch.publish("low", START, 5)
    cloudwatch.publish("fine", START, 50)

    changes = evaluate(cloudwatch, START + MINUTE)

    assert changes == {"stack/low/warning": AlarmState.ALARM, "stack/fine/warning": AlarmState.OK}


def test_evaluation_when_nothing_changed_then_nothing_is_reported() -> None:
    cloudwatch = FakeCloudWatch(alarm("low"))
    cloudwatch.publish("low", START, 5)
    evaluate(cloudwatch, START + MINUTE)

    changes = evaluate(cloudwatch, START + MINUTE)

    assert changes == {}


def test_evaluation_within_the_minute_of_a_value_then_it_does_not_count_yet() -> None:
    cloudwatch = FakeCloudWatch(alarm("low"))
    cloudwatch.publish("low", START, 5)

    changes = evaluate(cloudwatch, START + timedelta(seconds=59))

    assert changes == {}


def test_evaluation_when_the_values_are_the_futures_then_they_do_not_count() -> None:
    cloudwatch = FakeCloudWatch(alarm("low"))
    cloudwatch.publish("low", START + timedelta(hours=1), 5)

    changes = evaluate(cloudwatch, START + MINUTE)

    assert changes == {}


def test_evaluation_with_polls_that_jitter_then_each_period_has_its_value() -> None:
    """Periods slide with the evaluation: they are not aligned to the clock."""
    cloudwatch = FakeCloudWatch(alarm("a", EvaluationPeriods=2, DatapointsToAlarm=2))
    cloudwatch.publish("a", START + timedelta(minutes=3, seconds=20), 5)
    cloudwatch.publish("a", START + timedelta(minutes=8, seconds=40), 5)

    changes = evaluate(cloudwatch, START + timedelta(minutes=9))

    assert changes == {"stack/a/warning": AlarmState.ALARM}


def test_evaluation_with_several_alarms_on_a_series_then_it_is_read_once() -> None:
    cloudwatch = FakeCloudWatch(alarm("a"), alarm("a", "critical", Threshold=5.0), alarm("b"))
    cloudwatch.publish("a", START, 10)

    evaluate(cloudwatch, START + MINUTE)

    assert cloudwatch.reads == 2


def test_evaluation_with_a_prefix_then_other_alarms_are_left_alone() -> None:
    foreign = alarm("x") | {"AlarmName": "foreign"}
    cloudwatch = FakeCloudWatch(alarm("a"), foreign)
    cloudwatch.publish("a", START, 5)
    cloudwatch.publish("x", START, 5)

    changes = evaluate(cloudwatch, START + MINUTE, prefixes=["stack/"])

    assert set(changes) == {"stack/a/warning"}
