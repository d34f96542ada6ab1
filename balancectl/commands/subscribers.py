"""``subscribers``: who receives alerts, who has not confirmed, who is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import join_names
from balancectl.cli.output import Cell, Column, print_json, print_table, print_warning
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.subscriptions import State, Subscription, mask, read_subscriptions
from balancectl.deployment.target import Target
from balancectl.local.accounts_file import read_accounts_file

_STYLES: Final = {State.CONFIRMED: "green", State.PENDING: "yellow", State.GONE: "bold red"}
_COLUMNS: Final = (
    Column("Subscriber", wraps=True),
    Column("Protocol"),
    Column("Receives", min_terminal_width=90),
    Column("State"),
    Column("Only", wraps=True),
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the topics that people subscribe to."""

    name: str
    what: str
    """Which alerts it carries."""


def subscribers(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Also list subscribers of this tfvars file that are gone.",
        ),
    ] = None,
    masked: Annotated[
        bool, typer.Option("--mask", help="Mask addresses and phone numbers.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List who receives account alerts and operations alerts.

    Exits 0 if all have confirmed, 1 if one has not or is gone, or a topic has no subscriber.
    """
    target = target_of(context)
    topics = (
        Topic(target.names.notifications_topic, "account alerts"),
        Topic(target.names.operations_topic, "operations alerts"),
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
    """Return the subscribers in the file that SNS does not know."""
    known = {(each.protocol, each.endpoint) for each in found}
    pairs = [(str(e.get("protocol")), str(e.get("endpoint"))) for e in wanted.values()]
    return [
        Subscription(topic.name, protocol, endpoint, State.GONE)
        for protocol, endpoint in pairs
        if (protocol, endpoint) not in known
    ]


def _print(target: Target, found: Mapping[Topic, list[Subscription]], masked: bool) -> None:
    """Print the table, and what to do about those who receive nothing."""
    rows = [_row(topic, each, masked) for topic in found for each in found[topic]]
    if rows:
        print_table(_COLUMNS, rows)
    for topic, subscriptions in found.items():
        if not subscriptions:
            print_warning(f"{topic.name} has no subscriber: nobody receives {topic.what}")
        _advise(target, topic, subscriptions, masked)


def _advise(
    target: Target, topic: Topic, subscriptions: Sequence[Subscription], masked: bool
) -> None:
    """Print how those who receive nothing can be subscribed."""
    pending = [each for each in subscriptions if each.state is State.PENDING]
    if pending:
        names = join_names(_shown(each, masked) for each in pending)
        example = pending[0]
        print_warning(
            f"{names}: not confirmed. The link in the e-mail from AWS is valid for two days; for "
            f"a new one: aws sns subscribe --topic-arn {target.topic_arn(topic.name)} "
            f"--protocol {example.protocol} --notification-endpoint '{_shown(example, masked)}'"
        )
    gone = [each for each in subscriptions if each.state is State.GONE]
    if gone:
        names = join_names(_shown(each, masked) for each in gone)
        print_warning(
            f"{names}: gone (unsubscribed, or not confirmed in time); `make deploy` subscribes "
            "everybody in the configuration again"
        )


def _row(topic: Topic, each: Subscription, masked: bool) -> list[Cell | str]:
    """Return a subscriber's row."""
    state = Cell(each.state.value, _STYLES[each.state])
    return [_shown(each, masked), each.protocol, topic.what, state, each.filter_text]


def _shown(each: Subscription, masked: bool) -> str:
    """Return the address, masked if requested."""
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
