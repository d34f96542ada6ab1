"""The first critical alert goes out immediately; those within a minute join one message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.incidents.subscriber import EVERYTHING, Form, Subscriber
from alert_router.messages.formats.message import Message
from shared.names import Severity
from shared.records import Latest
from tests.unit.router.builders import NOW, alarm, latest, minutes
from tests.unit.router.world import Crash, Delivery, World

OK, ALARM = AlarmState.OK, AlarmState.ALARM
SECOND = timedelta(seconds=1)
MINUTE = timedelta(seconds=60)
PROVIDERS = ("openrouter", "firecrawl", "browser_use")

#: Ten seconds are for what an invocation itself takes: its pauses, and a flush's whole second.
SLACK = timedelta(seconds=10)


def batched(names: Sequence[str], size: int) -> list[Sequence[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]


def provider_of(account: str) -> str:
    return account.rpartition("-")[0]


def low(account: str) -> Latest:
    return latest(account, provider=provider_of(account), balance=Decimal("3.20"))


def topped_up(account: str, at: datetime) -> Latest:
    values = {"provider": provider_of(account), "balance": Decimal(60)}
    return latest(account, **values, balance_at=at, polled_at=at)


def fired(account: str, at: datetime) -> list[AlarmChange]:
    provider = provider_of(account)
    return [alarm(k, account=account, at=at, provider=provider) for k in ("critical", "warning")]


def cleared(account: str, at: datetime) -> list[AlarmChange]:
    return [change._replace(state=OK) for change in fired(account, at)]


def read_by(world: World, name: str, status: str) -> list[Delivery]:
    """Return what a subscriber got about begins, or about ends."""
    return [
        delivery
        for delivery in world.deliveries
        if name in delivery.to and statuses(delivery.message) == {status}
    ]


def statuses(message: Message) -> set[str]:
    """Return what a message says of its accounts: "firing", "resolved"."""
    ends = {"recovered", "closed"}
    entries = message.document["accounts"]
    return {"resolved" if entry["event"] in ends else "firing" for entry in entries}


def accounts(deliveries: Iterable[Delivery]) -> list[str]:
    return [account for delivery in deliveries for account in delivery.message.accounts]


@pytest.mark.parametrize(("group_wait", "batch"), [(60, 1), (0, 3), (900, 3), (60, 20)])
def test_accounts_of_one_audience_when_they_turn_critical_together_then_two_messages_each_way(
    group_wait: int, batch: int
) -> None:
    names = [f"openrouter-{number}" for number in range(20)]
    world = World(records={n: low(n) for n in names}, group_wait=timedelta(seconds=group_wait))
    world.table.declared = [Subscriber("team", Form.EMAIL), Subscriber("pager", Form.SMS)]
    for some in batched(names, batch):
        assert world.transition(*(c for n in some for c in fired(n, world.now))) == []
        world.wait(len(some) * 2 * SECOND)
    world.wait(minutes(5))

    begins = read_by(world, EVERYTHING, "firing")
    assert sorted(accounts(d for d in begins if d.form is Form.EMAIL)) == sorted(names)
    assert begins[0].at == NOW

    for some in batched(names, batch):
        world.records |= {n: topped_up(n, world.now) for n in some}
        assert world.transition(*(c for n in some for c in cleared(n, world.now))) == []
        world.wait(len(some) * 2 * SECOND)
    world.wait(minutes(20))

    for name in (EVERYTHING, "team", "pager"):
        for form in Form:
            for status in ("firing", "resolved"):
                got = [d for d in read_by(world, name, status) if d.form is form]
                assert len(got) <= 2
                if got:
                    assert sorted(accounts(got)) == sorted(names)


def test_thousand_accounts_when_they_turn_critical_together_then_ten_messages() -> None:
    names = [f"openrouter-{number:03}" for number in range(1000)]
    world = World(records={name: low(name) for name in names})
    for some in batched(names, 10):
        world.transition(*(alarm("critical", account=name, at=world.now) for name in some))
        world.wait(SECOND)
    world.wait(minutes(3))

    assert len(world.messages) <= 10
    assert sorted(a for m in world.messages for a in m.accounts) == names


class Step(NamedTuple):
    """An account turns critical some seconds after the one before."""

    account: str
    seconds: int


ACCOUNTS = [f"{provider}-{number}" for provider in PROVIDERS for number in range(3)]
STEPS = st.lists(
    st.builds(Step, st.sampled_from(ACCOUNTS), st.integers(0, 70)),
    min_size=1,
    max_size=7,
    unique_by=lambda step: step.account,
)
FILTERS = st.none() | st.sets(st.sampled_from(PROVIDERS), min_size=1).map(frozenset)
DECLARED = st.lists(FILTERS, max_size=3).map(
    lambda filters: [
        Subscriber(f"s{number}", Form.EMAIL, providers=providers)
        for number, providers in enumerate(filters)
    ]
)


@given(STEPS, DECLARED, st.sampled_from([0, 60, 300]))
@settings(max_examples=25, deadline=None)
def test_subscriber_when_accounts_turn_critical_then_the_first_is_immediately_and_the_rest_joins(
    steps: Sequence[Step], declared: list[Subscriber], group_wait: int
) -> None:
    world = World(group_wait=timedelta(seconds=group_wait))
    world.table.declared = declared
    fired_at: dict[str, datetime] = {}
    for step in steps:
        world.wait(step.seconds * SECOND)
        world.records[step.account] = low(step.account)
        fired_at[step.account] = world.now
        assert world.transition(*fired(step.account, world.now)) == []
    world.wait(minutes(10))

    for subscriber in [*declared, Subscriber(EVERYTHING, Form.EMAIL)]:
        got = [d for d in world.deliveries if subscriber.name in d.to and d.form is Form.EMAIL]
        wanted = {
            a
            for a in fired_at
            if subscriber.providers is None or provider_of(a) in subscriber.providers
        }
        assert sorted(accounts(got)) == sorted(wanted)
        assert all(later.at - earlier.at >= MINUTE - SLACK for earlier, later in pairwise(got))
        for delivery in got:
            for account in delivery.message.accounts:
                assert delivery.at - fired_at[account] <= MINUTE + SLACK
            first = min(fired_at[account] for account in delivery.message.accounts)
            before = [d.at for d in got if d.at < delivery.at]
            if not before or first - max(before) > MINUTE + SLACK:
                assert delivery.at == first


def is_interrupted(world: World, length: timedelta) -> bool:
    """Let time pass; whether a flush died in it."""
    end = world.now + length
    try:
        world.wait(length)
    except Crash:
        world.wait(end - world.now)
        return True
    return False


@given(STEPS, DECLARED, st.integers(0, 25), st.sampled_from(["save", "publish", "published"]))
@settings(max_examples=25, deadline=None)
def test_sender_when_it_dies_anywhere_then_nothing_is_lost_and_at_most_one_is_repeated(
    steps: Sequence[Step], declared: list[Subscriber], number: int, where: str
) -> None:
    world = World()
    world.table.declared = declared
    calls = iter(range(10_000))

    def die(*_: object) -> None:
        if next(calls) == number:
            raise Crash

    if where == "save":
        world.table.before_save = die
    elif where == "publish":
        world.on_publish_form = die
    else:
        world.after_delivery = die
    crashes = 0
    for step in steps:
        crashes += is_interrupted(world, step.seconds * SECOND)
        world.records[step.account] = low(step.account)
        changes = fired(step.account, world.now)
        for _ in range(3):
            try:
                world.transition(*changes)
                break
            except Crash:
                crashes += 1
                is_interrupted(world, minutes(3))
    for _ in range(4):
        crashes += is_interrupted(world, minutes(5))
        with suppress(Crash):
            world.reconcile()

    for subscriber in [*declared, Subscriber(EVERYTHING, Form.EMAIL)]:
        got = [d for d in world.deliveries if subscriber.name in d.to and d.form is Form.EMAIL]
        wanted = {
            s.account
            for s in steps
            if subscriber.providers is None or provider_of(s.account) in subscriber.providers
        }
        begins = [d for d in got if d.message.status.value != "reminder"]
        assert set(accounts(begins)) == wanted
        repeated = len(accounts(begins)) - len(wanted)
        assert crashes or not repeated
        assert len([d for d in begins if accounts([d])]) <= len(wanted) + crashes


def test_account_when_it_recovers_before_its_alert_joins_then_nobody_is_notified() -> None:
    world = World(records={n: low(n) for n in ACCOUNTS})
    world.transition(*fired("openrouter-0", world.now))
    world.wait(10 * SECOND)
    world.transition(*fired("openrouter-1", world.now))
    world.wait(10 * SECOND)

    world.records["openrouter-1"] = topped_up("openrouter-1", world.now)
    world.transition(*cleared("openrouter-1", world.now))
    world.wait(minutes(5))

    assert accounts(world.deliveries) == 3 * ["openrouter-0"]


def test_account_when_it_recovers_before_some_got_the_alert_then_they_get_no_end_either() -> None:
    world = World(records={n: low(n) for n in ACCOUNTS})
    world.table.declared = [Subscriber("crawlers", Form.EMAIL, providers=frozenset({"firecrawl"}))]
    world.transition(*fired("openrouter-0", world.now))
    world.wait(10 * SECOND)
    world.transition(*fired("firecrawl-0", world.now))
    world.wait(10 * SECOND)

    world.records["firecrawl-0"] = topped_up("firecrawl-0", world.now)
    world.transition(*cleared("firecrawl-0", world.now))
    world.wait(minutes(5))

    got = [statuses(d.message) for d in world.deliveries if "crawlers" in d.to]
    assert got == [{"firing"}, {"resolved"}]
    assert [a for m in world.messages for a in m.accounts] == ["openrouter-0"]


def test_end_when_a_critical_was_just_sent_then_it_does_not_wait_for_it() -> None:
    world = World(records={n: low(n) for n in ACCOUNTS})
    world.transition(*fired("openrouter-0", world.now))
    world.wait(minutes(5))
    world.transition(*fired("openrouter-1", world.now))
    world.records["openrouter-0"] = topped_up("openrouter-0", world.now)

    world.transition(*cleared("openrouter-0", world.now))

    assert [m.status.value for m in world.messages] == ["firing", "firing", "resolved"]


def test_minute_when_it_cannot_be_leased_then_alerts_go_out_immediately() -> None:
    world = World(records={n: low(n) for n in ACCOUNTS})

    def down(*_: object) -> bool:
        raise OSError("throttled")

    world.table.try_lease = down  # type: ignore[method-assign]
    for name in ("openrouter-0", "openrouter-1"):
        assert world.transition(*fired(name, world.now)) == []

    assert [m.accounts for m in world.messages] == [("openrouter-0",), ("openrouter-1",)]


def test_flush_when_it_cannot_be_requested_then_the_record_comes_back() -> None:
    """Otherwise what joins would wait for the next reconcile, which is minutes away."""
    world = World(records={n: low(n) for n in ACCOUNTS})
    world.transition(*fired("openrouter-0", world.now))

    def down(*_: object) -> None:
        raise OSError("no queue")

    world.request_flush = down  # type: ignore[method-assign]
    assert world.transition(*fired("openrouter-1", world.now)) == ["0", "1"]
    world.wait(minutes(3))
    assert world.transition(*fired("openrouter-1", NOW)) == []

    assert [m.accounts for m in world.messages] == [("openrouter-0",), ("openrouter-1",)]


def test_warnings_when_they_wait_in_their_group_then_they_do_not_join_criticals() -> None:
    world = World(records={n: low(n) for n in ACCOUNTS[:1]})
    world.records["openrouter-1"] = latest("openrouter-1")
    world.transition(*fired("openrouter-0", world.now))
    world.transition(alarm("warning", account="openrouter-1", at=world.now))
    world.wait(minutes(5))

    assert [m.severity for m in world.messages] == [Severity.CRITICAL, Severity.WARNING]
