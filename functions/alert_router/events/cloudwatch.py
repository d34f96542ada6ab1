"""Parses the three documents in which an alarm arrives, defensively, into one form.

Shapes: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
(event), .../alarms-and-actions-Lambda.html (Lambda action) and .../Notify_Users_Alarm_Changes.html
(SNS notification). Powertools' ``CloudWatchAlarmEvent`` parses only the second, and raises if
``reasonData`` or ``previousState`` is absent, as it is for contributors and first states.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.metric import metric_in_configuration, metric_in_trigger
from alert_router.events.state_reason import newest_datapoint, read_data
from shared.times import parse_time

Document = Mapping[str, Any]

_STATE_CHANGES: Final = (
    "CloudWatch Alarm State Change",
    "CloudWatch Alarm Contributor State Change",
)
_SOURCE: Final = "aws.cloudwatch"

#: The state of a new alarm before CloudWatch has evaluated any data.
_INITIAL: Final = "Unchecked: Initial alarm creation"


class UnreadableAlarmError(ValueError):
    """A document looks like an alarm but lacks its name, a known state or a time."""


def read_alarm(document: Document) -> AlarmChange | None:
    """Parse any of the three documents; None if it is not one of them.

    Raises:
        UnreadableAlarmError: when it is one, but lacks what is needed to act on it.
    """
    if "NewStateValue" in document:
        return _from_notification(document)
    if document.get("source") == _SOURCE and isinstance(document.get("alarmData"), dict):
        return _from_action(document)
    if document.get("source") == _SOURCE and document.get("detail-type") in _STATE_CHANGES:
        return _from_event(document)
    if is_configuration_change(document) and _operation(document) == "delete":
        return _from_deletion(document)
    return None


def is_configuration_change(document: Document) -> bool:
    """Whether this is CloudWatch's event about an edited alarm."""
    return document.get("source") == _SOURCE and "detail-type" in document


def _operation(document: Document) -> str:
    """Return the operation on an alarm's configuration."""
    return _text(_map(document.get("detail")), "operation")


def _from_deletion(document: Document) -> AlarmChange:
    """Read EventBridge's event about an alarm that was deleted, whose state is an older one."""
    resources = document.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else ""
    return AlarmChange(
        alarm_name=_required(_map(document.get("detail")), "alarmName"),
        alarm_arn=arn if isinstance(arn, str) else "",
        state=AlarmState.OK,
        changed_at=_time(document.get("time")),
        aws_account=_text(document, "account"),
        region=_text(document, "region"),
        is_deletion=True,
    )


def _from_notification(document: Document) -> AlarmChange:
    """Parse what CloudWatch publishes to an SNS topic."""
    reason = _text(document, "NewStateReason")
    arn = _text(document, "AlarmArn")
    attributes = _texts(document.get("AlarmContributorAttributes"))
    return AlarmChange(
        alarm_name=_required(document, "AlarmName"),
        alarm_arn=arn,
        state=_state(document.get("NewStateValue")),
        changed_at=_time(document.get("StateChangeTime")),
        reason=reason,
        description=_text(document, "AlarmDescription"),
        previous=_state_or_none(document.get("OldStateValue")),
        aws_account=_text(document, "AWSAccountId"),
        region=_region_of(arn) or _text(document, "Region"),
        contributor=_contributor_id(document.get("AlarmContributorId"), attributes),
        attributes=attributes,
        metric=metric_in_trigger(document, reason),
        latest=newest_datapoint(reason, {}),
        ignored_because=_ignored_because(document.get("NewStateValue"), reason, {}),
        alarm_type=_alarm_type(document, "AlarmRule", _map(document.get("Trigger")), "Metric"),
    )


def _from_action(document: Document) -> AlarmChange:
    """Parse the event with which CloudWatch invokes a Lambda function."""
    return _from_detail(
        _map(document.get("alarmData")),
        arn=_text(document, "alarmArn"),
        aws_account=_text(document, "accountId"),
        region=_text(document, "region"),
        time=document.get("time"),
    )


def _from_event(document: Document) -> AlarmChange:
    """Parse an EventBridge event."""
    resources = document.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else ""
    return _from_detail(
        _map(document.get("detail")),
        arn=arn if isinstance(arn, str) else "",
        aws_account=_text(document, "account"),
        region=_text(document, "region"),
        time=document.get("time"),
    )


