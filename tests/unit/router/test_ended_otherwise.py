"""Incidents that end although no alarm cleared: it was deleted, or watches another provider."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.subscriber import Form, Subscriber
from tests.unit.router.builders import (
    AWS_ACCOUNT,
    REGION,
    alarm,
    foreign,
    latest,
    minutes,
    notification,
)
from tests.unit.router.world import World


def deletion(world: World, name: str, operation: str = "delete") -> dict[str, Any]:
    """Return EventBridge's event about an edited alarm."""
    return {
        "version": "0",
        "detail-type": "CloudWatch Alarm Configuration Change",
        "source": "aws.cloudwatch",
        "account": AWS_ACCOUNT,
        "time": world.now.isoformat(),
        "region": REGION,
        "resources": [f"arn:aws:cloudwatch:{REGION}:{AWS_ACCOUNT}:alarm:{name}"],
        "detail": {
            "alarmName": name,
            "operation": operation,
            "state": {"value": "ALARM", "timestamp": world.now.isoformat()},
        },
    }


def test_foreign_alarm_when_it_is_deleted_then_it_ends_immediately() -> None:
    world = World()
    world.transition(foreign())
    world.wait(minutes(5))
    world.alarms.clear()

    assert world.deliver(deletion(world, "api-errors")) == []

    assert [s.split()[0] for s in world.subjects] == ["WARNING", "CLOSED"]
    world.reconcile()
    assert len(world.messages) == 2


def test_account_when_all_its_alarms_are_deleted_then_it_is_closed() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.transition(alarm("critical"), alarm("warning"))
    world.wait(minutes(5))
    world.alarms.clear()

    for kind in ("warning", "critical"):
        world.deliver(deletion(world, f"balance-monitor/openrouter-main/{kind}"))
    world.wait(minutes(2))

    assert [s.split()[0] for s in world.subjects] == ["CRITICAL", "CLOSED"]


@pytest.mark.parametrize("operation", ["create", "update", "", "DELETE"])
def test_alarm_when_its_configuration_changes_otherwise_then_nothing_is_sent(
    operation: str,
) -> None:
    world = World()
    world.transition(foreign())
    world.wait(minutes(5))

    assert world.deliver(deletion(world, "api-errors", operation)) == []

    assert len(world.messages) == 1


def test_alarm_when_it_is_deleted_before_it_was_known_then_nothing_is_stored() -> None:
    world = World()

    assert world.deliver(deletion(world, "somebody-elses")) == []

    assert world.messages == []
    assert world.table.items == {}


def test_alarm_when_it_fires_after_its_deletion_then_it_counts() -> None:
    """It was made again; the event about its deletion arrives late."""
    world = World()
    world.transition(foreign())
    world.wait(minutes(5))
    late = deletion(world, "api-errors")
    world.wait(minutes(1))
    world.transition(foreign(AlarmState.OK, at=world.now))
    world.wait(minutes(1))
    world.transition(foreign(at=world.now))
    world.wait(minutes(2))

    world.deliver(late)

    assert [s.split()[0] for s in world.subjects] == ["WARNING", "RESOLVED", "WARNING"]


FAR = "arn:aws:cloudwatch:us-east-1:999999999999:alarm:api-errors"


def unheard_world() -> World:
    """Return a world in which alarms of another account end after a week."""
    world = World()
    here = f"arn:aws:cloudwatch:{REGION}:{AWS_ACCOUNT}:alarm:"
    world.policy = {"foreign_expiry": timedelta(days=7), "readable_alarms": here}
    return world


def test_foreign_alarm_when_it_cannot_be_compared_then_it_ends_after_a_week_with_one_line() -> None:
    world = unheard_world()
    world.deliver(notification(foreign()._replace(alarm_arn=FAR)))
    for _ in range(24):
        world.wait(timedelta(hours=12))
        world.reconcile()

    tags = [subject.split(" api-errors")[0] for subject in world.subjects]
    assert tags == ["WARNING", *6 * ["STILL WARNING"], "NO DATA"]
    assert world.subjects[-1] == "NO DATA api-errors: no further news for 7 days"
    world.deliver(notification(foreign(at=world.now)._replace(alarm_arn=FAR)))
    world.wait(minutes(2))
    assert len(world.messages) == 9


def test_foreign_alarm_when_it_can_be_compared_then_it_stays_open() -> None:
    world = unheard_world()
    world.transition(foreign())
    for _ in range(20):
        world.wait(timedelta(hours=12))
        world.reconcile()

    assert {m.status.value for m in world.messages} == {"firing", "reminder"}


def test_account_when_its_provider_changes_then_its_incident_ends_and_another_begins() -> None:
    world = World(records={"main": latest("main", balance=Decimal("3.20"))})
    world.table.declared = [
        Subscriber("old", Form.EMAIL, providers=frozenset({"openrouter"})),
        Subscriber("new", Form.EMAIL, providers=frozenset({"firecrawl"})),
    ]
    world.transition(alarm("critical", account="main"))
    world.wait(minutes(5))
    world.records["main"] = latest(
        "main",
        provider="firecrawl",
        provider_title="Firecrawl",
        balance=Decimal("2.10"),
        balance_at=world.now,
    )

    world.reconcile()
    world.wait(minutes(5))
    world.reconcile()

    def read(name: str) -> list[str]:
        return [d.message.subject for d in world.deliveries if name in d.to]

    assert read("old")[1:] == ["CLOSED main: now an account of firecrawl, no longer of openrouter"]
    assert read("new") == ["CRITICAL Firecrawl main: 2.10 USD left, below 5.00 USD"]
