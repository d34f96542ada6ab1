"""``subscribers``: who is told, who has not confirmed, who is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import listed
from balancectl.cli.output import Cell, Column, print_json, print_table, warn
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.subscriptions import State, Subscription, mask, read_subscriptions
from balancectl.deployment.target import Target
from balancectl.local.accounts_file import read_accounts_file

_STYLES: Final = {State.CONFIRMED: "green", State.PENDING: "yellow", State.GONE: "bold red"}
_COLUMNS: Final = (
    Column("Subscriber", wraps=True),
    Column("Protocol"),
    Column("Told of", min_terminal_width=90),
    Column("State"),
    Column("Only", wraps=True),
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the topics that people subscribe to."""

    name: str
    what: str
    """What its messages are about."""


def subscribers(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Compare with the subscribers of this tfvars file: who is gone altogether?",
        ),
    ] = None,
    masked: Annotated[
        bool, typer.Option("--mask", help="Hide most of each address and number.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show who is told about accounts and about the monitor itself.

    Exits 0 when all have confirmed, 1 when somebody has not, is gone, or nobody is subscribed.
    """
    target = target_of(context)
    topics = (
        Topic(target.names.notifications_topic, "accounts"),
        Topic(target.names.operations_topic, "the monitor"),
    )
    found = {topic: read_subscriptions(target, topic.name) for topic in topics}
    if file is not None:
        wanted = read_accounts_file(file)
        for topic, entries in zip(
            topics, (wanted.subscribers, wanted.operations_subscribers), strict=True
        ):
            found[topic] = [*found[topic], *_gone(topic, entries, found[topic])]
    if as_json:
        print_json({"subscribers": [_as_json(t, s, masked) for t in found for s in found[t]]})
    else:
        _print(target, found, masked)
    everyone = [subscription for each in found.values() for subscription in each]
    is_complete = all(each for each in found.values())
    if not is_complete or any(each.state is not State.CONFIRMED for each in everyone):
        raise typer.Exit(ExitCode.NO)


def _gone(
    topic: Topic, wanted: Mapping[str, Any], found: Sequence[Subscription]
) -> list[Subscription]:
    """Return those whom the file names and SNS no longer knows."""
    known = {(each.protocol, each.endpoint) for each in found}
    pairs = [(str(e.get("protocol")), str(e.get("endpoint"))) for e in wanted.values()]
    return [
        Subscription(topic.name, protocol, endpoint, State.GONE)
        for protocol, endpoint in pairs
        if (protocol, endpoint) not in known
    ]


def _print(target: Target, found: Mapping[Topic, list[Subscription]], masked: bool) -> None:
    """Print the table, and what to do about those who are not told."""
    rows = [_row(topic, each, masked) for topic in found for each in found[topic]]
    if rows:
        print_table(_COLUMNS, rows)
    for topic, subscriptions in found.items():
        if not subscriptions:
            warn(f"nobody is subscribed to {topic.name}: nobody hears about {topic.what}")
        _advise(target, topic, subscriptions, masked)


def _advise(
    target: Target, topic: Topic, subscriptions: Sequence[Subscription], masked: bool
) -> None:
    """Say how those who are not told can be."""
    pending = [each for each in subscriptions if each.state is State.PENDING]
    if pending:
        names = listed(_shown(each, masked) for each in pending)
        example = pending[0]
        warn(
            f"{names}: not confirmed. The link in AWS's mail is valid for two days; to send it "
            f"again: aws sns subscribe --topic-arn {target.topic_arn(topic.name)} "
            f"--protocol {example.protocol} --notification-endpoint '{_shown(example, masked)}'"
        )
    gone = [each for each in subscriptions if each.state is State.GONE]
    if gone:
        names = listed(_shown(each, masked) for each in gone)
        warn(
            f"{names}: gone: unsubscribed, or never confirmed in time. `make deploy` subscribes "
            "those again that the configuration names"
        )


def _row(topic: Topic, each: Subscription, masked: bool) -> list[Cell | str]:
    """Return a subscriber's line."""
    state = Cell(each.state.value, _STYLES[each.state])
    return [_shown(each, masked), each.protocol, topic.what, state, each.filter_words]


def _shown(each: Subscription, masked: bool) -> str:
    """Return the address as it is to be shown."""
    return mask(each.endpoint) if masked else each.endpoint


def _as_json(topic: Topic, each: Subscription, masked: bool) -> dict[str, object]:
    """Return a subscriber as JSON."""
    return {
        "topic": topic.name,
        "protocol": each.protocol,
        "endpoint": _shown(each, masked),
        "state": each.state.name.lower(),
        "filter": dict(each.filter_policy),
    }
