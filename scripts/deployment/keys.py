"""Lists keys that would not be sent to their accounts' planned addresses, as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from balancectl.cli.errors import StackNotFoundError
from balancectl.deployment.accounts import Shard, Stack, read_stack
from balancectl.deployment.target import Target
from balancectl.keys.requirements import destinations
from balancectl.keys.unsent import unsent_keys


def binding_advice(
    target: Target, plan: Mapping[str, Any], variables: Mapping[str, Any]
) -> list[str]:
    """Return lines about the keys to bind; none if every key would be sent.

    Args:
        target: The deployment.
        plan: The plan, as printed by ``terraform show -json``.
        variables: The variables' values.
    """
    planned = planned_stack(plan)
    reasons = unsent_keys(target, planned, frozenset(variables.get("key_hosts") or ()))
    if not reasons:
        return []
    goes_to, went_to = destinations(planned, reasons), destinations(_deployed(target), reasons)
    lines = ["Keys that would not be sent to where this plan leads them; check each address:"]
    for account, reason in reasons.items():
        when = "before" if went_to.get(account) == goes_to[account] else "after"
        lines.append(f"  {account} ({when} make deploy): {reason}")
    return lines


def planned_stack(plan: Mapping[str, Any]) -> Stack:
    """Return the accounts that the planned schedules carry."""
    events = list(_events(plan["planned_values"]["root_module"]))
    shards = (Shard(n, event, is_enabled=True, expression="") for n, event in enumerate(events))
    return Stack.of(shards)


def _events(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the inputs of the poll schedules in a module and in the modules inside it."""
    for resource in module.get("resources", []):
        if resource["type"] == "aws_scheduler_schedule" and resource["name"] == "poll":
            yield json.loads(resource["values"]["target"][0]["input"])
    for child in module.get("child_modules", []):
        yield from _events(child)


def _deployed(target: Target) -> Stack | None:
    """Return the deployed accounts; None before the first deployment."""
    try:
        return read_stack(target)
    except StackNotFoundError:
        return None
