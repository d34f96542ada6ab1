"""CloudWatch's rules for the state of a single-metric alarm, as pure functions.

Source: "Configuring how CloudWatch alarms treat missing data" and "Alarm evaluation" in the
CloudWatch user guide, read 2026-11; its tables are this module's tests. Metric math, percentiles,
composite and anomaly alarms are not evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

#: In the guide's examples, an alarm over three periods reads five: late data points are used
#: before missing ones are filled in. That is why a dead-man alarm fires two periods later.
EXTRA_PERIODS: Final = 2

COMPARISONS: Final = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_STATISTICS: Final = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


class AlarmState(StrEnum):
    """The states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class MissingData(StrEnum):
    """How a period without data is treated."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of one metric over one period of time."""

    sample_count: float
    total: float
    minimum: float
    maximum: float

    @classmethod
    def merge(cls, parts: Sequence[Statistics]) -> Statistics:
        """Return the combined statistics of ``parts`` (at least one)."""
        return cls(
            sample_count=sum(part.sample_count for part in parts),
            total=sum(part.total for part in parts),
            minimum=min(part.minimum for part in parts),
            maximum=max(part.maximum for part in parts),
        )

    def value(self, statistic: str) -> float:
        """Return one statistic by its CloudWatch name."""
        match statistic:
            case "SampleCount":
                return self.sample_count
            case "Sum":
                return self.total
            case "Minimum":
                return self.minimum
            case "Maximum":
                return self.maximum
            case _:
                return self.total / self.sample_count


@dataclass(frozen=True, slots=True)
class Period:
    """One period of an alarm's evaluation range; ``statistics`` is None without data."""

    start: datetime
    statistics: Statistics | None


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """The settings of an alarm that its evaluation depends on."""

    name: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: timedelta
    evaluation_periods: int
    datapoints_to_alarm: int
    comparison: str
    threshold: float
    missing_data: MissingData

    @classmethod
    def from_description(cls, alarm: Mapping[str, Any]) -> AlarmRule | None:
        """Parse an element of DescribeAlarms' ``MetricAlarms``; None if it is not evaluated."""
        if not alarm.get("MetricName") or alarm.get("Statistic") not in _STATISTICS:
            return None
        if alarm.get("ComparisonOperator") not in COMPARISONS or alarm.get("Metrics"):
            return None
        periods = int(alarm["EvaluationPeriods"])
        return cls(
            name=alarm["AlarmName"],
            namespace=alarm["Namespace"],
            metric=alarm["MetricName"],
            dimensions=tuple(
                sorted((item["Name"], item["Value"]) for item in alarm.get("Dimensions", ()))
            ),
            statistic=alarm["Statistic"],
            period=timedelta(seconds=int(alarm["Period"])),
            evaluation_periods=periods,
            datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
            comparison=alarm["ComparisonOperator"],
            threshold=float(alarm["Threshold"]),
            missing_data=MissingData(alarm.get("TreatMissingData") or MissingData.MISSING),
        )

    @property
    def evaluation_range(self) -> int:
        """The number of periods read."""
        return self.evaluation_periods + EXTRA_PERIODS

    def breaches(self, value: float) -> bool:
        """Whether ``value`` is on the alarming side of the threshold."""
        match self.comparison:
            case "GreaterThanOrEqualToThreshold":
                return value >= self.threshold
            case "GreaterThanThreshold":
                return value > self.threshold
            case "LessThanThreshold":
                return value < self.threshold
            case _:
                return value <= self.threshold


def decide(
    breaching: Sequence[bool | None],
    *,
    evaluation_periods: int,
    datapoints_to_alarm: int,
    missing_data: MissingData,
    current: AlarmState,
) -> AlarmState:
    """Return the state for an evaluation range, oldest first; None is a missing data point."""
    real = [point for point in breaching if point is not None][-evaluation_periods:]
    short = evaluation_periods - len(real)
    if short and missing_data is MissingData.BREACHING:
        real += [True] * short
    elif short and missing_data is MissingData.NOT_BREACHING:
        real += [False] * short
    elif short and not any(point is False for point in real):
        return _with_too_little(breaching, real, datapoints_to_alarm, missing_data, current)
    return AlarmState.ALARM if real.count(True) >= datapoints_to_alarm else AlarmState.OK


def _with_too_little(
    breaching: Sequence[bool | None],
    real: Sequence[bool],
    datapoints_to_alarm: int,
    missing_data: MissingData,
    current: AlarmState,
) -> AlarmState:
    """Decide when no data point is good and missing ones are not filled in."""
    if len(real) >= datapoints_to_alarm:
        return AlarmState.ALARM
    if missing_data is MissingData.IGNORE:
        return current
    # A breaching point that is old enough and has no successor raises the alarm
    # ("X - - - -" in the guide's table); a recent one waits for more ("- - - - X").
    age = len(breaching) - breaching.index(True) if real else 0
    return AlarmState.ALARM if age >= datapoints_to_alarm else AlarmState.INSUFFICIENT_DATA
