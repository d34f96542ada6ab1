"""What ``doctor`` looks at, one check after the other; one that cannot be made says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, is_denied, is_missing, translate
from balancectl.cli.formatting import ago, clock, count, listed
from balancectl.deployment.accounts import Stack
from balancectl.deployment.balances import read_all_latest
from balancectl.deployment.health import Condition, assess
from balancectl.deployment.silences import read_silences
from balancectl.deployment.subscriptions import State, read_subscriptions
from balancectl.deployment.target import Target
from balancectl.keys.locations import key_states

#: The queues that hold what failed, after the stack's name, and what lies in them.
FAILURE_QUEUES: Final = {
    "alarms-dead-letters": ("alarms that the router could not handle", "intake-dead-letters"),
    "poller-failures": ("runs that failed", "poller-failures"),
    "router-failures": ("events that the router could not handle", "router-failures"),
    "schedule-dead-letters": (
        "events that the schedules could not hand over",
        "schedule-dead-letters",
    ),
    "undelivered": ("messages that reached nobody", "undelivered"),
}


class Finding(StrEnum):
    """What a check found."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the check-up."""

    what: str
    finding: Finding
    words: str
    remedy: str = ""
    """The command or place to go on with."""


def check_up(target: Target, stack: Stack, now: datetime) -> Iterator[Line]:
    """Yield a line for every check."""
    checks: tuple[tuple[str, Callable[[], Iterator[Line]]], ...] = (
        ("polling", lambda: _polling(target, stack, now)),
        ("accounts", lambda: _accounts(target, stack, now)),
        ("keys", lambda: _keys(target, stack)),
        ("subscribers", lambda: _subscribers(target)),
        ("failures", lambda: _failures(target)),
        ("alarms", lambda: _alarms(target)),
        ("silences", lambda: _silences(target, now)),
    )
    for what, check in checks:
        yield from _guarded(what, check)


def _guarded(what: str, check: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Yield what a check found; what keeps it from finding anything is a line, too."""
    try:
        lines = list(check())
    except CliError as exc:
        lines = [Line(what, Finding.BAD, str(exc))]
    except ClientError as exc:
        if not is_denied(exc):
            raise
        lines = [Line(what, Finding.UNKNOWN, str(translate(exc)))]
    yield from lines


def _polling(target: Target, stack: Stack, now: datetime) -> Iterator[Line]:
    """Whether the schedules run, and when they last did."""
    accounts, schedules = (
        count(len(stack.accounts), "account"),
        count(len(stack.shards), "schedule"),
    )
    if not any(shard.is_enabled for shard in stack.shards):
        yield Line("polling", Finding.BAD, "switched off", "Terraform variable polling_enabled")
        return
    latest = read_all_latest(target, stack.accounts).values()
    last = max((each.polled_at for each in latest), default=None)
    words = f"{accounts} on {schedules}, {stack.shards[0].expression}"
    if last is None:
        yield Line("polling", Finding.BAD, f"{words}; no run yet", "balancectl poll")
    else:
        longest = max(account.stale_after for account in stack.accounts.values())
        finding = Finding.GOOD if now - last <= longest else Finding.BAD
        remedy = "" if finding is Finding.GOOD else f"log group {_log(target)}"
        yield Line("polling", finding, f"{words}; last run {ago(last, now)}", remedy)


def _accounts(target: Target, stack: Stack, now: datetime) -> Iterator[Line]:
    """How many accounts are not in order."""
    latest = read_all_latest(target, stack.accounts)
    found: dict[Condition, list[str]] = {}
    for name, account in stack.accounts.items():
        condition = assess(latest.get(name), now, account.stale_after).condition
        found.setdefault(condition, []).append(name)
    fine = len(found.pop(Condition.OK, []))
    if not found:
        yield Line("accounts", Finding.GOOD, f"{fine} in order")
        return
    words = "; ".join(f"{each.word}: {listed(found[each], 3)}" for each in sorted(found))
    yield Line("accounts", Finding.BAD, f"{fine} in order; {words}", "balancectl status")


def _keys(target: Target, stack: Stack) -> Iterator[Line]:
    """Which keys are missing."""
    states = key_states(target, stack)
    missing = [state.account for state in states if state.why_missing]
    if missing:
        yield Line("keys", Finding.BAD, f"missing: {listed(missing, 3)}", "balancectl keys list")
    else:
        yield Line("keys", Finding.GOOD, f"{len(states)} in place")


def _subscribers(target: Target) -> Iterator[Line]:
    """Who is not told."""
    for what, topic in (
        ("subscribers", target.names.notifications_topic),
        ("operations", target.names.operations_topic),
    ):
        found = read_subscriptions(target, topic)
        confirmed = [each for each in found if each.state is State.CONFIRMED]
        others = len(found) - len(confirmed)
        words = f"{len(confirmed)} confirmed"
        if others:
            words = f"{words}, {others} not"
        is_good = bool(confirmed) and not others
        remedy = "" if is_good else "balancectl subscribers"
        yield Line(what, Finding.GOOD if is_good else Finding.BAD, words, remedy)


def _failures(target: Target) -> Iterator[Line]:
    """What lies in the queues of failures."""
    bad = False
    for suffix, (words, heading) in FAILURE_QUEUES.items():
        number = _messages(target, f"{target.name}-{suffix}")
        if number:
            bad = True
            remedy = f"docs/runbook.md#{heading}"
            yield Line("failures", Finding.BAD, f"{number} in {suffix}: {words}", remedy)
    if not bad:
        yield Line("failures", Finding.GOOD, "none kept")


def _messages(target: Target, queue: str) -> int:
    """Return how many messages a queue holds; none when it does not exist."""
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


def _alarms(target: Target) -> Iterator[Line]:
    """Which alarms are open: the accounts', and the monitor's own."""
    for what, prefix in (("alarms", f"{target.name}/"), ("monitor", f"{target.name}-operations/")):
        pages = target.cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, StateValue="ALARM"
        )
        found = [alarm["AlarmName"] for page in pages for alarm in page.get("MetricAlarms", [])]
        names = [name.removeprefix(prefix) for name in sorted(found) if name.startswith(prefix)]
        if names:
            yield Line(what, Finding.BAD, f"open: {listed(names, 3)}", "docs/runbook.md")
        else:
            yield Line(what, Finding.GOOD, "no alarm is open")


def _silences(target: Target, now: datetime) -> Iterator[Line]:
    """What is silenced."""
    found = read_silences(target, now)
    words = "; ".join(f"{each.pattern} until {clock(each.until, now)}" for each in found)
    yield Line("silences", Finding.GOOD, words or "none", "balancectl silences" if found else "")


def _log(target: Target) -> str:
    """Return the poller's log group."""
    return f"/aws/lambda/{target.names.poller_function}"
