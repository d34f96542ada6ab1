"""Whoever waits in a group is told when the wait is over, without waiting for a reconcile."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.router.builders import alarm, failing, latest, minutes
from tests.unit.router.world import World

SECOND = timedelta(seconds=1)

#: For what an invocation itself takes, and a flush that waits until the incident is saved.
SLACK = 5 * SECOND


def low_world(accounts: list[str], group_wait: int) -> World:
    """Return a router whose accounts are all low."""
    records = {name: latest(name, balance=Decimal("14.20")) for name in accounts}
    return World(records=records, group_wait=timedelta(seconds=group_wait))


def told_at(world: World) -> dict[str, datetime]:
    """Return when each account was first announced."""
    times = [(d.at, name) for d in world.deliveries for name in d.message.accounts]
    return {name: at for at, name in sorted(times, reverse=True)}


@pytest.mark.parametrize("group_wait", [1, 2, 3, 4, 60])
@pytest.mark.parametrize("early_ms", [0, 400, 1000, 1900])
def test_flush_when_it_comes_a_little_early_then_its_group_is_sent(
    group_wait: int, early_ms: int
) -> None:
    world = low_world(["openrouter-main"], group_wait)
    world.transition(alarm("warning", account="openrouter-main", at=world.now))
    early = timedelta(milliseconds=early_ms)
    world.flushes = [(max(at - early, world.now), group) for at, group in world.flushes]

    world.wait(minutes(2))

    assert [m.accounts for m in world.messages] == [("openrouter-main",)]


@settings(max_examples=40)
@given(
    group_wait=st.sampled_from([1, 60, 300]),
    arrivals=st.lists(st.tuples(st.integers(0, 200), st.booleans()), min_size=2, max_size=6),
)
@example(group_wait=60, arrivals=[(0, True), (25, False), (65, False)])
def test_warnings_whenever_they_arrive_then_each_is_announced_after_its_wait(
    group_wait: int, arrivals: list[tuple[int, bool]]
) -> None:
    """Low and failing accounts wait in two groups; one group's flush may send the other early."""
    names = [f"account-{number}" for number in range(len(arrivals))]
    world = low_world(names, group_wait)
    start, until = world.now, {}
    for name, (second, is_failing) in zip(names, sorted(arrivals), strict=True):
        world.wait(start + second * SECOND - world.now)
        if is_failing:
            world.records[name] = failing(name)
        kind = "stale" if is_failing else "warning"
        until[name] = world.now + group_wait * SECOND
        world.transition(alarm(kind, account=name, at=world.now))

    world.wait(timedelta(seconds=2 * group_wait) + minutes(1))

    told = told_at(world)
    assert told.keys() == until.keys()
    assert [name for name in names if told[name] > until[name] + SLACK] == []


def test_flush_when_little_is_left_of_the_wait_then_it_does_not_overtake_the_save() -> None:
    world = low_world(["openrouter-main"], 1)
    now = world.now

    world.transition(alarm("warning", account="openrouter-main", at=now))

    assert [at for at, _ in world.flushes] == [now + 2 * SECOND]
