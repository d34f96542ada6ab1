"""The checks of ``doctor``; a check that cannot run reports that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, is_denied, is_missing, translate
from balancectl.cli.formatting import format_age, format_count, join_names
from balancectl.deployment.accounts import DEFAULT_STALE_AFTER, Stack
from balancectl.deployment.alerts.silences import read_silences
from balancectl.deployment.balances import read_all_latest
from balancectl.deployment.subscribers.addressees import read_channels
from balancectl.deployment.subscribers.subscriptions import (
    State,
    Subscription,
    mask,
    read_subscriptions,
    topics,
)
from balancectl.deployment.target import Target
from balancectl.keys.channels import services
from balancectl.keys.locations import key_states
from shared.times import format_clock
from shared.version import VERSION
from status_page.health import Condition, assess

#: The failure queues, by suffix of the deployment's name: content and runbook heading.
FAILURE_QUEUES: Final = {
    "alarms-dead-letters": ("alarms that the router could not process", "intake-dead-letters"),
    "failures": ("runs, events or messages that failed for good", "failures"),
}


class Finding(StrEnum):
    """The result of a check."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    check: str
    finding: Finding
    detail: str
    remedy: str = ""
    """The next command to run, or where to read on."""


def run_checks(target: Target, stack: Stack, now: datetime) -> Iterator[CheckResult]:
    """Yield the results of every check."""
    checks: tuple[tuple[str, Callable[[], Iterator[CheckResult]]], ...] = (
        ("polling", lambda: _polling(target, stack, now)),
        ("version", lambda: _version(target, stack)),
        ("accounts", lambda: _accounts(target, stack, now)),
        ("keys", lambda: _keys(target, stack)),
        ("channels", lambda: _channels(target)),
        ("subscribers", lambda: _subscribers(target)),
        ("failures", lambda: _failures(target)),
        ("alarms", lambda: _alarms(target)),
        ("silences", lambda: _silences(target, now)),
    )
    for what, check in checks:
        yield from _guarded(what, check)


def _guarded(what: str, check: Callable[[], Iterator[CheckResult]]) -> Iterator[CheckResult]:
    """Yield a check's results; an error that prevents it becomes a result."""
    try:
        lines = list(check())
    except CliError as exc:
        lines = [CheckResult(what, Finding.BAD, str(exc))]
    except ClientError as exc:
        if not is_denied(exc):
            raise
        lines = [CheckResult(what, Finding.UNKNOWN, str(translate(exc)))]
    yield from lines


def _polling(target: Target, stack: Stack, now: datetime) -> Iterator[CheckResult]:
    """Check that the schedules are enabled and when they last ran."""
    accounts, schedules = (
        format_count(len(stack.accounts), "account"),
        format_count(len(stack.shards), "schedule"),
    )
    if not any(shard.is_enabled for shard in stack.shards):
        yield CheckResult(
            "polling", Finding.BAD, "switched off", "Terraform variable polling_enabled"
        )
        return
    latest = read_all_latest(target, stack.accounts).values()
    last = max((each.polled_at for each in latest), default=None)
    text = f"{accounts} on {schedules}, {stack.shards[0].expression}"
    if last is None:
        yield CheckResult("polling", Finding.BAD, f"{text}; no run yet", target.command("poll"))
    else:
        # A pushed balance may be a day old even if the poller runs.
        longest = max(
            (stack.accounts[name].stale_after for name in stack.with_keys),
            default=DEFAULT_STALE_AFTER,
        )
        finding = Finding.GOOD if now - last <= longest else Finding.BAD
        remedy = "" if finding is Finding.GOOD else f"log group {_log(target)}"
        yield CheckResult("polling", finding, f"{text}; last run {format_age(last, now)}", remedy)


def _version(target: Target, stack: Stack) -> Iterator[CheckResult]:
    """Compare the functions' version, which the last poll recorded, with this program's."""
    latest = read_all_latest(target, stack.accounts).values()
    last = max(latest, key=lambda each: each.polled_at, default=None)
    if last is None:
        return  # nothing to compare; ``_polling`` reports it
    deployed = last.version or "older than 0.2.0"
    if deployed == VERSION:
        yield CheckResult("version", Finding.GOOD, VERSION)
    else:
        text = f"functions: {deployed}; balancectl: {VERSION}"
        yield CheckResult("version", Finding.BAD, text, "docs/upgrading.md")


def _accounts(target: Target, stack: Stack, now: datetime) -> Iterator[CheckResult]:
    """Check the accounts' conditions."""
    latest = read_all_latest(target, stack.accounts)
    found: dict[Condition, list[str]] = {}
    for name, account in stack.accounts.items():
        condition = assess(latest.get(name), now, account.stale_after).condition
        found.setdefault(condition, []).append(name)
    fine = len(found.pop(Condition.OK, []))
    if not found:
        yield CheckResult("accounts", Finding.GOOD, f"{fine} in order")
        return
    text = "; ".join(f"{each.label}: {join_names(found[each], 3)}" for each in sorted(found))
    remedy = target.command("status")
    yield CheckResult("accounts", Finding.BAD, f"{fine} in order; {text}", remedy)


