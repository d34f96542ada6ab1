"""The module applies to and destroys in an emulator that is not ours: moto's server.

It is no judge of attributes and filter policies, which it handles in its own way. What differs
from the local cloud is listed here, with the reason.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from balancectl.localcloud.deploy.deployment import LOCAL_VARIABLES
from balancectl.localcloud.deploy.repository import PACKAGES
from balancectl.localcloud.deploy.terraform import Terraform
from shared.names import StackNames

if TYPE_CHECKING:
    from tests.aws.conftest import Moto

NAME = "second"
VARIABLES = {
    **LOCAL_VARIABLES,
    "name": NAME,
    "packages": {
        function: {"filename": str(PACKAGES / f"{file}.zip")}
        for function, file in (("poller", "balance_poller"), ("router", "alert_router"))
    },
    "accounts": {
        "openrouter-main": {"provider": "openrouter", "warning": 20, "critical": 5},
        "firecrawl-main": {"provider": "firecrawl", "warning": 5000},
    },
    "subscribers": {
        "team": {"protocol": "email", "endpoint": "team@example.com"},
        "on-call": {"protocol": "sms", "endpoint": "+4915112345678", "severities": ["critical"]},
    },
    "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
}
#: What a second plan would change in moto, by address and attribute, and why that is moto's doing.
EXPLAINED: dict[tuple[str, str], str] = {}


@pytest.fixture(scope="module")
def deployed(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The module, applied."""
    folder = tmp_path_factory.mktemp("second")
    (folder / "second.tfvars.json").write_text(json.dumps(VARIABLES), "utf-8")
    terraform = Terraform(moto.environment(), folder)
    terraform.apply([folder / "second.tfvars.json"])
    return terraform


def changes(terraform: Terraform) -> set[tuple[str, str]]:
    """Return what another apply would change, by address and attribute."""
    document = terraform.plan([terraform.folder / "second.tfvars.json"])
    found = set()
    for resource in document["resource_changes"]:
        change = resource["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        before, after = change["before"] or {}, change["after"] or {}
        found |= {
            (resource["address"], name)
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
    return found


def managed(terraform: Terraform) -> list[str]:
    """Return the addresses in the state."""
    state = json.loads(terraform.state_file.read_text("utf-8"))
    return [
        f"{resource.get('module', '')}.{resource['type']}.{resource['name']}"
        for resource in state["resources"]
        if resource["mode"] == "managed"
        for _ in resource["instances"]
    ]


def test_whole_module_applies(moto: Moto, deployed: Terraform) -> None:
    names = StackNames(NAME)

    alarms = moto.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}/")["MetricAlarms"]
    tables = set(moto.client("dynamodb").list_tables()["TableNames"])
    functions = {one["FunctionName"] for one in moto.client("lambda").list_functions()["Functions"]}
    schedules = moto.client("scheduler").list_schedules(GroupName=names.schedule_group)

    assert len(managed(deployed)) > 50
    assert {alarm["AlarmName"] for alarm in alarms} >= {
        f"{NAME}/openrouter-main/warning",
        f"{NAME}/openrouter-main/critical",
        f"{NAME}/firecrawl-main/warning",
    }
    assert {names.balances_table, names.alerts_table} <= tables
    assert {names.poller_function, names.router_function} <= functions
    assert len(schedules["Schedules"]) >= 2


def test_another_plan_changes_only_what_is_explained(deployed: Terraform) -> None:
    assert changes(deployed) == set(EXPLAINED)


def test_destroy_leaves_nothing(moto: Moto, deployed: Terraform) -> None:
    """The last test: nothing of the stack is left in any service."""
    deployed.destroy([deployed.folder / "second.tfvars.json"])

    left: dict[str, Any] = {
        "alarms": moto.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "tables": moto.client("dynamodb").list_tables()["TableNames"],
        "functions": moto.client("lambda").list_functions()["Functions"],
        "topics": moto.client("sns").list_topics()["Topics"],
        "subscriptions": moto.client("sns").list_subscriptions()["Subscriptions"],
        "queues": moto.client("sqs").list_queues().get("QueueUrls", []),
        "schedules": moto.client("scheduler").list_schedules()["Schedules"],
        "secrets": moto.client("secretsmanager").list_secrets()["SecretList"],
        "roles": [
            role["RoleName"]
            for role in moto.client("iam").list_roles()["Roles"]
            if re.match(NAME, role["RoleName"])
        ],
        "logs": moto.client("logs").describe_log_groups()["logGroups"],
    }
    assert {kind: found for kind, found in left.items() if found} == {}
    assert managed(deployed) == []
    assert Path(deployed.state_file).exists()
