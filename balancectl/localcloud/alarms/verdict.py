"""Evaluates an alarm, with the reason in CloudWatch's form. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from balancectl.localcloud.alarms.rules import COMPARISONS, AlarmRule, AlarmState, Period, decide


@dataclass(frozen=True, slots=True)
class Verdict:
    """An alarm's state and reason, in the form that SetAlarmState takes."""

    state: AlarmState
    reason: str
    reason_data: str


def evaluate(
    rule: AlarmRule, periods: Sequence[Period], current: AlarmState, now: datetime
) -> Verdict:
    """Evaluate ``periods``, oldest first and ``rule.evaluation_range`` long, at ``now``."""
    points = [
        None if period.statistics is None else period.statistics.value(rule.statistic)
        for period in periods
    ]
    breaching = [None if point is None else rule.breaches(point) for point in points]
    state = decide(
        breaching,
        evaluation_periods=rule.evaluation_periods,
        datapoints_to_alarm=rule.datapoints_to_alarm,
        missing_data=rule.missing_data,
        current=current,
    )
    used = [
        (period, point) for period, point in zip(periods, points, strict=True) if point is not None
    ][-rule.evaluation_periods :]
    return Verdict(state, _reason(rule, state, used), _reason_data(rule, used, now))


def _reason(rule: AlarmRule, state: AlarmState, used: Sequence[tuple[Period, float]]) -> str:
    """Return the reason as CloudWatch phrases it."""
    missing = rule.evaluation_periods - len(used)
    if not used:
        if state is AlarmState.INSUFFICIENT_DATA:
            return f"Insufficient Data: {missing} datapoints were unknown."
        return (
            f"Threshold Crossed: no datapoints were received for {missing} periods and {missing} "
            f"missing datapoints were treated as [{rule.missing_data.capitalize()}]."
        )
    counted = [point for _, point in used if rule.breaches(point) is (state is AlarmState.ALARM)]
    values = ", ".join(f"{point:g} ({period.start:%d/%m/%y %H:%M:%S})" for period, point in used)
    verb = "was" if len(counted) == 1 else "were"
    negation = "" if state is AlarmState.ALARM else " not"
    return (
        f"Threshold Crossed: {len(counted)} out of the last {len(used)} datapoints [{values}] "
        f"{verb}{negation} {COMPARISONS[rule.comparison]} the threshold ({rule.threshold})."
    )


def _reason_data(rule: AlarmRule, used: Sequence[tuple[Period, float]], now: datetime) -> str:
    """Return the reason as CloudWatch's machine-readable document, version 1.0."""
    document = {
        "version": "1.0",
        "queryDate": aws_time(now),
        "statistic": rule.statistic,
        "period": int(rule.period.total_seconds()),
        "recentDatapoints": [point for _, point in used],
        "threshold": rule.threshold,
    }
    if used:
        document["startDate"] = aws_time(used[0][0].start)
    return json.dumps(document)


def aws_time(at: datetime) -> str:
    """Return ``at`` in the format of alarms: "2026-11-23T14:05:00.000+0000"."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
