"""One stored item of any kind, with anything in any place, never affects its neighbours.

``CORRUPTIONS=1500 pytest tests/unit/router/test_corrupted_items.py`` tries more of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alert_router.incidents.belief import dated, is_endless, is_future_record
from alert_router.incidents.incident import IncidentKey, Scope
from alert_router.incidents.subscriber import ITEM_ID as DECLARED
from alert_router.incidents.subscriber import SCOPE as SUBSCRIBERS
from shared.aws.dynamo import decode, encode
from shared.silences import Silence
from shared.times import format_time
from tests.unit.router.builders import NOW, alarm, latest, minutes, notification
from tests.unit.router.test_boundaries import (
    ANNOUNCED,
    BAD,
    GOOD,
    JUNK,
    RawWorld,
    at,
    paths,
    record,
)

#: There are six kinds of items.
MANY = settings(
    max_examples=int(os.environ.get("CORRUPTIONS", "120")) // 6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

FAR = [NOW + timedelta(days=days) for days in (2, 400, 40_000, 2_000_000)]
KEY = IncidentKey(Scope.ACCOUNT, BAD)

#: Times that no clock of ours shows, in each form in which times are stored.
TIMES = st.sampled_from([made for far in FAR for made in (far.isoformat(), format_time(far))])
VALUES = st.one_of(JUNK, TIMES, st.sampled_from([Decimal("1E+120"), Decimal(-1), Decimal(0)]))

SILENCE = {
    "scope": "silence",
    "id": "s",
    "pattern": "team-other",
    "until": "2026-11-24T00:00:00Z",
    "created_at": "2026-11-23T00:00:00Z",
    "expires_at": Decimal(1_800_000_000),
}
BUDGET = {
    "scope": "sms",
    "id": "phone",
    "sent": [(NOW - minutes(20)).isoformat()],
    "held_back": Decimal(0),
    "version": Decimal(3),
}
FILTERS = [
    {"name": "team", "form": "email", "accounts": [GOOD]},
    {"name": "phone", "form": "sms", "accounts": [BAD]},
]


def waiting() -> dict[str, Any]:
    """Return an incident whose notification waits for a retry."""
    world = RawWorld()
    world.dynamo.records = {BAD: record(BAD)}

    def refuse(*_: Any) -> None:
        raise OSError("SNS is away")

    world.on_publish_form = refuse
    world.transition(alarm("critical", account=BAD))
    return decode(world.dynamo.items["incident", BAD])


#: What is corrupted, by kind of item; None for a record of the other table.
VICTIMS: dict[str, dict[str, Any] | None] = {
    "record": None,
    "incident": ANNOUNCED["incident", BAD],
    "waiting": waiting(),
    "silence": SILENCE,
    "sms": BUDGET,
    "subscribers": {"scope": SUBSCRIBERS, "id": DECLARED, "filters": FILTERS},
}


def corrupted(item: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return an item with another value at a place, or without one."""
    made = deepcopy(item)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


def story(kind: str, item: dict[str, Any]) -> RawWorld:
    """Return what people get while one item is corrupted: two accounts turn critical."""
    world = RawWorld()
    world.dynamo.records = {GOOD: record(GOOD), BAD: item if kind == "record" else record(BAD)}
    items = [item] if kind in ("incident", "waiting", "silence", "sms") else []
    world.store(*items)
    filters = item["filters"] if kind == "subscribers" else FILTERS
    declared = {"scope": SUBSCRIBERS, "id": DECLARED, "filters": json.dumps(filters, default=str)}
    world.dynamo.items[SUBSCRIBERS, DECLARED] = encode(declared)
    for step in range(3):
        for account in (GOOD, BAD):
            change = alarm("critical", account=account)
            world.alarms[change.alarm_name] = change
            if not step:
                world.deliver(notification(change))
        world.reconcile()
        world.wait(minutes(5))
    return world


def to(world: RawWorld, account: str, name: str = "") -> list[tuple[datetime, str, str]]:
    """Return what was published of one account, when and in which form."""
    return [
        (delivery.at, delivery.form.value, delivery.message.subject)
        for delivery in world.deliveries
        if account in delivery.message.accounts and (not name or name in delivery.to)
    ]


def places(kind: str) -> list[tuple[Any, ...]]:
    """Return where an item of a kind may be corrupted; its keys stay, or it would be another."""
    item = VICTIMS[kind] or record(BAD)
    keys = {"scope", "id", "account", "at"} if kind != "subscribers" else {"scope", "id"}
    found = [path for path in paths(item) if path[0] not in keys]
    if kind == "subscribers":
        found = [("filters", number, key) for number, e in enumerate(FILTERS) for key in e]
    return found


