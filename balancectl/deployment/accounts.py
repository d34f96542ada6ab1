"""What a deployed stack watches, read from where it is kept: its schedules' inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, StackNotFoundError, is_missing
from balancectl.cli.formatting import did_you_mean
from balancectl.deployment.target import Target

DEFAULT_STALE_AFTER: Final = timedelta(minutes=30)
#: 100 shards of 500 accounts are ten times what classic alarms in one Region carry.
_MAX_SHARDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the schedule hands it to the poller."""

    id: str
    config: Mapping[str, Any]
    """The account's object in the schedule's input."""
    shard: int

    @property
    def provider(self) -> str:
        """The provider's name."""
        return str(self.config.get("provider", ""))

    @property
    def stale_after(self) -> timedelta:
        """How old the last good balance may be."""
        minutes = self.config.get("stale_after_minutes")
        return DEFAULT_STALE_AFTER if minutes is None else timedelta(minutes=float(minutes))


@dataclass(frozen=True, slots=True)
class Shard:
    """One poll schedule."""

    number: int
    event: Mapping[str, Any]
    """The poller's event, with the scheduled time still to be filled in."""
    is_enabled: bool
    expression: str
    """Such as ``rate(5 minutes)``."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Every account that the stack polls."""

    shards: tuple[Shard, ...]
    accounts: Mapping[str, Account] = field(default_factory=dict)

    def account(self, name: str) -> Account:
        """Return the account called ``name``.

        Raises:
            CliError: when the stack has none; the text names the nearest.
        """
        if name not in self.accounts:
            hint = did_you_mean(name, self.accounts) or "its schedules have no accounts yet"
            raise CliError(f"the stack watches no account '{name}': {hint}")
        return self.accounts[name]


def read_stack(target: Target) -> Stack:
    """Read the stack's poll schedules, one after the other until there is no further one.

    Asking by name and not by list keeps it to one action on one group of schedules.

    Raises:
        StackNotFoundError: when there is not even a first schedule.
    """
    shards: list[Shard] = []
    while len(shards) < _MAX_SHARDS and (shard := _read_shard(target, len(shards))) is not None:
        shards.append(shard)
    if not shards:
        schedule = f"schedule {target.names.schedule_group}/{target.names.poll_schedule_prefix}0"
        raise StackNotFoundError(target.name, target.region_name, schedule)
    accounts = {
        config["id"]: Account(config["id"], config, shard.number)
        for shard in shards
        for config in shard.event.get("accounts", [])
    }
    return Stack(tuple(shards), accounts)


def _read_shard(target: Target, number: int) -> Shard | None:
    """Read one schedule; None when it does not exist."""
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
            f"the input of schedule {name} is not JSON: was it edited by hand? Deploy the stack "
            "again"
        ) from None
    return Shard(
        number=number,
        event=event,
        is_enabled=answer.get("State") != "DISABLED",
        expression=answer.get("ScheduleExpression", ""),
    )
