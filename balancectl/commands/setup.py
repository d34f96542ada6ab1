"""``setup``: from a fresh deployment to a received test alert. Repeat it to continue."""

from __future__ import annotations

from typing import Annotated

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import format_count
from balancectl.cli.output import print_command, print_line, print_note, print_warning, progress
from balancectl.commands.options import read_duration, target_of
from balancectl.deployment.accounts import Stack, read_stack
from balancectl.deployment.polls.polling import poll_shards, with_recorded_balances
from balancectl.deployment.subscribers.confirmations import (
    pending,
    read_topics,
    wait_for_confirmations,
)
from balancectl.deployment.subscribers.subscriptions import State
from balancectl.deployment.subscribers.test_messages import (
    Delivery,
    RequestedTest,
    provider_of,
    recipients,
    request_test,
    wait_if_allowed,
)
from balancectl.deployment.target import Target
from balancectl.keys import sources
from balancectl.keys.locations import key_states, locate_key, save_keys
from balancectl.keys.requirements import check_kind, destinations, key_parts
from balancectl.keys.sources import checked_part, key_warnings, parse_key, prompt
from balancectl.views.poll import print_report
from balancectl.views.subscribers import print_confirmed, print_resend_commands
from balancectl.views.test_alert import print_delivery, print_recipients
from shared.names import Severity
from shared.outcome import Outcome
from shared.secret import PlainKey

_ROUTER_SECONDS = 60.0


def setup(
    context: typer.Context,
    wait: Annotated[
        str,
        typer.Option("--wait", metavar="TIME", help="How long to wait for confirmations: 0s, 10m."),
    ] = "10m",
) -> None:
    """Set up a deployment: missing keys, a first poll, confirmations, a test alert.

    Every step skips what is done, so that you can interrupt the command and run it again.

    Exits 0 if every balance was read, everybody has confirmed, and the test was sent; else 1.
    """
    target = target_of(context)
    seconds = 0.0 if wait.strip() in {"0", "0s"} else read_duration(wait).total_seconds()
    stack = read_stack(target)
    if not stack.accounts:
        raise CliError("no account is configured: add one to `accounts`, then run `make deploy`")
    done = [
        _keys(target, stack),
        _poll(target, stack),
        _subscribers(target, seconds),
        _test(target, stack),
    ]
    if not all(done):
        print_note(f"to continue from here: {target.command('setup')}")
        raise typer.Exit(ExitCode.NO)
    print_line("all set up", "bold green")


def _keys(target: Target, stack: Stack) -> bool:
    """Ask for each missing key and save it immediately; return whether none is missing."""
    print_line("1. Keys", "bold")
    states = key_states(target, stack)
    missing = [state for state in states if state.why_missing]
    is_complete = True
    for state in missing:
        key = None if sources.is_piped() else _ask(stack, state.account)
        if key is None:
            is_complete = False
            print_warning(f"{state.account}: {state.why_missing}")
            print_command(target.command("keys", "set", state.account))
            continue
        for warning in [*key_warnings(key), *check_kind(stack, state.account, key)]:
            print_warning(f"{state.account}: {warning}")
        location = locate_key(target, stack, state.account)
        bound_to = destinations(stack, [state.account])
        save_keys(target, {state.account: location}, {state.account: key}, bound_to)
        print_line(f"{state.account}: key saved", "green")
    if not missing:
        print_line(f"{format_count(len(states), 'key')} in place", "green")
    return is_complete


def _ask(stack: Stack, account: str) -> PlainKey | None:
    """Prompt for a key, or its parts; None if it is left out."""
    parts = key_parts(stack, account)
    if not parts:
        text = prompt(f"Key of {account}; Enter skips it")
        return parse_key(text, "the key") if text.strip() else None
    found = {part: prompt(f"{account}, {part}; Enter skips it") for part in parts}
    if not all(text.strip() for text in found.values()):
        return None
    return {part: checked_part(text, f"'{part}'") for part, text in found.items()}


def _poll(target: Target, stack: Stack) -> bool:
    """Poll every account; return whether every balance was read."""
    print_line("2. First poll", "bold")
    with progress(f"polling {format_count(len(stack.accounts), 'account')} …"):
        at = target.now().replace(microsecond=0)
        report = poll_shards(target, stack.shards, None, at)
        report = with_recorded_balances(target, report)
    print_report(report)
    for polled in report.polled:
        if polled.outcome is Outcome.NOT_PUSHED:
            print_command(target.command("push", polled.account, "AMOUNT"))
    return not report.errors and all(polled.is_ok for polled in report.polled)


def _subscribers(target: Target, seconds: float) -> bool:
    """Wait for confirmations; return whether every topic's subscribers have all confirmed."""
    print_line("3. Subscribers", "bold")
    found = read_topics(target)
    waiting = pending(found)
    if waiting and seconds:
        names = ", ".join(each.endpoint for each in waiting)
        print_note(f"not confirmed: {names}; open the link in the e-mail from AWS")
        with progress("waiting for confirmations …"):
            found = wait_for_confirmations(target, found, seconds, print_confirmed())
        waiting = pending(found)
    everybody = [each for every in found.values() for each in every]
    confirmed = sum(each.state is State.CONFIRMED for each in everybody)
    print_line(f"{confirmed} of {format_count(len(everybody), 'subscriber')} confirmed")
    if waiting:
        print_resend_commands(target, waiting)
    for topic, every in found.items():
        if not every:
            print_warning(f"{topic.name} has no subscriber: nobody receives {topic.what}")
    return confirmed == len(everybody) and all(found.values())


def _test(target: Target, stack: Stack) -> bool:
    """Send a test alert about the first account; return whether it was sent to somebody."""
    print_line("4. Test alert", "bold")
    account = min(stack.accounts)
    everybody = read_topics(target)
    alerts = next(iter(everybody.values()))
    request = RequestedTest(account, Severity.CRITICAL, target.now().replace(microsecond=0))
    reached = recipients(alerts, request, provider_of(target, account))
    request_test(target, request, target.caller)
    with progress("waiting for the router …"):
        state = wait_if_allowed(target, request, _ROUTER_SECONDS)
    print_delivery(target, state, f"{_ROUTER_SECONDS:.0f} s")
    print_recipients(target, reached, alerts, request.severity)
    return state is Delivery.SENT and bool(reached)
