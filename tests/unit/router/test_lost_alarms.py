"""After one reconcile, an incident knows every alarm that CloudWatch reports, whatever was lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import IncidentKey, Scope
from shared.names import AlarmKind
from shared.outcome import Outcome
from tests.unit.router.builders import NOW, alarm, failing, foreign, latest, minutes, notification
from tests.unit.router.world import World

OK, ALARM = AlarmState.OK, AlarmState.ALARM
KEY = IncidentKey(Scope.ACCOUNT, "openrouter-main")
PAIRS = list(permutations([kind.value for kind in AlarmKind], 2))


def failing_world() -> World:
    """Return a router whose account has a record that contradicts no alarm."""
    record = latest(balance=Decimal("3.20"), balance_at=NOW - minutes(2))
    return World(records={"openrouter-main": record}, group_wait=timedelta())


def reconciled(world: World, length: timedelta) -> None:
    """Let time pass with a reconcile every five minutes."""
    end = world.now + length
    while world.now < end:
        world.wait(minutes(5))
        assert world.reconcile() == []


@pytest.mark.parametrize(("known", "lost"), PAIRS)
def test_alarm_when_it_fires_unnoticed_beside_a_known_one_then_it_is_found(
    known: str, lost: str
) -> None:
    world = failing_world()
    world.transition(alarm(known))
    world.wait(minutes(20))
    change = alarm(lost, at=world.now)
    world.alarms[change.alarm_name] = change

    world.reconcile()

    assert world.table.load(KEY).firing == {known, lost}


@pytest.mark.parametrize(("known", "lost"), PAIRS)
def test_end_when_it_is_unnoticed_beside_a_known_alarm_then_it_is_found(
    known: str, lost: str
) -> None:
    world = failing_world()
    world.transition(alarm(known), alarm(lost))
    world.wait(minutes(20))
    change = alarm(lost, OK, at=world.now)
    world.alarms[change.alarm_name] = change

    world.reconcile()

    assert world.table.load(KEY).firing == {known}


@pytest.mark.parametrize("lost", ["drain", "expiry", "stale", "critical"])
def test_problem_when_its_alarm_was_lost_beside_an_open_warning_then_it_is_announced(
    lost: str,
) -> None:
    world = World(records={"openrouter-main": latest(balance_at=NOW - minutes(2))})
    world.transition(alarm("warning"))
    world.wait(minutes(20))
    announced = len(world.messages)
    change = alarm(lost, at=world.now, value="3.20" if lost == "critical" else None)
    world.alarms[change.alarm_name] = change

    reconciled(world, minutes(15))

    assert len(world.messages) == announced + 1


def test_low_balance_when_only_an_expiry_is_known_then_both_lost_alarms_are_announced() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal(60))})
    world.transition(alarm("expiry"))
    world.wait(timedelta(days=14))
    world.records["openrouter-main"] = latest(balance=Decimal("3.20"), balance_at=world.now)
    for kind in ("warning", "critical"):
        change = alarm(kind, at=world.now)
        world.alarms[change.alarm_name] = change

    reconciled(world, minutes(10))

    assert world.subjects[-1].startswith("CRITICAL OpenRouter openrouter-main: 3.20 USD left")


def test_critical_when_it_comes_and_goes_late_then_its_end_is_known() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("12.30"))})
    world.transition(alarm("warning", at=NOW - minutes(30)), alarm("stale", at=NOW))
    world.wait(minutes(5))
    late, over = (
        alarm("critical", at=NOW - minutes(25)),
        alarm("critical", OK, at=NOW - minutes(20)),
    )
    world.alarms[over.alarm_name] = over

    world.deliver(notification(late))
    world.deliver(notification(over))
    reconciled(world, timedelta(hours=6))

    assert "critical" not in world.table.load(KEY).firing
    assert not any(
        m.status.value == "reminder" and m.severity == "critical" for m in world.messages
    )


def test_cloudwatch_when_it_contradicts_a_newer_transition_then_its_state_wins() -> None:
    world = failing_world()
    world.transition(alarm("critical", OK, at=NOW + minutes(1)))
    world.wait(minutes(10))
    change = alarm("critical", at=NOW)
    world.alarms[change.alarm_name] = change

    world.reconcile()

    assert world.table.load(KEY).firing == {"critical"}


def test_alarm_when_it_is_deleted_and_made_again_then_the_new_one_counts() -> None:
    world = failing_world()
    world.transition(alarm("critical"))
    world.wait(minutes(5))
    world.alarms.clear()
    world.reconcile()
    world.wait(minutes(5))

    world.transition(alarm("critical", at=world.now))

    assert [m.status.value for m in world.messages] == ["firing", "resolved", "firing"]


def test_deleted_alarm_when_an_old_transition_arrives_then_it_is_not_revived() -> None:
    world = failing_world()
    world.transition(alarm("critical"))
    world.wait(minutes(5))
    world.alarms.clear()
    world.reconcile()

    world.deliver(notification(alarm("critical", at=NOW + minutes(1))))

    assert [m.status.value for m in world.messages] == ["firing", "resolved"]


@pytest.mark.parametrize(
    "reason",
    [
        "[1E999999999 (23/11/26 14:05:00)]",
        "[1E-999999999 (23/11/26 14:05:00)]",
        "[ (99/99/99 99:99:99)]",
    ],
)
def test_record_when_its_text_is_hostile_then_its_neighbours_are_announced(reason: str) -> None:
    names = [f"team-{n}" for n in range(9)]
    world = World(records={name: latest(name, balance=Decimal("3.20")) for name in names})
    hostile = foreign()._replace(reason=f"Threshold Crossed: 1 datapoint {reason} was above 10.")
    bodies = [notification(hostile), *(notification(alarm("critical", account=n)) for n in names)]

    failed = world.deliver(*bodies)
    world.wait(minutes(5))

    assert failed == []
    assert {a for m in world.messages for a in m.accounts} == {"-", *names}


@pytest.mark.parametrize("lost", ["warning", "critical", "runway-critical", "drain", "expiry"])
@pytest.mark.parametrize("group_wait", [0, 60])
def test_end_when_another_alarm_fires_unnoticed_then_it_is_no_end(
    lost: str, group_wait: int
) -> None:
    world = World(records={"fc": failing("fc")}, group_wait=timedelta(seconds=group_wait))
    world.transition(alarm("stale", account="fc"))
    world.wait(minutes(2))
    change = alarm(lost, account="fc", at=world.now)
    world.alarms[change.alarm_name] = change
    world.records["fc"] = failing(
        "fc", outcome=Outcome.OK, reason=None, failing_since=None, balance_at=world.now
    )

    world.transition(alarm("stale", OK, account="fc", at=world.now))
    world.wait(minutes(2))

    assert "resolved" not in [m.status.value for m in world.messages]
    assert lost in world.table.load(IncidentKey(Scope.ACCOUNT, "fc")).firing


def test_group_when_an_end_in_it_was_lost_then_it_is_not_announced_as_open() -> None:
    world = World(records={"openrouter-main": latest()})
    world.transition(alarm())
    over = alarm(state=OK, at=world.now + timedelta(seconds=30))
    world.alarms[over.alarm_name] = over

    world.wait(minutes(10))

    assert world.messages == []


@pytest.mark.parametrize("minutes_ago", [0, 1, 1.9])
def test_transition_when_it_is_young_then_it_is_believed_before_cloudwatch_answers_the_same(
    minutes_ago: float,
) -> None:
    world = failing_world()
    world.transition(alarm("warning", at=NOW - minutes(30)))
    behind = alarm("critical", OK, at=NOW - minutes(60))
    world.alarms[behind.alarm_name] = behind

    world.deliver(notification(alarm("critical", at=NOW - minutes(minutes_ago))))

    assert world.subjects[-1].startswith("CRITICAL")
    assert world.table.load(KEY).firing == {"warning", "critical"}


def test_lost_alarm_when_it_is_muted_then_it_is_not_announced_with_another() -> None:
    world = World(records={"openrouter-main": latest()}, group_wait=timedelta())
    world.transition(alarm("warning"))
    world.wait(minutes(5))
    muted = alarm("expiry", at=world.now)
    world.alarms[muted.alarm_name] = muted
    world.muted = {muted.alarm_name}

    world.transition(alarm("drain", at=world.now))
    reconciled(world, timedelta(hours=1))

    assert world.table.load(KEY).firing == {"warning", "drain"}
    assert len(world.messages) == 2
