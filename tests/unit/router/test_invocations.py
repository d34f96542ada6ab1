"""How invocations share work: they wait for each other, read little, and report what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from alert_router.events.alarm import AlarmChange
from alert_router.incidents.incident import AlarmStatus, Incident, IncidentKey, Scope
from alert_router.incidents.snapshot import newest_balance
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.formats.message import Message
from alert_router.notify.flush import flush
from alert_router.notify.reconcile import ReconcileError, reconcile
from alert_router.notify.sending.joining import Joining, join
from alert_router.notify.update import BusyError
from shared.names import Severity
from shared.records import Latest
from shared.times import format_time
from tests.unit.router import kinds
from tests.unit.router.builders import NOW, alarm, latest, minutes
from tests.unit.router.world import Crash, World

SECOND = timedelta(seconds=1)
TICK = {"kind": "tick"}
TEAM = Subscriber("team", Form.EMAIL)
#: The minute in which the team's critical alerts join.
LEASE = f"joined/firing/{TEAM.address}"


@pytest.mark.parametrize("held", [0, 1, 3])
def test_flush_when_another_one_flushes_then_waits_until_it_is_done(held: int) -> None:
    world = World()
    world.table.leases["flushing"] = world.now + held * SECOND

    flush(world.context())

    assert held * SECOND <= world.now - NOW < held * SECOND + timedelta(milliseconds=300)


def test_flush_when_another_one_never_ends_then_gives_up_after_four_seconds() -> None:
    world = World()
    world.table.leases["flushing"] = world.now + minutes(5)

    with pytest.raises(BusyError):
        flush(world.context())

    assert world.now - NOW == 4 * SECOND


NAMES = [f"team-{n}" for n in range(9)]


def reads(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Return a list that grows with each read of records by the accounts asked for."""
    asked: list[set[str]] = []
    read = World.read

    def count(self: World, accounts: Iterable[str]) -> dict[str, Latest | None]:
        wanted = list(accounts)
        asked.append(set(wanted))
        return read(self, wanted)

    monkeypatch.setattr(World, "read", count)
    return asked


def test_batch_when_it_changes_many_accounts_then_their_records_are_read_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(records={name: latest(name) for name in NAMES})
    asked = reads(monkeypatch)

    assert world.transition(*(alarm(account=name) for name in NAMES)) == []

    assert asked == [set(NAMES)]


@pytest.mark.parametrize("how", ["flush", "reconcile"])
def test_flush_and_reconcile_when_many_are_due_then_their_records_are_read_together(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    world = World(records={name: latest(name) for name in NAMES})
    world.transition(*(alarm(account=name) for name in NAMES))
    world.now += minutes(1)
    asked = reads(monkeypatch)

    assert world.invoke({"kind": "flush", "group": "warning"} if how == "flush" else TICK) == []

    assert asked == [set(NAMES)]
    assert len(world.messages) == 1


def test_reconcile_when_a_group_is_refused_then_says_so_and_tries_again() -> None:
    names = [f"team-{n}" for n in range(9)]
    world = World(records={name: latest(name) for name in names})
    world.transition(*(alarm(account=name) for name in names))
    world.now += minutes(2)

    def refuse(_: Message) -> None:
        raise OSError

    world.on_publish = refuse
    with pytest.raises(ReconcileError, match="grouped messages were not accepted"):
        reconcile(world.context())
    world.on_publish = lambda _: None
    world.now += minutes(5)
    reconcile(world.context())

    assert len(world.messages) == 1


@pytest.mark.parametrize(("balance", "is_known"), [("4.99", True), ("5", False), ("5.01", False)])
def test_balance_when_a_later_alarm_contradicts_the_record_then_is_unknown(
    balance: str, is_known: bool
) -> None:
    """An alarm fires below its threshold, so a record at or above it is from before."""
    firing = {"critical": AlarmStatus(firing=True, at=NOW)}
    incident = Incident(IncidentKey(Scope.ACCOUNT, "openrouter-main"), alarms=firing)
    record = latest(balance=Decimal(balance), balance_at=NOW - minutes(30))

    found, _ = newest_balance(incident, record, NOW)

    assert (found is not None) is is_known


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (30, 0)])
def test_history_when_messages_are_many_then_is_not_read(
    monkeypatch: pytest.MonkeyPatch, count: int, drawn: int
) -> None:
    """A day of points for each account of a digest would cost more than it tells."""
    names = [f"team-{n}" for n in range(count)]
    world = World(records={name: latest(name) for name in names}, digest_above=1)
    asked: list[str] = []

    def history(_: World, account: str, *__: datetime) -> Mapping[datetime, Decimal]:
        asked.append(account)
        return {}

    monkeypatch.setattr(World, "history", history)

    world.transition(*(alarm(account=name) for name in names))
    world.wait(minutes(2))

    assert len(asked) == drawn


