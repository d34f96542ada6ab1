"""An alarm over many series and its series are one incident, in whatever order they arrive."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from alert_router.events.alarm import AlarmChange, AlarmState
from tests.unit.router.builders import foreign, minutes, notification
from tests.unit.router.test_ended_otherwise import deletion
from tests.unit.router.world import World

ALARM, OK = AlarmState.ALARM, AlarmState.OK


def part(table: str, state: AlarmState, at: Any) -> dict[str, Any]:
    """Return the notification about one series; about the alarm as a whole without a table."""
    document = notification(foreign(state, at=at))
    if not table:
        return document
    ids = {"AlarmContributorId": f"id-{table}", "AlarmContributorAttributes": {"TableName": table}}
    return document | ids


def whole(state: AlarmState, world: World) -> AlarmChange:
    return foreign(state, at=world.now)


def existing() -> World:
    """Return a world in which CloudWatch describes the alarm as a whole, in ALARM."""
    world = World()
    world.alarms["api-errors"] = whole(ALARM, world)._replace(alarm_type="MetricAlarm")
    return world


@pytest.mark.parametrize("order", list(permutations(["", "orders", "invoices"])))
def test_alarm_over_series_when_all_of_it_fires_and_clears_then_one_begin_and_one_end(
    order: tuple[str, ...],
) -> None:
    world = existing()
    for table in order:
        assert world.deliver(part(table, ALARM, world.now)) == []
        world.wait(timedelta(seconds=10))
    world.wait(minutes(30))
    world.reconcile()
    world.alarms["api-errors"] = whole(OK, world)
    for table in order:
        world.deliver(part(table, OK, world.now))
        world.wait(timedelta(seconds=10))
    world.wait(minutes(30))
    world.reconcile()

    assert [subject.split()[0] for subject in world.subjects] == ["WARNING", "RESOLVED"]
    assert all("and 1 more)" in subject for subject in world.subjects)


def test_series_when_a_further_one_fires_then_it_is_announced_by_name() -> None:
    world = existing()
    world.deliver(part("orders", ALARM, world.now))
    world.wait(minutes(30))

    world.deliver(part("invoices", ALARM, world.now))
    world.wait(minutes(30))
    world.deliver(part("orders", OK, world.now))
    world.wait(minutes(30))
    world.alarms["api-errors"] = whole(OK, world)
    world.deliver(part("invoices", OK, world.now))
    world.wait(minutes(5))
    world.reconcile()
    world.wait(minutes(5))

    assert [s.partition(":")[0] for s in world.subjects] == [
        "WARNING api-errors (TableName=orders)",
        "WARNING api-errors (TableName=invoices and 1 more)",
        "RESOLVED api-errors (TableName=invoices and 1 more)",
    ]


def test_series_when_more_and_more_fire_within_the_hour_then_the_budget_holds() -> None:
    world = existing()
    for number in range(20):
        world.deliver(part(f"table-{number}", ALARM, world.now))
        world.wait(minutes(2))

    assert [s.split()[0] for s in world.subjects] == ["WARNING", "WARNING", "FLAPPING"]


@pytest.mark.parametrize("heard", [("",), ("orders",), ("orders", "invoices"), ("", "orders")])
@pytest.mark.parametrize("how", ["told", "reconciled", "deleted", "gone"])
def test_alarm_over_series_when_the_whole_ends_then_every_series_does(
    heard: tuple[str, ...], how: str
) -> None:
    """The ends of the series may be lost: CloudWatch describes the alarm as a whole alone."""
    world = World()
    for table in heard:
        world.deliver(part(table, ALARM, world.now))
    world.alarms["api-errors"] = whole(ALARM, world)._replace(alarm_type="MetricAlarm")
    world.wait(minutes(10))
    world.reconcile()
    assert len(world.messages) == 1

    if how == "told":
        world.deliver(part("", OK, world.now))
    elif how == "reconciled":
        world.alarms["api-errors"] = whole(OK, world)
    else:
        del world.alarms["api-errors"]
        if how == "deleted":
            world.deliver(deletion(world, "api-errors"))
    world.wait(minutes(5))
    world.reconcile()
    world.wait(minutes(5))

    end = "RESOLVED" if how in ("told", "reconciled") else "CLOSED"
    assert [subject.split()[0] for subject in world.subjects] == ["WARNING", end]


def test_series_when_it_fires_after_the_whole_ended_then_it_begins_again() -> None:
    world = World()
    world.deliver(part("orders", ALARM, world.now))
    world.wait(minutes(10))
    world.deliver(part("", OK, world.now))
    world.wait(minutes(90))

    world.deliver(part("orders", ALARM, world.now))
    world.wait(minutes(5))

    assert [subject.split()[0] for subject in world.subjects] == ["WARNING", "RESOLVED", "WARNING"]


def test_series_when_it_fires_just_now_then_an_older_end_of_the_whole_does_not_end_it() -> None:
    world = World()
    world.deliver(part("orders", ALARM, world.now))
    world.wait(minutes(10))
    world.deliver(part("", OK, world.now - minutes(12)))
    world.wait(minutes(5))

    assert [subject.split()[0] for subject in world.subjects] == ["WARNING"]