@pytest.mark.parametrize("kind", VICTIMS)
@given(st.data())
@MANY
def test_item_when_it_is_corrupted_then_neighbours_and_victim_are_alerted(
    kind: str, data: st.DataObject
) -> None:
    item = VICTIMS[kind] or record(BAD)
    path, value = data.draw(st.sampled_from(places(kind))), data.draw(VALUES)
    is_neighbours = kind == "subscribers" and path[1] == 0

    world = story(kind, corrupted(item, path, value))

    whole = story(kind, item)
    if not is_neighbours:
        assert to(world, GOOD, "team") == to(whole, GOOD, "team")
    assert to(world, GOOD, "*") == to(whole, GOOD, "*")
    is_known = kind == "incident"  # its people were alerted before it was corrupted
    is_number = isinstance(at(item, path), Decimal) and isinstance(value, Decimal)
    assert to(world, BAD) or is_known or (kind == "record" and is_number)


FUTURES: list[Callable[[], dict[str, Any]]] = [
    lambda: corrupted(ANNOUNCED["incident", BAD], ("alarms", "critical", "at"), FAR[0].isoformat()),
    lambda: corrupted(ANNOUNCED["incident", BAD], ("last_notification", "at"), FAR[1].isoformat()),
    lambda: corrupted(ANNOUNCED["incident", BAD], ("critical_at",), FAR[2].isoformat()),
    lambda: corrupted(VICTIMS["waiting"] or {}, ("outbox", "lease_until"), FAR[0].isoformat()),
]


@pytest.mark.parametrize(
    "version", [False, True, Decimal(0), Decimal("1.5"), Decimal("1E+120"), "3"]
)
def test_incident_when_its_version_is_none_then_it_can_still_be_written(version: Any) -> None:
    world = story("waiting", corrupted(VICTIMS["waiting"] or {}, ("version",), version))

    assert to(world, BAD)
    assert world.context().alert_table.load(KEY).version < 20


@pytest.mark.parametrize("made", FUTURES, ids=["transition", "reminder", "critical", "lease"])
def test_incident_when_it_is_from_the_future_then_it_is_put_aside_and_announced_again(
    made: Callable[[], dict[str, Any]],
) -> None:
    world = story("incident", made())

    assert to(world, BAD)
    assert ("unreadable", BAD) in world.dynamo.items


@pytest.mark.parametrize("field", ["polled_at", "balance_at", "failing_since"])
def test_record_when_it_is_from_the_future_then_the_message_goes_without_it(field: str) -> None:
    item = record(BAD) | {field: format_time(FAR[0])}

    world = story("record", item)

    (subject,) = {subject for _, _, subject in to(world, BAD)}
    assert subject.startswith(f"CRITICAL {BAD}: the balance is below its threshold")


@pytest.mark.parametrize("ahead", FAR)
def test_transition_when_it_is_from_the_future_then_it_counts_from_now(ahead: datetime) -> None:
    world = RawWorld()
    world.dynamo.records = {BAD: record(BAD)}
    future = alarm("critical", account=BAD)._replace(
        changed_at=min(ahead, datetime.max.replace(year=9998, tzinfo=ahead.tzinfo))
    )

    assert world.deliver(notification(future)) == []
    world.wait(minutes(30))
    end = alarm("critical", future.state.OK, account=BAD, at=world.now)
    balance = {"balance": Decimal(60), "balance_at": format_time(world.now)}
    world.dynamo.records[BAD] = record(BAD) | balance
    world.deliver(notification(end))

    assert [s.split()[0] for s in world.subjects] == ["CRITICAL", "RESOLVED"]


def test_silence_when_it_lasts_for_decades_then_it_silences_nothing() -> None:
    world = story("silence", SILENCE | {"pattern": "*", "until": "2099-01-01T00:00:00Z"})

    assert to(world, BAD)
    assert any("it lasts for years" in failure for failure in world.failures)


@pytest.mark.parametrize(("seconds", "is_believed"), [(-60, True), (300, True), (301, False)])
def test_transition_when_clocks_differ_by_minutes_then_its_own_time_counts(
    seconds: int, is_believed: bool
) -> None:
    at = NOW + timedelta(seconds=seconds)
    change = alarm("critical", at=at, value="3.20")

    found = dated(change, NOW)

    assert found.changed_at == (at if is_believed else NOW)
    assert (found.latest is not None) is is_believed


@pytest.mark.parametrize(("hours", "is_believed"), [(24, True), (25, False)])
def test_stored_time_when_it_is_a_day_ahead_then_it_is_the_last_that_is_believed(
    hours: int, is_believed: bool
) -> None:
    ahead = NOW + timedelta(hours=hours)

    assert is_future_record(latest(polled_at=ahead), NOW) is not is_believed
    assert is_endless(Silence("*", NOW + timedelta(days=30.5 * hours)), NOW) is not is_believed
