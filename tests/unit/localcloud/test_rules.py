"""The alarm rules reproduce the tables of AWS's user guide."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from balancectl.localcloud.alarms.rules import (
    AlarmRule,
    AlarmState,
    MissingData,
    Period,
    Statistics,
    decide,
)
from balancectl.localcloud.alarms.verdict import evaluate

OK, ALARM, UNKNOWN = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
#: The answer "retain current state".
KEEP = None
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

#: Points, oldest first (0 fine, X breaching, - missing), then the state for data missing as
#: missing, ignore, breaching, notBreaching. From "How alarm state is evaluated when data is
#: missing", Amazon CloudWatch user guide.
THREE_OF_THREE = [
    ("0 - X - X", OK, OK, OK, OK),
    ("0 - - - -", OK, OK, OK, OK),
    ("- - - - -", UNKNOWN, KEEP, ALARM, OK),
    ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
    ("- - - - X", UNKNOWN, KEEP, ALARM, OK),
    ("X - - - -", ALARM, KEEP, ALARM, OK),
    ("- - X - -", ALARM, KEEP, ALARM, OK),
]
TWO_OF_THREE = [
    ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
    ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
    ("0 - X - -", OK, OK, ALARM, OK),
    ("- - - - 0", OK, OK, ALARM, OK),
    ("- - - - X", UNKNOWN, KEEP, ALARM, OK),
]
#: How the stack's own alarms are set.
ONE_OF_TWO_IGNORING = [
    ("0 0 0 X", ALARM),
    ("0 0 X 0", ALARM),
    ("X X 0 0", OK),
    ("- - - X", ALARM),
    ("- - X -", ALARM),
    ("- - - -", KEEP),
    ("0 - - -", OK),
]


def rows(
    table: list[tuple[str, AlarmState | None, AlarmState | None, AlarmState, AlarmState]],
) -> list[object]:
    return [
        pytest.param(points, missing, answer, id=f"{points}-{missing}".replace(" ", ""))
        for points, *answers in table
        for missing, answer in zip(MissingData, answers, strict=True)
    ]


def states(points: str) -> list[bool | None]:
    return [{"0": False, "X": True, "-": None}[point] for point in points.split()]


@pytest.mark.parametrize(("points", "missing", "answer"), rows(THREE_OF_THREE))
@pytest.mark.parametrize("current", [OK, ALARM])
def test_three_of_three_is_decided_as_the_user_guide_says(
    points: str, missing: MissingData, answer: AlarmState | None, current: AlarmState
) -> None:
    state = decide(
        states(points),
        evaluation_periods=3,
        datapoints_to_alarm=3,
        missing_data=missing,
        current=current,
    )

    assert state is (answer or current)


@pytest.mark.parametrize(("points", "missing", "answer"), rows(TWO_OF_THREE))
@pytest.mark.parametrize("current", [OK, ALARM])
def test_two_of_three_is_decided_as_the_user_guide_says(
    points: str, missing: MissingData, answer: AlarmState | None, current: AlarmState
) -> None:
    state = decide(
        states(points),
        evaluation_periods=3,
        datapoints_to_alarm=2,
        missing_data=missing,
        current=current,
    )

    assert state is (answer or current)


@pytest.mark.parametrize(("points", "answer"), ONE_OF_TWO_IGNORING)
@pytest.mark.parametrize("current", [OK, ALARM])
def test_balance_alarm_fires_immediately_and_clears_after_two_good_polls(
    points: str, answer: AlarmState | None, current: AlarmState
) -> None:
    state = decide(
        states(points),
        evaluation_periods=2,
        datapoints_to_alarm=1,
        missing_data=MissingData.IGNORE,
        current=current,
    )

    assert state is (answer or current)


def rule(**changes: object) -> AlarmRule:
    alarm: dict[str, object] = {
        "AlarmName": "stack/account/warning",
        "Namespace": "BalanceMonitor",
        "MetricName": "Balance",
        "Dimensions": [{"Name": "Account", "Value": "account"}],
        "Statistic": "Minimum",
        "Period": 300,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 20.0,
        "TreatMissingData": "ignore",
    }
    found = AlarmRule.from_description(alarm | changes)
    assert found is not None
    return found


def periods(*values: float | None) -> list[Period]:
    return [
        Period(
            NOW - timedelta(minutes=5) * (len(values) - position),
            None if value is None else Statistics(1, value, value, value),
        )
        for position, value in enumerate(values)
    ]


def test_reason_names_the_values_and_the_threshold() -> None:
    verdict = evaluate(rule(), periods(30, 30, 30, 15), OK, NOW)

    assert verdict.state is ALARM
    assert verdict.reason == (
        "Threshold Crossed: 1 out of the last 2 datapoints [30 (23/11/26 11:50:00), "
        "15 (23/11/26 11:55:00)] was less than the threshold (20.0)."
    )
    assert json.loads(verdict.reason_data) == {
        "version": "1.0",
        "queryDate": "2026-11-23T12:00:00.000+0000",
        "startDate": "2026-11-23T11:50:00.000+0000",
        "statistic": "Minimum",
        "period": 300,
        "recentDatapoints": [30, 15],
        "threshold": 20.0,
    }


def test_reason_for_silence_says_what_missing_data_counts_as() -> None:
    stale = rule(
        Statistic="SampleCount", Threshold=1.0, TreatMissingData="breaching", DatapointsToAlarm=2
    )

    verdict = evaluate(stale, periods(None, None, None, None), OK, NOW)

    assert verdict.state is ALARM
    assert verdict.reason == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints "
        "were treated as [Breaching]."
    )


def test_dead_man_alarm_fires_two_periods_later_than_configured() -> None:
    """CloudWatch looks further back than the alarm asks it to."""
    stale = rule(
        Statistic="SampleCount", Threshold=1.0, TreatMissingData="breaching", DatapointsToAlarm=2
    )

    silent_for = [
        evaluate(stale, periods(*([9.0] * (4 - silent)), *([None] * silent)), OK, NOW).state
        for silent in range(5)
    ]

    assert silent_for == [OK, OK, OK, OK, ALARM]


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
    ],
)
def test_comparison_is_strict_or_not_as_its_name_says(
    comparison: str, below: bool, equal: bool, above: bool
) -> None:
    compared = rule(ComparisonOperator=comparison)

    answers = [compared.breaches(value) for value in (19.99, 20.0, 20.01)]

    assert answers == [below, equal, above]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("SampleCount", 3), ("Sum", 12), ("Average", 4), ("Minimum", 1), ("Maximum", 8)],
)
def test_statistics_merge_to_what_all_values_together_give(statistic: str, value: float) -> None:
    merged = Statistics.merge([Statistics(2, 4, 1, 3), Statistics(1, 8, 8, 8)])

    assert merged.value(statistic) == value


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"MetricName": None}, id="metric math"),
        pytest.param({"Statistic": None, "ExtendedStatistic": "p99"}, id="percentile"),
        pytest.param({"ComparisonOperator": "LessThanLowerThreshold"}, id="anomaly"),
    ],
)
def test_alarm_of_another_kind_is_not_evaluated(changes: dict[str, object]) -> None:
    alarm = {
        "AlarmName": "foreign",
        "Namespace": "AWS/SQS",
        "MetricName": "Age",
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1.0,
    }

    found = AlarmRule.from_description(alarm | changes)

    assert found is None
