"""Who may do what: every policy whole, nothing that AWS does not know, nothing too wide."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from balancectl.cli import permissions
from tests.infra.authorization import Statement, listed, normalised, reference, too_wide, unknown
from tests.infra.harness import HARNESS, ROOT
from tests.infra.stacks import ACCOUNT_ID, REGION, Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

#: What may hold a policy or let somebody in.
KINDS = ("aws_iam_", "_policy", "_permission")
SCENARIOS = ("minimal", "granted")


def documents(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Return the statements of every policy of a stack by where it is."""
    found = {
        f"{at} {field}": normalised(resource[field])
        for at, resource in stack.resources.items()
        for field in ("assume_role_policy", "policy")
        if resource.get(field)
    }
    for output in ("read_only_policy_json", "push_policy_json", "kms_key_policy_json"):
        found[output] = normalised(stack.outputs[output])
    return found


def expected(scenario: str) -> dict[str, Any]:
    """Return the policies that were reviewed."""
    text = (HARNESS / "policies" / f"{scenario}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def of_roles_and_resources() -> Iterator[tuple[str, Statement]]:
    """Yield every reviewed statement but those of the key, whose resource is itself."""
    for scenario in SCENARIOS:
        for where, statements in expected(scenario).items():
            if where != "kms_key_policy_json":
                for statement in statements:
                    yield f"{scenario}: {where} {statement.get('Sid', '')}", statement


STATEMENTS = list(of_roles_and_resources())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_policy_is_as_it_was_reviewed(stacks: dict[str, Stack], scenario: str) -> None:
    """With everything that an option grants, and with nothing of it."""
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


def test_no_page_grants_the_function_itself() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "infra").rglob("*.md")]
    granted = [
        (page.name, arn)
        for page in pages
        for arn in re.findall(r"arn:[^\s\"]*:lambda:[^\s\"]*", page.read_text(encoding="utf-8"))
        if not arn.endswith(":push")
    ]

    assert granted == []


def test_nothing_else_holds_a_policy(stacks: dict[str, Stack]) -> None:
    found = [at for at in stacks["granted"].resources if any(kind in at for kind in KINDS)]

    assert sorted(found) == [
        "aws_iam_role.poller", "aws_iam_role.router", "aws_iam_role.scheduler",
        "aws_iam_role_policy.poller", "aws_iam_role_policy.router", "aws_iam_role_policy.scheduler",
        "aws_sns_topic_policy.alarms", "aws_sns_topic_policy.chat[0]",
        'aws_sns_topic_policy.form["email"]', "aws_sns_topic_policy.operations",
    ]  # fmt: skip
    for role in stacks["granted"].every("aws_iam_role").values():
        assert not role.get("managed_policy_arns")
        assert not role.get("inline_policy")
        assert role["permissions_boundary"] == "arn:aws:iam::123456789012:policy/boundary"


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


def test_the_commands_permissions_exist() -> None:
    for actions in permissions.COMMANDS.values():
        for action in actions:
            prefix, _, name = action.partition(":")
            assert name in reference()[prefix]["privileges"], action


def wider(statement: Statement) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what somebody might make of a statement in a hurry."""
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
        changes += [("anybody", {"Principal": "*"}), ("any account", {"Principal": {"AWS": "*"}})]
    for what, change in changes:
        yield what, {**copy.deepcopy(dict(statement)), **change}
    if "Condition" in statement and too_wide_without_condition(statement):
        yield "no condition", {k: v for k, v in statement.items() if k != "Condition"}


def too_wide_without_condition(statement: Statement) -> bool:
    """Whether a rule asks for the statement's condition; equality alone watches the others."""
    return bool(list(too_wide({k: v for k, v in statement.items() if k != "Condition"})))


MUTANTS = [
    (f"{where}: {what}", mutant)
    for where, statement in STATEMENTS
    if statement["Effect"] == "Allow"
    for what, mutant in wider(statement)
]


def test_there_are_mutants_enough() -> None:
    assert len(MUTANTS) >= 60


@pytest.mark.parametrize(("what", "mutant"), MUTANTS, ids=lambda one: str(one)[:80])
def test_a_wider_statement_is_refused_by_rule_and_not_only_by_comparison(
    what: str, mutant: Statement
) -> None:
    assert list(too_wide(mutant)), what
