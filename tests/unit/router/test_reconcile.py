"""Reconciling: reminders, missed transitions, the ends of silences, deleted alarms."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.messages.formats.message import Message
from shared.silences import Silence
from tests.unit.router.builders import NOW, alarm, failing, foreign, latest, minutes, notification
from tests.unit.router.world import Crash, World

OK = AlarmState.OK
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    """Return a router that has announced one critical account."""
    made = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    made.transition(alarm("warning"), alarm("critical"))
    return made


def pass_time(world: World, length: timedelta) -> None:
    """Let time pass with a reconcile every five minutes."""
    end = world.now + length
    while world.now < end:
        world.wait(minutes(5))
        assert world.reconcile() == []


def test_reminder_when_a_critical_lasts_then_it_comes_every_four_hours(world: World) -> None:
    world.records["openrouter-main"] = latest(balance=Decimal("1.10"))

    pass_time(world, 9 * HOUR)

    assert [m.status.value for m in world.messages] == ["firing", "reminder", "reminder"]
    assert "open for 4 h" in world.subjects[1]
    assert "from 3.20 USD at the last message to 1.10 USD" in world.messages[1].email


def test_reminder_when_it_is_off_then_none_comes(world: World) -> None:
    world.repeat_after = {}

    pass_time(world, 30 * HOUR)

    assert len(world.messages) == 1


def test_reminders_when_many_are_due_then_they_are_a_digest() -> None:
    names = [f"team-{n}" for n in range(7)]
    world = World(records={name: latest(name) for name in names})
    world.transition(*(alarm(account=name) for name in names))

    pass_time(world, 25 * HOUR)

    assert [m.status.value for m in world.messages] == ["digest", "digest"]
    assert world.subjects[1].startswith("REMINDER 7 accounts, worst WARNING OpenRouter")


def test_provider_when_it_stays_unreachable_then_one_reminder_says_so() -> None:
    names = [f"fc-{n}" for n in range(7)]
    world = World(records={name: failing(name) for name in names})
    world.transition(*(alarm("stale", account=n, provider="firecrawl") for n in names))

    pass_time(world, 25 * HOUR)

    assert world.subjects == [
        "WARNING Firecrawl unreachable: 7 accounts",
        "STILL WARNING Firecrawl unreachable for 24 h 46 min: 7 accounts",
    ]


def test_alarm_when_it_cleared_unnoticed_then_it_is_recovered_by_reconciling(world: World) -> None:
    for kind in ("warning", "critical"):
        world.alarms[f"balance-monitor/openrouter-main/{kind}"] = alarm(
            kind, OK, at=NOW + minutes(3)
        )

    pass_time(world, minutes(10))

    assert [m.status.value for m in world.messages] == ["firing", "resolved"]


def test_alarm_when_it_fired_unnoticed_then_it_is_announced_by_reconciling() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    change = alarm("critical")
    world.alarms[change.alarm_name] = change

    pass_time(world, minutes(15))

    assert [m.status.value for m in world.messages] == ["firing"]


def test_account_when_its_alarms_are_gone_then_that_is_announced_once(world: World) -> None:
    world.alarms.clear()

    pass_time(world, HOUR)
    world.deliver(notification(alarm("critical")))

    assert world.subjects[1:] == [
        "CLOSED OpenRouter openrouter-main: no longer watched, its alarms are gone"
    ]


def test_threshold_when_one_alarm_is_gone_then_the_other_still_holds(world: World) -> None:
    del world.alarms["balance-monitor/openrouter-main/critical"]
    world.records["openrouter-main"] = latest()

    pass_time(world, HOUR)

    assert len(world.messages) == 2
    assert world.subjects[1].startswith("IMPROVED")


def test_foreign_alarm_when_it_is_gone_then_that_is_announced() -> None:
    world = World()
    world.transition(foreign())
    world.wait(minutes(2))
    world.alarms.clear()

    pass_time(world, minutes(20))

    assert [m.status.value for m in world.messages] == ["firing", "resolved"]
    assert world.subjects[1].startswith("CLOSED api-errors")


def test_cloudwatch_when_it_cannot_be_read_then_reminders_still_go_out(world: World) -> None:
    world.is_cloudwatch_down = True
    world.now += 5 * HOUR

    failed = world.reconcile()

    assert failed == [None]
    assert [m.status.value for m in world.messages] == ["firing", "reminder"]


def test_flush_when_its_request_was_lost_then_reconciling_flushes() -> None:
    world = World(records={"openrouter-main": latest()})
    world.transition(alarm())
    world.flushes.clear()

    pass_time(world, minutes(10))

    assert [m.status.value for m in world.messages] == ["firing"]


@pytest.mark.parametrize("pattern", ["all", "openrouter-main", "open*", "provider:openrouter"])
def test_silence_when_it_covers_an_account_then_its_news_wait_for_its_end(pattern: str) -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.table.silenced = [Silence(pattern, NOW + 2 * HOUR)]

    world.transition(alarm("critical"))
    pass_time(world, HOUR)
    silent = len(world.messages)
    pass_time(world, 2 * HOUR)

    assert silent == 0
    assert [m.status.value for m in world.messages] == ["firing"]


@pytest.mark.parametrize("pattern", ["other", "provider:firecrawl", "OPENROUTER-MAIN"])
def test_silence_when_it_covers_others_then_the_account_is_announced(pattern: str) -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.table.silenced = [Silence(pattern, NOW + 2 * HOUR)]

    world.transition(alarm("critical"))

    assert len(world.messages) == 1


def test_silence_when_the_problem_ends_before_it_then_nothing_is_sent() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.table.silenced = [Silence("all", NOW + 2 * HOUR)]
    world.transition(alarm("critical"))
    pass_time(world, HOUR)

    world.transition(alarm("critical", OK, at=world.now))
    pass_time(world, 3 * HOUR)

    assert world.messages == []


def test_silence_when_people_knew_before_then_the_end_is_announced_after_it(world: World) -> None:
    world.table.silenced = [Silence("all", NOW + 9 * HOUR)]
    pass_time(world, 6 * HOUR)
    world.transition(alarm("critical", OK, at=world.now), alarm("warning", OK, at=world.now))
    silent = len(world.messages)

    pass_time(world, 4 * HOUR)

    assert silent == 1
    assert [m.status.value for m in world.messages] == ["firing", "resolved"]


def test_foreign_alarm_when_its_name_is_silenced_then_it_is_not_told() -> None:
    world = World()
    world.table.silenced = [Silence("api-*", NOW + HOUR)]

    world.transition(foreign())
    world.wait(minutes(5))

    assert world.messages == []


def test_grouped_message_when_its_sender_crashes_then_it_is_repeated_once_and_whole() -> None:
    names = [f"fc-{n}" for n in range(4)]
    world = World(records={name: failing(name) for name in names})
    world.transition(*(alarm("stale", account=n, provider="firecrawl") for n in names))

    def die(_: Message) -> None:
        world.after_publish = lambda _: None
        raise Crash

    world.after_publish = die
    with pytest.raises(Crash):
        world.wait(minutes(2))
    pass_time(world, minutes(20))

    assert world.subjects == ["WARNING Firecrawl unreachable: 4 accounts"] * 2


@pytest.mark.parametrize("kind", ["critical", "warning"])
def test_muted_alarm_when_it_is_known_but_was_not_announced_then_waits_for_the_rules_end(
    kind: str,
) -> None:
    balance = Decimal("3.20") if kind == "critical" else Decimal("12.30")
    world = World(records={"openrouter-main": latest(balance=balance)})
    world.table.silenced = [Silence("all", NOW + HOUR)]
    world.transition(alarm(kind))
    world.muted = {alarm(kind).alarm_name}
    pass_time(world, 3 * HOUR)
    muted = len(world.messages)
    world.muted.clear()

    pass_time(world, minutes(10))

    assert muted == 0
    assert [m.status.value for m in world.messages] == ["firing"]


def test_muted_alarm_when_another_one_changes_then_that_is_known() -> None:
    """Nothing is announced, so no rule holds it up."""
    world = World(records={"openrouter-main": latest()})
    world.table.silenced = [Silence("all", NOW + 9 * HOUR)]
    world.transition(alarm("warning"), alarm("stale"))
    world.muted = {alarm("warning").alarm_name}
    world.wait(HOUR)
    world.alarms[alarm("stale").alarm_name] = alarm("stale", OK, at=world.now - minutes(5))

    world.reconcile()

    (incident,) = world.table.incidents()
    assert incident.firing == {"warning"}