@pytest.mark.parametrize(
    ("ends_in", "is_flushed", "waits"),
    [
        (30, False, True),  # somebody else's minute
        (0, True, True),  # it is over, and its flush is under way
        (-2, True, True),
        (-3, True, False),  # its flush has been
        (-1, False, False),  # nobody waited for it
    ],
)
def test_critical_when_a_minute_has_begun_then_joins_what_is_still_to_come(
    ends_in: int, is_flushed: bool, waits: bool
) -> None:
    until = NOW + ends_in * SECOND
    world = World()
    world.table.leases[LEASE] = until
    if is_flushed:
        world.table.leases[f"flush-requested/joined/{format_time(until)}"] = until

    assert bool(joined(world, have_waited=False).joins) is waits


@pytest.mark.parametrize(("ends_in", "waits"), [(50, True), (3, True), (2, False), (-9, False)])
def test_critical_when_it_has_waited_then_waits_again_for_a_minute_that_just_began(
    ends_in: int, waits: bool
) -> None:
    world = World()
    world.table.leases[LEASE] = NOW + ends_in * SECOND

    assert bool(joined(world, have_waited=True).joins) is waits
    assert (world.table.leases[LEASE] == NOW + minutes(1)) is not waits


def joined(world: World, *, have_waited: bool) -> Joining:
    """Return who has to wait for one critical alert of one subscriber."""
    told = kinds.opened(latest(balance=Decimal("3.20")), Severity.CRITICAL)
    delivered: dict[IncidentKey, frozenset[str]] = {told.key: frozenset()}
    return join(world.context(), [told], [TEAM], delivered, have_waited=have_waited)


def test_alert_when_its_mark_is_not_written_then_the_record_comes_again() -> None:
    """Acknowledged, nobody would know whether people were alerted."""
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})

    def refuse(incident: Incident) -> None:
        if incident.last_notification is not None:
            raise OSError

    world.table.before_save = refuse

    assert world.transition(alarm("critical")) == ["0"]


@pytest.mark.parametrize(("seconds", "count"), [(59, 0), (60, 1), (61, 1)])
def test_transition_when_its_incident_joins_the_next_message_then_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, seconds: int, count: int
) -> None:
    """The flush compares it, before anything is sent."""
    low = {"balance": Decimal("3.20")}
    world = World(records={name: latest(name, **low) for name in ("one", "two")})
    world.transition(alarm("critical", account="one"))
    world.transition(alarm("critical", account="two"))
    world.now += seconds * SECOND
    asked: list[set[str]] = []
    states = World.states

    def note(self: World, names: Iterable[str]) -> Mapping[str, AlarmChange]:
        wanted = set(names)
        asked.append(wanted)
        return states(self, wanted)

    monkeypatch.setattr(World, "states", note)

    assert world.transition(alarm("warning", account="two", at=world.now)) == []

    assert len(asked) == count


def test_invocations_when_they_meet_then_one_waits_for_four_seconds() -> None:
    """About as long as publishing takes, in many short pauses; the record comes back then."""
    world = World(records={"one": latest("one", balance=Decimal("3.20"))}, lease=minutes(5))

    def die(_: Message) -> None:
        raise Crash

    world.on_publish = die
    with pytest.raises(Crash):
        world.transition(alarm("critical", account="one"))
    started, pauses = world.now, []
    world.on_pause = lambda: pauses.append(world.now)

    assert world.transition(alarm("warning", account="one", at=world.now)) == ["0"]

    assert world.now - started == 4 * SECOND
    assert len(pauses) == 40
