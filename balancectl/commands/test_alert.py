"""``test-alert``: send a message marked TEST from the alarm topic to the subscribers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import (
    print_json,
    progress,
)
from balancectl.commands.accounts import known_stack, require_accounts
from balancectl.commands.options import (
    AccountArgument,
    ForceOption,
    JsonOption,
    read_duration,
    target_of,
)
from balancectl.deployment.subscribers.subscriptions import read_subscriptions, topics
from balancectl.deployment.subscribers.test_messages import (
    Delivery,
    RequestedTest,
    provider_of,
    recipients,
    request_test,
    wait_if_allowed,
)
from balancectl.views.test_alert import print_delivery, print_recipients
from shared.names import Severity
from shared.times import format_duration


def send_test_alert(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    account: AccountArgument,
    severity: Annotated[
        Severity, typer.Option("--severity", help="Severity of the test alert.")
    ] = Severity.CRITICAL,
    wait: Annotated[
        str,
        typer.Option("--wait", metavar="TIME", help="How long to wait for the router: 30s, 2m."),
    ] = "60s",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Send a message marked TEST to the subscribers.

    It takes the same path as an alarm: topic, queue, router, and the subscribers whose filters
    match.

    Exits 0 if the router sent it to somebody, 1 if it did not or nobody matches, 2 if the result
    is unknown.
    """
    target = target_of(context)
    patience = read_duration(wait)
    require_accounts(known_stack(target), [account], force=force)
    request = RequestedTest(account, severity, target.now().replace(microsecond=0))
    everybody = read_subscriptions(target, topics(target)[0])
    reached = recipients(everybody, request, provider_of(target, account))
    message_id = request_test(target, request, target.caller)
    with progress("waiting for the router …"):
        state = wait_if_allowed(target, request, patience.total_seconds())
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
        print_delivery(target, state, format_duration(patience))
        print_recipients(target, reached, everybody, severity)
    if state is None:
        raise typer.Exit(ExitCode.UNKNOWN)
    if state is not Delivery.SENT or not reached:
        raise typer.Exit(ExitCode.NO)
