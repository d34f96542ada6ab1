"""Before a deployment: which keys would not be sent to their planned destination."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from balancectl.deployment.target import Target
from deployment.keys import binding_advice

KEY = "canary-key"
OWN = {"provider": "openrouter", "base_url": "https://own.example/api"}


class Aws:
    """Secrets by name, and the accounts as they are deployed."""

    def __init__(self, secrets: dict[str, str], deployed: list[dict[str, Any]]) -> None:
        self.secrets, self.deployed = secrets, deployed
        self.read: list[str] = []

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 -- AWS's name
        self.read.append(SecretId)
        if SecretId not in self.secrets:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")
        return {"SecretString": self.secrets[SecretId], "VersionId": "v"}

    def get_schedule(self, Name: str, GroupName: str) -> dict[str, Any]:  # noqa: N803 -- the same
        if not self.deployed or not Name.endswith("0"):
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, GroupName)
        return {"Target": {"Input": json.dumps({"accounts": self.deployed})}}


def planned(*accounts: dict[str, Any]) -> dict[str, Any]:
    """Return a plan as Terraform prints it, the schedules in the module that is called."""
    event = {"accounts": list(accounts), "providers": {}}
    resources = [
        {"type": "aws_scheduler_schedule", "name": "reconcile", "values": {}},
        {
            "type": "aws_scheduler_schedule",
            "name": "poll",
            "values": {"target": [{"input": json.dumps(event)}]},
        },
    ]
    return {"planned_values": {"root_module": {"child_modules": [{"resources": resources}]}}}


def account(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "provider": "openrouter", "secret": f"stack/api-keys#{name}", **fields}


def advice(
    secrets: dict[str, Any],
    *accounts: dict[str, Any],
    deployed: tuple[dict[str, Any], ...] = (),
    key_hosts: tuple[str, ...] = (),
) -> tuple[list[str], Aws]:
    aws = Aws({name: json.dumps(value) for name, value in secrets.items()}, list(deployed))
    target = Target("stack", "eu-central-1")
    vars(target).update(secretsmanager=aws, scheduler=aws)
    return binding_advice(target, planned(*accounts), {"key_hosts": key_hosts}), aws


def test_a_key_without_a_note_may_be_bound_before_the_deployment_that_needs_it() -> None:
    own = account("own", **OWN)

    lines, _ = advice(
        {"stack/api-keys": {"own": KEY, "a": KEY}}, own, account("a"), deployed=(own,)
    )

    assert lines == [
        "Keys that would not be sent to where this plan leads them; check each address:",
        (
            "  own (before make deploy): its key may go to shipped providers only, not to"
            " https://own.example: to allow it, run: balancectl --name stack keys bind own"
        ),
    ]


@pytest.mark.parametrize("deployed", [(), (account("own", base_url="https://old.example"),)])
def test_a_key_for_a_new_address_is_bound_after_the_deployment(
    deployed: tuple[dict[str, Any], ...],
) -> None:
    secret = {"own": KEY, "own@for": "https://old.example"}

    lines, _ = advice({"stack/api-keys": secret}, account("own", **OWN), deployed=deployed)

    assert len(lines) == 2
    assert lines[1].startswith("  own (after make deploy): its key was stored for https://old.exa")
    assert KEY not in str(lines)


def test_keys_that_go_where_they_were_stored_for_are_not_mentioned() -> None:
    secrets = {
        "stack/api-keys": {"a": KEY, "own": KEY, "own@for": "https://own.example"},
        "team/keys": {"own": KEY},
    }

    lines, aws = advice(
        secrets,
        account("a"),
        account("b"),
        account("own", **OWN),
        account("theirs", secret="team/keys#own", **OWN),
        account("unreadable", secret="other/keys#own", **OWN),
        key_hosts=("https://own.example",),
    )

    assert lines == []
    assert sorted(aws.read) == ["other/keys", "stack/api-keys", "team/keys"]


def test_a_secret_that_keys_set_does_not_write_needs_key_hosts() -> None:
    lines, _ = advice(
        {"team/keys": {"own": KEY}}, account("own", **(OWN | {"secret": "team/keys#own"}))
    )

    assert lines[1].endswith("list https://own.example in key_hosts")
