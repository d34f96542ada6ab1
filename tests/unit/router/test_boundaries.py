"""A bad record, item or silence affects at most itself, and its account is still alerted."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alert_router.aws.alert_table import AlertTable
from alert_router.aws.balance_table import BalanceTable
from alert_router.incidents.subscriber import ITEM_ID as DECLARED
from alert_router.incidents.subscriber import SCOPE as SUBSCRIBERS
from alert_router.notify.context import RouterContext
from alert_router.notify.snapshots import AccountSnapshots
from shared.aws.dynamo import decode, encode
from tests.simulation.aws import Dynamo
from tests.unit.router.builders import NOW, alarm, foreign, latest, minutes, notification
from tests.unit.router.world import World

GOOD, BAD = "team-good", "team-bad"
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

#: Values of every kind that DynamoDB holds, none of which a field of ours may be all of.
JUNK = st.one_of(
    st.text(max_size=5),
    st.just(Decimal("NaN")).map(lambda _: Decimal(-7)),
    st.booleans(),
    st.none(),
    st.binary(max_size=3),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


class RawDynamo(Dynamo):
    """Both tables as items, so that an item may hold anything."""

    records: dict[str, dict[str, Any]]

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        ((name, request),) = RequestItems.items()
        accounts = [key["account"]["S"] for key in request["Keys"]]
        found = [encode(self.records[a]) for a in accounts if a in self.records]
        return {"Responses": {name: found}}

    def query(self, *, TableName: str, **query: Any) -> dict[str, Any]:  # noqa: N803
        del TableName, query
        return {"Items": []}


class RawWorld(World):
    """The router with its real adapters of DynamoDB."""

    def __init__(self) -> None:
        super().__init__(group_wait=timedelta())
        self.dynamo = RawDynamo(lambda _, call: call())
        self.dynamo.records = {}
        self.store()

    def store(self, *items: dict[str, Any]) -> None:
        """Let table ``alerts`` hold items, beside the declared subscribers: nobody."""
        declared = {"scope": SUBSCRIBERS, "id": DECLARED, "filters": "[]"}
        self.dynamo.items = {(i["scope"], i["id"]): encode(i) for i in (declared, *items)}

    def context(self) -> RouterContext:
        client: Any = self.dynamo
        table = AlertTable(client, "alerts", self.failures, lambda: self.now)
        snapshots = AccountSnapshots(BalanceTable(client, "balances"), table, self.failures)
        return super().context()._replace(alert_table=table, snapshots=snapshots)

    def announced(self) -> set[str]:
        """Return the accounts that messages were about."""
        return {account for message in self.messages for account in message.accounts}


def record(account: str) -> dict[str, Any]:
    """Return the record of an account that is nearly empty."""
    return latest(account, balance=Decimal("3.20"), last_top_up=None).to_item()


def paths(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where an item may be changed."""
    if not isinstance(item, dict):
        return [path]
    inner = [p for key, value in item.items() for p in paths(value, (*path, key))]
    return ([path] if path else []) + inner


