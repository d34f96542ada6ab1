"""Every policy is complete, contains only what AWS knows, and is not too wide."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from balancectl.cli import permissions
from tests.infra.arguments import arguments
from tests.infra.authorization import (
    Statement,
    listed,
    may_be_on_all,
    normalised,
    too_wide,
    unknown,
)
from tests.infra.harness import HARNESS, ROOT
from tests.infra.stacks import ACCOUNT_ID, REGION, Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

#: Parts of the names of resources that may hold a policy or admit somebody.
KINDS = (
    "iam", "policy", "permission", "grant", "boundary", "kms_key", "kms_alias", "function_url",
    "share", "access",
)  # fmt: skip
SCENARIOS = ("minimal", "granted", "complete")
#: Every resource that really does, and every argument that takes a policy.
HOLDERS = {
    "aws_iam_role.courier", "aws_iam_role.poller", "aws_iam_role.router", "aws_iam_role.scheduler",
    "aws_iam_role_policy.courier", "aws_iam_role_policy.poller", "aws_iam_role_policy.router",
    "aws_iam_role_policy.scheduler",
    "aws_iam_role.status_page", "aws_iam_role_policy.status_page",
    "aws_sns_topic_policy.alarms", "aws_sns_topic_policy.chat", "aws_sns_topic_policy.form",
    "aws_sns_topic_policy.operations", "aws_lambda_permission.subscriber",
}  # fmt: skip
ARGUMENTS = {
    "aws_iam_role.assume_role_policy", "aws_iam_role.permissions_boundary",
    "aws_iam_role_policy.policy", "aws_sns_topic_policy.policy", "aws_sqs_queue.policy",
}  # fmt: skip
#: Policies that grant nothing.
OTHER_POLICIES = ("filter_policy", "redrive_policy", "retry_policy")


def documents(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Return the statements of every policy of a stack, by its place."""
    found = {
        f"{at} {field}": normalised(resource[field])
        for at, resource in stack.resources.items()
        for field in ("assume_role_policy", "policy")
        if resource.get(field)
    }
    for output in (
        "read_only_policy_json", "push_policy_json", "status_page_policy_json",
        "kms_key_policy_json",
    ):  # fmt: skip
        if stack.outputs[output]:
            found[output] = normalised(stack.outputs[output])
    return found


def expected(scenario: str) -> dict[str, Any]:
    """Return the policies that were reviewed."""
    text = (HARNESS / "policies" / f"{scenario}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def of_roles_and_resources() -> Iterator[tuple[str, Statement]]:
    """Yield every reviewed statement, except those of the key, whose resource is the key itself."""
    for scenario in SCENARIOS:
        for where, statements in expected(scenario).items():
            if where != "kms_key_policy_json":
                for statement in statements:
                    yield f"{scenario}: {where} {statement.get('Sid', '')}", statement


STATEMENTS = list(of_roles_and_resources())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_policy_is_as_it_was_reviewed(stacks: dict[str, Stack], scenario: str) -> None:
    """Without options that grant something, with all of them, and with every form of message."""
    assert documents(stacks[scenario]) == expected(scenario)


def test_the_documented_key_policy_is_the_output(stacks: dict[str, Stack]) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    text = page.split("### A key of your own")[1].split("```json\n")[1].split("```")[0]
    for placeholder, value in (("account", ACCOUNT_ID), ("region", REGION), ("name", "granted")):
        text = text.replace(f"<{placeholder}>", value)

    documented = normalised({"Statement": json.loads(text)})
    assert documented == normalised(stacks["granted"].outputs["kms_key_policy_json"])


def test_the_documented_policy_of_who_pushes_is_the_output(stacks: dict[str, Stack]) -> None:
    """The alias alone: whoever may invoke the function itself can have any key sent anywhere."""
    page = (ROOT / "docs" / "pushed-accounts.md").read_text(encoding="utf-8")
    text = page.split("```json\n")[1].split("```")[0]
    for placeholder, value in (("account", ACCOUNT_ID), ("region", REGION), ("name", "granted")):
        text = text.replace(f"<{placeholder}>", value)

    documented = normalised(text)
    assert documented == normalised(stacks["granted"].outputs["push_policy_json"])
    assert documented[0]["Resource"].endswith(":function:granted-balance-poller:push")


def test_the_documented_policy_of_who_looks_at_the_page_is_the_output(
    stacks: dict[str, Stack],
) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    text = page.split("## The page in the dashboard")[1].split("```json\n")[1].split("```")[0]
    for placeholder, value in (("account", ACCOUNT_ID), ("region", REGION), ("name", "granted")):
        text = text.replace(f"<{placeholder}>", value)

    assert normalised(text) == normalised(stacks["granted"].outputs["status_page_policy_json"])


def test_no_page_grants_the_function_itself() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "infra").rglob("*.md")]
    granted = [
        (page.name, arn)
        for page in pages
        for arn in re.findall(r"arn:[^\s\"]*:lambda:[^\s\"]*", page.read_text(encoding="utf-8"))
        if "-balance-poller" in arn and not arn.endswith(":push")
    ]

    assert granted == []


