"""The local cloud as a whole: emulator, stack, simulated providers, inbox, and the passing of time.

The demo and the end-to-end tests tell their stories with it.
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
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import start_emulator
from balancectl.localcloud.errors import CloudError
from balancectl.localcloud.inbox import Inbox, Message
from balancectl.localcloud.providers.accounts import Account
from balancectl.localcloud.providers.servers import SimulatedProviders
from shared.dynamo import decode
from shared.names import LATEST
from shared.records import Latest

#: Polls are timestamped with their full minute, which counts when it is over.
_EVALUATION_LAG: Final = timedelta(minutes=1)
_POLL_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Step:
    """What one interval brought."""

    at: datetime
    """When the schedule fired, by the story's clock."""
    transitions: tuple[Transition, ...]
    messages: tuple[Message, ...]


@dataclass
class LocalCloud:
    """A running local cloud with the stack in it, whose time is the caller's to advance."""

    emulator: Emulator
    deployment: Deployment
    providers: SimulatedProviders
    variables: Path
    interval: timedelta
    group_wait: timedelta

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.emulator.mailbox_file)
        self._evaluator = AlarmEvaluator(
            self.emulator.client("cloudwatch"), prefixes=[f"{self.deployment.name}/"]
        )

    @property
    def now(self) -> datetime:
        """The story's time."""
        return self.emulator.clock.now

    def start_schedules(self) -> Step:
        """Let the schedules begin; the first poll comes at once."""
        self.emulator.release_schedules()
        return self._step(self.now)

    def next_poll(self) -> Step:
        """Let time pass until the schedule fires again, and see what comes of it.

        Alarms have one value in each of their periods that way, as they have on AWS.
        """
        polled_at = max(latest.polled_at for latest in self.latest().values())
        at = polled_at + self.interval
        self.emulator.clock.set(at)
        return self._step(at)

    def pass_time(self, by: timedelta) -> Step:
        """Let time pass at one go, past any number of intervals: schedules fire once."""
        return self._step(self.emulator.clock.advance(by))

    def latest(self) -> dict[str, Latest]:
        """Return the present record of each account that has one."""
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
        """Return the attempts at polling an account, the oldest first."""
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
        """Evaluate the accounts' alarms as of now, and let the router do its part.

        Messages that wait for others are sent when the story's clock has passed their wait.
        """
        changes = tuple(self._evaluator.tick(self.now))
        self.emulator.settle(with_delayed=False)
        self.emulator.clock.advance(self.group_wait)
        self.emulator.settle()
        return changes

    def _step(self, polled_at: datetime) -> Step:
        """Wait for the poll of ``polled_at``, evaluate a minute later, and collect what came."""
        self._wait_for_poll(polled_at)
        self.emulator.settle(with_schedules=True)
        self.emulator.clock.set(polled_at + _EVALUATION_LAG)
        changes = self.evaluate()
        # A phone buzzes while the e-mail is still on its way; here the longer text comes first.
        messages = sorted(self.inbox.take(), key=lambda message: message.is_sms)
        return Step(polled_at, changes, tuple(messages))

    def _wait_for_poll(self, at: datetime) -> None:
        """Return once every account's record is of ``at`` or later.

        Raises:
            CloudError: when that takes longer than a minute.
        """
        wanted = {account["id"] for account in self._scheduled_accounts()}
        deadline = time.monotonic() + _POLL_SECONDS
        missing = wanted
        while missing and time.monotonic() < deadline:
            done = {name for name, latest in self.latest().items() if latest.polled_at >= at}
            missing = wanted - done
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
    """What a local cloud shall hold."""

    accounts: tuple[Account, ...]
    """The simulated accounts; all are deployed."""
    settings: Mapping[str, Mapping[str, Any]]
    """What Terraform's variable ``accounts`` says of them beside provider and address."""
    more_accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    """Accounts that are not simulated here, as Terraform's variable has them."""
    variables: Mapping[str, Any]
    """Further Terraform variables; ``poll_interval_minutes`` and ``group_wait_seconds`` must be
    there. A group's wait passes in real time, too."""


@contextmanager
def local_cloud(folder: Path, plan: Plan, on_stage: OnStage | None = None) -> Iterator[LocalCloud]:
    """Run a local cloud with ``plan`` in it, its schedules held; nothing of it is left running.

    Args:
        folder: emptied first; everything is written there.
        plan: what to deploy.
        on_stage: told what begins ("emulator", "providers", "terraform", "keys", "ready"), and
            each resource that is made.

    Raises:
        EmulatorError, DeploymentError, OSError: when a part of it does not come up.
    """
    tell = on_stage or (lambda stage, progress: None)  # noqa: ARG005 -- tells nobody
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tell("emulator", None)
    emulator = start_emulator(folder, story_start=next_minute(), hold_schedules=True)
    try:
        tell("providers", None)
        with SimulatedProviders(plan.accounts) as providers:
            deployment = Deployment(emulator, folder)
            variables = folder / "demo.tfvars.json"
            variables.write_text(json.dumps(_variables(plan, providers), indent=2))
            tell("terraform", None)
            deployment.apply([variables], lambda progress: tell("terraform", progress))
            tell("keys", None)
            deployment.import_keys(providers.keys())
            tell("ready", None)
            yield LocalCloud(
                emulator,
                deployment,
                providers,
                variables,
                interval=timedelta(minutes=plan.variables["poll_interval_minutes"]),
                group_wait=timedelta(seconds=plan.variables["group_wait_seconds"]),
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
