"""Weeks of polls and faults: every due message is sent once, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from alert_router.aws.alert_table import AlertTable
from alert_router.aws.incident_item import to_item
from alert_router.events.alarm import AlarmChange
from alert_router.incidents.incident import Incident
from alert_router.incidents.lifecycle import due
from alert_router.incidents.lifecycle.decision import Decision
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.lifecycle.sent import mark_sent
from alert_router.incidents.lifecycle.transitions import apply
from alert_router.incidents.snapshot import AccountSnapshot
from alert_router.notify import reconcile
from alert_router.notify import update as updating
from alert_router.notify.sending import send
from tests.simulation.chance import CALM, ROUGH, Rates
from tests.simulation.customers import Customer
from tests.simulation.oracle import judge
from tests.simulation.simulation import PROVIDERS, START, Simulation, Truth

HOUR = timedelta(hours=1)


def test_router_when_weeks_pass_with_faults_then_each_step_is_announced_exactly_once() -> None:
    simulation = Simulation(seed=20261125, rates=ROUGH, days=14, accounts=12)

    truth = simulation.run()

    verdict = judge(truth, simulation.end)
    assert verdict.violations == []
    assert len(truth.messages) > 150
    assert min(verdict.checked.values()) > 0
    assert set(simulation.chance.counts) == set(Rates.__dataclass_fields__)
    assert simulation.queue.letters == {}


def test_router_when_nothing_fails_then_nothing_is_repeated() -> None:
    simulation = Simulation(seed=3, rates=CALM, days=3, accounts=12)

    truth = simulation.run()

    assert judge(truth, simulation.end).violations == []
    told = [m.subject for m in truth.messages if m.status != "reminder"]
    assert len(told) == len(set(told))


def steady(_: Random) -> list[Customer]:
    """Return accounts of one provider that hardly use anything."""
    return [Customer(f"team-{n}", "alpha", 1e6, 1, 10, 5) for n in range(9)]


@pytest.mark.parametrize("seed", range(3))
def test_provider_when_it_fails_for_hours_then_one_message_and_one_end_tell_it(seed: int) -> None:
    outage = (START + 6 * HOUR, START + 11 * HOUR)
    outages = {name: [outage] if name == "alpha" else [] for name in PROVIDERS}
    simulation = Simulation(seed, CALM, days=1, lives=steady, outages=outages, silences_per_day=0)

    truth = simulation.run()

    stale = [m for m in truth.messages if "alpha" in m.subject.lower()]
    assert [m.subject.partition(", after")[0] for m in stale] == [
        "WARNING Alpha unreachable: 9 accounts",
        "RESOLVED Alpha answers again: 9 accounts",
    ]


# --- the oracle notices -------------------------------------------------------------------------

LATE = Rates(duplicate=0.9, delay=0.9, redrive=0.4)
HARSH = Rates(
    error_before=0.02, crash_after=0.01, interleave=0.5, duplicate=0.5, delay=0.3, lose=0.03
)


def busy(_: Random) -> list[Customer]:
    """Return accounts that fall through both thresholds at once, several times a day."""
    return [Customer(f"team-{n}", "alpha", 300 + 20 * n, 150, 100, 60) for n in range(8)]


def never_marks(patch: pytest.MonkeyPatch) -> None:
    """Publish without recording it."""
    patch.setattr(send, "_saved", lambda *_: True)


def writes_whatever_others_wrote(patch: pytest.MonkeyPatch) -> None:
    """Save incidents without a condition."""

    def save(store: AlertTable, incident: Incident, now: datetime) -> Incident:
        stored = replace(incident, version=incident.version + 1)
        store._put(to_item(stored, now))
        return stored

    patch.setattr(AlertTable, "save", save)


def forgets_what_was_told(patch: pytest.MonkeyPatch) -> None:
    """Forget a message that was sent."""

    def mark(*arguments: Any) -> Incident:
        return replace(mark_sent(*arguments), last_notification=None)

    patch.setattr(send, "mark_sent", mark)


def believes_old_news(patch: pytest.MonkeyPatch) -> None:
    """Apply a transition however late it arrives, whatever CloudWatch and the record say."""

    def apply_any(incident: Incident, kind: str, change: AlarmChange) -> Incident:
        facts = {name: status for name, status in incident.alarms.items() if name != kind}
        return apply(replace(incident, alarms=facts), kind, change)

    patch.setattr(updating, "apply", apply_any)
    patch.setattr(updating, "_compared", lambda _, updates, __: list(updates))
    patch.setattr(due, "holding", lambda incident, *_: incident.firing)


def never_looks(patch: pytest.MonkeyPatch) -> None:
    """Skip every scheduled reconcile."""
    patch.setattr(reconcile, "reconcile", lambda _: None)


def hears_no_silence(patch: pytest.MonkeyPatch) -> None:
    """Ignore every silence."""
    patch.setattr(AlertTable, "silences", lambda _: iter(()))


def takes_what_is_pending_for_sent(patch: pytest.MonkeyPatch) -> None:
    """Believe that another invocation sent what it left pending."""

    def believe(
        incident: Incident, snapshot: AccountSnapshot, now: datetime, _: Policy
    ) -> Decision:
        return Decision(mark_sent(incident, snapshot, now, ""))

    patch.setattr(updating, "decide_again", believe)


@pytest.mark.parametrize(
    "break_router",
    [
        never_marks,
        writes_whatever_others_wrote,
        forgets_what_was_told,
        believes_old_news,
        never_looks,
        hears_no_silence,
        takes_what_is_pending_for_sent,
    ],
)
def test_oracle_when_the_router_is_broken_then_it_says_so(
    break_router: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_router(monkeypatch)
    rates, seed = (LATE, 3) if break_router is believes_old_news else (HARSH, 5)
    simulation = Simulation(seed=seed, rates=rates, days=2, lives=busy)

    verdict = judge(simulation.run(), simulation.end)

    assert verdict.violations != []


def test_oracle_when_the_router_is_whole_then_harsh_faults_change_nothing() -> None:
    simulation = Simulation(seed=5, rates=HARSH, days=2, lives=busy)

    verdict = judge(simulation.run(), simulation.end)

    assert verdict.violations == []


def test_oracle_when_nobody_is_notified_then_it_reports_that() -> None:
    simulation = Simulation(seed=5, rates=CALM, days=1, lives=busy)
    truth = simulation.run()

    verdict = judge(Truth(truth.alarms, truth.silences, [], truth.never_ok), simulation.end)

    assert any("people know" in violation for violation in verdict.violations)
