"""The module applies to and destroys in an emulator that is not the local cloud's: moto's server.

It is no judge of attributes and filter policies, which it handles in its own way. What differs
from the local cloud is listed here, with the reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.names import StackNames
from tests.upgrade.releases import Release, present, write_variables

if TYPE_CHECKING:
    from tests.aws.conftest import Moto

NAMES = StackNames("second")
VARIABLES = {
    "name": "second",
    "accounts": {
        "openrouter-main": {
            "provider": "openrouter", "warning": 20, "critical": 5, "runway_warning_hours": 48,
        },
        "firecrawl-main": {"provider": "firecrawl", "warning": 5000},
    },
    "subscribers": {
        "team": {"protocol": "email", "endpoint": "team@example.com"},
        "on-call": {"protocol": "sms", "endpoint": "+4915112345678", "severities": ["critical"]},
        "hook": {"protocol": "https", "endpoint": "https://example.com/hook"},
    },
    "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
    "enable_chat": True,
    "deletion_protection": False,
}  # fmt: skip
#: What a second plan would change in moto, by address and attribute, and why that is moto's doing.
EXPLAINED = {
    ("aws_sqs_queue.intake", "redrive_policy"): (
        "moto answers with blanks between the members of the JSON, which SQS does not, and the "
        "provider compares the text"
    ),
}


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deployment's variables."""
    return write_variables(tmp_path_factory.mktemp("variables") / "second.tfvars.json", VARIABLES)


@pytest.fixture(scope="module")
def deployed(moto: Moto, variables: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The checkout with which `make deploy` was run."""
    release = present(tmp_path_factory.mktemp("second"), moto.environment())
    release.build()
    release.must("scripts/deploy.py", "deploy", f"--var-file={variables}", YES="1")
    return release


def changes(release: Release, variables: Path) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return what another apply would change, by address and attribute: before and after."""
    terraform = ("scripts/terraform.py", "-chdir=infra/deploy")
    release.must(*terraform, "plan", "-input=false", f"-var-file={variables}", "-out=again.tfplan")
    document = json.loads(release.must(*terraform, "show", "-json", "again.tfplan"))
    return {
        (resource["address"].removeprefix("module.balance_monitor."), name): (old, new)
        for resource in document["resource_changes"]
        for change in [resource["change"]]
        if change["actions"] not in (["no-op"], ["read"])
        for before, after in [(change["before"] or {}, change["after"] or {})]
        for name in before.keys() | after.keys()
        for old, new in [(before.get(name), after.get(name))]
        if old != new
    }


def left_over(moto: Moto) -> dict[str, Any]:
    """Return what there is in every service that the module uses."""
    found = {
        "alarms": moto.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": moto.client("cloudwatch").list_dashboards()["DashboardEntries"],
        "tables": moto.client("dynamodb").list_tables()["TableNames"],
        "functions": moto.client("lambda").list_functions()["Functions"],
        "mappings": moto.client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "topics": moto.client("sns").list_topics()["Topics"],
        "subscriptions": moto.client("sns").list_subscriptions()["Subscriptions"],
        "queues": moto.client("sqs").list_queues().get("QueueUrls", []),
        "schedules": moto.client("scheduler").list_schedules()["Schedules"],
        "roles": moto.client("iam").list_roles()["Roles"],
        "logs": moto.client("logs").describe_log_groups()["logGroups"],
    }
    return {kind: some for kind, some in found.items() if some}


def test_whole_module_applies(moto: Moto, deployed: Release) -> None:
    there = left_over(moto)

    assert {alarm["AlarmName"] for alarm in there["alarms"]} >= {
        f"second/openrouter-main/{kind}" for kind in ("warning", "critical", "runway-warning")
    }
    assert {NAMES.balances_table, NAMES.alerts_table} == set(there["tables"])
    assert {one["FunctionName"] for one in there["functions"]} == {
        NAMES.poller_function, NAMES.router_function,
    }  # fmt: skip
    assert len(there["schedules"]) == 2
    assert deployed.tree.exists()


def test_another_plan_changes_only_what_is_explained(deployed: Release, variables: Path) -> None:
    found = changes(deployed, variables)

    assert set(found) == set(EXPLAINED)
    for before, after in found.values():
        assert json.loads(before) == json.loads(after)


def test_destroy_leaves_nothing_but_the_secret_that_waits(
    moto: Moto, deployed: Release, variables: Path
) -> None:
    """The last test of the module, with a secret that is kept for its recovery window."""
    deployed.must("scripts/deploy.py", "destroy", f"--var-file={variables}", YES="1")

    waiting = moto.client("secretsmanager").describe_secret(SecretId=NAMES.secret)
    assert left_over(moto) == {}
    assert waiting["DeletedDate"]
