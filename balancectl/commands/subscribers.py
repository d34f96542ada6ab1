"""``subscribers``: who receives alerts, who has not confirmed, who is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import print_json, progress
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.subscribers.confirmations import read_topics, wait_for_confirmations
from balancectl.deployment.subscribers.subscriptions import State, Subscription, Topic
from balancectl.local.accounts_file import read_accounts_file
from balancectl.views.subscribers import as_json, print_confirmed, print_subscribers


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
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait until all have confirmed; Ctrl-C ends it.")
    ] = False,
    as_json_: JsonOption = False,
) -> None:
    """List who receives account alerts and operations alerts.

    Exits 0 if all have confirmed, 1 if one has not or is gone, or a topic has no subscriber.
    """
    target = target_of(context)
    found = read_topics(target)
    if watch:
        with progress("waiting for confirmations …"):
            found = wait_for_confirmations(target, found, None, print_confirmed(masked=masked))
    if file is not None:
        wanted = read_accounts_file(file)
        entries_of = (wanted.subscribers, wanted.operations_subscribers)
        for topic, entries in zip(tuple(found), entries_of, strict=True):
            found[topic] = [*found[topic], *_gone(topic, entries, found[topic])]
    if as_json_:
        print_json({"subscribers": [as_json(s, masked) for t in found for s in found[t]]})
    else:
        print_subscribers(target, found, masked)
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
