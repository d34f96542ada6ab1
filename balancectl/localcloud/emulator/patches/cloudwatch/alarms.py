"""Alarms: built-in evaluation switched off, notifications with every field that AWS documents.

MiniStack's evaluation ignores dimensions, which mixes the accounts' values, and ignores missing
data. ``alarms.evaluator`` replaces it. MiniStack's notifications lack the alarm's ARN and more.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from ministack.core import responses
from ministack.services import cloudwatch, sns

from balancectl.localcloud.alarms.verdict import aws_time
from balancectl.localcloud.emulator.settings import ServerSettings

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
_LISTS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    cloudwatch._evaluate_alarm = lambda alarm: None  # noqa: ARG005 -- its signature
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._dispatch_alarm_actions = _notify


def _notify(alarm: dict[str, Any], before: str, after: str, reason: str) -> None:
    """Publish a state change to the alarm's SNS actions, as the CloudWatch service.

    Its time is that of the evaluation (``queryDate`` of the reason), so that a story with its
    own clock uses that clock throughout.
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
            cloudwatch.logger.warning("the policy of %s does not admit alarm %s", topic, arn)


def _changed_at(alarm: dict[str, Any]) -> datetime:
    """Return the time of the evaluation that changed the state."""
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
    """Return the text for the alarm's e-mail subscribers; CloudWatch sends them no JSON."""
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
    """Return the notification's description of the metric and its threshold."""
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


def _time(epoch: float) -> str:
    """Return an epoch time in the format of alarm notifications."""
    return aws_time(datetime.fromtimestamp(epoch, UTC))


def _region_name() -> str:
    """Return the Region's name as SNS messages show it."""
    region: str = responses.get_region()
    return _REGION_NAMES.get(region, region)
