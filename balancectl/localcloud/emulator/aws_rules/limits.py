"""Documented limits that the service models do not carry, as a table. Pure.

Each entry names its operations, its source, and a check that returns what AWS would object to.
Sources are AWS's pages by title, read 2026-11; the API references are also botocore's docstrings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from balancectl.localcloud.emulator.aws_rules.messaging import (
    filter_policy_problem,
    sns_message_problem,
    sns_subject_problem,
    sqs_batch_problem,
    sqs_message_problem,
)
from balancectl.localcloud.emulator.aws_rules.monitoring import (
    alarm_problem,
    dashboard_problem,
    metric_problem,
    metric_time_problem,
)
from balancectl.localcloud.emulator.aws_rules.operations import Call

Parameters = Mapping[str, Any]
Check = Callable[[Parameters, datetime], str | None]
"""From an operation's parameters and the present time to what is wrong with them, or None."""

_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """One documented limit."""

    service: str
    operations: frozenset[str]
    source: str
    code: str
    """The error that AWS returns, by its name in the service model or on the page."""
    check: Check


def exceeded(call: Call, now: datetime | None = None) -> tuple[str, str] | None:
    """Return the error code and message for a call beyond a limit, or None."""
    at = now or datetime.now(UTC)
    for limit in LIMITS:
        if limit.service == call.service and call.operation in limit.operations:
            problem = limit.check(call.parameters, at)
            if problem:
                return limit.code, problem
    return None


def _environment_problem(parameters: Parameters, _now: datetime) -> str | None:
    variables = parameters.get("Environment", {}).get("Variables", {})
    size = len(json.dumps(variables, separators=(",", ":")).encode())
    if size > 4 * _KIB:
        return (
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the 4KB limit ({size} bytes)."
        )
    return None


def _function_problem(parameters: Parameters, _now: datetime) -> str | None:
    """The model's bounds are those of other kinds of functions."""
    if parameters.get("Timeout", 3) > 900:
        return "the timeout must be at most 900 seconds"
    if parameters.get("MemorySize", 128) > 10_240:
        return "the memory must be at most 10240 MB"
    return None


def _payload_problem(parameters: Parameters, _now: datetime) -> str | None:
    is_event = parameters.get("InvocationType") == "Event"
    allowed = 1_048_576 if is_event else 6_291_456
    size = len(parameters.get("Payload", b""))
    return f"{size} byte payload is too large (at most {allowed} bytes)" if size > allowed else None


def _schedule_problem(parameters: Parameters, _now: datetime) -> str | None:
    target = parameters.get("Target", {})
    size = len(str(target.get("Input", "")).encode())
    if size > 256 * _KIB:
        return f"the target's input has {size} bytes, more than 262144"
    if ":lambda:" in target.get("Arn", "") and target.get("Input"):
        try:
            json.loads(target["Input"])
        except ValueError:
            return "the input of a Lambda target must be well-formed JSON"
    return None


def _retention_problem(parameters: Parameters, _now: datetime) -> str | None:
    days = parameters.get("retentionInDays")
    if days in _RETENTION_DAYS:
        return None
    return f"retentionInDays must be one of {', '.join(map(str, _RETENTION_DAYS))}"


_RETENTION_DAYS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip


def _item_problem(parameters: Parameters, _now: datetime) -> str | None:
    size = len(json.dumps(parameters.get("Item", {}), ensure_ascii=False).encode())
    return "Item size has exceeded the maximum allowed size" if size > 400 * _KIB else None


def _secret_problem(parameters: Parameters, _now: datetime) -> str | None:
    size = len(str(parameters.get("SecretString", "")).encode())
    return f"the secret value has {size} bytes, more than 65536" if size > 65_536 else None


def _role_policy_problem(parameters: Parameters, _now: datetime) -> str | None:
    size = len("".join(parameters.get("PolicyDocument", "").split()))
    return "the inline policies of a role may have 10240 characters" if size > 10_240 else None


