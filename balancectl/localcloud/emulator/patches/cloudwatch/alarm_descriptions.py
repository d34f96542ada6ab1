"""DescribeAlarms: all fields in the query protocol, which Terraform uses.

MiniStack omits most of them there, so that every plan after an apply would show changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

from balancectl.localcloud.emulator.settings import ServerSettings

_SCALARS: Final = (
    "AlarmName", "AlarmArn", "AlarmDescription", "ActionsEnabled", "StateReason",
    "StateReasonData", "StateValue", "MetricName", "Namespace", "Statistic", "ExtendedStatistic",
    "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator",
    "TreatMissingData", "AlarmRule",
)  # fmt: skip
_LISTS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")
_TIMES: Final = ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp")
#: A request with only these asks for metric alarms by name, as Terraform does.
_BY_NAME: Final = {"Action", "Version", "AlarmNames", "AlarmTypes"}
_METRIC: Final = ["MetricAlarm"]


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    describe = cloudwatch._describe_alarms

    def describe_alarms(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
        """Answer the query protocol with all fields of the other protocols."""
        if is_cbor or is_json:
            return describe(params, body, is_cbor, is_json)
        request = _from_query(params)
        if request.keys() <= _BY_NAME and request.get("AlarmTypes", _METRIC) == _METRIC:
            return _as_xml(_described(request.get("AlarmNames", cloudwatch._alarms)))
        answer = describe({}, request, False, True)
        if answer[0] != 200:
            return describe(params, body, is_cbor, is_json)
        return _as_xml(json.loads(answer[2]))

    cloudwatch._describe_alarms = describe_alarms


def _described(names: Iterable[str]) -> dict[str, Any]:
    """Return the alarms called ``names``; MiniStack would scan every alarm."""
    found = (cloudwatch._alarms.get(name) for name in names)
    return {"MetricAlarms": [alarm for alarm in found if alarm]}


def _from_query(params: dict[str, Any]) -> dict[str, Any]:
    """Convert a DescribeAlarms request from the query protocol to the JSON protocol."""
    request: dict[str, Any] = {}
    for key, values in params.items():
        name, _, position = key.partition(".member.")
        value = values[0] if isinstance(values, list) else values
        if position:
            request.setdefault(name, []).append(value)
        else:
            request[name] = value
    return request


def _as_xml(answer: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Convert a DescribeAlarms response from the JSON protocol to the query protocol."""
    groups = "".join(
        f"<{group}>{''.join(_alarm_xml(alarm) for alarm in answer.get(group, ()))}</{group}>"
        for group in ("MetricAlarms", "CompositeAlarms")
    )
    token = _element("NextToken", answer.get("NextToken"))
    body = f"<DescribeAlarmsResult>{groups}{token}</DescribeAlarmsResult>"
    result: tuple[int, dict[str, str], bytes] = cloudwatch._xml(200, "DescribeAlarmsResponse", body)
    return result


def _alarm_xml(alarm: dict[str, Any]) -> str:
    """Return one alarm as a list member."""
    parts = [_element(name, alarm.get(name)) for name in _SCALARS]
    parts += [_element(name, _api_time(alarm[name])) for name in _TIMES if alarm.get(name)]
    for name in _LISTS:
        parts.append(_element(name, _members(escape(arn) for arn in alarm.get(name) or ())))
    dimensions = (
        _element("Name", item["Name"]) + _element("Value", item["Value"])
        for item in alarm.get("Dimensions") or ()
    )
    parts.append(_element("Dimensions", _members(dimensions)))
    return f"<member>{''.join(parts)}</member>"


class _Markup(str):
    """Text that is already XML."""

    __slots__ = ()


def _members(values: Any) -> _Markup:
    """Return the members of a list."""
    return _Markup("".join(f"<member>{value}</member>" for value in values))


def _element(name: str, value: Any) -> str:
    """Return an XML element; empty for None, booleans in lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        value = str(value).lower()
    text: str = value if isinstance(value, _Markup) else escape(str(value))
    return f"<{name}>{text}</{name}>"


def _api_time(epoch: float) -> str:
    """Return an epoch time in the query protocol's format."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"
