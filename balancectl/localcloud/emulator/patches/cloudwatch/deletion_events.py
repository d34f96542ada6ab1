"""EventBridge's events about deleted alarms, and queue policies that have to admit EventBridge.

MiniStack deletes alarms without an event, and lets every rule write to every queue. The event's
shape is documented with CloudWatch ("Alarm events and EventBridge", user guide, read 2026-11), the
policy with EventBridge ("Using resource-based policies", Amazon SQS permissions, read 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ministack.core import responses
from ministack.services import cloudwatch, eventbridge, sqs

from balancectl.localcloud.emulator.settings import ServerSettings

_SERVICE: Final = "events.amazonaws.com"


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    delete, invoke = cloudwatch._delete_alarms, eventbridge._invoke_target

    def delete_alarms(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
        before = _alarms()
        answer = delete(params, body, is_cbor, is_json)
        for name in before.keys() - _alarms().keys():
            _announce(before[name])
        return answer

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        queue, account = target["Arn"], responses.get_account_id()
        if ":sqs:" in queue and not sqs.queue_policy_allows(queue, _SERVICE, rule["Arn"], account):
            eventbridge.logger.warning("the policy of %s does not admit the rule", queue)
        else:
            invoke(target, event, rule, view)

    cloudwatch._delete_alarms = delete_alarms
    eventbridge._invoke_target = invoke_target


def _alarms() -> dict[str, dict[str, Any]]:
    """Return the alarms that exist."""
    return {**cloudwatch._alarms, **cloudwatch._composite_alarms}


def _announce(alarm: Mapping[str, Any]) -> None:
    """Put the event about an alarm that was deleted on the default bus."""
    detail = {
        "alarmName": alarm["AlarmName"],
        "operation": "delete",
        "state": {"value": alarm["StateValue"], "reason": alarm.get("StateReason", "")},
        "configuration": {"description": alarm.get("AlarmDescription") or ""},
    }
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm Configuration Change",
        "Resources": [alarm["AlarmArn"]],
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
