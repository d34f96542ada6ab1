"""Alarms: no built-in evaluation, and notifications with every field that AWS documents.

The built-in evaluation mixes all accounts' values, because it ignores dimensions, and knows no
missing data. ``alarm_evaluator`` takes its place. Notifications lack the alarm's ARN and more.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from ministack.core import responses
from ministack.services import cloudwatch, sns

from balancectl.localcloud.alarm_rules import aws_time
from balancectl.localcloud.settings import ServerSettings

_ACTIONS: Final = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}
#: SNS messages name the Region as the console does.
_REGION_NAMES: Final = {
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "us-east-1": "US East (N. Virginia)",
}
_SCALARS: Final = (
    "AlarmName", "AlarmArn", "AlarmDescription", "ActionsEnabled", "StateReason",
    "StateReasonData", "StateValue", "MetricName", "Namespace", "Statistic", "ExtendedStatistic",
    "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator",
    "TreatMissingData", "AlarmRule",
)  # fmt: skip
_LISTS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")
_TIMES: Final = ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp")


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    cloudwatch._evaluate_alarm = lambda alarm: None  # noqa: ARG005 -- its signature
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._dispatch_alarm_actions = _notify
    describe = cloudwatch._describe_alarms

    def describe_alarms(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
        """Answer the query protocol, which Terraform speaks, with all fields of the others."""
        answer = describe(params, body, is_cbor, is_json)
        if is_cbor or is_json or answer[0] != 200:
            return answer
        return _as_xml(json.loads(describe({}, _from_query(params), False, True)[2]))

    cloudwatch._describe_alarms = describe_alarms


def _notify(alarm: dict[str, Any], before: str, after: str, reason: str) -> None:
    """Publish a state change to the alarm's SNS actions, as the CloudWatch service.

    The change carries the time at which the evaluation looked (``queryDate`` of the reason), so
    that a story told with a clock of its own is told with that clock throughout.
    """
    at = _changed_at(alarm)
    alarm["StateUpdatedTimestamp"] = int(at.timestamp())
    if not alarm.get("ActionsEnabled", True):
        return
    account = responses.get_account_id()
    for topic in alarm.get(_ACTIONS[after]) or ():
        arn = alarm["AlarmArn"]
        if sns.topic_policy_allows(topic, "cloudwatch.amazonaws.com", arn, account):
            document = json.dumps(_document(alarm, before, after, reason, at))
            text = _email(alarm, before, after, reason, at)
            message = json.dumps({"default": document, "email": text})
            subject = f'{after}: "{alarm["AlarmName"]}" in {_region_name()}'[:99]
            sns._fanout(topic, responses.new_uuid(), message, subject, "json")
        else:
            cloudwatch.logger.warning("the policy of %s keeps alarm %s out", topic, arn)


def _changed_at(alarm: dict[str, Any]) -> datetime:
    """Return when the evaluation that changed the state looked."""
    try:
        return datetime.fromisoformat(json.loads(alarm["StateReasonData"])["queryDate"])
    except (KeyError, TypeError, ValueError):
        return datetime.now(UTC)


def _document(
    alarm: dict[str, Any], before: str, after: str, reason: str, at: datetime
) -> dict[str, Any]:
    """Return the notification as the CloudWatch user guide documents it."""
    document = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": responses.get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": _time(alarm["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": after,
        "NewStateReason": reason,
        "StateChangeTime": aws_time(at),
        "Region": _region_name(),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": before,
    }
    document |= {name: alarm.get(name) or [] for name in _LISTS}
    if alarm.get("AlarmRule"):
        return document | {"AlarmRule": alarm["AlarmRule"], "TriggeringChildren": []}
    return document | {"Trigger": _trigger(alarm)}


def _email(alarm: dict[str, Any], before: str, after: str, reason: str, at: datetime) -> str:
    """Return what the alarm's e-mail subscribers read; CloudWatch sends them no JSON."""
    lines = {
        "Name": alarm["AlarmName"],
        "Description": alarm.get("AlarmDescription") or "",
        "State Change": f"{before} -> {after}",
        "Reason for State Change": reason,
        "Timestamp": f"{at:%A %d %B, %Y %H:%M:%S} UTC",
        "AWS Account": responses.get_account_id(),
        "Alarm Arn": alarm["AlarmArn"],
    }
    details = "\n".join(f"- {name + ':':<27} {value}" for name, value in lines.items())
    return (
        f'Your Amazon CloudWatch Alarm "{alarm["AlarmName"]}" in the {_region_name()} region has '
        f'entered the {after} state, because "{reason}".\n\nAlarm Details:\n{details}\n'
    )


def _trigger(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the notification that says what was watched."""
    return {
        "MetricName": alarm.get("MetricName"),
        "Namespace": alarm.get("Namespace"),
        "StatisticType": "Statistic",
        "Statistic": str(alarm.get("Statistic") or "").upper(),
        "Unit": alarm.get("Unit"),
        "Dimensions": [
            {"value": item["Value"], "name": item["Name"]} for item in alarm.get("Dimensions", ())
        ],
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm.get("EvaluationPeriods"),
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm", alarm.get("EvaluationPeriods")),
        "ComparisonOperator": alarm.get("ComparisonOperator"),
        "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData"),
        "EvaluateLowSampleCountPercentile": "",
    }


def _from_query(params: dict[str, Any]) -> dict[str, Any]:
    """Return a DescribeAlarms request of the query protocol as the JSON protocol has it."""
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
    """Return a DescribeAlarms answer of the JSON protocol in the query protocol's form."""
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
    """Text that is XML already."""

    __slots__ = ()


def _members(values: Any) -> _Markup:
    """Return a list's members."""
    return _Markup("".join(f"<member>{value}</member>" for value in values))


def _element(name: str, value: Any) -> str:
    """Return an element, or nothing for None; booleans as XML has them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        value = str(value).lower()
    text: str = value if isinstance(value, _Markup) else escape(str(value))
    return f"<{name}>{text}</{name}>"


def _time(epoch: float) -> str:
    """Return an epoch time as alarms carry it."""
    return aws_time(datetime.fromtimestamp(epoch, UTC))


def _api_time(epoch: float) -> str:
    """Return an epoch time as the query protocol has it."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _region_name() -> str:
    """Return the Region by the name that SNS messages use."""
    region: str = responses.get_region()
    return _REGION_NAMES.get(region, region)
