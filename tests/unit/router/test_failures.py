"""What cannot be read, written or decided costs itself alone, and is reported."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import ConflictError, Incident, IncidentKey, Scope
from alert_router.incidents.sms_budget import SmsBudget
from alert_router.incidents.snapshot import EnrichmentError
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.notify.reconcile import ReconcileError, reconcile
from alert_router.notify.sending import render
from shared.records import Latest, Thresholds
from tests.unit.router.builders import NOW, alarm, latest, minutes
from tests.unit.router.world import World

SECOND = timedelta(seconds=1)
PAGER = Subscriber("pager", Form.SMS)


def down(*_: Any) -> Any:
    raise OSError("throttled")


def critical(*names: str) -> World:
    """Return a world in which accounts are below their critical threshold."""
    return World(records={n: latest(n, balance=Decimal("3.20")) for n in names})


def refuse_writes(world: World, account: str, error: type[Exception]) -> None:
    """Let every write of one account's incident fail."""

    def check(incident: Incident) -> None:
        if incident.key.id == account:
            raise error("no")

    world.table.before_save = check


def test_reconcile_when_old_items_cannot_be_converted_then_goes_on_and_says_so() -> None:
    world = critical("one")
    world.alarms["a"] = alarm("critical", account="one")
    world.table.convert_old_items = down  # type: ignore[method-assign]

    with pytest.raises(ReconcileError, match=r"^items of 0.1 are not converted: OSError$"):
        reconcile(world.context())

    assert len(world.messages) == 1


def test_reconcile_when_one_incident_fails_then_the_others_are_sent() -> None:
    world = critical("one", "two")
    for name in ("one", "two"):
        world.alarms[name] = alarm("critical", account=name)
    refuse_writes(world, "one", OSError)

    with pytest.raises(ReconcileError, match=r"^one: OSError$"):
        reconcile(world.context())

    assert [m.accounts for m in world.messages] == [("two",)]


def test_reconcile_when_another_invocation_keeps_an_incident_then_it_is_left_to_it() -> None:
    world = critical("one")
    world.alarms["one"] = alarm("critical", account="one")
    refuse_writes(world, "one", ConflictError)

    reconcile(world.context())

    assert world.messages == []
    assert ("left to another invocation", {"incident": "one"}) in world.logged


def test_reconcile_when_another_invocation_flushes_for_long_then_says_so() -> None:
    world = World(records={"one": latest("one")})
    world.transition(alarm(account="one"))
    world.now += minutes(2)
    world.table.leases["flushing"] = world.now + minutes(5)

    with pytest.raises(ReconcileError, match="another invocation is flushing"):
        reconcile(world.context())


def test_reconcile_when_messages_are_refused_then_says_so() -> None:
    world = critical("one")
    world.alarms["one"] = alarm("critical", account="one")
    world.on_publish = down

    with pytest.raises(ReconcileError, match=r"^messages were not accepted$"):
        reconcile(world.context())


def test_reconcile_when_an_incident_is_being_sent_then_leaves_it_alone() -> None:
    world = critical("one")
    world.transition(alarm("critical", account="one"))
    (stored,) = world.table.items.values()
    before = dict(stored)
    world.records["one"] = latest("one", balance=Decimal(60), balance_at=world.now)

    reconcile(world.context())

    (after,) = world.table.items.values()
    assert after == before


def test_flush_when_one_incident_cannot_be_written_then_the_others_are_sent() -> None:
    world = World(records={name: latest(name) for name in ("one", "two")})
    world.transition(alarm(account="one"), alarm(account="two"))
    world.now += minutes(1)
    refuse_writes(world, "one", OSError)

    assert world.deliver({"kind": "flush", "group": "warning"}) == []

    assert [m.accounts for m in world.messages] == [("two",)]
    assert ("save failed", {"incident": "one", "error": "OSError"}) in world.logged


@pytest.mark.parametrize("kind", ["warning", "critical"])
def test_decision_when_the_record_breaks_it_then_it_is_made_without(kind: str) -> None:
    """An alert is due whatever is in a record."""
    world = World(group_wait=timedelta())
    broken: Any = "20"
    world.records["one"] = latest("one", thresholds=Thresholds(warning=broken, critical=broken))

    assert world.transition(alarm(kind, account="one")) == []

    assert len(world.messages) == 1
    assert world.messages[0].is_reduced
    assert world.failures == ["the record of one cannot be read"]
    assert ("decision failed", {"incident": "one", "error": "TypeError"}) in world.logged


def test_message_when_the_record_breaks_it_then_it_goes_out_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = critical("one")
    complete = render.notification_of

    def fragile(*arguments: Any) -> Any:
        if isinstance(arguments[3], Latest):
            raise ZeroDivisionError
        return complete(*arguments)

    monkeypatch.setattr(render, "notification_of", fragile)

    assert world.transition(alarm("critical", account="one", value="3.20")) == []

    assert world.messages[0].is_reduced
    assert ("record unusable", {"incident": "one", "error": "ZeroDivisionError"}) in world.logged


