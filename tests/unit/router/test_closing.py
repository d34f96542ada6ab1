"""An incident that is closed by hand: one message, then silence until an alarm fires again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import IncidentKey, Scope
from shared.silences import Silence
from tests.unit.router.builders import alarm, foreign, latest, minutes, notification
from tests.unit.router.world import World

ARN = foreign().alarm_arn


def closing(at: datetime, **of: Any) -> dict[str, Any]:
    """Return the request that ``balancectl incidents close`` publishes."""
    who = {"requested_by": "deploy/alice", "reason": "paid by invoice"}
    return {"kind": "close", "at": at.isoformat(), **who, **of}


def critical_world() -> World:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.transition(alarm("critical"), alarm("warning"))
    world.wait(minutes(5))
    return world


@pytest.mark.parametrize("is_foreign", [False, True])
def test_closing_when_an_alarm_still_fires_then_one_message_says_who_and_why(
    is_foreign: bool,
) -> None:
    world = critical_world()
    if is_foreign:
        world = World()
        world.transition(foreign())
        world.wait(minutes(5))
    request = closing(
        world.now, **({"alarm": ARN} if is_foreign else {"account": "openrouter-main"})
    )

    for _ in range(3):
        assert world.deliver(request) == []
    for _ in range(300):
        world.wait(minutes(5))
        world.reconcile()

    assert len(world.messages) == 2
    end = world.messages[1]
    assert end.subject.startswith("CLOSED ")
    assert 'closed by hand: "deploy/alice: paid by invoice"' in end.email
    assert end.status.value == "resolved"


@pytest.mark.parametrize("is_lost", [False, True])
def test_closing_when_the_alarm_clears_and_fires_again_then_that_is_announced(
    is_lost: bool,
) -> None:
    """However much of it is lost on the way: CloudWatch knows since when it fires."""
    world = critical_world()
    world.deliver(closing(world.now, account="openrouter-main"))
    world.wait(minutes(60))
    anew = alarm("critical", at=world.now - minutes(3))
    world.alarms[anew.alarm_name] = anew

    world.reconcile() if is_lost else world.deliver(notification(anew))
    world.wait(minutes(5))

    assert [s.split()[0] for s in world.subjects] == ["CRITICAL", "CLOSED", "CRITICAL"]


def test_closing_when_the_alarm_clears_then_nothing_more_is_said() -> None:
    world = critical_world()
    world.deliver(closing(world.now, account="openrouter-main"))
    world.wait(minutes(60))

    world.transition(*(alarm(k, AlarmState.OK, at=world.now) for k in ("critical", "warning")))
    world.wait(minutes(5))
    world.reconcile()

    assert len(world.messages) == 2
    incident = world.table.load(IncidentKey(Scope.ACCOUNT, "openrouter-main"))
    assert not any(status.is_dismissed for status in incident.alarms.values())


def test_closing_when_another_alarm_of_the_account_fires_later_then_it_is_announced() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("12.30"))})
    world.transition(alarm("warning"))
    world.wait(minutes(5))
    world.deliver(closing(world.now, account="openrouter-main"))
    world.wait(minutes(60))

    world.records["openrouter-main"] = latest(balance=Decimal("3.20"), balance_at=world.now)
    world.transition(alarm("critical", at=world.now))

    assert [s.split()[0] for s in world.subjects] == ["WARNING", "CLOSED", "CRITICAL"]


def test_closing_when_it_arrives_after_the_incident_that_it_meant_then_the_next_one_stays() -> None:
    world = critical_world()
    late = closing(world.now, account="openrouter-main")
    ends = [alarm(k, AlarmState.OK, at=world.now) for k in ("critical", "warning")]
    world.records["openrouter-main"] = latest(balance=Decimal(50), balance_at=world.now)
    world.transition(*ends)
    world.wait(minutes(90))
    world.records["openrouter-main"] = latest(balance=Decimal(3), balance_at=world.now)
    world.transition(alarm("critical", at=world.now))

    world.deliver(late)

    assert [s.split()[0] for s in world.subjects] == ["CRITICAL", "RESOLVED", "CRITICAL"]


def test_closing_when_nobody_was_alerted_then_nobody_is_notified_of_the_end() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("12.30"))})
    world.table.silenced = [Silence("openrouter-main", world.now + minutes(600), "1", "", "", None)]
    world.transition(alarm("warning"))
    world.deliver(closing(world.now, account="openrouter-main"))
    world.table.silenced = []

    for _ in range(30):
        world.wait(minutes(5))
        world.reconcile()

    assert world.messages == []


@pytest.mark.parametrize("account", ["openrouter-main", "never-heard-of"])
def test_closing_when_nothing_is_open_then_nothing_happens(account: str) -> None:
    world = World(records={"openrouter-main": latest()})

    assert world.deliver(closing(world.now, account=account)) == []

    assert world.messages == []
    assert world.table.items == {}


@pytest.mark.parametrize(
    "broken",
    [
        {"account": ""},
        {"account": 7},
        {},
        {"account": "a", "at": None},
        {"account": "a", "at": "x"},
    ],
)
def test_closing_when_the_request_is_incomplete_then_it_fails_alone(broken: dict[str, Any]) -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})

    failed = world.deliver(closing(world.now) | broken, notification(alarm("critical")))

    assert failed == ["0"]
    assert [s.split()[0] for s in world.subjects] == ["CRITICAL"]


def test_closing_when_sns_refuses_then_the_message_follows() -> None:
    world = critical_world()

    def refuse(*_: Any) -> None:
        raise OSError("SNS is away")

    world.on_publish_form = refuse
    assert world.deliver(closing(world.now, account="openrouter-main")) == ["0"]
    world.on_publish_form = lambda *_: None
    world.wait(minutes(5))
    world.reconcile()

    assert [s.split()[0] for s in world.subjects] == ["CRITICAL", "CLOSED"]
    assert "closed by hand" in world.subjects[1]
