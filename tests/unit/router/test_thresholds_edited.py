"""A threshold changed or removed while its alarm fires ends the incident as that."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmChange, AlarmState
from shared.records import Thresholds
from tests.unit.router.builders import alarm, foreign, latest, minutes
from tests.unit.router.world import World

STALE = alarm("stale", AlarmState.OK)


def fired(kind: str, threshold: str, value: str, **record: Any) -> World:
    """Return a world in which one alarm of a watched account was announced."""
    limits = {"thresholds": Thresholds(critical=Decimal(20))} if kind == "critical" else {}
    world = World(records={"openrouter-main": latest(**limits | record)})
    world.alarms[STALE.alarm_name] = STALE
    world.transition(change(kind, AlarmState.ALARM, world.now, threshold, value))
    world.wait(minutes(5))
    assert len(world.messages) == 1
    return world


def change(kind: str, state: AlarmState, at: datetime, threshold: str, value: str) -> AlarmChange:
    """Return a transition with the reason that CloudWatch gives for it."""
    point = f"Threshold Crossed: 1 datapoint [{value} ({at - minutes(1):%d/%m/%y %H:%M:%S})] was"
    reason = f"{point} compared with the threshold ({threshold})."
    return alarm(kind, state, at=at, threshold=threshold)._replace(reason=reason)


@pytest.mark.parametrize(
    ("kind", "old", "new", "value", "words"),
    [
        ("warning", "20", "10", "12.30", "warning threshold was changed from 20.00 USD to 10.00"),
        ("critical", "15", "5", "12.30", "critical threshold was changed from 15.00 USD to 5.00"),
        ("runway-warning", "48", "12", "20", "runway threshold was changed from 48 h to 12 h"),
        ("runway-critical", "24", "6", "9", "critical runway threshold was changed from 24 h to 6"),
        ("expiry", "30", "7", "12", "expiry threshold was changed from 30 days to 7 days"),
        ("drain", "40", "90", "60", "burn threshold was changed from 40 to 90"),
    ],
)
def test_threshold_when_it_is_changed_below_the_value_then_the_end_says_so(
    kind: str, old: str, new: str, value: str, words: str
) -> None:
    world = fired(kind, old, value)
    edited = {kind: Decimal(new)} if kind in ("warning", "critical") else {}
    world.records["openrouter-main"] = latest(thresholds=Thresholds(**edited))

    world.transition(change(kind, AlarmState.OK, world.now, new, value))
    world.wait(minutes(5))

    end = world.messages[-1]
    assert end.subject.startswith("CLOSED ")
    assert words in end.email
    assert "RESOLVED" not in end.sms


@pytest.mark.parametrize("new", ["10", "30"])
def test_threshold_when_it_is_changed_but_the_value_recovered_anyway_then_it_is_resolved(
    new: str,
) -> None:
    world = fired("warning", "20", "12.30")
    world.records["openrouter-main"] = latest(
        balance=Decimal(62), balance_at=world.now, thresholds=Thresholds(warning=Decimal(new))
    )
    world.transition(change("warning", AlarmState.OK, world.now, new, "62"))
    world.wait(minutes(5))

    assert world.subjects[-1].startswith("RESOLVED OpenRouter openrouter-main: 62.00 USD left")
    assert "threshold was" not in world.messages[-1].email


@pytest.mark.parametrize("kind", ["warning", "critical", "runway-critical", "drain", "expiry"])
def test_threshold_when_it_is_removed_then_the_end_says_so_and_not_that_nobody_watches(
    kind: str,
) -> None:
    world = fired(kind, "20", "12.30")
    del world.alarms[alarm(kind).alarm_name]
    world.records["openrouter-main"] = latest(thresholds=Thresholds())
    world.wait(minutes(5))

    world.reconcile()
    world.wait(minutes(5))

    end = world.messages[-1]
    assert end.subject.startswith("CLOSED ")
    assert "threshold was removed" in end.subject
    assert "no longer watched" not in end.email + end.sms


def test_threshold_when_one_of_two_problems_ends_by_its_removal_then_that_is_said() -> None:
    world = fired("warning", "20", "12.30")
    world.transition(change("drain", AlarmState.ALARM, world.now, "40", "60"))
    world.wait(minutes(5))
    del world.alarms[alarm("drain").alarm_name]

    world.wait(minutes(5))
    world.reconcile()
    world.wait(minutes(5))

    assert world.subjects[-1].startswith("IMPROVED ")
    assert "burn threshold was removed" in world.subjects[-1]
    assert "normal again" not in world.messages[-1].email


def test_account_when_it_is_removed_as_a_whole_then_it_is_no_longer_watched() -> None:
    world = fired("warning", "20", "12.30")
    world.alarms.clear()
    world.wait(minutes(5))

    world.reconcile()

    assert world.subjects[-1].endswith("no longer watched, its alarms are gone")


def test_foreign_alarm_when_its_threshold_changed_then_its_end_says_that_too() -> None:
    world = World()
    world.transition(foreign())
    world.wait(minutes(5))
    cleared = foreign(AlarmState.OK, at=world.now)

    world.transition(cleared._replace(metric=cleared.metric._replace(threshold=Decimal(25))))
    world.wait(minutes(5))

    assert "OK again, its threshold was changed from 10 to 25" in world.subjects[-1]
