"""Prints how far a test message got, and who should receive it."""

from __future__ import annotations

from typing import Final

from balancectl.cli.formatting import format_count
from balancectl.cli.output import Cell, Column, print_line, print_note, print_table, print_warning
from balancectl.deployment.subscribers.subscriptions import State, Subscription
from balancectl.deployment.subscribers.test_messages import Delivery
from balancectl.deployment.target import Target
from shared.names import Severity

_COLUMNS: Final = (
    Column("Recipient", wraps=True),
    Column("Protocol"),
    Column("Check for", wraps=True),
)
_LOOK_FOR: Final = {
    "email": "an e-mail whose subject starts with TEST; also in the spam folder",
    "sms": "a text message that starts with TEST",
    "https": "a request with a message of status test",
    "sqs": "a message of status test",
    "channel": "a post that starts with TEST",
    "lambda": "an invocation with a message of status test",
}


def print_delivery(target: Target, state: Delivery | None, patience: str) -> None:
    """Print how far the message got, and where to look if it stopped."""
    router = target.names.router_function
    match state:
        case Delivery.SENT:
            print_line("sent: the router published it", "green")
        case Delivery.RECEIVED:
            print_line("not sent: the router received it, but has not published it yet", "red")
            print_note(f"see log group /aws/lambda/{router}")
        case Delivery.NOT_RECEIVED:
            print_line(f"not sent: the router did not receive it within {patience}", "red")
            print_note(
                f"check queue {target.names.intake_queue} for waiting messages, and log group "
                f"/aws/lambda/{router}"
            )
        case None:
            print_line(
                "requested; the result is unknown: access denied (dynamodb:GetItem on alerts)",
                "yellow",
            )


def print_recipients(
    target: Target, reached: list[Subscription], everybody: list[Subscription], severity: Severity
) -> None:
    """Print who should receive the message, and how many others will not."""
    if reached:
        rows: list[list[Cell | str]] = [
            [each.endpoint, each.protocol, _LOOK_FOR.get(each.protocol, "")] for each in reached
        ]
        print_table(_COLUMNS, rows)
    else:
        print_warning(f"no subscriber receives a {severity} alert about this account")
    others = [each for each in everybody if each not in reached]
    unconfirmed = [each for each in others if each.state is not State.CONFIRMED]
    filtered = len(others) - len(unconfirmed)
    if unconfirmed:
        print_warning(
            f"{format_count(len(unconfirmed), 'subscriber')} not confirmed: "
            f"{target.command('subscribers')}"
        )
    if filtered:
        print_note(f"{format_count(filtered, 'subscriber')} excluded by their filters")
