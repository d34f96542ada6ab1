"""The comparison of permissions finds grants that are unused or missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from balancectl.localcloud.iam_usage import Permission, compare, grants, read_record

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/stack-balances"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:stack/api-keys-"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Keep",
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:BatchGetItem"],
            "Resource": TABLE,
        },
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": [f"{SECRET}??????"],
        },
    ],
}
OPEN_ENDED = {"secretsmanager:GetSecretValue": [f"{SECRET}??????"]}
USE = [
    {"role": "poller", "action": "dynamodb:PutItem", "resource": TABLE, "allowed": True},
    {"role": "poller", "action": "dynamodb:BatchGetItem", "resource": TABLE, "allowed": True},
    {
        "role": "poller",
        "action": "secretsmanager:GetSecretValue",
        "resource": f"{SECRET}a1B2c3",
        "allowed": True,
    },
]


def differences(policy: dict[str, Any], use: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    allowed, denied = read_record((json.dumps(entry) for entry in use), ["poller"])
    found = compare(grants("poller", policy), allowed, denied, OPEN_ENDED)
    return [one.action for one in found.unused], [one.action for one in found.missing]


def test_exact_policy_has_no_differences() -> None:
    found = differences(POLICY, USE)

    assert found == ([], [])


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("*", "*"),
        ("*", TABLE),
        ("dynamodb:*", TABLE),
        ("dynamodb:Put*", TABLE),
        ("dynamodb:PutItem", "*"),
        ("dynamodb:PutItem", f"{TABLE}*"),
        ("dynamodb:PutItem", TABLE.replace("stack-balances", "*")),
        ("dynamodb:PutIte?", TABLE),
        ("secretsmanager:GetSecretValue", f"{SECRET}*"),
        ("secretsmanager:GetSecretValue", SECRET.replace("stack/api-keys-", "*")),
    ],
)
def test_wildcard_that_is_not_expected_is_named_although_it_covers_the_use(
    action: str, resource: str
) -> None:
    wider = {"Effect": "Allow", "Action": action, "Resource": resource}
    policy = {"Statement": [*POLICY["Statement"], wider]}
    allowed, denied = read_record((json.dumps(entry) for entry in USE), ["poller"])

    found = compare(grants("poller", policy), allowed, denied, OPEN_ENDED)

    assert [(one.action, one.resource) for one in found.too_wide] == [(action, resource)]
    assert "granted with a wildcard" in str(found)


@pytest.mark.parametrize("left_out", USE, ids=lambda entry: entry["action"])
def test_each_grant_that_is_never_used_is_named(left_out: dict[str, Any]) -> None:
    found = differences(POLICY, [entry for entry in USE if entry is not left_out])

    assert found == ([left_out["action"]], [])


@pytest.mark.parametrize("denied", USE, ids=lambda entry: entry["action"])
def test_each_action_that_is_denied_is_named(denied: dict[str, Any]) -> None:
    without = json.loads(json.dumps(POLICY))
    for statement in without["Statement"]:
        actions = statement["Action"]
        if isinstance(actions, str):
            actions = [actions]
        statement["Action"] = [action for action in actions if action != denied["action"]]

    found = differences(without, [entry | {"allowed": entry is not denied} for entry in USE])

    assert found == ([], [denied["action"]])


def test_another_roles_use_does_not_count() -> None:
    found = differences(POLICY, [entry | {"role": "router"} for entry in USE])

    assert len(found[0]) == 3


@pytest.mark.parametrize(
    ("pattern", "requested", "covered"),
    [
        ("a:Get*", "a:GetItem", True),
        ("a:getitem", "a:GetItem", True),
        ("a:PutItem", "a:GetItem", False),
    ],
)
def test_action_patterns_match_as_iam_does(pattern: str, requested: str, covered: bool) -> None:
    grant = Permission("role", pattern, "*")

    assert grant.covers(Permission("role", requested, "arn:x")) is covered


def test_resource_of_a_neighbour_is_not_covered() -> None:
    grant = Permission("role", "a:Get", "arn:aws:sqs:r:1:stack-alarms")

    covered = grant.covers(Permission("role", "a:Get", "arn:aws:sqs:r:1:stack-alarms-dead-letters"))

    assert not covered


def test_statement_that_denies_is_denied_rather_than_misjudged() -> None:
    policy = {"Statement": {"Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*"}}

    with pytest.raises(ValueError, match="No"):
        grants("role", policy)


def test_differences_read_as_sentences() -> None:
    allowed, denied = read_record([json.dumps(USE[0])], ["poller"])

    text = str(compare(grants("poller", POLICY), allowed, denied, OPEN_ENDED))

    assert f"granted, never used: poller: dynamodb:BatchGetItem on {TABLE}" in text