def test_nothing_else_holds_a_policy() -> None:
    """Reads the files, because a plan lacks the resources of options that no scenario sets."""
    files = list((ROOT / "infra").glob("*/*.tf")) + list((ROOT / "infra").glob("*/modules/**/*.tf"))
    text = "".join(file.read_text(encoding="utf-8") for file in files)

    resources = {
        f"{kind}.{name}"
        for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.MULTILINE)
    }
    named = {
        f"{kind}.{name}"
        for kind, names in arguments(files).items()
        for name in names
        if not kind.startswith("data ")
        and not name.rpartition(".")[2].endswith(OTHER_POLICIES)
        and ".retry_policy." not in name
    }

    assert {one for one in resources if any(kind in one for kind in KINDS)} == HOLDERS
    assert {one for one in named if holds(one.partition(".")[2])} == ARGUMENTS


def holds(argument: str) -> bool:
    """Whether an argument takes a policy or grants something, by its name."""
    return any(word in argument for word in ("policy", "policies", "boundary", "grant"))


def test_roles_have_no_policy_but_their_own(stacks: dict[str, Stack]) -> None:
    for scenario, stack in stacks.items():
        boundary = f"arn:aws:iam::{ACCOUNT_ID}:policy/boundary" if scenario == "granted" else None
        roles = stack.every("aws_iam_role")
        expected_roles = {one for one in HOLDERS if one.startswith("aws_iam_role.")}
        optional = set() if scenario == "granted" else {"aws_iam_role.status_page"}
        if scenario not in ("complete", "granted"):
            optional.add("aws_iam_role.courier")
        assert {at.removesuffix("[0]") for at in roles} == expected_roles - optional
        for role in roles.values():
            assert not role.get("managed_policy_arns")
            assert not role.get("inline_policy")
            assert role["permissions_boundary"] == boundary


def test_each_role_is_the_one_of_its_function(
    planned: tuple[dict[str, Stack], dict[str, Any]],
) -> None:
    module = planned[1]["configuration"]["root_module"]["module_calls"]["case"]["module"]
    uses = {
        resource["address"]: expression["references"][-1]
        for resource in module["resources"]
        for name, expression in expressions(resource.get("expressions", {}))
        if name in ("role", "role_arn")
    }

    assert uses == {
        "aws_iam_role_policy.courier": "aws_iam_role.courier",
        "aws_lambda_function.courier": "aws_iam_role.courier",
        "aws_iam_role_policy.poller": "aws_iam_role.poller",
        "aws_iam_role_policy.router": "aws_iam_role.router",
        "aws_iam_role_policy.scheduler": "aws_iam_role.scheduler",
        "aws_iam_role_policy.status_page": "aws_iam_role.status_page",
        "aws_lambda_function.status_page": "aws_iam_role.status_page",
        "aws_lambda_function.poller": "aws_iam_role.poller",
        "aws_lambda_function.router": "aws_iam_role.router",
        "aws_scheduler_schedule.poll": "aws_iam_role.scheduler",
        "aws_scheduler_schedule.report": "aws_iam_role.scheduler",
        "aws_scheduler_schedule.reconcile": "aws_iam_role.scheduler",
    }


def expressions(block: Any) -> Iterator[tuple[str, Any]]:
    """Yield every argument of a block and of its inner blocks, as in the plan's document."""
    for name, value in block.items():
        if isinstance(value, list):
            for inner in value:
                yield from expressions(inner)
        elif "references" in value:
            yield name, value


def test_a_subscribed_function_may_be_invoked_by_its_topic_alone(
    planned: tuple[dict[str, Stack], dict[str, Any]],
) -> None:
    (permission,) = planned[0]["paused"].every("aws_lambda_permission").values()
    module = planned[1]["configuration"]["root_module"]["module_calls"]["case"]["module"]
    (declared,) = [one for one in module["resources"] if one["type"] == "aws_lambda_permission"]

    given = {name: value for name, value in permission.items() if value and name != "statement_id"}
    assert given == {
        "action": "lambda:InvokeFunction",
        "function_name": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:billing",
        "principal": "sns.amazonaws.com",
        "qualifier": "live",
    }
    assert declared["expressions"]["source_arn"]["references"] == ["each.value.topic", "each.value"]


def test_a_policy_never_outgrows_what_iam_takes(stacks: dict[str, Stack]) -> None:
    """10,240 characters without white space, of which secrets and keys may take 7,000."""
    granted = stacks["granted"].policy("aws_iam_role_policy.poller")
    listed_arns = sum(
        len(arn) + 3
        for statement in granted["Statement"]
        if statement["Sid"] in ("ReadKeys", "DecryptKeys")
        for arn in listed(statement["Resource"])
    )

    rest = len(json.dumps(granted, separators=(",", ":"))) - listed_arns
    assert rest + 7_000 < 10_240


@pytest.mark.parametrize(("where", "statement"), STATEMENTS, ids=lambda one: str(one)[:60])
def test_aws_knows_every_action_resource_and_condition(where: str, statement: Statement) -> None:
    assert list(unknown(statement)) == [], where


