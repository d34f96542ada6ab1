"""CloudWatch alarm mute rules, which MiniStack lacks: the operations, and their effect on actions.

A muted alarm changes its state, and DescribeAlarms shows it, but none of its actions is taken. If
it is still in that state when the rule ends, the action follows ("How alarm mute rules work",
CloudWatch user guide, read 2026-11).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from ministack.core import responses
from ministack.services import cloudwatch, scheduler

from balancectl.localcloud.emulator.extra_operations import OperationError, add_operations
from balancectl.localcloud.emulator.mute_windows import MuteRule
from balancectl.localcloud.emulator.settings import ServerSettings

_rules: Final[dict[str, MuteRule]] = {}
_requests: Final[dict[str, dict[str, Any]]] = {}
#: Actions that were muted, by alarm: the alarm, its states before and after, and the reason.
_muted: Final[dict[str, tuple[dict[str, Any], str, str, str]]] = {}


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    notify, tick = cloudwatch._dispatch_alarm_actions, scheduler._tick_schedules

    def notify_unless_muted(alarm: dict[str, Any], before: str, after: str, reason: str) -> None:
        if _is_muted(alarm["AlarmName"]):
            _muted[alarm["AlarmName"]] = (alarm, before, after, reason)
        else:
            _muted.pop(alarm["AlarmName"], None)
            notify(alarm, before, after, reason)

    def tick_schedules() -> None:
        tick()
        for name in [name for name in _muted if not _is_muted(name)]:
            alarm, before, after, reason = _muted.pop(name)
            if alarm["StateValue"] == after:
                notify(alarm, before, after, reason)

    cloudwatch._dispatch_alarm_actions = notify_unless_muted
    scheduler._tick_schedules = tick_schedules
    add_operations(
        cloudwatch,
        {
            "PutAlarmMuteRule": _put,
            "GetAlarmMuteRule": _get,
            "ListAlarmMuteRules": _list,
            "DeleteAlarmMuteRule": _delete,
        },
    )


def _now() -> datetime:
    """Return the time that schedules follow, which may be the story's."""
    return datetime.fromtimestamp(scheduler.time.time(), UTC)


def _is_muted(alarm: str) -> bool:
    """Whether a rule mutes the alarm now."""
    now = _now()
    return any(rule.mutes(alarm, now) for rule in list(_rules.values()))


def _put(request: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a rule."""
    try:
        rule = MuteRule.parse(request)
    except (KeyError, ValueError) as error:
        raise OperationError("ValidationError", str(error)) from error
    _rules[rule.name] = rule
    _requests[rule.name] = request | {"LastUpdatedTimestamp": _now().timestamp()}
    return {}


def _get(request: dict[str, Any]) -> dict[str, Any]:
    """Return one rule."""
    name = request["AlarmMuteRuleName"]
    if name not in _rules:
        raise OperationError("ResourceNotFoundException", f"Alarm mute rule {name} does not exist")
    rule = _requests[name]
    fields = ("Name", "Description", "Rule", "MuteTargets", "StartDate", "ExpireDate")
    return {field: rule[field] for field in fields if field in rule} | _summary(_rules[name])


def _list(request: dict[str, Any]) -> dict[str, Any]:
    """Return the rules' summaries, which do not name the alarms."""
    alarm, statuses = request.get("AlarmName"), request.get("Statuses")
    summaries = [
        _summary(rule) for rule in _rules.values() if alarm is None or alarm in rule.alarms
    ]
    wanted = [one for one in summaries if not statuses or one["Status"] in statuses]
    return {"AlarmMuteRuleSummaries": wanted}


def _delete(request: dict[str, Any]) -> dict[str, Any]:
    """Delete a rule; as on AWS, a missing one is not an error."""
    _rules.pop(request["AlarmMuteRuleName"], None)
    _requests.pop(request["AlarmMuteRuleName"], None)
    return {}


def _summary(rule: MuteRule) -> dict[str, Any]:
    """Return a rule's summary, as lists show it."""
    region, account = responses.get_region(), responses.get_account_id()
    return {
        "AlarmMuteRuleArn": f"arn:aws:cloudwatch:{region}:{account}:alarm-mute-rule:{rule.name}",
        "Status": rule.status(_now()),
        "MuteType": "ONE_TIME",
        "LastUpdatedTimestamp": _requests[rule.name]["LastUpdatedTimestamp"],
    }
