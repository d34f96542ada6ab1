"""Reads current alarm states, to catch lost transitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice, starmap
from typing import TYPE_CHECKING, Any, Final, cast

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.metric import metric_in_description
from alert_router.events.state_reason import newest_datapoint, read_data

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

#: DescribeAlarms takes at most this many names.
_NAMES_PER_CALL: Final = 100

#: The lists in a response, by their type of alarm. Log alarms have been in the API since 2026,
#: but not every botocore knows them, and it drops what it does not know.
_LISTS: Final = {
    "MetricAlarms": "MetricAlarm",
    "CompositeAlarms": "CompositeAlarm",
    "LogAlarms": "LogAlarm",
}


class AlarmReader:
    """Reads alarms from CloudWatch.

    Args:
        client: Returns the CloudWatch client; called on first use, which only reconciling and late
            transitions need.
        stack_name: The deployment's name.
        faults: Takes a sentence for each alarm that cannot be read.
    """

    def __init__(
        self,
        client: Callable[[], CloudWatchClient],
        stack_name: str,
        faults: list[str] | None = None,
    ) -> None:
        self._client = client
        self._prefix = f"{stack_name}/"
        self._faults = faults if faults is not None else []
        self._muted: dict[str, bool | None] = {}

    def firing(self) -> list[AlarmChange]:
        """Return the stack's account alarms that are in ALARM and may act.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
        """
        found = self._describe(AlarmNamePrefix=self._prefix, StateValue="ALARM")
        acting = (
            (alarm, alarm_type)
            for alarm, alarm_type in found
            if alarm.get("ActionsEnabled", True) and alarm.get("EvaluationState") != "PARTIAL_DATA"
        )
        return [change for change in starmap(self._change, acting) if change is not None]

    def states(self, names: Iterable[str]) -> Mapping[str, AlarmChange]:
        """Return the alarms of these names that exist, by name.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when CloudWatch cannot be read.
        """
        remaining = iter(sorted(set(names)))
        found: dict[str, AlarmChange] = {}
        while chunk := list(islice(remaining, _NAMES_PER_CALL)):
            alarms = self._describe(AlarmNames=chunk, AlarmTypes=self._types())
            for alarm, alarm_type in alarms:
                change = self._change(alarm, alarm_type)
                if change is not None:
                    found[change.alarm_name] = change
        return found

    def is_muted(self, name: str) -> bool | None:
        """Whether an active mute rule covers an alarm; None if that cannot be read.

        The response has no alarm names, so each alarm takes a call:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListAlarmMuteRules.html
        (read 2026-11). The runtime's botocore may lack the call, and the role the permission.
        """
        if name not in self._muted:
            self._muted[name] = self._read_muted(name)
        return self._muted[name]

    def _read_muted(self, name: str) -> bool | None:
        """Query whether an active mute rule covers an alarm."""
        try:
            answer = self._client().list_alarm_mute_rules(AlarmName=name, Statuses=["ACTIVE"])
        except Exception:  # noqa: BLE001 -- in doubt people are alerted
            return None
        return bool(answer.get("AlarmMuteRuleSummaries"))

    def _types(self) -> list[str]:
        """Return the types of alarms that a response can contain."""
        try:
            operation = self._client().meta.service_model.operation_model("DescribeAlarms")
            known: Any = operation.output_shape
            return [alarm_type for name, alarm_type in _LISTS.items() if name in known.members]
        except Exception:  # noqa: BLE001 -- a client without a model knows the two old types
            return ["MetricAlarm", "CompositeAlarm"]

    def _describe(self, **query: Any) -> Iterable[tuple[Mapping[str, Any], str]]:  # noqa: ANN401 -- boto3's own
        """Yield the alarms that a query finds, with their type."""
        for page in self._client().get_paginator("describe_alarms").paginate(**query):
            for list_name, alarm_type in _LISTS.items():
                for alarm in cast("Iterable[Mapping[str, Any]]", page.get(list_name, ())):
                    yield alarm, alarm_type

    def _change(self, alarm: Mapping[str, Any], alarm_type: str) -> AlarmChange | None:
        """Describe one alarm; None if it is not as CloudWatch documents it."""
        try:
            return _change(alarm, alarm_type)
        except Exception as exc:  # noqa: BLE001 -- whatever is in it, it costs itself alone
            name = alarm.get("AlarmName")
            self._faults.append(f"alarm {name} cannot be read: {type(exc).__name__}")
            return None


def _change(alarm: Mapping[str, Any], alarm_type: str) -> AlarmChange:
    """Describe an alarm's current state as the transition that led to it."""
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
        metric=metric_in_description(alarm, reason, data),
        latest=newest_datapoint(reason, data),
        alarm_type=alarm_type,
    )


def _transitioned(alarm: Mapping[str, Any]) -> datetime:
    """Return when the state began; ``StateUpdatedTimestamp`` also moves within a state."""
    at = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    if not isinstance(at, datetime):
        raise TypeError("an alarm's state has no time")
    return at.astimezone(UTC)
