"""CloudWatch log alarms, which MiniStack lacks: created, listed, set and deleted, not evaluated.

DescribeAlarms returns them only when its ``AlarmTypes`` names LogAlarm (CloudWatch API reference,
read 2026-11).
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

from ministack.core import responses
from ministack.services import cloudwatch

from balancectl.localcloud.emulator.extra_operations import add_operations
from balancectl.localcloud.emulator.settings import ServerSettings

_TYPE: Final = "LogAlarm"
_alarms: Final[dict[str, dict[str, Any]]] = {}


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    describe = cloudwatch._describe_alarms
    set_state, delete = cloudwatch._set_alarm_state, cloudwatch._delete_alarms

    def describe_alarms(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
        answer = describe(params, body, is_cbor, is_json)
        if not is_json or answer[0] != 200 or _TYPE not in body.get("AlarmTypes", ()):
            return answer
        return cloudwatch._json_ok(json.loads(answer[2]) | {"LogAlarms": _described(body)})

    def set_alarm_state(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
        alarm = _alarms.get(body.get("AlarmName"))
        if alarm is None:
            return set_state(params, body, is_cbor, is_json)
        _set_state(alarm, body)
        return cloudwatch._json_ok({})

    def delete_alarms(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
        for name in body.get("AlarmNames", ()):
            _alarms.pop(name, None)
        return delete(params, body, is_cbor, is_json)

    cloudwatch._describe_alarms = describe_alarms
    cloudwatch._set_alarm_state = set_alarm_state
    cloudwatch._delete_alarms = delete_alarms
    add_operations(cloudwatch, {"PutLogAlarm": _put})


def _put(request: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a log alarm."""
    name = request["AlarmName"]
    region, account = responses.get_region(), responses.get_account_id()
    now = int(time.time())
    state = {"StateValue": "INSUFFICIENT_DATA", "StateUpdatedTimestamp": now}
    _alarms[name] = {
        **state,
        **_alarms.get(name, {}),
        **request,
        "AlarmArn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
        "AlarmConfigurationUpdatedTimestamp": now,
    }
    return {}


def _described(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the log alarms that a DescribeAlarms request asks for."""
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix", "")
    state = request.get("StateValue")
    return [
        alarm
        for name, alarm in _alarms.items()
        if (not names or name in names)
        and name.startswith(prefix)
        and state in (None, alarm["StateValue"])
    ]


def _set_state(alarm: dict[str, Any], request: dict[str, Any]) -> None:
    """Change a log alarm's state, and take its actions."""
    before, after = alarm["StateValue"], request["StateValue"]
    reason = request.get("StateReason", "")
    alarm |= {
        "StateValue": after,
        "StateReason": reason,
        "StateUpdatedTimestamp": int(time.time()),
    }
    if before != after:
        cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)
