"""A CloudWatch alarm's transition, whichever way it arrived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class AlarmState(StrEnum):
    """The three states of a CloudWatch alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Datapoint(NamedTuple):
    """One value on which an alarm was evaluated."""

    value: Decimal
    at: datetime
    """The start of the value's period."""


class AlarmMetric(NamedTuple):
    """The metric of an alarm, as its notification describes it."""

    label: str = ""
    """ "AWS/EC2 CPUUtilization", a metric math expression, or a composite alarm's rule."""
    dimensions: Mapping[str, str] = _NOTHING
    statistic: str = ""
    comparison: str = ""
    threshold: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    """The last edges of an anomaly detection band."""
    is_composite: bool = False
    children: tuple[str, ...] = ()
    """The alarms that made a composite alarm change."""


class AlarmChange(NamedTuple):
    """One transition of one alarm, or of one contributor of an alarm over many series."""

    alarm_name: str
    alarm_arn: str
    """Empty if the notification lacks it."""
    state: AlarmState
    changed_at: datetime
    reason: str = ""
    """CloudWatch's reason, unchanged."""
    description: str = ""
    previous: AlarmState | None = None
    aws_account: str = ""
    region: str = ""
    """The Region's code if known, else its display name."""
    contributor: str = ""
    """The id of the series, in an alarm over many; empty for the alarm as a whole."""
    attributes: Mapping[str, str] = _NOTHING
    """What distinguishes the contributor: "TableName": "orders"."""
    metric: AlarmMetric = AlarmMetric()
    latest: Datapoint | None = None
    """The newest datapoint on which the transition is based."""
    alarm_type: str = ""
    """``MetricAlarm``, ``CompositeAlarm`` or ``LogAlarm``; empty where it is not known."""
    observed_at: datetime | None = None
    """When the state was read from CloudWatch; None for a transition that was delivered."""
    ignored_because: str = ""
    """Why it is ignored (muted, suppressed, partial data); empty when it is not."""
    is_deletion: bool = False
    """Whether the alarm was deleted; its state says nothing then."""

    @property
    def identity(self) -> str:
        """Identifies the alarm, with all its contributors, across all its transitions."""
        return self.alarm_arn or f"{self.aws_account}/{self.region}/{self.alarm_name}"
