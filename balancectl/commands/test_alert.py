"""``test-alert``: a message marked TEST, all the way from the alarms' topic to the people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer
from botocore.exceptions import ClientError

from balancectl.cli.errors import is_denied
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import count, duration
from balancectl.cli.output import Cell, Column, note, print_json, print_table, progress, say, warn
from balancectl.commands.keys import known_stack, warn_unknown
from balancectl.commands.options import AccountArgument, JsonOption, read_duration, target_of
from balancectl.deployment.balances import read_latest
from balancectl.deployment.subscriptions import State, Subscription, read_subscriptions
from balancectl.deployment.target import Target
from balancectl.deployment.test_messages import (
    Request,
    Trial,
    ask_for_trial,
    recipients,
    wait_for_trial,
)
from shared.names import Severity

_COLUMNS: Final = (
    Column("Should reach", wraps=True),
    Column("Protocol"),
    Column("Look for", wraps=True),
)
_LOOK_FOR: Final = {
    "email": "an e-mail whose subject begins with TEST; the spam folder, too",
    "sms": "a text message that begins with TEST",
    "https": "a request whose message has the status test",
    "sqs": "a message with the status test",
    "lambda": "an invocation with the status test",
}


def send_test_alert(
    context: typer.Context,
    account: AccountArgument,
    severity: Annotated[
        Severity, typer.Option("--severity", help="Whom to reach: as a warning or a critical.")
    ] = Severity.CRITICAL,
    wait: Annotated[
        str,
        typer.Option("--wait", metavar="TIME", help="How long to wait for the router: 30s, 2m."),
    ] = "60s",
    as_json: JsonOption = False,
) -> None:
    """Send a message marked TEST, all the way to the subscribers.

    It goes through the alarm topic, the router and every subscriber whose filter lets it pass.

    Exits 0 when the router sent it to somebody, 1 when it did not or nobody is subscribed, 2 when
    that cannot be told.
    """
    target = target_of(context)
    patience = read_duration(wait)
    warn_unknown(known_stack(target), [account])
    request = Request(account, severity, target.now().replace(microsecond=0))
    everybody = read_subscriptions(target, target.names.notifications_topic)
    reached = recipients(everybody, request, _provider(target, account))
    message_id = ask_for_trial(target, request, target.caller)
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
        _say(target, state, duration(patience))
        _print_recipients(reached, everybody, severity)
    if state is None:
        raise typer.Exit(ExitCode.UNKNOWN)
    if state is not Trial.SENT or not reached:
        raise typer.Exit(ExitCode.NO)


def _provider(target: Target, account: str) -> str | None:
    """Return the provider that the router will name: the last poll's."""
    latest = read_latest(target, account)
    return None if latest is None else latest.provider


def _wait(target: Target, request: Request, seconds: float) -> Trial | None:
    """Wait for the router; None when its table may not be read."""
    try:
        return wait_for_trial(target, request, seconds)
    except ClientError as exc:
        if is_denied(exc):
            return None
        raise


def _say(target: Target, state: Trial | None, patience: str) -> None:
    """Say how far the message came, and where to look when it stopped."""
    router = target.names.router_function
    match state:
        case Trial.SENT:
            say("sent: the router published it", "green")
        case Trial.TRIED:
            say("not sent: the router has it, but could not publish it yet", "red")
            note(f"see log group /aws/lambda/{router}")
        case Trial.WAITING:
            say(f"not sent: the router did not take it up within {patience}", "red")
            note(
                f"look at queue {target.names.intake_queue} (messages waiting?) and log group "
                f"/aws/lambda/{router}"
            )
        case None:
            say(
                "asked for; what became of it cannot be told (dynamodb:GetItem on alerts)", "yellow"
            )


def _print_recipients(
    reached: list[Subscription], everybody: list[Subscription], severity: Severity
) -> None:
    """Print who should get it, and who will not."""
    if reached:
        rows: list[list[Cell | str]] = [
            [each.endpoint, each.protocol, _LOOK_FOR.get(each.protocol, "")] for each in reached
        ]
        print_table(_COLUMNS, rows)
    else:
        warn(f"nobody is told of a {severity} alert about this account")
    others = [each for each in everybody if each not in reached]
    unconfirmed = [each for each in others if each.state is not State.CONFIRMED]
    filtered = len(others) - len(unconfirmed)
    if unconfirmed:
        warn(f"{count(len(unconfirmed), 'subscriber')} not confirmed: balancectl subscribers")
    if filtered:
        note(f"{count(filtered, 'subscriber')} not told of this, by their filters")
