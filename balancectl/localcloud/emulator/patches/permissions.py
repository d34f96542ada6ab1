"""IAM: records every action checked against a role's policies, and the decision.

The end-to-end tests compare the record with the policies in force: an action that is allowed but
never used, or used but denied, fails them. The record includes what AWS services do under a
function's role (read its queue, write its logs, deliver its failures). MiniStack does that without
a check; here it checks, and does nothing that the role is not allowed to do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ministack.core import iam_evaluator, responses
from ministack.services import lambda_svc, sqs

from balancectl.localcloud.emulator.settings import ServerSettings

_QUEUE_ACTIONS: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_LOG_ACTIONS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
_lock = threading.Lock()


def apply(settings: ServerSettings) -> None:
    """Install the patch."""
    _record_requests(settings.permissions_file)
    _check_queue_reads(settings.permissions_file)
    _check_failure_delivery(settings.permissions_file)
    _check_logs(settings.permissions_file)


def is_allowed(file: Path, role_arn: str, action: str, resource: str) -> bool:
    """Return whether the role's policies allow a service ``action``, and record the decision."""
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/service",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
    )
    policies = iam_evaluator._gather_role_policies(role, account)
    allowed: bool = iam_evaluator.evaluate(context, policies).decision == "Allow"
    _append(file, role, action, resource, allowed=allowed)
    return allowed


def _are_all_allowed(file: Path, role_arn: str, actions: Iterable[str], resource: str) -> bool:
    """Check each of ``actions``, so that each is recorded whatever the other decisions are."""
    decisions = [is_allowed(file, role_arn, action, resource) for action in actions]
    return all(decisions)


def _record_requests(file: Path) -> None:
    """Record the requests made with a role's credentials."""
    original = iam_evaluator.enforce

    def enforce(
        access_key_id: str, iam_action: str, service: str, region: str, resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        denied = original(access_key_id, iam_action, service, region, resource_arn, service_context)
        principal = iam_evaluator.resolve_principal(access_key_id, responses.get_account_id())
        arn = getattr(principal, "arn", "")
        if ":assumed-role/" in arn:
            _append(file, arn.split("/")[1], iam_action, resource_arn, allowed=denied is None)
        return denied

    iam_evaluator.enforce = enforce


def _check_queue_reads(file: Path) -> None:
    """Deliver a queue's messages only if the function's role may read the queue."""
    original = lambda_svc._run_sqs_batch

    def run_sqs_batch(mapping: Any, function: Any, event: Any, *rest: Any) -> None:
        role, queue = function["config"]["Role"], mapping["EventSourceArn"]
        if _are_all_allowed(file, role, _QUEUE_ACTIONS, queue):
            original(mapping, function, event, *rest)
        else:
            mapping["LastProcessingResult"] = "PROBLEM: the role may not read the queue"

    lambda_svc._run_sqs_batch = run_sqs_batch


def _check_failure_delivery(file: Path) -> None:
    """Deliver a failed asynchronous event only if the function's role may send it."""
    original = lambda_svc._route_async_failure

    def route_async_failure(target: str, name: str, event: Any, result: Any) -> None:
        role = lambda_svc._functions[name]["config"]["Role"]
        action = "sqs:SendMessage" if sqs._queue_by_arn(target) else "sns:Publish"
        if is_allowed(file, role, action, target):
            original(target, name, event, result)

    lambda_svc._route_async_failure = route_async_failure


def _check_logs(file: Path) -> None:
    """Keep a function's log only if its role may write it."""
    original = lambda_svc._emit_lambda_logs

    def emit_lambda_logs(function: Any, *rest: Any, **options: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup")
        region, account = responses.get_region(), responses.get_account_id()
        resource = (
            f"arn:aws:logs:{region}:{account}:log-group:"
            f"{group or '/aws/lambda/' + config['FunctionName']}:log-stream:today"
        )
        if _are_all_allowed(file, config["Role"], _LOG_ACTIONS, resource):
            original(function, *rest, **options)

    lambda_svc._emit_lambda_logs = emit_lambda_logs


def _append(file: Path, role: str, action: str, resource: str, *, allowed: bool) -> None:
    """Append one line to the record."""
    line = {"role": role, "action": action, "resource": resource, "allowed": allowed}
    with _lock, file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
