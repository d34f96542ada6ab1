"""EventBridge Scheduler: prompt and asynchronous, with its role and context attributes.

MiniStack checks schedules every ten seconds, fires a rate only after its first interval, replaces
no ``<aws.scheduler.…>`` attribute, checks no role, and calls a function synchronously, so that
failures never reach the function's on-failure destination. It ignores client tokens, so that a
repeated creation whose first response was lost is a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from ministack.core import responses
from ministack.services import eventbridge, lambda_svc, scheduler

from balancectl.localcloud.emulator.patches import permissions
from balancectl.localcloud.emulator.settings import ServerSettings

_TICK_SECONDS: Final = 0.1
_held = False
_sweeps = 0


def apply(settings: ServerSettings) -> None:
    """Install the patch."""
    global _held  # noqa: PLW0603 -- one emulator, one switch
    _held = settings.hold_schedules
    invoke, tick = eventbridge._invoke_target, scheduler._tick_schedules

    def tick_schedules() -> None:
        global _sweeps  # noqa: PLW0603 -- one emulator, one count
        if not _held:
            _make_new_rates_due()
            tick()
        _sweeps += 1

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        if "ScheduleExpression" in rule and "GroupName" in rule:
            _fire(target, rule, settings)
        else:
            invoke(target, event, rule, view)

    scheduler._create_schedule = _once(scheduler._create_schedule)
    scheduler._create_schedule_group = _once(scheduler._create_schedule_group)
    scheduler._SCHEDULE_TICK_INTERVAL = _TICK_SECONDS
    scheduler._tick_schedules = tick_schedules
    eventbridge._invoke_target = invoke_target


def _once(create: Callable[[str, dict[str, Any]], Any]) -> Callable[[str, dict[str, Any]], Any]:
    """Answer a repeated creation like the first one ("ClientToken", Scheduler API reference)."""
    answers: dict[str, Any] = {}

    def create_once(name: str, body: dict[str, Any]) -> Any:
        token = body.get("ClientToken")
        if not token:
            return create(name, body)
        if token not in answers:
            answers[token] = create(name, body)
        return answers[token]

    return create_once


def release() -> None:
    """Release the schedules that were held since the start."""
    global _held  # noqa: PLW0603 -- one emulator, one switch
    _held = False


def sweeps() -> int:
    """Return how often the schedules have been checked."""
    return _sweeps


def _make_new_rates_due() -> None:
    """Fire new rate schedules immediately ("starts immediately", Scheduler user guide)."""
    for key, schedule in list(scheduler._schedules._data.items()):
        seconds = eventbridge._parse_rate_seconds(schedule.get("ScheduleExpression", ""))
        if seconds is not None and key not in scheduler._schedule_last_fired:
            scheduler._schedule_last_fired[key] = scheduler.time.time() - seconds


def _fire(target: dict[str, Any], schedule: dict[str, Any], settings: ServerSettings) -> None:
    """Invoke the schedule's function as the scheduler does: asynchronously, as its role."""
    arn, role = target["Arn"], target["RoleArn"]
    if not permissions.is_allowed(settings.permissions_file, role, "lambda:InvokeFunction", arn):
        scheduler.logger.error("role %s may not invoke %s", role, arn)
        return
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        scheduler.logger.error("there is no function %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(_fill_in(target["Input"], schedule)))


def _fill_in(text: str, schedule: dict[str, Any]) -> str:
    """Replace the context attributes in a target's input, as literally as the scheduler does."""
    now = datetime.fromtimestamp(scheduler.time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {
        "schedule-arn": schedule.get("Arn", ""),
        "scheduled-time": now,
        "execution-id": responses.new_uuid(),
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
