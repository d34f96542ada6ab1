"""The IAM actions that each command needs: for error messages, the documentation and a test."""

from __future__ import annotations

from typing import Final

#: What the deployment's read-only policy (Terraform output ``read_only_policy_json``) allows.
READ_ONLY: Final = (
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:GetMetricData",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "scheduler:GetSchedule",
)

_POLLING: Final = ("lambda:InvokeFunction", "scheduler:GetSchedule")
_KEYS: Final = (
    "scheduler:GetSchedule",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
)
_WRITING_KEYS: Final = (
    *_KEYS,
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
_SUBSCRIPTIONS: Final = (
    "dynamodb:GetItem",
    "sns:GetSubscriptionAttributes",
    "sns:ListSubscriptionsByTopic",
)

#: ``sts:GetCallerIdentity`` is left out: it needs no permission.
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "check": (),
    "help": (),
    "verify": (),
    "provider list, show, new, check": (),
    "status": ("dynamodb:BatchGetItem", "scheduler:GetSchedule"),
    "report": (
        "cloudwatch:DescribeAlarmHistory",
        "cloudwatch:GetMetricData",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "scheduler:GetSchedule",
    ),
    "history": ("dynamodb:Query",),
    "preflight": ("dynamodb:GetItem",),
    "preflight --live": ("dynamodb:GetItem", *_POLLING),
    "poll": ("dynamodb:BatchGetItem", *_POLLING),
    "push": ("lambda:InvokeFunction",),
    "ledger set": ("dynamodb:GetItem", "dynamodb:PutItem", *_POLLING),
    "ledger top-up": ("dynamodb:GetItem", "dynamodb:PutItem", "scheduler:GetSchedule"),
    "ledger show": ("dynamodb:GetItem",),
    "keys list": _KEYS,
    "keys set, import, bind, remove": _WRITING_KEYS,
    "keys move": (
        *_WRITING_KEYS,
        "dynamodb:BatchWriteItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
    ),
    "subscribers": _SUBSCRIPTIONS,
    "test-alert": ("scheduler:GetSchedule", "sns:Publish", *_SUBSCRIPTIONS),
    "setup": (
        "dynamodb:BatchGetItem",
        "sns:Publish",
        *_POLLING,
        *_SUBSCRIPTIONS,
        *_WRITING_KEYS,
    ),
    "explain": (
        "dynamodb:GetItem",
        "dynamodb:Query",
        "logs:FilterLogEvents",
        "scheduler:GetSchedule",
    ),
    "doctor": (
        "cloudwatch:DescribeAlarms",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        *_KEYS,
        *_SUBSCRIPTIONS,
    ),
    "silence add": ("dynamodb:PutItem", "scheduler:GetSchedule"),
    "silence list": ("dynamodb:Query",),
    "silence remove": ("dynamodb:DeleteItem", "dynamodb:Query"),
}

#: The operations whose action is not ``service:Operation``.
_ACTIONS: Final = {"Invoke": "lambda:InvokeFunction", "GetCallerIdentity": "sts:GetCallerIdentity"}


def action_of(operation: str) -> str:
    """Return the IAM action of an API operation; the operation itself if it is unknown."""
    if operation in _ACTIONS:
        return _ACTIONS[operation]
    known = {action for actions in COMMANDS.values() for action in actions}
    return next((a for a in sorted(known) if a.endswith(f":{operation}")), operation)


def is_read_only(action: str) -> bool:
    """Whether the stack's read-only policy allows ``action``."""
    return action in READ_ONLY
