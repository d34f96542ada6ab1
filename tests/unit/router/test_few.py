"""A flapping problem is announced a few times an hour, and the end of each problem once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from alert_router.events.alarm import AlarmState
from shared.outcome import Outcome
from tests.unit.router.builders import NOW, alarm, foreign, latest, minutes
from tests.unit.router.world import World

OK, ALARM = AlarmState.OK, AlarmState.ALARM
HOUR = timedelta(hours=1)


def beats(world: World, every: timedelta, length: timedelta) -> Iterator[datetime]:
    """Yield the moments at which something changes, with a reconcile every five minutes."""
    end, next_reconcile = world.now + length, world.now + minutes(5)
    while world.now < end:
        yield world.now
        target = world.now + every
        while next_reconcile <= target:
            world.wait(next_reconcile - world.now)
            world.reconcile()
            next_reconcile += minutes(5)
        world.wait(target - world.now)


def settle(world: World, length: timedelta) -> None:
    """Let time pass without a change."""
    for _ in beats(world, minutes(5), length):
        pass


def assert_one_end(world: World, before: int) -> None:
    """Once all is well for good, one message says so within an hour and two reconciles."""
    settle(world, HOUR + minutes(10))
    (end,) = world.messages[before:]
    assert end.status.value == "resolved"
    settle(world, 6 * HOUR)
    assert len(world.messages) == before + 1


def test_balance_when_it_bounces_around_its_threshold_then_messages_are_few() -> None:
    world = World()
    states = (ALARM, OK) * 12
    for state, at in zip(states, beats(world, minutes(10), 4 * HOUR), strict=True):
        balance = Decimal("19.90") if state is ALARM else Decimal("20.10")
        world.records["openrouter-main"] = latest(balance=balance, balance_at=at)
        world.transition(alarm("warning", state, at=at))

    flapping = [s for s in world.subjects if s.startswith("FLAPPING")]
    assert len(world.messages) <= 5
    assert len(flapping) == 1
    assert_one_end(world, len(world.messages))
    assert world.subjects[-2].startswith("FLAPPING")


@pytest.mark.parametrize("hours", [6, 24])
def test_foreign_alarm_when_it_flaps_every_two_minutes_then_messages_are_few(hours: int) -> None:
    world = World()
    state = OK
    for at in beats(world, minutes(2), hours * HOUR):
        state = ALARM if state is OK else OK
        world.transition(foreign(state, at=at))

    assert len(world.messages) <= 6
    assert state is OK
    assert_one_end(world, len(world.messages))


def test_second_problem_when_it_comes_and_goes_then_its_end_is_announced() -> None:
    world = World(records={"openrouter-main": latest()})
    world.transition(alarm("warning"))
    world.wait(minutes(5))
    refused = latest(outcome=Outcome.INVALID_KEY, reason="the key was rejected")
    world.records["openrouter-main"] = refused
    world.transition(alarm("stale", at=world.now))
    world.wait(minutes(20))
    world.records["openrouter-main"] = latest(balance_at=world.now, polled_at=world.now)

    world.transition(alarm("stale", OK, at=world.now))
    world.wait(minutes(5))

    assert world.subjects[-1].startswith(
        "IMPROVED OpenRouter openrouter-main: the key works again, 12.30 USD left, below 20.00 USD"
    )


def test_second_problem_when_it_flaps_then_messages_are_few() -> None:
    world = World(records={"openrouter-main": latest(balance_at=NOW - minutes(30))})
    world.transition(alarm("warning"))
    world.wait(minutes(5))
    state = OK
    for at in beats(world, minutes(10), 4 * HOUR):
        state = ALARM if state is OK else OK
        is_ok = state is OK
        world.records["openrouter-main"] = latest(
            outcome=Outcome.OK if is_ok else Outcome.INVALID_KEY,
            reason=None if is_ok else "the key was rejected",
            balance_at=at if is_ok else at - minutes(30),
            polled_at=at,
        )
        world.transition(alarm("stale", state, at=at))

    before = len(world.messages)
    assert before <= 6
    world.records["openrouter-main"] = latest(
        balance=Decimal(62), balance_at=world.now, polled_at=world.now
    )
    world.transition(*(alarm(kind, OK, at=world.now) for kind in ("stale", "warning")))
    assert_one_end(world, before)


def test_critical_when_the_account_flaps_then_the_first_within_an_hour_passes() -> None:
    world = World()
    for state, at in zip((ALARM, OK) * 6, beats(world, minutes(10), 2 * HOUR), strict=True):
        balance = Decimal("19.90") if state is ALARM else Decimal("20.10")
        world.records["openrouter-main"] = latest(balance=balance, balance_at=at)
        world.transition(alarm("warning", state, at=at))
    before = len(world.messages)
    world.records["openrouter-main"] = latest(balance=Decimal("3.20"), balance_at=world.now)

    world.transition(alarm("warning", at=world.now), alarm("critical", at=world.now))

    assert len(world.messages) == before + 1
    assert world.messages[-1].severity == "critical"
