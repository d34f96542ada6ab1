"""Documented limits of CloudWatch. Pure; for sources see ``limits``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Parameters = Mapping[str, Any]

_LARGEST: Final = 2.0**360
_OLDEST: Final = timedelta(days=14)
_NEWEST: Final = timedelta(hours=2)
_DAY: Final = 86_400
_WEEK: Final = 604_800
_HOUR: Final = 3_600
_MISSING_DATA: Final = ("breaching", "notBreaching", "ignore", "missing")


def metric_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with published data points."""
    data = parameters.get("MetricData") or []
    if len(data) > 1_000:
        return f"The collection MetricData must not have a size greater than 1000: {len(data)}"
    if str(parameters.get("Namespace", "")).startswith("AWS/"):
        return "The value AWS/ for parameter Namespace is invalid."
    for datum in data:
        if len(datum.get("Dimensions") or ()) > 30:
            return "The collection MetricData.Dimensions must not have a size greater than 30."
        if any(not value for one in datum.get("Dimensions") or () for value in one.values()):
            return "The parameter MetricData.Dimensions must not be empty."
        if not all(_is_acceptable(value) for value in _values(datum)):
            return f"The value of {datum.get('MetricName')} is out of range or not a number."
    return None


def metric_time_problem(parameters: Parameters, now: datetime) -> str | None:
    """Return what is wrong with a data point's time."""
    for datum in parameters.get("MetricData") or []:
        stamp = datum.get("Timestamp")
        if stamp is not None and not now - _OLDEST <= _time(stamp) <= now + _NEWEST:
            return (
                f"The parameter MetricData.Timestamp must specify a time within the past two "
                f"weeks, or at most two hours ahead: {_time(stamp).isoformat()}"
            )
    return None


def alarm_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with an alarm's periods, data points or treatment of missing data."""
    periods = parameters.get("EvaluationPeriods", 1)
    if parameters.get("DatapointsToAlarm", 1) > periods:
        return "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
    if parameters.get("TreatMissingData", "missing") not in _MISSING_DATA:
        return f"TreatMissingData must be one of {', '.join(_MISSING_DATA)}"
    period = parameters.get("Period")
    if period is None:
        return None if parameters.get("Metrics") else "Period is required for a single metric"
    if period not in (10, 20, 30) and (period <= 0 or period % 60):
        return "Period must be 10, 20, 30 or a multiple of 60"
    allowed = _WEEK if period >= _HOUR else _DAY
    if period * periods > allowed:
        return f"Metrics cannot be checked across more than {allowed} seconds"
    return None


def dashboard_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with a dashboard's body."""
    try:
        widgets = json.loads(parameters.get("DashboardBody", ""))["widgets"]
    except (KeyError, TypeError, ValueError):
        return "The dashboard body must be JSON with an array of widgets"
    if len(widgets) > 500:
        return f"A dashboard has at most 500 widgets, this one {len(widgets)}"
    properties = [widget.get("properties", {}) for widget in widgets]
    metrics = [len(one.get("metrics", ())) for one in properties]
    if max(metrics, default=0) > 500 or sum(metrics) > 2_500:
        return "A widget has at most 500 metrics, a dashboard 2500"
    if any(len(one.get("alarms", ())) > 100 for one in properties):
        return "An alarm widget has at most 100 alarms"
    return None


def _values(datum: Mapping[str, Any]) -> Iterator[float]:
    """Yield every number of a data point."""
    if "Value" in datum:
        yield datum["Value"]
    yield from datum.get("Values") or ()
    yield from (datum.get("StatisticValues") or {}).values()


def _is_acceptable(value: float) -> bool:
    """Whether CloudWatch accepts a value."""
    return math.isfinite(value) and abs(value) <= _LARGEST


def _time(stamp: object) -> datetime:
    """Return a timestamp of the JSON or the query protocol."""
    if isinstance(stamp, int | float):
        return datetime.fromtimestamp(stamp, UTC)
    return datetime.fromisoformat(str(stamp)).astimezone(UTC)