@pytest.mark.parametrize("what", ["history", "breakdown"])
def test_message_when_more_about_the_account_cannot_be_read_then_it_goes_out_without(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    world = World(
        records={"one": latest("one", balance=Decimal("3.20"), is_alarming=True)},
    )

    def unreadable(*_: Any) -> Any:
        raise EnrichmentError(f"the {what} cannot be read")

    monkeypatch.setattr(World, what, unreadable)

    assert world.transition(alarm("critical", account="one")) == []

    assert world.subjects == ["CRITICAL OpenRouter one: 3.20 USD left, below 5.00 USD"]
    assert world.failures == [f"the {what} cannot be read"]


def test_mark_when_another_invocation_made_it_then_that_is_no_failure() -> None:
    world = critical("one")

    def overtake(incident: Incident) -> None:
        if incident.last_notification is not None:
            raise ConflictError("somebody else wrote it")

    world.table.before_save = overtake

    assert world.transition(alarm("critical", account="one")) == []
    assert ("already marked as sent", {"incident": "one"}) in world.logged


@pytest.mark.parametrize(("conflicts", "count"), [(1, 1), (4, 1), (5, 0)])
def test_sms_when_its_budget_is_written_by_another_then_it_is_counted_once(
    conflicts: int, count: int
) -> None:
    """It goes out in any case: in doubt, people are alerted."""
    world = critical("one")
    world.table.declared = [PAGER]
    save = world.table.save_sms_budget
    left = [ConflictError("somebody else wrote it")] * conflicts

    def overtaken(budget: SmsBudget, now: datetime) -> None:
        if budget.name == PAGER.name and left:
            raise left.pop()
        save(budget, now)

    world.table.save_sms_budget = overtaken  # type: ignore[method-assign]

    world.transition(alarm("critical", account="one"))

    assert [d.to for d in world.deliveries if d.form is Form.SMS] == [("pager", "*")]
    assert len(world.table.sms_budget(PAGER.name).sent) == count


def test_sms_when_it_was_held_back_and_the_next_is_refused_then_the_count_is_kept() -> None:
    world = critical("one")
    world.table.declared = [PAGER]
    world.table.budgets[PAGER.name] = SmsBudget(PAGER.name, held_back=3)

    def refuse(_: Any, form: Form, __: Any) -> None:
        if form is Form.SMS:
            raise OSError("no")

    world.on_publish_form = refuse
    assert world.transition(alarm("critical", account="one")) == ["0"]
    budget = world.table.budgets[PAGER.name]
    assert (budget.held_back, budget.sent) == (3, ())

    world.on_publish_form = lambda *_: None
    world.deliver({"kind": "tick"})
    assert "3 more were held back" in next(
        d.message.sms for d in world.deliveries if PAGER.name in d.to
    )


def test_minute_when_it_cannot_be_renewed_then_what_waited_goes_out() -> None:
    world = critical("one", "two")
    world.transition(alarm("critical", account="one"))
    world.transition(alarm("critical", account="two"))
    end_lease = world.table.end_lease

    def fragile(what: str, until: datetime) -> None:
        if what.startswith("joined/"):
            raise OSError("throttled")
        end_lease(what, until)

    world.table.end_lease = fragile  # type: ignore[method-assign]
    world.wait(minutes(2))

    assert [m.accounts for m in world.messages] == [("one",), ("two",)]


def test_cloudwatch_when_it_cannot_be_read_then_transitions_are_believed() -> None:
    world = critical("one")
    world.is_cloudwatch_down = True
    world.states = down  # type: ignore[method-assign]

    assert world.transition(alarm("critical", account="one", at=NOW - minutes(10))) == []
    world.records["one"] = latest("one", balance=Decimal(60), balance_at=world.now)
    assert world.transition(alarm("critical", AlarmState.OK, account="one", at=NOW)) == []

    assert [m.status.value for m in world.messages] == ["firing", "resolved"]
    assert ("CloudWatch cannot be read", {"error": "OSError"}) in world.logged


def test_incident_when_it_cannot_be_loaded_then_only_its_record_comes_back() -> None:
    world = critical("one", "two")
    load = world.table.load

    def fragile(key: IncidentKey) -> Incident:
        if key == IncidentKey(Scope.ACCOUNT, "one"):
            raise OSError("throttled")
        return load(key)

    world.table.load = fragile  # type: ignore[method-assign]

    failed = world.transition(alarm("critical", account="one"), alarm("critical", account="two"))

    assert failed == ["0"]
    assert [m.accounts for m in world.messages] == [("two",)]
    assert ("alarm not routed", {"incident": "one", "error": "OSError"}) in world.logged
