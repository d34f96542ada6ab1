"""Prints subscribers, and how to subscribe those who receive nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from balancectl.cli.formatting import join_names
from balancectl.cli.output import (
    Cell,
    Column,
    print_command,
    print_line,
    print_note,
    print_table,
    print_warning,
)
from balancectl.deployment.subscribers.subscriptions import (
    State,
    Subscription,
    Topic,
    mask,
    resend_command,
)
from balancectl.deployment.target import Target

_STYLES: Final = {State.CONFIRMED: "green", State.PENDING: "yellow", State.GONE: "bold red"}
_COLUMNS: Final = (
    Column("Subscriber", wraps=True),
    Column("Protocol"),
    Column("Receives", min_terminal_width=90),
    Column("State"),
    Column("Only", wraps=True),
)


def print_subscribers(
    target: Target, found: Mapping[Topic, list[Subscription]], masked: bool
) -> None:
    """Print the table, and advice for those who receive nothing."""
    rows = [_row(topic, each, masked) for topic in found for each in found[topic]]
    if rows:
        print_table(_COLUMNS, rows)
    for topic, subscriptions in found.items():
        if not subscriptions:
            print_warning(f"{topic.name} has no subscriber: nobody receives {topic.what}")
        _advise(target, subscriptions, masked)


def _advise(target: Target, subscriptions: Sequence[Subscription], masked: bool) -> None:
    """Print how to subscribe those who receive nothing."""
    pending = [each for each in subscriptions if each.state is State.PENDING]
    if pending:
        names = join_names(shown_endpoint(each, masked) for each in pending)
        print_warning(f"{names}: not confirmed; the link in the e-mail from AWS is valid two days")
        print_resend_commands(target, pending, masked=masked)
    gone = [each for each in subscriptions if each.state is State.GONE]
    if gone:
        names = join_names(shown_endpoint(each, masked) for each in gone)
        print_warning(
            f"{names}: gone (unsubscribed, or not confirmed in time); `make deploy` subscribes "
            "everybody in the configuration again"
        )


def print_confirmed(*, masked: bool = False) -> Callable[[Subscription], None]:
    """Return a function that prints who has confirmed."""
    return lambda each: print_line(f"{shown_endpoint(each, masked)}: confirmed", "green")


def print_resend_commands(
    target: Target, pending: Sequence[Subscription], *, masked: bool = False
) -> None:
    """Print a command for each subscriber that makes AWS send the confirmation again."""
    if masked:
        print_note(f"for commands to send it again: {target.command('subscribers')}")
        return
    print_note("to have it sent again:")
    for each in pending:
        print_command(resend_command(target, each))


def _row(topic: Topic, each: Subscription, masked: bool) -> list[Cell | str]:
    """Return a subscriber's row."""
    state = Cell(each.state.value, _STYLES[each.state])
    return [shown_endpoint(each, masked), each.protocol, topic.what, state, each.filter_text]


def shown_endpoint(each: Subscription, masked: bool) -> str:
    """Return the address, masked if requested."""
    return mask(each.endpoint) if masked else each.endpoint


def as_json(each: Subscription, masked: bool) -> dict[str, object]:
    """Return a subscriber as JSON."""
    return {
        "topic": each.topic,
        "protocol": each.protocol,
        "endpoint": shown_endpoint(each, masked),
        "state": each.state.name.lower(),
        "filter": dict(each.filters),
        "declared_as": each.declared.name if each.declared else None,
    }