def _keys(target: Target, stack: Stack) -> Iterator[CheckResult]:
    """Check that every account has a key."""
    states = key_states(target, stack)
    missing = [state.account for state in states if state.why_missing]
    if missing:
        yield CheckResult(
            "keys",
            Finding.BAD,
            f"missing: {join_names(missing, 3)}",
            target.command("keys", "list"),
        )
    else:
        yield CheckResult("keys", Finding.GOOD, f"{len(states)} in place")


def _channels(target: Target) -> Iterator[CheckResult]:
    """Check that every channel has an address that the courier can use."""
    channels = sorted(each.channel for each in read_channels(target))
    if not channels:
        return
    stored = services(target)
    missing = [channel for channel in channels if not stored.get(channel, ("", None))[0]]
    if missing:
        text = f"no usable address: {join_names(missing, 3)}"
        yield CheckResult("channels", Finding.BAD, text, target.command("channels", "list"))
    else:
        yield CheckResult("channels", Finding.GOOD, f"{len(channels)} with an address")


def _subscribers(target: Target) -> Iterator[CheckResult]:
    """Check that every subscriber has confirmed."""
    accounts, operations = topics(target)
    for what, topic in (("subscribers", accounts), ("operations", operations)):
        found = read_subscriptions(target, topic)
        confirmed = [each for each in found if each.state is State.CONFIRMED]
        others = len(found) - len(confirmed)
        text = f"{len(confirmed)} confirmed"
        if others:
            text = f"{text}, {others} not"
        is_good = bool(confirmed) and not others
        remedy = "" if is_good else target.command("subscribers")
        yield CheckResult(what, Finding.GOOD if is_good else Finding.BAD, text, remedy)
        if topic is accounts:
            yield from _made_by_hand(target, found)


def _made_by_hand(target: Target, found: Sequence[Subscription]) -> Iterator[CheckResult]:
    """List subscriptions that are not in the configuration, so that none of its filters applies."""
    foreign = [e for e in found if e.state is State.CONFIRMED and e.declared is None]
    if not foreign:
        return
    text = join_names([f"{each.protocol} {mask(each.endpoint)}" for each in foreign], 3)
    email_topic = target.names.notifications_topic
    if any(each.topic == email_topic and "email" not in each.protocol for each in foreign):
        # Before each form had its own topic, queues and webhooks got the document from this one.
        text = (
            f"{text}; {email_topic} carries e-mail texts: move them to {target.names.events_topic}"
        )
        yield CheckResult("made by hand", Finding.BAD, text, target.command("subscribers"))
    else:
        yield CheckResult("made by hand", Finding.GOOD, text)


def _failures(target: Target) -> Iterator[CheckResult]:
    """Check that the failure queues are empty."""
    bad = False
    for suffix, (text, heading) in FAILURE_QUEUES.items():
        number = _messages(target, f"{target.name}-{suffix}")
        if number:
            bad = True
            remedy = f"docs/runbook.md#{heading}"
            yield CheckResult("failures", Finding.BAD, f"{number} in {suffix}: {text}", remedy)
    if not bad:
        yield CheckResult("failures", Finding.GOOD, "none")


def _messages(target: Target, queue: str) -> int:
    """Return the number of messages in a queue; 0 if it does not exist."""
    try:
        url = target.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        answer = target.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
    except ClientError as exc:
        if is_missing(exc):
            return 0
        raise
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _alarms(target: Target) -> Iterator[CheckResult]:
    """Check for firing alarms: the accounts' and the monitor's own."""
    for what, prefix in (("alarms", f"{target.name}/"), ("monitor", f"{target.name}-operations/")):
        pages = target.cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, StateValue="ALARM"
        )
        found = [alarm["AlarmName"] for page in pages for alarm in page.get("MetricAlarms", [])]
        names = [name.removeprefix(prefix) for name in sorted(found) if name.startswith(prefix)]
        if names:
            yield CheckResult(what, Finding.BAD, f"open: {join_names(names, 3)}", "docs/runbook.md")
        else:
            yield CheckResult(what, Finding.GOOD, "no alarm is open")


def _silences(target: Target, now: datetime) -> Iterator[CheckResult]:
    """List the active silences."""
    found = read_silences(target, now)
    text = "; ".join(
        f"{each.pattern} until {format_clock(each.until, now)}" for each in found.active
    )
    remedy = target.command("silence", "list") if text or found.unreadable else ""
    if found.unreadable:
        unreadable = format_count(len(found.unreadable), "silence")
        yield CheckResult("silences", Finding.BAD, f"{unreadable} cannot be read", remedy)
    yield CheckResult("silences", Finding.GOOD, text or "none", remedy)


def _log(target: Target) -> str:
    """Return the poller's log group."""
    return f"/aws/lambda/{target.names.poller_function}"
