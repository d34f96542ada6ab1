"""One local cloud in which the previous release ran, with this one deployed over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from balancectl.localcloud.alarms.evaluator import AlarmEvaluator
from balancectl.localcloud.clock import next_minute
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import start_emulator
from balancectl.localcloud.inbox import Inbox, Message
from balancectl.localcloud.providers.accounts import Account
from balancectl.localcloud.providers.servers import SimulatedProviders
from shared.names import StackNames
from shared.times import format_time
from tests.integration.conftest import queue_for_topics
from tests.upgrade.releases import Release, present, previous, write_variables

HERE = Path(__file__).parent
NAME = "balance-monitor"
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
ACCOUNTS = (
    Account("low", "openrouter", "sk-or-low-upgr4de", Decimal(3)),
    Account("silent", "openrouter", "sk-or-silent-upgr4de", Decimal(2)),
    Account("well", "firecrawl", "fc-well-upgr4de", Decimal(90_000)),
)
#: Accounts with secrets of their own: one of several keys, a secret that is a key, and an ARN.
OTHERS = (
    Account("shared", "openrouter", "sk-or-shared-upgr4de", Decimal(90)),
    Account("plain", "openrouter", "sk-or-plain-upgr4de", Decimal(90)),
    Account("by-arn", "firecrawl", "fc-by-arn-upgr4de", Decimal(90_000)),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in this folder, and keep them on one worker in order: they share one cloud."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.upgrade)
            item.add_marker(pytest.mark.xdist_group("upgrade"))


@dataclass
class World:
    """The cloud, and what a person does with it."""

    emulator: Emulator
    folder: Path
    variables: Path
    names: StackNames = field(default_factory=lambda: StackNames(NAME))
    upgrade: list[str] = field(default_factory=list)
    """The output of the upgrade."""

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.emulator.mailbox_file)
        self._evaluator = AlarmEvaluator(self.emulator.client("cloudwatch"), prefixes=[f"{NAME}/"])

    def poll(self) -> list[dict[str, Any]]:
        """Run the poll schedules once, five minutes later, then the alarms and the router."""
        at = self.emulator.clock.advance(timedelta(minutes=5))
        reports = [self.invoke(self.names.poller_function, event) for event in self._events(at)]
        self.emulator.clock.advance(timedelta(minutes=1))
        self._evaluator.evaluate_all(self.emulator.clock.now)
        self.emulator.settle(timeout_seconds=300)
        return reports

    def poll_event(self) -> dict[str, Any]:
        """Return the event of a poll schedule."""
        return self._events(self.emulator.clock.now)[0]

    def reconcile(self) -> None:
        """Run the router's own schedule once."""
        found = self.emulator.client("scheduler").get_schedule(
            GroupName=self.names.schedule_group, Name=self.names.reconcile_schedule
        )
        self.invoke(self.names.router_function, json.loads(found["Target"]["Input"]))
        self.emulator.settle(timeout_seconds=300)

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Run a function to completion, and return its report."""
        done = self.emulator.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        report: dict[str, Any] = json.loads(done["Payload"].read())
        assert not done.get("FunctionError"), report
        return report

    def messages(self) -> list[Message]:
        """Return the messages delivered since the last call."""
        return self.inbox.read_new()

    def subscriptions(self) -> dict[tuple[str, str, str], str]:
        """Return the ARN of every subscription by topic, protocol and endpoint."""
        pages = self.emulator.client("sns").get_paginator("list_subscriptions").paginate()
        return {
            (one["TopicArn"].rsplit(":", 1)[-1], one["Protocol"], one["Endpoint"]): one[
                "SubscriptionArn"
            ]
            for page in pages
            for one in page["Subscriptions"]
        }

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table, in DynamoDB's form."""
        pages = self.emulator.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]

    def keys(self) -> dict[str, str]:
        """Return the keys in the deployment's secret."""
        found = self.emulator.client("secretsmanager").get_secret_value(SecretId=self.names.secret)
        document: dict[str, str] = json.loads(found["SecretString"])
        return document

    def _events(self, at: Any) -> list[dict[str, Any]]:
        """Return the inputs of the poll schedules, as of a time."""
        scheduler, group = self.emulator.client("scheduler"), self.names.schedule_group
        pages = scheduler.get_paginator("list_schedules").paginate(
            GroupName=group, NamePrefix=self.names.poll_schedule_prefix
        )
        schedules = [one["Name"] for page in pages for one in page["Schedules"]]
        inputs = (
            scheduler.get_schedule(GroupName=group, Name=name)["Target"]["Input"]
            for name in schedules
        )
        return [json.loads(text.replace(SCHEDULED_TIME, format_time(at))) for text in inputs]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A local cloud with simulated providers, and nothing deployed in it."""
    folder = tmp_path_factory.mktemp("upgrade")
    emulator = start_emulator(folder / "cloud", story_start=next_minute(), hold_schedules=True)
    try:
        with SimulatedProviders((*ACCOUNTS, *OTHERS)) as providers:
            variables = _variables(
                providers, _secrets(emulator), queue_for_topics(emulator.client("sqs"), "ours")[1]
            )
            yield World(emulator, folder, write_variables(folder / "mine.tfvars.json", variables))
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def former(world: World) -> Release:
    """The previous release, deployed and used: an incident, a silence, keys and history."""
    release = previous(world.folder / "previous", world.emulator.environment())
    release.build()
    terraform = ("scripts/terraform.py", "-chdir=infra/terraform")
    release.must(*terraform, "init", "-input=false")
    release.must(
        *terraform, "apply", "-auto-approve", "-input=false", "-parallelism=20",
        f"-var-file={world.variables}",
    )  # fmt: skip
    release.balancectl("keys", "import", stdin=json.dumps({one.name: one.key for one in ACCOUNTS}))
    release.balancectl("silence", "silent", "--for", "24h", "--reason", "known")
    for _ in range(3):
        world.poll()
    return release


@pytest.fixture(scope="session")
def before(world: World, former: Release) -> dict[str, Any]:
    """The state before the upgrade."""
    assert former.tree.exists()
    return {
        "messages": world.messages(),
        "subscriptions": world.subscriptions(),
        "balances": world.items(world.names.balances_table),
        "alerts": world.items(world.names.alerts_table),
        "keys": world.keys(),
    }


@pytest.fixture(scope="session")
def upgraded(world: World, former: Release, before: dict[str, Any]) -> Release:
    """This release, deployed over the previous one as a person would: `make deploy`."""
    assert before
    release = present(world.folder / "present", world.emulator.environment())
    release.build()
    shutil.copy(former.tree / "infra/terraform/terraform.tfstate", release.tree / "infra/terraform")
    release.balancectl("keys", "bind", "--all", "--yes")
    said = release.must("scripts/deploy.py", "deploy", f"--var-file={world.variables}", YES="1")
    world.upgrade.extend(said.splitlines())
    return release


def _secrets(emulator: Emulator) -> dict[str, str]:
    """Create the other secrets; return the accounts' references to them."""
    shared, plain, by_arn = OTHERS
    create = emulator.client("secretsmanager").create_secret
    create(Name="team/keys", SecretString=json.dumps({"first": shared.key}))
    create(Name="team/plain", SecretString=plain.key)
    made = create(Name="team/other", SecretString=json.dumps({"key": by_arn.key}))
    return {"shared": "team/keys#first", "plain": "team/plain", "by-arn": f"{made['ARN']}#key"}


def _variables(
    providers: SimulatedProviders, secrets: Mapping[str, str], queue: str
) -> dict[str, Any]:
    """Return the variables of both releases; the former one warns of those it does not know."""
    thresholds = {"openrouter": {"warning": 20, "critical": 5}, "firecrawl": {"warning": 1000}}
    return {
        "accounts": {
            one.name: {
                "provider": one.provider,
                "base_url": providers.base_url(one.provider),
                **thresholds[one.provider],
                **({"secret": secrets[one.name]} if one.name in secrets else {}),
            }
            for one in (*ACCOUNTS, *OTHERS)
        },
        "secret_prefixes": ["team/"],
        # What `keys bind` cannot note in a secret that is a key.
        "key_hosts": [providers.base_url("openrouter")],
        "subscribers": {
            "team": {"protocol": "email", "endpoint": "team@example.com"},
            "on-call": {
                "protocol": "sms", "endpoint": "+4915112345678", "severities": ["critical"],
            },
            "program": {"protocol": "sqs", "endpoint": queue},
        },
        "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
        "allow_http_loopback": True,
        "group_wait_seconds": 0,
    }  # fmt: skip
