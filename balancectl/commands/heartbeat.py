"""``heartbeat set`` and ``remove``: addresses that an outside service watches for polls."""

from __future__ import annotations

from typing import Annotated

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.output import print_line, print_note
from balancectl.cli.redaction import remember
from balancectl.commands.options import target_of
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.target import Target
from balancectl.keys.heartbeats import check_address, save_address
from balancectl.keys.sources import is_piped, prompt, stdin_text

ShardArgument = Annotated[
    int | None,
    typer.Argument(metavar="[SHARD]", help="The shard's number; required if there are several."),
]


def set_address(context: typer.Context, shard: ShardArgument = None) -> None:
    """Save the address that a shard's complete runs request, from a hidden prompt or a pipe.

    Anyone who has the address can pretend that polling continues: it is stored like a key and never
    shown.
    """
    target = target_of(context)
    number = _chosen(target, shard)
    given = stdin_text() if is_piped() else prompt(f"Heartbeat address of shard {number}")
    address = given.strip()
    remember(address)
    check_address(address)
    words = "saved" if save_address(target, number, address) else "unchanged"
    print_line(f"shard {number}: address {words} in {target.names.heartbeat_secret}", "green")
    print_note("the next complete run of the schedule requests it")


def remove_address(context: typer.Context, shard: ShardArgument = None) -> None:
    """Remove a shard's address; its runs then make no heartbeat request."""
    target = target_of(context)
    number = _chosen(target, shard)
    words = "removed" if save_address(target, number, None) else "there was none"
    print_line(f"shard {number}: {words}")


def _chosen(target: Target, shard: int | None) -> int:
    """Return the number of the chosen shard.

    Raises:
        CliError: When heartbeats are off, or there is no such shard, or more than one.
    """
    shards = {each.number: each for each in read_stack(target).shards}
    if not any(each.event.get("heartbeat") is True for each in shards.values()):
        raise CliError("this deployment sends no heartbeats: set heartbeat = true and deploy first")
    if shard is None and len(shards) > 1:
        raise CliError(f"there are {len(shards)} shards: name one, from 0 to {max(shards)}")
    number = 0 if shard is None else shard
    if number not in shards:
        raise CliError(f"there is no shard {number}: the last is {max(shards)}")
    return number
