"""A local cloud: emulator, deployed stack, simulated providers, inbox, and a clock to advance.

The demo and the end-to-end tests run on it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from balancectl.localcloud.alarms.evaluator import AlarmEvaluator, Transition
from balancectl.localcloud.clock import next_minute
from balancectl.localcloud.deploy.deployment import Deployment
from balancectl.localcloud.deploy.terraform import OnStage
from balancectl.localcloud.emulator.credentials import private_folder
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import start_emulator
from balancectl.localcloud.errors import CloudError
from balancectl.localcloud.inbox import Inbox, Message
from balancectl.localcloud.providers.accounts import Account
from balancectl.localcloud.providers.servers import SimulatedProviders
from shared.aws.dynamo import decode
from shared.names import LATEST
from shared.records import Latest

#: Polls are timestamped with their full minute, which counts when it is over.
_EVALUATION_LAG: Final = timedelta(minutes=1)

#: What follows a critical alert or an end within a minute joins one message.
_JOINING: Final = timedelta(seconds=60)
_POLL_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Step:
    """The events of one interval."""

    at: datetime
    """When the schedule fired, by the story's clock."""
    transitions: tuple[Transition, ...]
    messages: tuple[Message, ...]


@dataclass
class LocalCloud:
    """A running local cloud with the stack deployed; the caller advances its time."""

    emulator: Emulator
    deployment: Deployment
    providers: SimulatedProviders
    variables: Path
    interval: timedelta
    group_wait: timedelta
    """How long what waits for others does so at most."""

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.emulator.mailbox_file)
        self._evaluator = AlarmEvaluator(
            self.emulator.client("cloudwatch"), prefixes=[f"{self.deployment.name}/"]
        )

    @property
    def now(self) -> datetime:
        """The story's current time."""
        return self.emulator.clock.now

    def start_schedules(self) -> Step:
        """Release the schedules; the first poll runs immediately."""
        self.emulator.release_schedules()
        return self._step(self.now)

    def next_poll(self) -> Step:
        """Advance the clock until the schedule fires again, and return what happened.

        This way each period of an alarm has one data point, as on AWS.
        """
        polled_at = max(latest.polled_at for latest in self.latest().values())
        at = polled_at + self.interval
        self.emulator.clock.set(at)
        return self._step(at)

    def pass_time(self, by: timedelta) -> Step:
        """Advance the clock in one step, past any number of intervals: schedules fire once."""
        return self._step(self.emulator.clock.advance(by))

    def latest(self) -> dict[str, Latest]:
        """Return the LATEST record of each account that has one."""
        pages = (
            self.emulator.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self.deployment.names.balances_table,
                FilterExpression="#at = :latest",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":latest": {"S": LATEST}},
            )
        )
        found = (Latest.from_item(decode(item)) for page in pages for item in page["Items"])
        return {latest.account: latest for latest in found}

    def history(self, account: str) -> list[dict[str, Any]]:
        """Return the poll history of an account, oldest first."""
        pages = (
            self.emulator.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.deployment.names.balances_table,
                KeyConditionExpression="account = :account AND #at < :latest",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":account": {"S": account}, ":latest": {"S": LATEST}},
            )
        )
        return [decode(item) for page in pages for item in page["Items"]]

    def evaluate(self) -> tuple[Transition, ...]:
        """Evaluate the accounts' alarms as of now, and let the router finish.

        Grouped messages are sent once the story's clock has passed their wait.
        """
        changes = tuple(self._evaluator.evaluate_all(self.now))
        self.emulator.settle(with_delayed=False)
        self.emulator.clock.advance(self.group_wait)
        self.emulator.settle()
        return changes

    def _step(self, polled_at: datetime) -> Step:
        """Wait for the poll of ``polled_at``, evaluate a minute later, and collect the messages."""
        self._wait_for_poll(polled_at)
        self.emulator.settle(with_schedules=True)
        self.emulator.clock.set(polled_at + _EVALUATION_LAG)
        changes = self.evaluate()
        # On AWS an SMS may overtake the e-mail; here the longer text comes first.
        messages = sorted(self.inbox.read_new(), key=lambda message: message.is_sms)
        return Step(polled_at, changes, tuple(messages))

    def _wait_for_poll(self, at: datetime) -> None:
        """Return once every account has a record from ``at`` or later.

        Raises:
            CloudError: when that takes longer than a minute.
        """
        expected = {account["id"] for account in self._scheduled_accounts()}
        deadline = time.monotonic() + _POLL_SECONDS
        missing = expected
        while missing and time.monotonic() < deadline:
            done = {name for name, latest in self.latest().items() if latest.polled_at >= at}
            missing = expected - done
            time.sleep(0.1 if missing else 0)
        if not missing:
            return
        raise CloudError(
            f"no poll of {at:%H:%M} for {', '.join(sorted(missing))}; "
            f"see {self.emulator.folder / 'emulator.log'}"
        )

    def _scheduled_accounts(self) -> list[dict[str, Any]]:
        """Return the accounts that the schedules poll."""
        return [
            account
            for event in self.deployment.poll_events(self.now)
            for account in event["accounts"]
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to deploy in a local cloud."""

    accounts: tuple[Account, ...]
    """The simulated accounts; all are deployed."""
    settings: Mapping[str, Mapping[str, Any]]
    """Their fields in Terraform's variable ``accounts``, except provider and address."""
    more_accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    """Accounts that are not simulated here, in the form of Terraform's variable."""
    variables: Mapping[str, Any]
    """Other Terraform variables. ``poll_interval_minutes`` and ``group_wait_seconds`` are
    required. A group wait also takes real time."""


@contextmanager
def local_cloud(folder: Path, plan: Plan, on_stage: OnStage | None = None) -> Iterator[LocalCloud]:
    """Run a local cloud with ``plan`` deployed and schedules held; stop all of it on exit.

    Args:
        folder: emptied first; every file is written there.
        plan: what to deploy.
        on_stage: called when a stage begins ("emulator", "providers", "terraform", "keys",
            "ready"), and for each resource created.

    Raises:
        EmulatorError, DeploymentError, OSError: when a part fails to start.
    """
    report = on_stage or (lambda stage, progress: None)  # noqa: ARG005 -- nobody listens
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    report("emulator", None)
    emulator = start_emulator(folder, story_start=next_minute(), hold_schedules=True)
    try:
        report("providers", None)
        with SimulatedProviders(plan.accounts) as providers:
            deployment = Deployment(emulator, folder)
            variables = folder / "demo.tfvars.json"
            variables.write_text(json.dumps(_variables(plan, providers), indent=2))
            report("terraform", None)
            deployment.apply([variables], lambda progress: report("terraform", progress))
            report("keys", None)
            deployment.import_keys(providers.keys())
            report("ready", None)
            yield LocalCloud(
                emulator,
                deployment,
                providers,
                variables,
                interval=timedelta(minutes=plan.variables["poll_interval_minutes"]),
                group_wait=max(timedelta(seconds=plan.variables["group_wait_seconds"]), _JOINING),
            )
    finally:
        emulator.stop()


def _variables(plan: Plan, providers: SimulatedProviders) -> dict[str, Any]:
    """Return Terraform's variables for ``plan``."""
    accounts = {
        account.name: {
            "provider": account.provider,
            "base_url": providers.base_url(account.provider),
            **plan.settings[account.name],
        }
        for account in plan.accounts
    }
    return {"accounts": accounts | dict(plan.more_accounts), **plan.variables}
