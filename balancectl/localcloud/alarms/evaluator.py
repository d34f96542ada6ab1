"""Evaluates the local cloud's alarms through the public API, at times that the caller chooses.

It replaces MiniStack's own evaluation, which ignores dimensions and missing data and is switched
off (``patches.cloudwatch.alarms``). It calls DescribeAlarms, GetMetricStatistics and SetAlarmState.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from balancectl.localcloud.alarms.rules import (
    AlarmRule,
    AlarmState,
    Period,
    Statistics,
)
from balancectl.localcloud.alarms.verdict import evaluate

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef


Series = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, metric name, dimensions."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alarm's state."""

    alarm: str
    before: AlarmState
    after: AlarmState
    reason: str


class AlarmEvaluator:
    """Evaluates every single-metric alarm whose name starts with one of ``prefixes``."""

    def __init__(self, cloudwatch: CloudWatchClient, prefixes: Sequence[str] = ("",)) -> None:
        self._cloudwatch = cloudwatch
        self._prefixes = prefixes

    def evaluate_all(self, now: datetime) -> list[Transition]:
        """Evaluate all alarms once, as of ``now``, and return the changes of state.

        The latest period ends with the last full minute before ``now``, as in CloudWatch: a
        value timestamped 12:00:00 counts from 12:01:00 on.
        """
        rules = [(rule, state) for rule, state in self._rules() if rule is not None]
        minutes = self._fetch([rule for rule, _ in rules], now)
        changes = []
        for rule, before in rules:
            series = minutes[_series(rule)]
            verdict = evaluate(rule, cut_periods(rule, series, now), before, now)
            if verdict.state is before:
                continue
            self._cloudwatch.set_alarm_state(
                AlarmName=rule.name,
                StateValue=verdict.state.value,
                StateReason=verdict.reason,
                StateReasonData=verdict.reason_data,
            )
            changes.append(Transition(rule.name, before, verdict.state, verdict.reason))
        return changes

    def _rules(self) -> Iterable[tuple[AlarmRule | None, AlarmState]]:
        """Yield every alarm's rule and current state."""
        for alarm in self._alarms():
            yield AlarmRule.from_description(alarm), AlarmState(alarm["StateValue"])

    def _alarms(self) -> Iterable[MetricAlarmTypeDef]:
        """Yield the descriptions of the alarms to evaluate."""
        paginator = self._cloudwatch.get_paginator("describe_alarms")
        for prefix in self._prefixes:
            pages = (
                paginator.paginate(AlarmNamePrefix=prefix, PaginationConfig={"PageSize": 100})
                if prefix
                else paginator.paginate(PaginationConfig={"PageSize": 100})
            )
            for page in pages:
                yield from page["MetricAlarms"]

    def _fetch(
        self, rules: Sequence[AlarmRule], now: datetime
    ) -> dict[Series, dict[datetime, Statistics]]:
        """Read each series once, by the minute, as far back as any of its alarms needs."""
        reach: dict[Series, timedelta] = {}
        for rule in rules:
            span = rule.period * rule.evaluation_range
            reach[_series(rule)] = max(span, reach.get(_series(rule), span))
        return {series: self._minutes(series, now, span) for series, span in reach.items()}

    def _minutes(
        self, series: Series, now: datetime, span: timedelta
    ) -> dict[datetime, Statistics]:
        """Return the statistics of each minute in the ``span`` that ends at ``now``."""
        namespace, metric, dimensions = series
        end = _floor_minute(now)
        answer = self._cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
            StartTime=end - span,
            EndTime=end,
            Period=60,
            Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
        )
        return {
            point["Timestamp"]: Statistics(
                point["SampleCount"], point["Sum"], point["Minimum"], point["Maximum"]
            )
            for point in answer["Datapoints"]
        }


def cut_periods(
    rule: AlarmRule, minutes: dict[datetime, Statistics], now: datetime
) -> list[Period]:
    """Cut minutes into the rule's evaluation range, oldest first, ending at the last full minute.

    Periods slide with ``now``: they are not aligned to the clock.
    """
    end = _floor_minute(now)
    parts: dict[int, list[Statistics]] = {}
    for minute, statistics in minutes.items():
        back = math.ceil((end - minute) / rule.period) - 1
        if minute < end and back < rule.evaluation_range:
            parts.setdefault(back, []).append(statistics)
    return [
        Period(
            start=end - rule.period * (back + 1),
            statistics=Statistics.merge(parts[back]) if back in parts else None,
        )
        for back in reversed(range(rule.evaluation_range))
    ]


def _series(rule: AlarmRule) -> Series:
    """Return what identifies the rule's metric."""
    return rule.namespace, rule.metric, rule.dimensions


def _floor_minute(at: datetime) -> datetime:
    """Return the full minute at or before ``at``."""
    return at.replace(second=0, microsecond=0)
