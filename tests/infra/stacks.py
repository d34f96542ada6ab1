"""Plans of the module: many deployments in one plan, which needs one response from STS, simulated.

Reading the provider's schema takes longer than planning a deployment, so every scenario is a call
of the module in one root.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from balancectl.configuration.hcl.nodes import plain
from balancectl.configuration.hcl.parser import parse_variables
from tests.infra.harness import DEPLOY, ROOT, run_terraform, script

ACCOUNT_ID = "123456789012"
REGION = "eu-central-1"
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    f"<GetCallerIdentityResult><Arn>arn:{{partition}}:iam::{ACCOUNT_ID}:user/test</Arn>"
    f"<UserId>AID</UserId><Account>{ACCOUNT_ID}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
#: By the beginning of a Region's name; the provider takes the partition from its caller's ARN.
PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov", "eusc": "aws-eusc"}


class _Identity(BaseHTTPRequestHandler):
    """Answers GetCallerIdentity, the only request to AWS of a plan of new resources."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        region = self.headers["Authorization"].split("/")[2]
        found = (name for start, name in PARTITIONS.items() if region.startswith(f"{start}-"))
        body = IDENTITY.format(partition=next(found, "aws")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def identity_alone() -> Iterator[dict[str, str]]:
    """Yield an environment in which the provider learns its identity and reaches nothing else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Identity)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Stack:
    """What one scenario's deployment would create."""

    resources: Mapping[str, Mapping[str, Any]]
    """Known values by address within the module."""
    outputs: Mapping[str, Any]

    def __getitem__(self, address: str) -> Mapping[str, Any]:
        return self.resources[address]

    def every(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return the resources of a type, or of a type and name, by address."""
        pattern = re.compile(rf"(^|\.){re.escape(kind)}([.\[]|$)")
        return {at: values for at, values in self.resources.items() if pattern.search(at)}

    def policy(self, address: str) -> Any:
        """Return a resource's policy document."""
        return json.loads(self.resources[address]["policy"])

    @cached_property
    def operations_alarms(self) -> dict[str, Mapping[str, Any]]:
        """The monitor's own alarms by name."""
        return {
            at.split('"')[1]: values
            for at, values in self.every("aws_cloudwatch_metric_alarm").items()
            if at.startswith("aws_cloudwatch_metric_alarm.operations")
        }

    @cached_property
    def widgets(self) -> list[Any]:
        """The dashboard's widgets."""
        body = json.loads(self.resources["aws_cloudwatch_dashboard.this[0]"]["dashboard_body"])
        found: list[Any] = body["widgets"]
        return found


def plan(
    scenarios: Mapping[str, Mapping[str, Any]], folder: Path, more: str | None = None
) -> tuple[dict[str, Stack], dict[str, Any]]:
    """Plan every scenario and ``more`` of the root; return the stacks and the plan's document.

    Raises:
        AssertionError: when Terraform refuses one, with its errors.
    """
    said = _plan(scenarios, folder, CALLS if more is None else more)
    shown = run_terraform(f"-chdir={folder}", "show", "-json", "cases.tfplan")
    assert shown.returncode == 0, said + shown.stderr
    document = json.loads(shown.stdout)
    # Terraform also writes a plan that failed halfway.
    assert not document.get("errored"), _sentences(said)
    outputs = document["output_changes"]["cases"]["after"]
    return {
        name: stack_of(document, f'module.case["{name}"].', outputs.get(name, {}))
        for name in scenarios
    }, document


def stack_of(
    document: Mapping[str, Any], prefix: str, outputs: Mapping[str, Any] | None = None
) -> Stack:
    """Return the stack under an address of a plan's document."""
    return Stack(_resources(document, prefix), outputs or {})


def refusals(scenarios: Mapping[str, Mapping[str, Any]], folder: Path, more: str = "") -> list[str]:
    """Plan ``scenarios`` and ``more`` of the root; return the sentences that refuse them."""
    return _sentences(_plan(scenarios, folder, more))


def _sentences(said: str) -> list[str]:
    """Return the errors in a plan's output."""
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [
        event["diagnostic"]["detail"] or event["diagnostic"]["summary"]
        for event in events
        if event["type"] == "diagnostic" and event["@level"] == "error"
    ]


def example(name: str) -> dict[str, Any]:
    """Return the variables of an example of infra/deploy."""
    file = DEPLOY / "examples" / f"{name}.tfvars"
    text = json.dumps(
        plain(parse_variables(file.read_text(encoding="utf-8"), file.name)), default=float
    )
    found: dict[str, Any] = json.loads(text)
    return found


def _plan(scenarios: Mapping[str, Mapping[str, Any]], folder: Path, more: str = "") -> str:
    """Plan a root that calls the module once for each scenario; return Terraform's output."""
    script().stage(folder)
    names = sorted({name for variables in scenarios.values() for name in variables})
    (folder / "cases.json").write_text(json.dumps(scenarios), "utf-8")
    passed = "\n".join(f"  {name} = try(each.value.{name}, null)" for name in names)
    (folder / "main.tf").write_text(
        'module "case" {\n  source   = "./infra/terraform"\n'
        f'  for_each = jsondecode(file("cases.json"))\n{passed}\n}}\n'
        f'output "cases" {{\n  value = module.case\n}}\n{more}'
    )
    assert run_terraform(f"-chdir={folder}", "init", "-input=false").returncode == 0
    _forget_hashes(folder / ".terraform.lock.hcl")
    with identity_alone() as environment:
        return run_terraform(
            f"-chdir={folder}", "plan", "-json", "-out=cases.tfplan", "-input=false", **environment
        ).stdout


def _forget_hashes(lock: Path) -> None:
    """Keep Terraform from hashing the provider's 700 MB again for every command."""
    text = lock.read_text("utf-8")
    without = re.sub(r" *hashes = \[[^]]*\]\n", "", text)
    assert without != text
    lock.write_text(without, "utf-8")


def _resources(document: Mapping[str, Any], prefix: str) -> dict[str, Mapping[str, Any]]:
    """Return the resources that a plan creates under an address."""
    return {
        change["address"].removeprefix(prefix): change["change"]["after"]
        for change in document["resource_changes"]
        if change["address"].startswith(prefix) and change["mode"] == "managed"
    }


#: Roots with providers of their own: the one that `make deploy` uses, and the module's example.
CALLS = """
module "deploy" {
  source   = "./infra/deploy"
  region   = "eu-west-3"
  name     = "deployed"
  packages = {
    poller = { s3_bucket = "b", s3_key = "p" }
    router = { s3_bucket = "b", s3_key = "r" }
  }

  accounts               = { main = { provider = "openrouter", warning = 20 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

module "example" {
  source = "./infra/terraform/examples/two-regions"
}
"""
#: Zips for the plans, which never read them.
PACKAGES = {
    function: {"filename": str(ROOT / "tests" / "infra" / "fixtures" / f"{zip_}.zip")}
    for function, zip_ in (
        ("poller", "balance_poller"),
        ("router", "alert_router"),
        ("status_page", "status_page"),
        ("courier", "courier"),
    )
}

_EMAIL = {
    "subscribers": {"team": {"protocol": "email", "endpoint": "team@example.com"}},
    "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
    "packages": PACKAGES,
}
SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "minimal": {**example("minimal"), "packages": PACKAGES},
    "complete": {k: v for k, v in example("complete").items() if k != "region"}
    | {"packages": PACKAGES},
    # Secrets of every kind, and every option that grants something.
    "granted": {
        **_EMAIL,
        "name": "granted",
        "accounts": {
            "main": {"provider": "openrouter", "warning": 20},
            "own": {"provider": "openrouter", "warning": 20, "secret": "team/keys#own"},
            "arn": {
                "provider": "openrouter",
                "warning": 20,
                "secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:keys-AbC123",
            },
        },
        "secret_prefixes": ["team/", "keys-"],
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/5678",
        "kms_key_arns": [f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/1234abcd"],
        "dashboard_accounts": ["own"],
        "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
        "xray_tracing": True,
        "enable_chat": True,
        "status_page": True,
        "aws_notices": ["backup", "guardduty", "health", "securityhub"],
        "subscribers": {
            **_EMAIL["subscribers"],
            "chat": {"protocol": "channel", "endpoint": "ops-slack", "severities": ["critical"]},
        },
        "heartbeat": True,
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT_ID}:policy/boundary",
    },
    # Nothing runs and nobody is notified; polled every minute otherwise.
    "paused": {
        **_EMAIL,
        "name": "paused",
        "accounts": {
            "a": {
                "provider": "openrouter",
                "warning": 20,
                "critical": 5,
                "runway_warning_hours": 48,
            },
            "b": {"provider": "openrouter", "critical": 1, "secret": "team/keys#b"},
            "c": {"provider": "pushed", "unit": "EUR", "warning": 20},
        },
        "secret_prefixes": ["team/"],
        "poll_interval_minutes": 1,
        "reconcile_interval_minutes": 30,
        "polling_enabled": False,
        "alarm_actions_enabled": False,
        "enable_dashboard": False,
        "reserved_concurrency": {"router": 3},
        "subscribers": {
            "phone": {"protocol": "sms", "endpoint": "+4915112345678", "severities": ["critical"]},
            "billing": {
                "protocol": "lambda",
                "endpoint": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:billing:live",
                "severities": ["critical"],
            },
        },
    },
    # About to leave a VPC.
    "leaving": {
        **_EMAIL,
        "name": "leaving",
        "accounts": {"main": {"provider": "openrouter", "warning": 20}},
        "poll_interval_minutes": 30,
        "close_interval_minutes": 5,
        "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"], "leaving": True},
    },
    # More accounts than the dashboard shows, and as many secrets as a policy lists.
    "many": {
        **_EMAIL,
        "name": "many",
        "poll_interval_minutes": 60,
        "accounts": {
            f"account-{n:03}": {
                "provider": "openrouter",
                "critical": 5,
                "secret": f"team/keys-{n % 80}#{n}",
            }
            for n in range(101)
        },
        "secret_prefixes": ["team/keys-"],
    },
}
