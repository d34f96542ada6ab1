"""CloudWatch's alarms in memory: sliding evaluation, missing data, transitions, DescribeAlarms."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alert_router.events.alarm import AlarmState
from shared.names import AlarmKind, AlarmName, Metric
from tests.simulation.aws import Gate

NAME = "balance-monitor"
ACCOUNT = "123456789012"
REGION = "eu-west-1"

#: CloudWatch retrieves more periods than it evaluates, and uses what it finds there.
_LOOK_BACK = 3


@dataclass
class Alarm:
    """One alarm of one account."""

    account: str
    provider: str
    kind: AlarmKind
    threshold: float
    metric: Metric = Metric.BALANCE
    is_above: bool = False
    """Whether it fires above its threshold, as drain alarms do."""
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    since: datetime | None = None
    reason: str = "Unchecked: Initial alarm creation"

    @property
    def name(self) -> str:
        """The alarm's name."""
        return AlarmName(self.account, self.kind).format(NAME)

    def is_breached(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return value > self.threshold if self.is_above else value < self.threshold

    @property
    def arn(self) -> str:
        """The alarm's ARN."""
        return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{self.name}"


@dataclass
class CloudWatch:
    """Metrics and the alarms on them."""

    gate: Gate
    period: timedelta
    on_transition: Callable[[Alarm, AlarmState], None]
    alarms: dict[str, Alarm] = field(default_factory=dict)
    points: dict[tuple[str, Metric], deque[tuple[datetime, float]]] = field(default_factory=dict)

    def put(self, account: str, metric: Metric, at: datetime, value: float) -> None:
        """Record a datapoint; a period with several is judged by its minimum."""
        self.points.setdefault((account, metric), deque(maxlen=12)).append((at, value))

    def add(self, alarm: Alarm, now: datetime) -> None:
        """Create an alarm."""
        alarm.since = now
        self.alarms[alarm.name] = alarm

    def delete_account(self, account: str) -> None:
        """Delete an account's alarms, as a deployment without it does."""
        for name in [name for name, alarm in self.alarms.items() if alarm.account == account]:
            del self.alarms[name]

    def evaluate(self, alarm: Alarm, now: datetime) -> None:
        """Evaluate an alarm on its latest periods, and report a transition."""
        state, reason = self._state(alarm, now)
        if state is None or state is alarm.state:
            return
        previous, alarm.state, alarm.since, alarm.reason = alarm.state, state, now, reason
        self.on_transition(alarm, previous)

    def _state(self, alarm: Alarm, now: datetime) -> tuple[AlarmState | None, str]:
        """Return the state that the data implies; None keeps the current one."""
        points = self.points.get((alarm.account, alarm.metric), ())
        if alarm.kind is AlarmKind.STALE:
            if any(at > now - 2 * self.period for at, _ in points):
                return AlarmState.OK, "Threshold Crossed: data"
            missing = not any(at > now - (2 + 1) * self.period for at, _ in points)
            return (AlarmState.ALARM, "no datapoints were received") if missing else (None, "")
        recent = [(at, value) for at, value in points if at > now - _LOOK_BACK * self.period][-2:]
        breaching = [(at, value) for at, value in recent if alarm.is_breached(value)]
        if breaching:
            return AlarmState.ALARM, _words(recent, alarm.threshold)
        if len(recent) == 2:
            return AlarmState.OK, _words(recent, alarm.threshold)
        return None, ""

    # --- DescribeAlarms -------------------------------------------------------------------------

    def get_paginator(self, operation: str) -> CloudWatch:
        """Act as DescribeAlarms' paginator."""
        assert operation == "describe_alarms"
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the alarms that match a query."""
        alarms = self.gate(
            "describe", lambda: [a for a in self.alarms.values() if _asked(a, query)]
        )
        yield {"MetricAlarms": [_described(alarm) for alarm in alarms]}


def _asked(alarm: Alarm, query: dict[str, Any]) -> bool:
    """Whether a query selects an alarm."""
    if "AlarmNames" in query:
        assert len(query["AlarmNames"]) <= 100
        return alarm.name in query["AlarmNames"]
    return (
        alarm.name.startswith(query["AlarmNamePrefix"]) and alarm.state.value == query["StateValue"]
    )


def _described(alarm: Alarm) -> dict[str, Any]:
    """Describe an alarm as CloudWatch does."""
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "ActionsEnabled": True,
        "StateValue": alarm.state.value,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.since,
        "StateTransitionedTimestamp": alarm.since,
        "Namespace": "BalanceMonitor",
        "MetricName": alarm.metric.value,
        "Dimensions": [
            {"Name": "Account", "Value": alarm.account},
            {"Name": "Provider", "Value": alarm.provider},
        ],
        "Statistic": "Maximum" if alarm.is_above else "Minimum",
        "Threshold": alarm.threshold,
        "ComparisonOperator": "GreaterThanThreshold" if alarm.is_above else "LessThanThreshold",
    }


def _words(points: list[tuple[datetime, float]], threshold: float) -> str:
    """Return a reason as CloudWatch words it, the newest datapoint first."""
    listed = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in reversed(points))
    start = f"Threshold Crossed: 1 out of the last 2 datapoints [{listed}]"
    return f"{start} was less than the threshold ({threshold})."
