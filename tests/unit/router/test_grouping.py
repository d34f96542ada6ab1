"""Which notifications wait for which others, and until when."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import GroupWait, Incident, IncidentKey, Scope
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.formats.message import Message
from shared.names import Severity
from shared.outcome import Outcome
from tests.unit.router.builders import NOW, alarm, failing, foreign, latest, minutes
from tests.unit.router.world import World

OK = AlarmState.OK
SECOND = timedelta(seconds=1)
FIRE = {"provider": "firecrawl"}


def waiting(world: World, account: str) -> GroupWait | None:
    return world.table.load(IncidentKey(Scope.ACCOUNT, account)).waiting


def unreachable(*names: str) -> World:
    """Return a world that announced half an hour ago that a provider fails for accounts."""
    world = World(records={name: failing(name) for name in names})
    world.transition(*(alarm("stale", account=name, **FIRE) for name in names))
    world.wait(minutes(30))
    assert len(world.messages) == 1
    return world


def answers(world: World, *names: str) -> None:
    """Let accounts be read again."""
    for name in names:
        world.records[name] = failing(name, outcome=Outcome.OK, reason=None, balance_at=world.now)
    world.transition(*(alarm("stale", OK, account=n, at=world.now, **FIRE) for n in names))


@pytest.mark.parametrize(
    ("kind", "record", "group", "seconds"),
    [
        ("warning", latest("one"), "warning", 60),
        ("expiry", latest("one"), "warning", 60),
        ("stale", failing("one"), "stale/firecrawl", 60),
        ("stale", None, "never-polled", 15 * 60),
        ("stale", failing("one", balance=None, balance_at=None), "not-set-up", 60),
    ],
)
def test_alert_when_it_may_be_one_of_many_then_waits_for_those_alike(
    kind: str, record: Any, group: str, seconds: int
) -> None:
    world = World(records={"one": record} if record else {})
    provider = record.provider if record else "firecrawl"

    world.transition(alarm(kind, account="one", provider=provider))

    assert waiting(world, "one") == GroupWait(group, NOW, NOW + seconds * SECOND)
    assert world.flushes == [(NOW + seconds * SECOND, group)]


def test_foreign_alarms_when_they_fire_then_wait_for_each_other() -> None:
    world = World()

    world.transition(foreign(name="a"), foreign(name="b"))

    assert world.flushes == [(NOW + minutes(1), "foreign")]
    waits = [incident.waiting for incident in world.table.incidents()]
    assert waits == [GroupWait("foreign", NOW, NOW + minutes(1))] * 2


def test_alert_when_its_group_changes_while_it_waits_then_it_waits_no_longer() -> None:
    world = World(records={"one": failing("one")})
    world.transition(alarm("stale", account="one", **FIRE))
    world.wait(30 * SECOND)
    world.records["one"] = failing("one", balance=Decimal(4000))

    world.transition(alarm("warning", account="one", at=world.now, **FIRE))

    assert waiting(world, "one") == GroupWait("warning", NOW, NOW + minutes(1))


def test_end_when_it_was_announced_in_a_group_then_waits_in_that_group() -> None:
    world = World(records={name: latest(name) for name in ("one", "two")}, digest_above=1)
    world.transition(alarm(account="one"), alarm(account="two"))
    world.wait(minutes(10))
    last = world.table.load(IncidentKey(Scope.ACCOUNT, "one")).last_notification
    assert last is not None
    world.records["one"] = latest("one", balance=Decimal(60), balance_at=world.now)

    world.transition(alarm("warning", OK, account="one", at=world.now))

    assert waiting(world, "one") == GroupWait(last.group, world.now, world.now + minutes(1))
    assert last.group.startswith("digest/")


def test_end_when_it_was_announced_alone_then_is_sent_immediately() -> None:
    world = World(records={"one": latest("one")})
    world.transition(alarm(account="one"))
    world.wait(minutes(10))
    world.records["one"] = latest("one", balance=Decimal(60), balance_at=world.now)

    world.transition(alarm("warning", OK, account="one", at=world.now))

    assert [m.status.value for m in world.messages] == ["firing", "resolved"]


@pytest.mark.parametrize(("seconds", "is_sent"), [(-3, False), (-2, True), (0, True), (1, True)])
def test_end_of_a_group_when_one_is_missing_then_waits_for_it_a_quarter_of_an_hour(
    seconds: int, is_sent: bool
) -> None:
    world = unreachable("one", "two", "three")
    answers(world, "one", "two")
    world.flushes.clear()
    world.now += minutes(15) + seconds * SECOND

    world.reconcile()

    assert [s.split()[0] for s in world.subjects[1:]] == ["RESOLVED"][:is_sent]


def test_end_of_a_group_when_the_last_follows_then_is_one_message() -> None:
    world = unreachable("one", "two", "three")
    answers(world, "one", "two")
    world.wait(minutes(10))
    answers(world, "three")
    world.wait(minutes(1))

    assert len(world.messages) == 2
    assert sorted(world.messages[1].accounts) == ["one", "three", "two"]
    assert "not yet" not in world.messages[1].email


def test_end_of_a_group_when_it_comes_in_parts_then_names_who_is_left_to_whom_it_concerns() -> None:
    world = unreachable("one", "two", "three")
    own = frozenset({"one", "two"})
    world.table.declared = [
        Subscriber("team", Form.EMAIL, accounts=own),
        Subscriber("calm", Form.EMAIL, severities=frozenset({"warning"}), accounts=own),
        Subscriber("loud", Form.EMAIL, severities=frozenset({"critical"})),
        Subscriber("begins", Form.EMAIL, statuses=frozenset({"firing"})),
    ]
    answers(world, "one")
    world.wait(minutes(20))
    before = len(world.deliveries)
    world.reconcile()

    ends = [d for d in world.deliveries[before:] if d.form is Form.EMAIL]
    assert {d.to: d.message.subject.rpartition(", ")[2] for d in ends} == {
        ("team", "calm"): "1 account not yet",
        ("*",): "2 accounts not yet",
    }
    assert [{"two", "three"} & set(d.message.email.replace(",", " ").split()) for d in ends] == [
        {"two"},
        {"two", "three"},
    ]


@pytest.mark.parametrize(("seconds", "is_early"), [(29, True), (30, True), (31, False)])
def test_group_when_another_is_sent_shortly_before_its_time_then_it_is_sent_too(
    seconds: int, is_early: bool
) -> None:
    """Half of the wait is enough; one flush is cheaper than two."""
    world = World(records={"one": latest("one"), "two": failing("two")})
    world.transition(alarm(account="one"))
    world.wait(seconds * SECOND)
    world.transition(alarm("stale", account="two", at=world.now, **FIRE))

    world.wait((60 - seconds) * SECOND)

    assert len(world.messages) == 1 + is_early


@pytest.mark.parametrize(("seconds", "is_due"), [(57, False), (58, True), (60, True)])
def test_group_when_its_flush_comes_early_then_it_is_sent_within_two_seconds(
    seconds: int, is_due: bool
) -> None:
    world = World(records={"one": latest("one")})
    world.transition(alarm(account="one"))
    world.now += seconds * SECOND

    assert world.deliver({"kind": "flush", "group": "warning"}) == []

    assert len(world.messages) == is_due


def test_flush_when_it_is_requested_then_it_is_once_for_all_members() -> None:
    names = [f"team-{n}" for n in range(5)]
    world = World(records={name: latest(name) for name in names})
    for name in names:
        world.transition(alarm(account=name, at=world.now))
        world.now += 5 * SECOND

    assert world.flushes == [(NOW + minutes(1), "warning")]


def test_flush_when_the_earlier_one_is_over_then_it_is_requested_again() -> None:
    world = World(records={name: latest(name) for name in ("one", "two")})
    world.transition(alarm(account="one"))
    world.wait(minutes(1))
    world.transition(alarm(account="two", at=world.now))

    assert world.flushes == [(NOW + minutes(2), "warning")]


def test_flush_when_one_member_cannot_be_decided_then_the_others_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from alert_router.notify import flush as module  # noqa: PLC0415 -- to break it

    world = World(records={name: latest(name) for name in ("one", "two")})
    world.transition(alarm(account="one"), alarm(account="two"))
    decided = module.decided

    def fragile(context: Any, incident: Incident, *rest: Any) -> Any:
        if incident.key.id == "one":
            raise ZeroDivisionError
        return decided(context, incident, *rest)

    monkeypatch.setattr(module, "decided", fragile)
    world.wait(minutes(1))

    assert [m.accounts for m in world.messages] == [("two",)]
    assert waiting(world, "one") is not None


def test_minute_when_it_ended_between_two_reads_then_the_alert_does_not_wait() -> None:
    world = World(records={"one": latest("one", balance=Decimal(3))})
    world.table.try_lease = lambda *_: False  # type: ignore[method-assign]

    world.transition(alarm("critical", account="one"))

    wait = waiting(world, "one")
    assert wait is not None
    assert wait.until == NOW


def test_minute_when_sns_refuses_then_the_retry_does_not_wait_for_its_end() -> None:
    world = World(records={"one": latest("one", balance=Decimal(3))})

    def refuse(_: Message) -> None:
        raise OSError("no")

    world.on_publish = refuse
    assert world.transition(alarm("critical", account="one")) == ["0"]
    assert world.table.leases["joined/firing/email/*"] == NOW
    assert world.table.leases["joined/firing/sms/*"] == NOW + minutes(1)
    world.on_publish = lambda _: None

    assert world.transition(alarm("critical", account="one")) == []
    assert [m.severity for m in world.messages] == [Severity.CRITICAL]


def test_minute_when_it_cannot_be_ended_then_the_refusal_is_reported_all_the_same() -> None:
    world = World(records={"one": latest("one", balance=Decimal(3))})
    world.on_publish = lambda _: (_ for _ in ()).throw(OSError("no"))
    end_lease = world.table.end_lease

    def down(what: str, until: Any) -> None:
        if what.startswith("joined/"):
            raise OSError("throttled")
        end_lease(what, until)

    world.table.end_lease = down  # type: ignore[method-assign]

    assert world.transition(alarm("critical", account="one")) == ["0"]
    assert [d.form for d in world.deliveries] == [Form.SMS, Form.EVENTS]


def test_group_when_it_is_joined_after_it_was_sent_early_then_another_flush_is_requested() -> None:
    """The flush that was requested for the first members comes too early for the last one."""
    names = {"one": failing("one"), "two": latest("two"), "three": latest("three")}
    world = World(records=names)
    world.transition(alarm("stale", account="one", **FIRE))
    world.wait(25 * SECOND)
    world.transition(alarm(account="two", at=world.now))
    world.wait(35 * SECOND)
    sent_early = len(world.messages)
    world.wait(5 * SECOND)
    world.transition(alarm(account="three", at=world.now))
    requested = list(world.flushes)
    world.wait(20 * SECOND)

    assert sent_early == 2
    assert requested == [(NOW + 85 * SECOND, "warning")]
    assert world.flushes == [(NOW + 125 * SECOND, "warning")]
    world.wait(40 * SECOND)
    assert [m.accounts for m in world.messages] == [("one",), ("two",), ("three",)]
    assert world.flushes == []


@pytest.mark.parametrize(("group_wait", "left", "wait"), [(1, 1, 2), (2, 2, 2), (3, 3, 3)])
def test_flush_when_a_wait_is_short_then_it_comes_once_the_incident_is_stored(
    group_wait: int, left: int, wait: int
) -> None:
    world = World(records={"one": latest("one")}, group_wait=group_wait * SECOND)

    world.transition(alarm(account="one"))

    found = waiting(world, "one")
    assert found is not None
    assert found.until == NOW + left * SECOND
    assert world.flushes == [(NOW + wait * SECOND, "warning")]
    assert world.table.leases["flush-requested/warning"] == NOW + wait * SECOND
