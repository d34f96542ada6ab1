"""A foreign alarm's metric in CloudWatch's own terms, however the alarm arrived."""

from __future__ import annotations

from typing import Any

import pytest

from alert_router.aws.alarms import AlarmReader
from alert_router.events import summary
from alert_router.events.alarm import AlarmChange
from alert_router.events.envelope import read
from tests.unit.router.builders import eventbridge, foreign, notification

#: As the definitions of CloudWatch's statistics name them.
NAMES = [
    "Average", "Maximum", "Minimum", "SampleCount", "Sum", "p50", "p99.9", "tm99", "IQM",
    "TM(2%:98%)", "wm98", "PR(:300)", "PR(100:2000)", "tc90", "ts90", "TS(80%:)",
]  # fmt: skip
CAPITALS = {"SampleCount": "SAMPLE_COUNT"}
METRIC = {"Namespace": "AWS/SQS", "MetricName": "AgeOfOldest"}


def watching(document: dict[str, Any]) -> str:
    change = read(document)
    assert isinstance(change, AlarmChange)
    return summary.watching(change)


def described(alarm: dict[str, Any]) -> str:
    """Return what an alarm watches as DescribeAlarms answers it."""

    class Client:
        def get_paginator(self, _: str) -> Client:
            return self

        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            at = foreign().changed_at
            state = {"StateValue": "ALARM", "StateTransitionedTimestamp": at}
            return [{"MetricAlarms": [{"AlarmName": "a", **state, **alarm}]}]

    reader = AlarmReader(Client, "balance-monitor")  # type: ignore[arg-type]
    return summary.watching(reader.states(["a"])["a"])


@pytest.mark.parametrize("name", NAMES)
def test_statistic_when_it_is_shown_then_it_is_as_cloudwatch_writes_it(name: str) -> None:
    is_basic = name in NAMES[:5]
    field = "Statistic" if is_basic else "ExtendedStatistic"
    document = notification(foreign())
    document["Trigger"] |= {
        **METRIC,
        "Dimensions": [],
        "Statistic": None,
        field: CAPITALS.get(name, name.upper()) if is_basic else name,
    }
    event = eventbridge(foreign())
    stat = {"metric": {"namespace": "AWS/SQS", "name": "AgeOfOldest"}, "stat": name}
    event["detail"]["configuration"]["metrics"] = [{"id": "m1", "metricStat": stat}]

    texts = [watching(document), watching(event), described({**METRIC, field: name})]

    assert [text.partition(" AgeOfOldest")[0] for text in texts] == 3 * [f"{name} of AWS/SQS"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            {"Expression": "100*errors/calls", "Label": "Expression1"},
            "100*errors/calls (errors is Sum of AWS/X Errors, calls is SampleCount of AWS/X Calls)",
        ),
        ({"Expression": "100*errors/calls", "Label": "Error rate"}, "Error rate"),
        ({"Expression": "SELECT MAX(Age) FROM SCHEMA(x)", "Label": ""}, "SELECT MAX(Age) FROM"),
        ({"Expression": "FILL(calls, 0)"}, "FILL(calls, 0) (calls is SampleCount of AWS/X Calls)"),
    ],
)
def test_expression_when_it_is_shown_then_its_metrics_are_named(
    query: dict[str, Any], words: str
) -> None:
    """A statistic belongs to a metric of the expression, never to the expression."""
    metrics = [
        {"Id": "e1", "ReturnData": True, **query},
        *(
            {
                "Id": name,
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/X", "MetricName": name.capitalize()},
                    "Stat": stat,
                },
            }
            for name, stat in (("errors", "Sum"), ("calls", "SampleCount"))
        ),
    ]
    document = notification(foreign())
    document["Trigger"] = {"Metrics": metrics, "Threshold": 5}

    for text in (watching(document), described({"Metrics": metrics})):
        assert text.startswith(words)
