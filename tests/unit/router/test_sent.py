"""What is known of an incident once its notification went out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from alert_router.incidents.incident import (
    AlarmStatus,
    Announcements,
    Incident,
    LastNotification,
    Outbox,
    PendingNotification,
    Problem,
)
from alert_router.incidents.incident import NotificationReason as Reason
from alert_router.incidents.lifecycle.sent import mark_sent
from shared.names import Severity
from tests.unit.router.builders import NOW, minutes
from tests.unit.router.decided import (
    CRITICAL,
    DAY,
    DRAIN,
    FOREIGN,
    LOW,
    STALE,
    WARNING,
    incident,
    known,
    no_data,
    told,
)


def sent(
    before: Incident, reason: Reason, severity: Severity = WARNING, **changes: Any
) -> Incident:
    """Return the incident after a notification went out."""
    pending = PendingNotification(
        reason,
        severity,
        before.problems,
        NOW,
        opened_at=NOW - minutes(9),
        previous=before.last_notification,
    )
    before = replace(before, outbox=Outbox(pending._replace(**changes)))
    return mark_sent(before, known(), NOW, "digest/7")


def test_opening_when_it_was_sent_then_what_it_said_is_known() -> None:
    found = sent(incident("warning", "drain"), Reason.OPENED, CRITICAL)

    assert found.last_notification == LastNotification(
        CRITICAL,
        CRITICAL,
        frozenset({LOW, DRAIN}),
        NOW,
        group="digest/7",
        outcome="ok",
        balance=Decimal("12.30"),
        unit="USD",
        began_at=NOW - minutes(9),
        provider="openrouter",
    )
    assert found.outbox is None
    assert found.critical_at == NOW
    assert found.announcements == dict.fromkeys((LOW, DRAIN), Announcements((NOW,)))


@pytest.mark.parametrize(
    ("reason", "before", "counted", "flaps"),
    [
        (Reason.OPENED, None, {LOW}, set()),
        (Reason.OPENED, told(STALE, is_setup=True), {LOW}, set()),
        (Reason.NOT_SET_UP, None, set(), set()),
        (Reason.IMPROVED, told(LOW, STALE), set(), set()),
        (Reason.ESCALATED, told(STALE), {LOW}, set()),
        (Reason.ESCALATED, told(LOW), set(), set()),
        (Reason.FLAPPING, None, {LOW}, {LOW}),
        (Reason.FLAPPING, told(LOW), set(), {LOW}),
        (Reason.FLAPPING, told(STALE), {LOW}, {LOW}),
    ],
)
def test_beginnings_when_they_were_sent_then_count_towards_the_hour(
    reason: Reason, before: LastNotification | None, counted: set[Problem], flaps: set[Problem]
) -> None:
    found = sent(incident("warning", last_notification=before), reason).announcements

    assert {problem for problem, each in found.items() if each.begins} == counted
    assert {problem for problem, each in found.items() if each.is_flapping} == flaps


@pytest.mark.parametrize(
    ("reason", "counts"),
    [(Reason.OPENED, 1), (Reason.ESCALATED, 1), (Reason.REMINDER, 0), (Reason.IMPROVED, 0)],
)
def test_further_series_when_it_was_announced_then_counts_as_a_beginning(
    reason: Reason, counts: int
) -> None:
    last = None if reason is Reason.OPENED else told(FOREIGN)
    found = sent(incident("alarm#1", last_notification=last), reason)

    assert len(found.announcements.get(FOREIGN, Announcements()).begins) == counts


@pytest.mark.parametrize(
    ("severity", "before", "worst"),
    [
        (WARNING, None, WARNING),
        (CRITICAL, None, CRITICAL),
        (WARNING, told(LOW, severity=CRITICAL), CRITICAL),
        (WARNING, told(LOW), WARNING),
        (CRITICAL, told(LOW), CRITICAL),
    ],
)
def test_worst_when_it_was_announced_then_is_kept(
    severity: Severity, before: LastNotification | None, worst: Severity
) -> None:
    found = sent(incident("warning", last_notification=before), Reason.ESCALATED, severity)

    assert found.last_notification is not None
    assert (found.last_notification.severity, found.last_notification.worst) == (severity, worst)
    assert (found.critical_at == NOW) is (severity is CRITICAL)


def test_problem_when_it_still_fires_beside_the_announced_one_then_stays_known() -> None:
    before = incident("warning", "stale", last_notification=told(LOW, STALE, DRAIN))

    found = sent(before, Reason.ESCALATED, problems=frozenset({LOW}))

    assert found.last_notification is not None
    assert found.last_notification.problems == {LOW, STALE}


def test_reminder_when_it_was_sent_then_the_next_counts_from_it() -> None:
    last = told(LOW, worst=CRITICAL, group="digest/1", began_at=NOW - minutes(130))
    found = sent(incident("warning", last_notification=last), Reason.REMINDER)

    assert found.last_notification == last._replace(
        at=NOW, outcome="ok", balance=Decimal("12.30"), unit="USD"
    )
    assert found.announcements == {}


@pytest.mark.parametrize("reason", [Reason.RECOVERED, Reason.CLOSED])
def test_end_when_it_was_sent_then_alarms_that_fire_begin_again(reason: Reason) -> None:
    last = told(LOW, severity=CRITICAL)
    before = incident(
        "drain", "stale", last_notification=last, closed_by="ada", opened_at=NOW - DAY
    )
    over = sent(before, reason, ended_at=NOW - minutes(2))

    assert (over.last_notification, over.closed_by) == (None, "")
    assert over.opened_at == NOW - minutes(45)
    assert [(each.ended_at, each.severity) for each in over.past] == [(NOW - minutes(2), CRITICAL)]
    assert sent(replace(before, alarms={}), reason).opened_at is None
    assert sent(before, reason).past[-1].ended_at == NOW


def test_no_data_when_it_was_sent_then_the_alarm_counts_again_once_it_changes() -> None:
    before = no_data(is_known=True)
    alarms = {"alarm#1": AlarmStatus(True, NOW), **before.alarms}

    found = sent(replace(before, alarms=alarms), Reason.NO_DATA, problems=frozenset({FOREIGN}))

    assert {status.firing or status.lacks_data for status in found.alarms.values()} == {False}
    assert (found.last_notification, found.opened_at) == (None, None)
    assert found.announcements[FOREIGN].begins == (NOW,)


def test_nothing_when_it_was_pending_then_nothing_changes() -> None:
    assert mark_sent(incident("warning"), known(), NOW, "") == incident("warning")