def _from_detail(
    detail: Document, *, arn: str, aws_account: str, region: str, time: object
) -> AlarmChange:
    """Parse the part that EventBridge events and Lambda actions share."""
    state = _map(detail.get("state"))
    configuration = _map(detail.get("configuration"))
    contributor = _map(detail.get("alarmContributor"))
    attributes = _texts(contributor.get("attributes"))
    reason = _text(state, "reason")
    data = read_data(state.get("reasonData"))
    changed_at = _time(state.get("timestamp") or time)
    return AlarmChange(
        alarm_name=_required(detail, "alarmName"),
        alarm_arn=arn,
        state=_state(state.get("value")),
        changed_at=changed_at,
        reason=reason,
        description=_text(configuration, "description"),
        previous=_state_or_none(_map(detail.get("previousState")).get("value")),
        aws_account=aws_account,
        region=region or _region_of(arn),
        contributor=_contributor_id(contributor.get("id"), attributes),
        attributes=attributes,
        metric=metric_in_configuration(configuration, reason, data),
        latest=newest_datapoint(reason, data),
        ignored_because=_ignored_because(state.get("value"), reason, state)
        or _muted(_map(detail.get("muteDetail")), changed_at),
        alarm_type=_alarm_type(configuration, "alarmRule", configuration, "metric"),
    )


def _alarm_type(document: Document, rule: str, metrics: Document, metric: str) -> str:
    """Return the alarm's type as DescribeAlarms calls it; empty for anything else."""
    if rule in document:
        return "CompositeAlarm"
    return "MetricAlarm" if any(name.startswith(metric) for name in metrics) else ""


def _ignored_because(value: object, reason: str, state: Document) -> str:
    """Return why a transition is ignored: suppressed, partial, or an alarm's first state."""
    if by := _text(state, "actionsSuppressedBy"):
        return f"suppressed by {by}"
    if _text(state, "evaluationState") == "PARTIAL_DATA":
        return "evaluated on partial data"
    if value == AlarmState.INSUFFICIENT_DATA and reason.startswith(_INITIAL):
        return "not evaluated yet"
    return ""


def _muted(mute: Document, changed_at: datetime) -> str:
    """Return "muted" when a CloudWatch mute rule covers the transition.

    If the event gives the rule's window and the transition is outside it, the rule does not
    apply: when in doubt, alert.
    """
    if not mute:
        return ""
    try:
        start, end = (parse_time(mute[edge]) for edge in ("muteWindowStart", "muteWindowEnd"))
    except (KeyError, TypeError, ValueError):
        return "muted"
    slack = timedelta(minutes=1)
    return "muted" if start - slack <= changed_at <= end + slack else ""


def _contributor_id(value: object, attributes: Mapping[str, str]) -> str:
    """Return the contributor's id, or a hash of its attributes if it has none."""
    if isinstance(value, str) and value:
        return value
    if not attributes:
        return ""
    canonical = json.dumps(dict(attributes), sort_keys=True).encode()
    return hashlib.sha256(canonical).hexdigest()[:16]


def _state(value: object) -> AlarmState:
    """Parse a required state."""
    state = _state_or_none(value)
    if state is None:
        raise UnreadableAlarmError("the alarm's new state is not one of CloudWatch's")
    return state


def _state_or_none(value: object) -> AlarmState | None:
    """Parse an optional state."""
    return next((state for state in AlarmState if state == value), None)


def _time(value: object) -> datetime:
    """Parse the time of a transition."""
    try:
        return parse_time(value) if isinstance(value, str) else _no_time()
    except ValueError:
        return _no_time()


def _no_time() -> datetime:
    """Refuse a document without a time: transitions are ordered by it."""
    raise UnreadableAlarmError("the alarm's transition has no time")


def _region_of(arn: str) -> str:
    """Return the Region's code from an ARN; empty if it has none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 4 else ""


def _required(document: Document, name: str) -> str:
    """Return a required text."""
    value = _text(document, name)
    if not value:
        raise UnreadableAlarmError(f"the alarm has no {name}")
    return value


def _text(document: Document, name: str) -> str:
    """Return a text; empty if it is absent or of another type."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> dict[str, str]:
    """Return a map of texts, without other values."""
    return {k: v for k, v in _map(value).items() if isinstance(v, str)}


def _map(value: object) -> Document:
    """Return a map; empty if it is absent or of another type."""
    return value if isinstance(value, dict) else {}
