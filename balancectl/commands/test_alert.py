"""``test-alert``: send a message marked TEST from the alarm topic to the subscribers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer
from botocore.exceptions import ClientError

from balancectl.cli.errors import is_denied
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_count, format_duration
from balancectl.cli.output import (
    Cell,
    Column,
    print_json,
    print_line,
    print_note,
    print_table,
    print_warning,
    progress,
)
from balancectl.commands.accounts import known_stack, warn_unknown
from balancectl.commands.options import AccountArgument, JsonOption, read_duration, target_of
from balancectl.deployment.balances import read_latest
from balancectl.deployment.subscriptions import State, Subscription, read_subscriptions
from balancectl.deployment.target import Target
from balancectl.deployment.test_messages import (
    Delivery,
    RequestedTest,
    recipients,
    request_test,
    wait_for_delivery,
)
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
    "lambda": "an invocation with a message of status test",
}


def send_test_alert(
    context: typer.Context,
    account: AccountArgument,
    severity: Annotated[
        Severity, typer.Option("--severity", help="Send it as a warning or as a critical.")
    ] = Severity.CRITICAL,
    wait: Annotated[
        str,
        typer.Option("--wait", metavar="TIME", help="How long to wait for the router: 30s, 2m."),
    ] = "60s",
    as_json: JsonOption = False,
) -> None:
    """Send a message marked TEST to the subscribers.

    It takes the way of an alarm: topic, queue, router, and subscribers whose filter matches.

    Exits 0 if the router sent it to somebody, 1 if it did not or nobody matches, 2 if the result
    is unknown.
    """
    target = target_of(context)
    patience = read_duration(wait)
    warn_unknown(known_stack(target), [account])
    request = RequestedTest(account, severity, target.now().replace(microsecond=0))
    everybody = read_subscriptions(target, target.names.notifications_topic)
    reached = recipients(everybody, request, _provider(target, account))
    message_id = request_test(target, request, target.caller)
    with progress("waiting for the router …"):
        state = _wait(target, request, patience.total_seconds())
    if as_json:
        print_json(
            {
                "account": account,
                "severity": severity.value,
                "message_id": message_id,
                "state": None if state is None else state.value,
                "should_reach": [asdict(each) for each in reached],
            }
        )
    else:
        _print_delivery(target, state, format_duration(patience))
        _print_recipients(reached, everybody, severity)
    if state is None:
        raise typer.Exit(ExitCode.UNKNOWN)
    if state is not Delivery.SENT or not reached:
        raise typer.Exit(ExitCode.NO)


def _provider(target: Target, account: str) -> str | None:
    """Return the provider of the last poll, which the router will name."""
    latest = read_latest(target, account)
    return None if latest is None else latest.provider


def _wait(target: Target, request: RequestedTest, seconds: float) -> Delivery | None:
    """Wait for the router; return None if access to its table is denied."""
    try:
        return wait_for_delivery(target, request, seconds)
    except ClientError as exc:
        if is_denied(exc):
            return None
        raise


def _print_delivery(target: Target, state: Delivery | None, patience: str) -> None:
    """Print how far the message came, and where to look if it stopped."""
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


def _print_recipients(
    reached: list[Subscription], everybody: list[Subscription], severity: Severity
) -> None:
    """Print who should receive it, and how many others will not."""
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
            f"{format_count(len(unconfirmed), 'subscriber')} not confirmed: balancectl subscribers"
        )
    if filtered:
        print_note(f"{format_count(filtered, 'subscriber')} excluded by their filters")
