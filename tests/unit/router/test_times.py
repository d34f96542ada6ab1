"""Limits in time: a second before, at, and a second after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import Datapoint
from alert_router.incidents.belief import FutureError, check, dated, is_endless, is_future_record
from alert_router.incidents.incident import (
    AlarmStatus,
    Announcements,
    GroupWait,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    Outbox,
    PastIncident,
    PendingNotification,
    Problem,
    Scope,
    Suppression,
)
from alert_router.incidents.lifecycle import flapping
from alert_router.incidents.lifecycle.assessment import holding
from alert_router.incidents.lifecycle.decision import decide, decide_or_remind
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.lifecycle.sent import mark_sent
from alert_router.incidents.lifecycle.transitions import dismiss, mark_deleted
from alert_router.incidents.sms_budget import BUDGET, SmsBudget
from alert_router.incidents.snapshot import AccountSnapshot, newest_balance
from shared.names import Severity
from shared.outcome import Outcome
from shared.records import Latest, Thresholds
from shared.silences import Silence
from tests.unit.router.builders import NOW, alarm, foreign, latest, minutes
from tests.unit.router.kinds import announced
from tests.unit.router.world import World

KEY = IncidentKey(Scope.ACCOUNT, "openrouter-main")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
POLICY = Policy(group_wait=timedelta(), repeat_after={WARNING: DAY, CRITICAL: 4 * HOUR})
#: Just before a limit, at it, just behind it.
EARLY, AT, LATE = -SECOND, timedelta(), SECOND


def incident(**changes: Any) -> Incident:
    """Return the incident of an account whose low balance was announced an hour ago."""
    values = {"provider": "openrouter", "last_notification": told()}
    return Incident(KEY, **values | changes)


def told(severity: Severity = WARNING, **changes: Any) -> LastNotification:
    """Return what was announced an hour ago."""
    return announced(severity, "12.30", **{"at": NOW - HOUR, "began_at": NOW - HOUR} | changes)


def fires(at: datetime) -> AlarmStatus:
    return AlarmStatus(firing=True, at=at)


def cleared(at: datetime) -> AlarmStatus:
    return AlarmStatus(firing=False, at=at)


def snapshot(record: Latest | None = None, **changes: Any) -> AccountSnapshot:
    """Return what is known of an account: its record, and the balance in it."""
    known = record or latest()
    values = {"balance": known.good.balance, "balance_at": known.good.balance_at}
    return AccountSnapshot(known, **values | changes)


def reason(found: Incident) -> NotificationReason | None:
    return found.outbox.pending.reason if found.outbox is not None else None


@pytest.mark.parametrize(("past", "is_told"), [(EARLY, False), (AT, True), (LATE, True)])
@pytest.mark.parametrize(
    ("problem", "kind", "wait"), [("low", "warning", 30), ("stale", "stale", 12)]
)
def test_end_when_the_balance_is_low_again_then_waits_for_its_alarm(
    problem: str, kind: str, wait: int, past: timedelta, is_told: bool
) -> None:
    over = {kind: cleared(NOW - minutes(wait) - past)}
    last = told(problems=frozenset({Problem(problem)}))

    found = decide(incident(alarms=over, last_notification=last), snapshot(), NOW, POLICY)

    assert reason(found.incident) is (NotificationReason.RECOVERED if is_told else None)
    assert found.suppressed is (None if is_told else Suppression.CLEARING)


@pytest.mark.parametrize(("past", "is_told"), [(EARLY, False), (AT, True), (LATE, True)])
@pytest.mark.parametrize(("severity", "hours"), [(WARNING, 24), (CRITICAL, 4)])
def test_reminder_when_its_time_has_come_then_is_due(
    severity: Severity, hours: int, past: timedelta, is_told: bool
) -> None:
    last = told(severity, at=NOW - hours * HOUR - past)
    kind = severity.value
    open_one = incident(alarms={kind: fires(NOW - 30 * HOUR)}, last_notification=last)
    low = snapshot(latest(balance=Decimal(3 if severity is CRITICAL else 12)))

    found = decide_or_remind(open_one, low, NOW, POLICY)

    assert reason(found.incident) is (NotificationReason.REMINDER if is_told else None)


@pytest.mark.parametrize(("past", "is_over"), [(EARLY, False), (AT, True), (LATE, True)])
def test_foreign_alarm_when_unchanged_for_its_expiry_then_ends(
    past: timedelta, is_over: bool
) -> None:
    world = World(policy={"foreign_expiry": 7 * DAY, "readable_alarms": "arn:aws:nowhere"})
    world.repeat_after = {}
    world.transition(foreign())
    world.wait(7 * DAY + past)

    world.reconcile()

    assert [s.split(" api")[0] for s in world.subjects] == ["WARNING", *["NO DATA"][:is_over]]


@pytest.mark.parametrize(("past", "is_told"), [(EARLY, False), (AT, True), (LATE, True)])
def test_critical_when_its_alarm_never_fired_and_the_balance_rose_then_improves_after_polls(
    past: timedelta, is_told: bool
) -> None:
    """The record said that it was critical, so the record says that it is not."""
    last = told(CRITICAL, at=NOW - HOUR)
    open_one = incident(alarms={"warning": fires(NOW - HOUR)}, last_notification=last)
    known = snapshot(balance_at=NOW - HOUR + minutes(15) + past)

    found = decide(open_one, known, NOW, POLICY)

    assert reason(found.incident) is (NotificationReason.IMPROVED if is_told else None)


@pytest.mark.parametrize(("past", "is_told"), [(EARLY, False), (AT, True), (LATE, True)])
def test_critical_when_its_alarm_cleared_then_improves_if_it_fired_in_this_incident(
    past: timedelta, is_told: bool
) -> None:
    alarms = {"warning": fires(NOW - HOUR), "critical": cleared(NOW - HOUR + past)}
    last = told(CRITICAL, at=NOW)
    open_one = incident(alarms=alarms, last_notification=last, opened_at=NOW - HOUR)

    found = decide(open_one, snapshot(), NOW, POLICY)

    assert reason(found.incident) is (NotificationReason.IMPROVED if is_told else None)


@pytest.mark.parametrize(("past", "counts"), [(EARLY, True), (AT, False), (LATE, False)])
def test_flapping_when_an_hour_has_passed_then_it_counts_no_more(
    past: timedelta, counts: bool
) -> None:
    at = NOW - HOUR - past
    begins = Announcements(begins=(at, NOW))
    known = incident(announcements={Problem.LOW: begins}, critical_at=at)

    assert flapping.is_over_budget(known, [Problem.LOW], NOW) is counts
    assert flapping.was_critical(known, NOW) is counts
    kept = flapping.announced(known, [Problem.LOW], NOW).announcements[Problem.LOW].begins
    assert kept == ((at, NOW, NOW) if counts else (NOW, NOW))


@pytest.mark.parametrize("problem", [Problem.LOW, Problem.STALE])
@pytest.mark.parametrize(("past", "flaps"), [(EARLY, True), (AT, False), (LATE, False)])
def test_flapping_when_it_has_held_for_an_hour_then_is_over(
    problem: Problem, past: timedelta, flaps: bool
) -> None:
    alarms = {"warning": cleared(NOW - HOUR - past), "stale": cleared(NOW - HOUR - past)}
    known = incident(
        alarms=alarms | {"drain": fires(NOW)},
        announcements={problem: Announcements(is_flapping=True)},
    )

    assert flapping.settled(known, NOW).announcements[problem].is_flapping is flaps


def test_flapping_when_no_alarm_of_the_problem_is_known_then_is_over() -> None:
    known = incident(announcements={Problem.LOW: Announcements(is_flapping=True)})

    assert not flapping.settled(known, NOW).announcements[Problem.LOW].is_flapping


@pytest.mark.parametrize(("past", "admits"), [(EARLY, False), (AT, True), (LATE, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_sms_when_an_hour_has_passed_then_they_do_not_count(
    sign: int, past: timedelta, admits: bool
) -> None:
    """Clocks differ: one from the future counts as one of the past does."""
    budget = SmsBudget("pager", sent=(NOW - sign * (HOUR + past), *[NOW] * (BUDGET - 1)))

    assert budget.admits(NOW, is_urgent=False) is admits
    assert budget.admits(NOW, is_urgent=True)


@pytest.mark.parametrize(
    ("balance", "age", "is_known"),
    [
        ("5", 16 * 60, False),
        ("5", 15 * 60, True),
        ("5", 15 * 60 + 1, False),
        ("4.99", 3600, True),
        ("62", 15 * 60 - 1, True),
    ],
)
def test_balance_when_an_alarm_fired_on_a_later_poll_then_is_unknown(
    balance: str, age: int, is_known: bool
) -> None:
    record = latest(balance=Decimal(balance), balance_at=NOW - age * SECOND)

    found = newest_balance(incident(alarms={"critical": fires(NOW)}), record, NOW)

    assert found == ((record.good.balance, record.good.balance_at) if is_known else (None, None))


@pytest.mark.parametrize(
    ("balance", "age", "is_known"), [("4.99", 1, False), ("4.99", 0, True), ("5", 1, True)]
)
def test_balance_when_an_alarm_cleared_on_a_later_poll_then_is_unknown(
    balance: str, age: int, is_known: bool
) -> None:
    record = latest(balance=Decimal(balance), balance_at=NOW - age * SECOND)

    found, _ = newest_balance(incident(alarms={"critical": cleared(NOW)}), record, NOW)

    assert (found is not None) is is_known


@pytest.mark.parametrize(("past", "is_read"), [(EARLY, False), (AT, False), (LATE, True)])
@pytest.mark.parametrize("delay", [timedelta(), minutes(10)])
def test_stale_when_a_balance_was_read_since_then_is_about_to_clear(
    delay: timedelta, past: timedelta, is_read: bool
) -> None:
    """A metric arrives late: for so long, an ok poll counts although it preceded the alarm."""
    began_at = NOW - minutes(10)
    open_one = incident(alarms={"stale": fires(began_at)})
    read_at = began_at + past
    record = latest(balance_at=read_at)

    kinds = holding(open_one, snapshot(record), NOW, delay)

    assert ("stale" not in kinds) is (is_read or NOW - read_at < delay)


@pytest.mark.parametrize(("past", "holds"), [(EARLY, False), (AT, True), (LATE, True)])
@pytest.mark.parametrize("delay", [10, 45])
def test_stale_when_it_does_not_clear_for_long_then_metrics_are_missing(
    delay: int, past: timedelta, holds: bool
) -> None:
    open_one = incident(alarms={"stale": fires(NOW - minutes(max(delay, 30)) - past)})

    kinds = holding(open_one, snapshot(latest(balance_at=NOW)), NOW, minutes(delay))

    assert ("stale" in kinds) is holds


@pytest.mark.parametrize(("outcome", "is_read"), [(Outcome.OK, True), (Outcome.TRANSIENT, False)])
def test_stale_when_the_last_poll_failed_then_it_holds(outcome: Outcome, is_read: bool) -> None:
    open_one = incident(alarms={"stale": fires(NOW - minutes(10))})

    kinds = holding(open_one, snapshot(latest(outcome=outcome)), NOW, minutes(10))

    assert ("stale" not in kinds) is is_read


@pytest.mark.parametrize(("past", "holds"), [(EARLY, True), (AT, True), (LATE, False)])
@pytest.mark.parametrize("kind", ["runway-warning", "runway-critical", "expiry"])
def test_forecast_when_it_was_made_since_the_alarm_then_counts(
    kind: str, past: timedelta, holds: bool
) -> None:
    record = latest(
        balance_at=NOW + past,
        at_least_hours=Decimal(900),
        credit_expires_at=NOW + 30 * DAY,
        thresholds=Thresholds(
            runway_warning_hours=Decimal(48),
            runway_critical_hours=Decimal(12),
            expiry_warning_days=Decimal(7),
        ),
    )

    kinds = holding(incident(alarms={kind: fires(NOW)}), snapshot(record), NOW, minutes(10))

    assert (kind in kinds) is holds


@pytest.mark.parametrize(("past", "holds"), [(EARLY, True), (AT, False), (LATE, False)])
def test_expiry_when_credit_lasts_for_its_days_then_is_about_to_clear(
    past: timedelta, holds: bool
) -> None:
    record = latest(
        credit_expires_at=NOW + 7 * DAY + past,
        thresholds=Thresholds(expiry_warning_days=Decimal(7)),
    )

    began = {"expiry": fires(NOW - HOUR)}

    assert ("expiry" in holding(incident(alarms=began), snapshot(record), NOW, HOUR)) is holds


@pytest.mark.parametrize(("past", "is_leased"), [(EARLY, True), (AT, False), (LATE, False)])
def test_lease_when_its_end_has_come_then_another_may_send(
    past: timedelta, is_leased: bool
) -> None:
    pending = PendingNotification(NotificationReason.OPENED, WARNING, frozenset(), NOW)

    assert Outbox(pending, lease_until=NOW - past).is_leased(NOW) is is_leased


@pytest.mark.parametrize(("past", "is_kept"), [(EARLY, True), (AT, False), (LATE, False)])
def test_past_incident_when_it_ended_two_weeks_ago_then_is_forgotten(
    past: timedelta, is_kept: bool
) -> None:
    old = PastIncident(NOW - 20 * DAY, NOW - 14 * DAY - past, WARNING, frozenset())
    ended = ending(incident(past=(old,)), ended_at=NOW)

    assert (old in ended.past) is is_kept
    assert ended.past[-1].ended_at == NOW


def test_past_incidents_when_there_are_many_then_the_newest_twenty_are_kept() -> None:
    many = tuple(
        PastIncident(NOW - HOUR, NOW - n * SECOND, WARNING, frozenset()) for n in range(20)
    )

    ended = ending(incident(past=many), ended_at=NOW)

    assert ended.past[:-1] == many[1:]
    assert len(ended.past) == 20


def ending(open_one: Incident, ended_at: datetime) -> Incident:
    """Return the incident after its end was announced."""
    last = open_one.last_notification
    pending = PendingNotification(
        NotificationReason.RECOVERED, WARNING, frozenset(), NOW, previous=last, ended_at=ended_at
    )
    return mark_sent(replace(open_one, outbox=Outbox(pending)), snapshot(), NOW, "")


@pytest.mark.parametrize(("past", "is_gone"), [(EARLY, True), (AT, True), (LATE, False)])
def test_alarm_when_it_changed_after_it_was_found_missing_then_it_exists(
    past: timedelta, is_gone: bool
) -> None:
    known = incident(alarms={"warning": fires(NOW + past)})

    found = mark_deleted(known, frozenset({"warning"}), NOW)

    assert found.alarms["warning"].is_gone is is_gone
    assert (found == known) is not is_gone


@pytest.mark.parametrize(("past", "is_closed"), [(EARLY, True), (AT, True), (LATE, False)])
def test_incident_when_it_began_after_somebody_closed_the_last_one_then_stays(
    past: timedelta, is_closed: bool
) -> None:
    known = incident(alarms={"warning": fires(NOW + past)}, opened_at=NOW + past)

    assert bool(dismiss(known, "ada: paid", NOW).closed_by) is is_closed


FAR = NOW + DAY
TIMES: dict[str, Any] = {
    "opened": lambda at: {"opened_at": at},
    "critical": lambda at: {"critical_at": at},
    "alarm": lambda at: {"alarms": {"stale": cleared(at)}},
    "alarm since": lambda at: {"alarms": {"stale": cleared(NOW)._replace(since=at)}},
    "told": lambda at: {"last_notification": told(at=at)},
    "told of the beginning": lambda at: {"last_notification": told(began_at=at)},
    "announced": lambda at: {"announcements": {Problem.LOW: Announcements(begins=(NOW, at))}},
    "waiting since": lambda at: {"waiting": GroupWait("warning", at, NOW)},
    "waiting until": lambda at: {"waiting": GroupWait("warning", NOW, at)},
    "leased": lambda at: {"outbox": outbox(lease_until=at)},
    "decided": lambda at: {"outbox": outbox(decided_at=at)},
    "pending": lambda at: {"outbox": outbox(opened_at=at)},
}


def outbox(lease_until: datetime | None = None, **changes: Any) -> Outbox:
    """Return a pending notification."""
    values = {"decided_at": NOW} | changes
    pending = PendingNotification(NotificationReason.OPENED, WARNING, frozenset(), **values)
    return Outbox(pending, lease_until)


@pytest.mark.parametrize("of", TIMES)
def test_incident_when_any_of_its_times_is_far_ahead_then_is_not_believed(of: str) -> None:
    assert check(incident(**TIMES[of](FAR)), NOW)

    with pytest.raises(FutureError, match="in the future"):
        check(incident(**TIMES[of](FAR + SECOND)), NOW)


@pytest.mark.parametrize("field", ["polled_at", "failing_since", "balance_at", "top_up_due_since"])
def test_record_when_any_of_its_times_is_far_ahead_then_is_not_believed(field: str) -> None:
    assert not is_future_record(latest(**{field: FAR}), NOW)
    assert is_future_record(latest(**{field: FAR + SECOND}), NOW)


def test_silence_when_it_lasts_longer_than_anybody_can_ask_for_then_is_endless() -> None:
    assert not is_endless(Silence("all", NOW + 732 * DAY), NOW)
    assert is_endless(Silence("all", NOW + 732 * DAY + SECOND), NOW)


@pytest.mark.parametrize(("past", "is_believed"), [(EARLY, True), (AT, True), (LATE, False)])
def test_transition_when_it_is_ahead_of_the_clock_then_is_dated_now(
    past: timedelta, is_believed: bool
) -> None:
    at = NOW + minutes(5) + past
    point = Datapoint(Decimal(3), at)

    found = dated(alarm(at=at)._replace(latest=point), NOW)
    old = dated(alarm(at=NOW)._replace(latest=point), NOW)

    assert found.changed_at == (at if is_believed else NOW)
    assert old.latest == found.latest == (point if is_believed else None)


def test_history_when_a_message_is_about_an_account_then_is_the_last_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, datetime, datetime]] = []

    def history(_: World, *asked_for: Any) -> dict[datetime, Decimal]:
        asked.append(asked_for)
        return {}

    monkeypatch.setattr(World, "history", history)
    world = World(records={"openrouter-main": latest(balance=Decimal(3))}, group_wait=timedelta())

    world.transition(alarm("critical"), foreign())

    assert asked == [("openrouter-main", NOW - DAY, NOW)]
