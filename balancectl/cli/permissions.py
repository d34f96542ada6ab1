"""The IAM actions that each command needs, by what they act on: for errors, documents and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Needs = Mapping[str, tuple[str, ...]]
"""Actions by resource, as a policy names it; `<name>` is the deployment's."""

ANYTHING: Final = "*"
_HERE: Final = "<region>:<account>"
BALANCES: Final = f"arn:aws:dynamodb:{_HERE}:table/<name>-balances"
ALERTS: Final = f"arn:aws:dynamodb:{_HERE}:table/<name>-alerts"
SCHEDULES: Final = f"arn:aws:scheduler:{_HERE}:schedule/<name>/*"
POLLER: Final = f"arn:aws:lambda:{_HERE}:function:<name>-balance-poller"
PUSH_ALIAS: Final = f"{POLLER}:push"
#: Secrets Manager ends the name itself. Accounts may name other secrets as well.
SECRET: Final = f"arn:aws:secretsmanager:{_HERE}:secret:<name>/api-keys-??????"
COURIER: Final = f"arn:aws:lambda:{_HERE}:function:<name>-courier"
CHANNELS: Final = f"arn:aws:secretsmanager:{_HERE}:secret:<name>/channels-??????"
HEARTBEAT_SECRET: Final = f"arn:aws:secretsmanager:{_HERE}:secret:<name>/heartbeat-??????"
ALARMS_TOPIC: Final = f"arn:aws:sns:{_HERE}:<name>-alarms"
TOPICS: Final = f"arn:aws:sns:{_HERE}:<name>-*"
QUEUES: Final = f"arn:aws:sqs:{_HERE}:<name>-*"
ROUTER_LOG: Final = f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/<name>-alert-router:*"

#: What the deployment's read-only policy (Terraform output ``read_only_policy_json``) allows.
READ_ONLY: Final = (
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:GetMetricData",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "scheduler:GetSchedule",
)


def _all(*needs: Needs) -> Needs:
    """Return several needs as one."""
    found: dict[str, tuple[str, ...]] = {}
    for one in needs:
        for resource, actions in one.items():
            found[resource] = tuple(sorted({*found.get(resource, ()), *actions}))
    return found


_ACCOUNTS: Final[Needs] = {SCHEDULES: ("scheduler:GetSchedule",)}
_POLLING: Final[Needs] = {POLLER: ("lambda:InvokeFunction",), **_ACCOUNTS}
_READING_SECRET: Final = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_WRITING_SECRET: Final = (
    *_READING_SECRET,
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
_KEYS: Final[Needs] = {SECRET: _READING_SECRET, **_ACCOUNTS}
_WRITING_KEYS: Final = _all(_KEYS, {SECRET: _WRITING_SECRET})
_SUBSCRIPTIONS: Final[Needs] = {
    ALERTS: ("dynamodb:GetItem",),
    TOPICS: ("sns:ListSubscriptionsByTopic",),
    # A subscription is no resource of IAM's.
    ANYTHING: ("sns:GetSubscriptionAttributes",),
}
_LATEST: Final[Needs] = {BALANCES: ("dynamodb:BatchGetItem",)}
_LEDGER: Final[Needs] = {BALANCES: ("dynamodb:GetItem", "dynamodb:PutItem")}
_TESTING: Final[Needs] = {ALARMS_TOPIC: ("sns:Publish",), BALANCES: ("dynamodb:GetItem",)}

#: ``sts:GetCallerIdentity`` is left out: it needs no permission.
COMMANDS: Final[dict[str, Needs]] = {
    "check": {},
    "help": {},
    "verify": {},
    "provider list, show, new, check": {},
    "status": _all(_LATEST, _ACCOUNTS),
    "report": _all(
        _LATEST,
        _ACCOUNTS,
        {BALANCES: ("dynamodb:Query",)},
        # Figures know no resource, and the history of all alarms is one request.
        {ANYTHING: ("cloudwatch:DescribeAlarmHistory", "cloudwatch:GetMetricData")},
    ),
    "history": {BALANCES: ("dynamodb:Query",)},
    "preflight": {BALANCES: ("dynamodb:GetItem",)},
    "preflight --live": _all({BALANCES: ("dynamodb:GetItem",)}, _POLLING),
    "poll": _all(_LATEST, _POLLING),
    "push": {PUSH_ALIAS: ("lambda:InvokeFunction",)},
    "ledger set": _all(_LEDGER, _POLLING),
    "ledger top-up": _all(_LEDGER, _ACCOUNTS),
    "ledger show": {BALANCES: ("dynamodb:GetItem",)},
    "keys list": _KEYS,
    "keys set, import, bind, remove": _WRITING_KEYS,
    "keys move": _all(
        {BALANCES: ("dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query")},
        _WRITING_KEYS,
    ),
    "heartbeat set, remove": _all(_ACCOUNTS, {HEARTBEAT_SECRET: _WRITING_SECRET}),
    "subscribers": _SUBSCRIPTIONS,
    "channels list": {CHANNELS: _READING_SECRET, ALERTS: ("dynamodb:GetItem",)},
    "channels set, remove": {CHANNELS: _WRITING_SECRET, ALERTS: ("dynamodb:GetItem",)},
    "channels test": {COURIER: ("lambda:InvokeFunction",), ALERTS: ("dynamodb:GetItem",)},
    "test-alert": _all(_ACCOUNTS, _TESTING, _SUBSCRIPTIONS),
    "setup": _all(_LATEST, _POLLING, _WRITING_KEYS, _TESTING, _SUBSCRIPTIONS),
    "explain": _all(
        {
            BALANCES: ("dynamodb:Query",),
            ALERTS: ("dynamodb:GetItem", "dynamodb:Query"),
            ROUTER_LOG: ("logs:FilterLogEvents",),
        },
        _ACCOUNTS,
    ),
    "doctor": _all(
        _LATEST,
        {ALERTS: ("dynamodb:Query",)},
        {QUEUES: ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")},
        # It answers for composite alarms only to those who may describe all.
        {ANYTHING: ("cloudwatch:DescribeAlarms",)},
        _KEYS,
        _SUBSCRIPTIONS,
        {CHANNELS: _READING_SECRET},
    ),
    "incidents list": {ALERTS: ("dynamodb:Query",)},
    "incidents close": {
        ALERTS: ("dynamodb:GetItem", "dynamodb:Query"),
        ALARMS_TOPIC: ("sns:Publish",),
    },
    "silence add": _all({ALERTS: ("dynamodb:PutItem",)}, _ACCOUNTS),
    "silence list": {ALERTS: ("dynamodb:Query",)},
    "silence remove": {ALERTS: ("dynamodb:DeleteItem", "dynamodb:Query")},
}

#: The operations whose action is not ``service:Operation``.
_ACTIONS: Final = {"Invoke": "lambda:InvokeFunction", "GetCallerIdentity": "sts:GetCallerIdentity"}


def actions_of(command: str) -> set[str]:
    """Return every action that a command needs."""
    return {action for actions in COMMANDS[command].values() for action in actions}


def action_of(operation: str) -> str:
    """Return the IAM action of an API operation; the operation itself if it is unknown."""
    if operation in _ACTIONS:
        return _ACTIONS[operation]
    known = {action for command in COMMANDS for action in actions_of(command)}
    return next((a for a in sorted(known) if a.endswith(f":{operation}")), operation)


def is_read_only(action: str) -> bool:
    """Whether the stack's read-only policy allows ``action``."""
    return action in READ_ONLY