def replaced(item: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a copy with another value at a place."""
    made = deepcopy(item)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


def kind_of(value: Any) -> type:
    """Return the kind of a value that DynamoDB holds."""
    return bool if isinstance(value, bool) else type(value)


def at(item: Any, path: tuple[Any, ...]) -> Any:
    """Return what an item holds at a place."""
    for key in path:
        item = item[key]
    return item


RECORD_PATHS = [p for p in paths(record(BAD)) if p[0] not in ("account", "at")]


@given(st.sampled_from(RECORD_PATHS), JUNK)
@QUICK
def test_record_when_any_field_is_junk_then_the_victim_and_its_neighbour_are_alerted(
    path: tuple[Any, ...], junk: Any
) -> None:
    world = RawWorld()
    is_kind = kind_of(at(record(BAD), path)) is kind_of(junk)
    world.dynamo.records = {GOOD: record(GOOD), BAD: replaced(record(BAD), path, junk)}

    failed = world.transition(alarm("critical", account=BAD), alarm("critical", account=GOOD))

    assert failed == []
    assert GOOD in world.announced()
    assert any("3.20 USD left" in m.email for m in world.messages if GOOD in m.accounts)
    # A number in a number's place is another balance, not junk.
    assert BAD in world.announced() or is_kind


def announced_items() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the incidents of two announced accounts, as stored."""
    world = RawWorld()
    world.dynamo.records = {GOOD: record(GOOD), BAD: record(BAD)}
    world.transition(*(alarm(k, account=a) for a in (GOOD, BAD) for k in ("warning", "critical")))
    return {key: decode(i) for key, i in world.dynamo.items.items() if key[0] == "incident"}


ANNOUNCED = announced_items()
INCIDENT_PATHS = [p for p in paths(ANNOUNCED["incident", BAD]) if p[0] not in ("scope", "id")]


@given(st.sampled_from(INCIDENT_PATHS), JUNK)
@QUICK
def test_incident_when_any_field_is_junk_then_its_alarms_and_its_neighbour_stay_known(
    path: tuple[Any, ...], junk: Any
) -> None:
    world = RawWorld()
    world.dynamo.records = {GOOD: record(GOOD), BAD: record(BAD)}
    world.store(ANNOUNCED["incident", GOOD], replaced(ANNOUNCED["incident", BAD], path, junk))
    for account in (GOOD, BAD):
        for kind in ("warning", "critical"):
            change = alarm(kind, account=account)
            world.alarms[change.alarm_name] = change

    failures = [world.reconcile() for _ in range(3) if not world.wait(minutes(5))]

    assert failures == [[], [], []]
    firing = {i.key.id: i.firing for i in world.context().alert_table.incidents() if i.is_open}
    assert firing == {GOOD: {"warning", "critical"}, BAD: {"warning", "critical"}}
    assert GOOD not in world.announced()
    for account in (GOOD, BAD):
        balance = {"balance": Decimal(60), "balance_at": world.now, "polled_at": world.now}
        world.dynamo.records[account] = latest(account, **balance).to_item()
        change = alarm("critical", account=account)
        ends = [change._replace(state=foreign().state.OK, changed_at=world.now)]
        ends.append(ends[0]._replace(alarm_name=ends[0].alarm_name.replace("critical", "warning")))
        world.transition(*ends)
    world.wait(minutes(3))
    assert {GOOD, BAD} <= world.announced()


@given(JUNK, JUNK)
@QUICK
def test_silence_when_it_is_junk_then_the_others_hold_and_nobody_is_lost(
    pattern: Any, until: Any
) -> None:
    world = RawWorld()
    world.dynamo.records = {GOOD: record(GOOD), BAD: record(BAD)}
    silence = {"scope": "silence", "pattern": BAD, "until": "2026-11-24T00:00:00Z"}
    junk = {"scope": "silence", "id": "1", "pattern": pattern, "until": until}
    world.store(junk, silence | {"id": "2"})

    failed = world.transition(alarm("critical", account=BAD), alarm("critical", account=GOOD))

    assert failed == []
    assert world.announced() == {GOOD}


LEASED = ["flushing", "flush-requested/warning"]


@pytest.mark.parametrize("leased", LEASED)
@given(st.one_of(JUNK, st.integers(10**14, 10**20).map(Decimal)))
@QUICK
def test_lease_when_it_is_junk_then_it_holds_nothing_up(leased: str, junk: Any) -> None:
    world = RawWorld()
    world.group_wait = minutes(1)
    world.dynamo.records = {GOOD: latest(GOOD, last_top_up=None).to_item()}
    world.store({"scope": "lease", "id": leased, "lease_until": junk})

    failed = world.transition(alarm("warning", account=GOOD))
    world.wait(minutes(2))

    assert failed == []
    assert world.announced() == {GOOD}


DOCUMENTS: list[Callable[[], dict[str, Any]]] = [
    lambda: notification(alarm("critical", account=BAD)),
    lambda: notification(foreign()),
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=["ours", "foreign"])
@given(st.data())
@QUICK
def test_document_when_any_part_is_junk_then_only_its_record_may_fail(
    document: Callable[[], dict[str, Any]], data: st.DataObject
) -> None:
    world = RawWorld()
    world.dynamo.records = {GOOD: record(GOOD), BAD: record(BAD)}
    made = document()
    path = data.draw(st.sampled_from(paths(made)))
    junk = data.draw(st.one_of(st.text(), st.none(), st.booleans(), st.integers(), st.just([])))

    failed = world.deliver(
        notification(alarm("critical", account=GOOD)), replaced(made, path, junk)
    )

    assert failed in ([], ["1"])
    assert GOOD in world.announced()


def test_unreadable_incident_when_it_is_replaced_then_a_copy_is_kept() -> None:
    world = RawWorld()
    world.store(ANNOUNCED["incident", GOOD], ANNOUNCED["incident", BAD] | {"alarms": "broken"})

    world.reconcile()
    world.reconcile()

    kept = decode(world.dynamo.items["unreadable", BAD])
    assert kept["alarms"] == "broken"
    assert [f for f in world.failures if BAD in f] == [
        f"incident {BAD} is unreadable: AttributeError"
    ]


def test_record_when_it_is_unreadable_then_the_account_is_not_said_to_be_not_set_up() -> None:
    world = RawWorld()
    world.dynamo.records = {BAD: record(BAD) | {"thresholds": "broken"}}

    world.transition(alarm("stale", account=BAD, at=NOW))

    assert world.subjects == [f"WARNING {BAD}: no balance is being read"]