@pytest.mark.parametrize(("where", "statement"), STATEMENTS, ids=lambda one: str(one)[:60])
def test_nothing_is_allowed_that_is_not_named(where: str, statement: Statement) -> None:
    assert list(too_wide(statement)) == [], where


@pytest.mark.parametrize("command", [name for name, needs in permissions.COMMANDS.items() if needs])
def test_the_commands_permissions_fit_what_they_act_on(command: str) -> None:
    """AWS denies an action on a resource that it does not act on."""
    for resource, actions in permissions.COMMANDS[command].items():
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
        assert list(unknown(statement)) == []
        if resource == permissions.ANYTHING:
            every = {"CompareWithAlarms", "ReadPast"}
            assert all(any(may_be_on_all(sid, a) for sid in every) for a in actions)


def test_an_action_that_takes_no_resource_is_not_documented_with_one() -> None:
    """Control: the rule above finds a past mistake."""
    statement = {
        "Effect": "Allow",
        "Action": "sns:GetSubscriptionAttributes",
        "Resource": permissions.TOPICS,
    }

    assert list(unknown(statement)) == [
        f"sns:GetSubscriptionAttributes does not act on {permissions.TOPICS}"
    ]


def wider(statement: Statement) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield variants of a statement that somebody might write in a hurry."""
    first = listed(statement["Action"])[0]
    service = first.split(":")[0]
    changes: list[tuple[str, dict[str, Any]]] = [
        ("every action", {"Action": "*"}),
        ("every action of the service", {"Action": f"{service}:*"}),
        ("actions that begin alike", {"Action": f"{first[: len(first) // 2 + 4]}*"}),
        ("every other action", {"NotAction": "iam:*"}),
    ]
    if "Resource" in statement:
        resource = listed(statement["Resource"])[0]
        account = ":".join(resource.split(":")[:5])
        changes.append(("every other resource", {"NotResource": "arn:aws:s3:::x"}))
        if resource != "*":
            changes += [
                ("all resources", {"Resource": "*"}),
                ("all of the account", {"Resource": f"{account}:*"}),
                ("what begins alike", {"Resource": f"{resource[:-8]}*"}),
                ("one more", {"Resource": [resource, "*"]}),
            ]
    if "Principal" in statement:
        changes += [(what, {"Principal": principal}) for what, principal in STRANGERS.items()]
    changes += [
        (f"{operator} {key} {what}", {"Condition": condition})
        for operator, tests in statement.get("Condition", {}).items()
        for key, value in tests.items()
        for what, condition in weaker(operator, key, value)
    ]
    for what, change in changes:
        yield what, {**copy.deepcopy(dict(statement)), **change}
    if "Condition" in statement and too_wide_without_condition(statement):
        yield "no condition", {k: v for k, v in statement.items() if k != "Condition"}


#: Principals that no policy here means to admit.
STRANGERS: dict[str, Any] = {
    "anybody": "*",
    "any account": {"AWS": "*"},
    "everybody in the account": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
    "all roles": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:role/*"},
    "a role of another account": {"AWS": "arn:aws:iam::999999999999:role/x"},
    "another service": {"Service": ["ec2.amazonaws.com", "sns.amazonaws.com"]},
    "who signs in elsewhere": {"Federated": "cognito-identity.amazonaws.com"},
    "a canonical user": {"CanonicalUser": "79a59d"},
}


def weaker(operator: str, key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield conditions that look like the given one but let more through."""
    kind = "Arn" if operator.startswith("Arn") else "String"
    yield "or missing", {f"{operator}IfExists": {key: value}}
    yield "or none", {f"ForAllValues:{operator}": {key: value}}
    yield "or one of many", {f"ForAnyValue:{operator}": {key: value}}
    yield "but not", {f"{kind}NotEquals": {key: value}}
    yield "is there", {"Null": {key: "false"}}
    yield "is anything", {f"{kind}Like": {key: "*"}}
    yield "or anything", {f"{kind}Like": {key: [*listed(value), "*"]}}
    if kind == "Arn":
        yield "of any account", {"ArnLike": {key: "arn:aws:*:*:*:x"}}


def too_wide_without_condition(statement: Statement) -> bool:
    """Whether a rule requires the statement's condition; the others have the comparison alone."""
    return bool(list(too_wide({k: v for k, v in statement.items() if k != "Condition"})))


def allowing() -> list[tuple[str, Statement]]:
    """Return the reviewed statements that allow something."""
    return [(where, one) for where, one in STATEMENTS if one["Effect"] == "Allow"]


def test_there_are_mutants_enough() -> None:
    assert sum(len(list(wider(statement))) for _, statement in allowing()) >= 60


@pytest.mark.parametrize(("where", "statement"), allowing(), ids=lambda one: str(one)[:60])
def test_a_wider_statement_is_refused_by_rule_and_not_only_by_comparison(
    where: str, statement: Statement
) -> None:
    assert [what for what, mutant in wider(statement) if not list(too_wide(mutant))] == [], where
