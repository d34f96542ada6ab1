"""Deployments at the edges of what may be configured, as requests, against AWS's rules.

Applying 1,000 accounts to an emulator would take an hour, and none emulates China: so what
Terraform plans is mapped to the requests that it will send, and those go by the front door's rules.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from balancectl.localcloud.emulator.aws_rules.constraints import violations
from balancectl.localcloud.emulator.aws_rules.limits import exceeded
from tests.aws.requests import MAPPINGS, calls
from tests.infra.stacks import ACCOUNT_ID, PACKAGES, REGION, Stack, plan, stack_of

ACCOUNTS = 1_000
LONGEST_ACCOUNT = 64
LONGEST_NAME = "n" * 40
BASE: dict[str, Any] = {
    "accounts": {"main": {"provider": "openrouter", "warning": 20, "critical": 5}},
    "subscribers": {"team": {"protocol": "email", "endpoint": "team@example.com"}},
    "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
    "packages": PACKAGES,
}
EVERY_THRESHOLD = {
    "warning": 20,
    "critical": 5,
    "runway_warning_hours": 48,
    "runway_critical_hours": 12,
    "drain_sensitivity": 2,
}
SCENARIOS: dict[str, dict[str, Any]] = {
    "largest": BASE
    | {
        "name": LONGEST_NAME,
        "accounts": {
            f"{n:04}-{'x' * (LONGEST_ACCOUNT - 5)}": {
                "provider": "openrouter",
                "secret": f"team/keys-{n // 400}#{n}",
                "top_up_url": f"https://example.com/{'t' * 200}",
                "warning": 20,
                "critical": 5,
            }
            for n in range(ACCOUNTS)
        },
        "secret_prefixes": ["team/"],
        "shard_size": 350,
        "runbook_url": f"https://example.com/{'r' * 200}",
        "enable_chat": True,
    },
    "foreign letters": BASE
    | {
        "name": "letters",
        "accounts": {
            "main": {
                "provider": "kiosk",
                "warning": 20,
                "top_up_url": "https://example.com/конто/帳戶/💰",
            }
        },
        "custom_providers": {
            "kiosk": {
                "title": "Кіоск 販売店 💰 & “Söhne”",
                "request": {"url": "https://kiosk.example/balance"},
                "wallets": {"main": {"unit": "Złoty", "remaining": "left"}},
                "default_wallet": "main",
            }
        },
        "subscribers": {"team": {"protocol": "email", "endpoint": "team@example.com"}},
        "tags": {"Team": "Größe"},
    },
    "every option": BASE
    | {
        "name": "every",
        "accounts": {
            "main": {"provider": "openrouter", "secret": f"{'s' * 200}#main", **EVERY_THRESHOLD}
        },
        "secret_prefixes": ["s"],
        "subscribers": {
            "team": {
                "protocol": "email",
                "endpoint": "team@example.com",
                "severities": ["critical", "warning"],
                "providers": ["openrouter", "-"],
                "accounts": ["main", "-"],
                "statuses": ["firing", "resolved", "reminder"],
            },
            "phone": {"protocol": "sms", "endpoint": "+4915112345678"},
            "hook": {"protocol": "https", "endpoint": f"https://example.com/{'h' * 200}"},
            "queue": {"protocol": "sqs", "endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:mine"},
        },
        "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT_ID}:policy/{'b' * 100}",
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/5678",
        "enable_chat": True,
        "xray_tracing": True,
        "reserved_concurrency": {"poller": 2, "router": 3},
    },
    "daily": BASE
    | {
        "name": "daily",
        "poll_interval_minutes": 1440,
        "accounts": {
            "main": {
                "provider": "openrouter",
                "stale_after_minutes": 10_080,
                "runway_warning_hours": 48,
                "warning": 20,
            }
        },
        "reconcile_interval_minutes": 60,
    },
}
#: Through the root that `make deploy` uses, which has the provider's Region.
REGIONS = {"china": "cn-north-1", "gov": "us-gov-west-1", "seoul": "ap-northeast-2"}
CALLS = "".join(
    f"""
module "{name}" {{
  source                 = "./infra/deploy"
  region                 = "{region}"
  name                   = "{name}"
  packages               = jsondecode({json.dumps(json.dumps(PACKAGES))})
  accounts               = {{ main = {{ provider = "openrouter", warning = 20, critical = 5 }} }}
  subscribers            = {{ phone = {{ protocol = "sms", endpoint = "+4915112345678" }} }}
  operations_subscribers = {{ ops = {{ protocol = "email", endpoint = "ops@example.com" }} }}
}}
"""
    for name, region in REGIONS.items()
)

Plans = tuple[dict[str, Stack], dict[str, Any]]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """The stacks by scenario and by Region, and the plan's document."""
    stacks, document = plan(SCENARIOS, tmp_path_factory.mktemp("odd"), CALLS)
    there = {name: stack_of(document, f"module.{name}.module.balance_monitor.") for name in REGIONS}
    return stacks | there, document


@pytest.mark.parametrize("scenario", [*SCENARIOS, *REGIONS])
def test_every_request_is_one_that_aws_takes(planned: Plans, scenario: str) -> None:
    found = {
        address: problems
        for address, call in calls(planned[0][scenario])
        if (problems := [*violations(call.shape, call.parameters), *(exceeded(call) or ())])
    }

    assert found == {}


@pytest.mark.parametrize("scenario", [*SCENARIOS, *REGIONS])
def test_all_that_varies_is_mapped(planned: Plans, scenario: str) -> None:
    """Control: a resource that is mapped is found, in each of the plans."""
    kinds = Counter(call.operation for _, call in calls(planned[0][scenario]))

    assert len(kinds) == len(MAPPINGS)


def test_largest_plan_has_what_a_thousand_accounts_need(planned: Plans) -> None:
    requests = [call for _, call in calls(planned[0]["largest"])]
    operations = Counter(call.operation for call in requests)
    polled = [
        len(json.loads(call.parameters["Target"]["Input"]).get("accounts", []))
        for call in requests
        if call.operation == "CreateSchedule"
    ]

    assert operations["PutMetricAlarm"] >= 3 * ACCOUNTS
    assert sum(polled) == ACCOUNTS
    assert operations["PutDashboard"] == 1


@pytest.mark.parametrize(("name", "partition"), [("china", "aws-cn"), ("gov", "aws-us-gov")])
def test_arns_are_of_the_regions_partition(planned: Plans, name: str, partition: str) -> None:
    stack = planned[0][name]
    holders = (*stack.every("aws_iam_role_policy"), *stack.every("aws_sqs_queue"))
    text = json.dumps([stack.policy(address) for address in holders])

    assert f"arn:{partition}:" in text
    assert "arn:aws:" not in text


def test_regions_without_sms_are_warned_of(planned: Plans) -> None:
    """China and Seoul; GovCloud sends SMS."""
    warned = {
        instance["address"]["to_display"].split(".")[1]
        for check in planned[1]["checks"]
        for instance in check.get("instances", [])
        if instance["status"] == "fail" and "sms_region" in instance["address"]["to_display"]
    }

    assert warned == {"china", "seoul"}
