"""The accounts of a deployment, read from the inputs of its schedules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from balance_poller.poll_intervals import PollMark
from balancectl.cli.errors import CliError, StackNotFoundError, is_missing
from balancectl.cli.formatting import did_you_mean
from balancectl.deployment.target import Target
from shared.names import PUSHED
from shared.records import Latest

DEFAULT_STALE_AFTER: Final = timedelta(minutes=30)
#: 100 shards of 500 accounts are ten times what classic alarms in one Region carry.
_MAX_SHARDS: Final = 1_000


#: The fields of a schedule's input that set how often accounts are due.
INTERVAL_FIELDS: Final = frozenset({"poll_interval_minutes", "close_interval_minutes"})


@dataclass(frozen=True, slots=True)
class DeployedAccount:
    """An account as the schedule passes it to the poller."""

    id: str
    config: Mapping[str, Any]
    """The account's object in the schedule's input."""
    shard: int

    @property
    def provider(self) -> str:
        """The provider's name."""
        return str(self.config.get("provider", ""))

    @property
    def is_pushed(self) -> bool:
        """Whether its balance is pushed, so that it has no key."""
        return self.provider == PUSHED

    @property
    def stale_after(self) -> timedelta:
        """The age at which the last balance becomes stale."""
        minutes = self.config.get("stale_after_minutes")
        return DEFAULT_STALE_AFTER if minutes is None else timedelta(minutes=float(minutes))


@dataclass(frozen=True, slots=True)
class Shard:
    """One poll schedule."""

    number: int
    event: Mapping[str, Any]
    """The poller's event, without the scheduled time."""
    is_enabled: bool
    expression: str
    """Such as ``rate(5 minutes)``."""

    @property
    def watches_closely(self) -> bool:
        """Whether accounts close to a threshold are polled more often."""
        return self.event.keys() >= INTERVAL_FIELDS


@dataclass(frozen=True, slots=True)
class Stack:
    """Every schedule and account of a deployment."""

    shards: tuple[Shard, ...]
    accounts: Mapping[str, DeployedAccount] = field(default_factory=dict)

    @property
    def with_keys(self) -> tuple[str, ...]:
        """The accounts that need a key: all but pushed ones."""
        return tuple(name for name, each in self.accounts.items() if not each.is_pushed)

    def is_watched_closely(self, latest: Latest) -> bool:
        """Return whether the account of ``latest`` is currently polled more often than others."""
        account = self.accounts.get(latest.account)
        closely = {shard.number for shard in self.shards if shard.watches_closely}
        if account is None or account.shard not in closely:
            return False
        return PollMark(latest.polled_at, latest.outcome, latest.good.is_close).is_watched_closely

    def account(self, name: str) -> DeployedAccount:
        """Return the account called ``name``.

        Raises:
            CliError: When there is none; the message suggests the closest name.
        """
        if name not in self.accounts:
            hint = did_you_mean(name, self.accounts) or "no account is configured yet"
            raise CliError(f"no account '{name}' is configured: {hint}")
        return self.accounts[name]

    @classmethod
    def of(cls, shards: Iterable[Shard]) -> Stack:
        """Return the deployment with these schedules."""
        found = tuple(shards)
        accounts = {
            config["id"]: DeployedAccount(config["id"], config, shard.number)
            for shard in found
            for config in shard.event.get("accounts", [])
        }
        return cls(found, accounts)


def read_stack(target: Target) -> Stack:
    """Read the deployment's poll schedules by number, until the next one is missing.

    Reading by name rather than listing needs only one action on one group of schedules.

    Raises:
        StackNotFoundError: When the first schedule is missing.
    """
    shards: list[Shard] = []
    while len(shards) < _MAX_SHARDS and (shard := _read_shard(target, len(shards))) is not None:
        shards.append(shard)
    if not shards:
        schedule = f"schedule {target.names.schedule_group}/{target.names.poll_schedule_prefix}0"
        raise StackNotFoundError(target.name, target.region_name, schedule)
    return Stack.of(shards)


def _read_shard(target: Target, number: int) -> Shard | None:
    """Read one schedule; return None if it does not exist."""
    name = f"{target.names.poll_schedule_prefix}{number}"
    try:
        answer = target.scheduler.get_schedule(Name=name, GroupName=target.names.schedule_group)
    except ClientError as exc:
        if is_missing(exc):
            return None
        raise
    try:
        event = json.loads(answer["Target"].get("Input", ""))
    except ValueError:
        raise CliError(
            f"the input of schedule {name} is not JSON: it may have been edited by hand; deploy "
            "again"
        ) from None
    return Shard(
        number=number,
        event=event,
        is_enabled=answer.get("State") != "DISABLED",
        expression=answer.get("ScheduleExpression", ""),
    )
