"""Reads current alarm states, to catch transitions that never arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from alert_router.events.alarm import AlarmChange, AlarmMetric, AlarmState
from alert_router.events.metric import COMPARISONS
from alert_router.events.state_reason import newest_datapoint, read_data, threshold_in

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

#: DescribeAlarms takes at most this many names.
_NAMES_PER_CALL: Final = 100


class AlarmReader:
    """Reads alarms from CloudWatch.

    Args:
        client: Returns the CloudWatch client; called on first use, which only reconciling does.
        stack_name: The deployment's name.
    """

    def __init__(self, client: Callable[[], CloudWatchClient], stack_name: str) -> None:
        self._client = client
        self._prefix = f"{stack_name}/"

    def firing(self) -> list[AlarmChange]:
        """Return the stack's account alarms that are in ALARM and may act.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
        """
        found = self._describe(AlarmNamePrefix=self._prefix, StateValue="ALARM")
        return [
            _change(alarm)
            for alarm in found
            if alarm.get("ActionsEnabled", True) and alarm.get("EvaluationState") != "PARTIAL_DATA"
        ]

    def states(self, names: Iterable[str]) -> Mapping[str, AlarmChange]:
        """Return the alarms of these names that exist, by name.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
        """
        remaining = iter(sorted(set(names)))
        found: dict[str, AlarmChange] = {}
        while chunk := list(islice(remaining, _NAMES_PER_CALL)):
            alarms = self._describe(AlarmNames=chunk, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            found |= {alarm["AlarmName"]: _change(alarm) for alarm in alarms}
        return found

    def _describe(self, **query: Any) -> Iterable[Mapping[str, Any]]:  # noqa: ANN401 -- boto3's own
        """Yield the alarms of either type that a query finds."""
        for page in self._client().get_paginator("describe_alarms").paginate(**query):
            yield from page.get("MetricAlarms", ())
            yield from page.get("CompositeAlarms", ())


def _change(alarm: Mapping[str, Any]) -> AlarmChange:
    """Describe an alarm's present state as the transition that led to it."""
    reason = alarm.get("StateReason", "")
    data = read_data(alarm.get("StateReasonData"))
    arn = alarm.get("AlarmArn", "")
    return AlarmChange(
        alarm_name=alarm["AlarmName"],
        alarm_arn=arn,
        state=AlarmState(alarm["StateValue"]),
        changed_at=_transitioned(alarm),
        reason=reason,
        description=alarm.get("AlarmDescription", ""),
        region=arn.split(":")[3] if arn.count(":") > 4 else "",
        metric=AlarmMetric(
            label=" ".join(filter(None, (alarm.get("Namespace"), alarm.get("MetricName")))),
            dimensions={d["Name"]: d["Value"] for d in alarm.get("Dimensions", ())},
            statistic=alarm.get("Statistic", ""),
            comparison=COMPARISONS.get(alarm.get("ComparisonOperator", ""), ""),
            threshold=threshold_in(reason, data),
        ),
        latest=newest_datapoint(reason, data),
    )


def _transitioned(alarm: Mapping[str, Any]) -> datetime:
    """Return when the state began; ``StateUpdatedTimestamp`` also moves within a state."""
    at = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    if not isinstance(at, datetime):
        raise TypeError("an alarm's state has no time")
    return at.astimezone(UTC)