def _trust_policy_problem(parameters: Parameters, _now: datetime) -> str | None:
    size = len("".join(parameters.get("AssumeRolePolicyDocument", "").split()))
    return "Cannot exceed quota for ACLSizePerRole: 2048" if size > 2_048 else None


def _limit(service: str, operations: str, source: str, code: str, check: Check) -> Limit:
    return Limit(service, frozenset(operations.split()), source, code, check)


LIMITS: Final = (
    _limit("lambda", "CreateFunction UpdateFunctionConfiguration",
           "Lambda quotas: environment variables 4 KB in aggregate",
           "InvalidParameterValueException", _environment_problem),
    _limit("lambda", "CreateFunction UpdateFunctionConfiguration",
           "Lambda quotas: timeout 900 seconds, memory 10,240 MB",
           "InvalidParameterValueException", _function_problem),
    _limit("lambda", "Invoke",
           "Invoke, Lambda API reference: payload 6 MB, 1 MB asynchronously",
           "RequestTooLargeException", _payload_problem),
    _limit("scheduler", "CreateSchedule UpdateSchedule",
           "Target, Scheduler API reference: JSON for Lambda; no size is documented, so the least "
           "of what handles it counts: 262,144 bytes, a queue's message (SQS's default)",
           "ValidationException", _schedule_problem),
    _limit("logs", "PutRetentionPolicy",
           "PutRetentionPolicy, CloudWatch Logs API reference: possible values",
           "InvalidParameterException", _retention_problem),
    _limit("dynamodb", "PutItem",
           "Service, account, and table quotas in DynamoDB: item 400 KB",
           "ValidationException", _item_problem),
    _limit("secretsmanager", "CreateSecret PutSecretValue UpdateSecret",
           "Secrets Manager quotas: secret value 65,536 bytes",
           "InvalidParameterException", _secret_problem),
    _limit("iam", "PutRolePolicy",
           "IAM and STS quotas: role inline policies 10,240 characters without white space",
           "LimitExceeded", _role_policy_problem),
    _limit("iam", "CreateRole",
           "IAM and STS quotas: role trust policy 2,048 characters",
           "LimitExceeded", _trust_policy_problem),
    _limit("sns", "Publish",
           "Publish, SNS API reference: 262,144 bytes of body and attributes; SMS 1,600 characters",
           "InvalidParameter", sns_message_problem),
    _limit("sns", "Publish",
           "Publish, SNS API reference: subject below 100 characters, no control characters",
           "InvalidParameter", sns_subject_problem),
    _limit("sns", "Subscribe SetSubscriptionAttributes",
           "Filter policy constraints in Amazon SNS: 5 keys, 150 combinations, 256 KB",
           "InvalidParameter", filter_policy_problem),
    _limit("sqs", "SendMessage",
           "SendMessage, SQS API reference: 1 MiB, delay 0 to 900 seconds",
           "InvalidParameterValue", sqs_message_problem),
    _limit("sqs", "SendMessageBatch DeleteMessageBatch ChangeMessageVisibilityBatch",
           "SendMessageBatch, SQS API reference: 1 to 10 entries with ids of their own",
           "TooManyEntriesInBatchRequest", sqs_batch_problem),
    _limit("cloudwatch", "PutMetricData",
           "PutMetricData, CloudWatch API reference: 1,000 metrics, 30 dimensions, 2^360",
           "InvalidParameterValue", metric_problem),
    _limit("cloudwatch", "PutMetricData",
           "PutMetricData, CloudWatch API reference: two weeks back to two hours ahead",
           "InvalidParameterValue", metric_time_problem),
    _limit("cloudwatch", "PutMetricAlarm",
           "PutMetricAlarm, CloudWatch API reference: periods and evaluation windows",
           "ValidationError", alarm_problem),
    _limit("cloudwatch", "PutDashboard",
           "Dashboard body structure; CloudWatch quotas: 500 widgets, 2,500 metrics, 100 alarms",
           "InvalidParameterInput", dashboard_problem),
)  # fmt: skip
