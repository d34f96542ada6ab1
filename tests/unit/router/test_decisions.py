"""What is due of one incident, from what people know, what fires, and what the record says."""

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
    Problem,
    Suppression,
)
from alert_router.incidents.incident import NotificationReason as Reason
from alert_router.incidents.lifecycle.decision import decide, decide_or_remind
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import Severity
from shared.records import Thresholds
from tests.unit.router.builders import NOW, failing, minutes
from tests.unit.router.decided import (
    CRITICAL,
    DAY,
    DRAIN,
    FAILS,
    FOREIGN,
    GROUPS,
    LOW,
    POLICY,
    STALE,
    WAIT,
    WARNING,
    due,
    incident,
    known,
    no_data,
    told,
)

FLAPPING = {LOW: Announcements(is_flapping=True)}
TWICE = {LOW: Announcements((NOW - minutes(40), NOW - minutes(20)))}


@pytest.mark.parametrize(
    ("before", "snapshot", "expected"),
    [
        pytest.param(incident(), known(), None, id="nothing"),
        pytest.param(incident("warning"), known(), (Reason.OPENED, WARNING, {LOW}), id="opened"),
        pytest.param(
            incident("warning"), known("3"), (Reason.OPENED, CRITICAL, {LOW}), id="critical"
        ),
        pytest.param(incident("warning"), known("20"), Suppression.CLEARING, id="cleared already"),
        pytest.param(
            incident("critical"), known("5"), Suppression.CLEARING, id="critical cleared already"
        ),
        pytest.param(
            incident("critical", "warning"), known("5"), (Reason.OPENED, WARNING, {LOW}), id="above"
        ),
        pytest.param(
            incident("runway-warning"),
            known(
                thresholds=Thresholds(runway_critical_hours=Decimal(6)), at_least_hours=Decimal(5)
            ),
            (Reason.OPENED, CRITICAL, {LOW}),
            id="critical runway",
        ),
        pytest.param(
            incident("drain"),
            known(
                "3",
                thresholds=Thresholds(runway_critical_hours=Decimal(6)),
                at_least_hours=Decimal(5),
            ),
            (Reason.OPENED, WARNING, {DRAIN}),
            id="a drain is no low balance",
        ),
        pytest.param(
            incident("warning", "stale"),
            known(**FAILS),
            (Reason.OPENED, WARNING, {LOW, STALE}),
            id="two",
        ),
        pytest.param(
            incident("warning", last_notification=told(LOW)),
            known(),
            Suppression.ALREADY_SENT,
            id="known",
        ),
        pytest.param(
            incident("warning", last_notification=told(LOW)),
            known("3"),
            (Reason.ESCALATED, CRITICAL, {LOW}),
            id="worse",
        ),
        pytest.param(
            incident("warning", "stale", last_notification=told(LOW)),
            known(**FAILS),
            (Reason.ESCALATED, WARNING, {LOW, STALE}),
            id="a second problem",
        ),
        pytest.param(
            incident("warning", cleared="stale", last_notification=told(LOW, STALE)),
            known(),
            (Reason.IMPROVED, WARNING, {LOW}),
            id="one of two is over",
        ),
        pytest.param(
            incident(
                "warning", "drain", cleared="stale", last_notification=told(LOW, STALE, DRAIN)
            ),
            known("60"),
            Suppression.CLEARING,
            id="one is over and another about to clear",
        ),
        pytest.param(
            incident("drain", cleared="stale warning", last_notification=told(LOW, STALE, DRAIN)),
            known("60"),
            (Reason.IMPROVED, WARNING, {DRAIN}),
            id="two of three are over",
        ),
        pytest.param(
            incident("warning", cleared="critical", last_notification=told(LOW, severity=CRITICAL)),
            known(),
            (Reason.IMPROVED, WARNING, {LOW}),
            id="not critical any more",
        ),
        pytest.param(
            incident("warning", "critical", last_notification=told(LOW, severity=CRITICAL)),
            known(),
            Suppression.CLEARING,
            id="the critical alarm still fires",
        ),
        pytest.param(
            incident("warning", "runway-critical", last_notification=told(LOW, severity=CRITICAL)),
            known(),
            Suppression.ALREADY_SENT,
            id="critical for its runway",
        ),
        pytest.param(
            incident(
                "warning", last_notification=told(LOW, severity=CRITICAL, at=NOW - minutes(99))
            ),
            known(),
            Suppression.CLEARING,
            id="the record rose before polls confirm it",
        ),
        pytest.param(
            incident(cleared="warning", last_notification=told(LOW)),
            known("60"),
            (Reason.RECOVERED, WARNING, set()),
            id="over",
        ),
        pytest.param(
            incident(cleared="warning", last_notification=told(LOW, worst=CRITICAL)),
            known("60"),
            (Reason.RECOVERED, CRITICAL, set()),
            id="over, with those who heard the worst",
        ),
        pytest.param(
            incident(cleared="warning", last_notification=told(LOW, provider="")),
            known("60"),
            (Reason.RECOVERED, WARNING, set()),
            id="over, of a provider that was not known",
        ),
        pytest.param(
            incident("warning", last_notification=told(LOW, provider="firecrawl", worst=CRITICAL)),
            known(),
            (Reason.CLOSED, CRITICAL, set()),
            id="another provider",
        ),
        pytest.param(
            incident("stale", last_notification=told(STALE, is_setup=True, provider="firecrawl")),
            known(**FAILS),
            Suppression.NOT_SET_UP,
            id="another provider, not set up",
        ),
        pytest.param(
            incident(
                cleared="warning",
                last_notification=told(LOW),
                closed_by="ada",
                announcements=FLAPPING,
            ),
            known(),
            (Reason.CLOSED, WARNING, set()),
            id="by hand",
        ),
        pytest.param(
            incident(cleared="warning", last_notification=told(LOW), announcements=FLAPPING),
            known("60"),
            Suppression.FLAPPING,
            id="a flapping one is over",
        ),
        pytest.param(
            incident("warning", announcements=TWICE),
            known(),
            (Reason.FLAPPING, WARNING, {LOW}),
            id="thrice",
        ),
        pytest.param(
            incident("warning", announcements=TWICE),
            known("3"),
            (Reason.OPENED, CRITICAL, {LOW}),
            id="thrice, and now critical",
        ),
        pytest.param(
            incident("warning", announcements=TWICE, critical_at=NOW - minutes(20)),
            known("3"),
            (Reason.FLAPPING, CRITICAL, {LOW}),
            id="thrice critical",
        ),
        pytest.param(
            incident(
                "warning",
                cleared="drain",
                announcements=FLAPPING | {DRAIN: Announcements(is_flapping=True)},
                last_notification=told(LOW, DRAIN),
            ),
            known(),
            Suppression.FLAPPING,
            id="a flapping one of two is over",
        ),
        pytest.param(
            incident(
                "warning",
                cleared="critical",
                announcements={LOW: Announcements(is_flapping=True)},
                last_notification=told(LOW, severity=CRITICAL),
            ),
            known(),
            Suppression.FLAPPING,
            id="a flapping one is not critical any more",
        ),
        pytest.param(
            incident(
                "warning",
                announcements=FLAPPING,
                critical_at=NOW - minutes(20),
                last_notification=told(LOW),
            ),
            known("3"),
            Suppression.FLAPPING,
            id="a flapping one is critical again",
        ),
        pytest.param(
            incident(
                "warning",
                critical_at=NOW - minutes(20),
                last_notification=told(LOW),
            ),
            known("3"),
            (Reason.FLAPPING, CRITICAL, {LOW}),
            id="critical again within the hour",
        ),
    ],
)
def test_incident_when_decided_on_then_the_next_notification_is_the_right_one(
    before: Incident,
    snapshot: AccountSnapshot,
    expected: tuple[Reason, Severity, set[Problem]] | Suppression | None,
) -> None:
    assert due(decide(before, snapshot, NOW, POLICY)) == expected


def test_new_account_when_no_poll_was_ever_ok_then_its_set_up_is_requested() -> None:
    never = AccountSnapshot(failing(balance=None, balance_at=None))
    unknown = AccountSnapshot(None)
    unreadable = AccountSnapshot(None, is_readable=False)
    before = incident("stale")

    assert due(decide(before, never, NOW, POLICY)) == (Reason.NOT_SET_UP, WARNING, {STALE})
    assert due(decide(before, unknown, NOW, POLICY)) == (Reason.NOT_SET_UP, WARNING, {STALE})
    assert due(decide(before, unreadable, NOW, POLICY)) == (Reason.OPENED, WARNING, {STALE})
    two = incident("stale", "warning")
    assert due(decide(two, unknown, NOW, POLICY)) == (Reason.OPENED, WARNING, {LOW, STALE})


def test_set_up_when_it_is_over_then_that_is_forgotten_without_a_word() -> None:
    asked = incident(
        cleared="stale", last_notification=told(STALE, is_setup=True), opened_at=NOW - DAY
    )

    found = decide(asked, known("60"), NOW, POLICY)

    assert due(found) is None
    assert (found.incident.last_notification, found.incident.opened_at) == (None, None)


def test_set_up_when_another_problem_follows_then_that_opens() -> None:
    asked = incident("stale", "warning", last_notification=told(STALE, is_setup=True))

    assert due(decide(asked, known(**FAILS), NOW, POLICY)) == (Reason.OPENED, WARNING, {LOW, STALE})


@pytest.mark.parametrize("snapshot", [known(is_silenced=True), known("20")])
def test_wait_when_nothing_is_due_any_more_then_is_over(snapshot: AccountSnapshot) -> None:
    waiting = incident("warning", waiting=WAIT)

    assert decide(waiting, snapshot, NOW, GROUPS).incident.waiting is None


@pytest.mark.parametrize(
    ("balance", "wait_is_over", "group_wait", "waits"),
    [
        ("12", False, 1, True),
        ("12", True, 1, False),
        ("12", False, 0, False),
        ("3", False, 1, False),
    ],
)
def test_alert_when_it_is_urgent_or_has_waited_then_goes_out(
    balance: str, wait_is_over: bool, group_wait: int, waits: bool
) -> None:
    policy = POLICY._replace(group_wait=minutes(group_wait))

    found = decide(incident("warning"), known(balance), NOW, policy, wait_is_over=wait_is_over)

    assert (found.suppressed is Suppression.GROUPED) is waits
    assert (found.incident.waiting is not None) is waits
    assert (found.incident.outbox is None) is waits
    if found.incident.outbox is not None:
        assert found.incident.outbox.is_unsent
        assert found.incident.outbox.lease_until is None


@pytest.mark.parametrize(
    ("worst", "group", "waits"),
    [
        (WARNING, "", False),
        (WARNING, "digest/1", True),
        (WARNING, "stale/fal", True),
        (CRITICAL, "digest/1", False),
        (CRITICAL, "stale/fal", True),
        (CRITICAL, "", False),
    ],
)
def test_end_when_it_was_announced_in_a_group_then_waits_for_it_unless_it_was_critical(
    worst: Severity, group: str, waits: bool
) -> None:
    over = incident(cleared="warning", last_notification=told(LOW, worst=worst, group=group))

    found = decide(over, known("60"), NOW, GROUPS)

    assert (found.suppressed is Suppression.GROUPED) is waits


FAILING_SINCE = NOW - minutes(200)


@pytest.mark.parametrize(
    ("opened", "last", "since", "kinds", "began"),
    [
        (60, None, None, "warning", 60),
        (60, told(LOW, began_at=NOW - minutes(120)), None, "warning stale", 120),
        (130, told(LOW, began_at=NOW - minutes(120)), None, "warning stale", 130),
        (60, told(STALE, began_at=NOW - minutes(120), is_setup=True), None, "warning", 60),
        (60, None, FAILING_SINCE, "stale", 200),
        (60, None, FAILING_SINCE, "warning", 60),
        (None, None, FAILING_SINCE, "stale", 200),
    ],
)
def test_beginning_when_announced_then_is_that_of_the_first_sign(
    opened: int | None, last: LastNotification | None, since: Any, kinds: str, began: int
) -> None:
    opened_at = NOW - minutes(opened) if opened else None
    before = incident(*kinds.split(), last_notification=last, opened_at=opened_at)

    found = decide(before, known(**FAILS, failing_since=since), NOW, POLICY).incident

    assert found.opened_at == NOW - minutes(began)
    assert found.outbox is not None
    pending = found.outbox.pending
    assert (pending.opened_at, pending.previous, pending.decided_at) == (
        found.opened_at,
        last,
        NOW,
    )


def test_end_when_announced_then_is_that_of_the_last_alarm_of_what_ended() -> None:
    before = incident("drain", last_notification=told(LOW, DRAIN))
    over = {
        "warning": AlarmStatus(False, NOW - minutes(7)),
        "critical": AlarmStatus(False, NOW - minutes(2), since=NOW - minutes(9)),
        "stale": AlarmStatus(False, NOW - minutes(1)),
    }

    found = decide(replace(before, alarms={**before.alarms, **over}), known("60"), NOW, POLICY)

    assert due(found) == (Reason.IMPROVED, WARNING, {DRAIN})
    assert found.incident.outbox is not None
    assert found.incident.outbox.pending.ended_at == NOW - minutes(7)


def test_reminder_when_it_is_due_then_names_every_problem() -> None:
    before = incident("warning", "drain", last_notification=told(LOW, DRAIN, at=NOW - DAY))

    assert due(decide_or_remind(before, known(), NOW, POLICY)) == (
        Reason.REMINDER,
        WARNING,
        {LOW, DRAIN},
    )


def test_reminder_when_the_account_is_silenced_then_waits() -> None:
    before = incident("warning", last_notification=told(LOW, at=NOW - DAY))

    assert due(decide_or_remind(before, known(is_silenced=True), NOW, POLICY)) is (
        Suppression.ALREADY_SENT
    )


def test_reminder_when_something_else_is_due_then_that_is_announced() -> None:
    before = incident("warning", last_notification=told(LOW, at=NOW - DAY))

    assert due(decide_or_remind(before, known("3"), NOW, POLICY)) == (
        Reason.ESCALATED,
        CRITICAL,
        {LOW},
    )


@pytest.mark.parametrize(
    ("is_known", "begins", "is_told"),
    [(False, 0, True), (False, 1, True), (False, 2, False), (True, 2, True)],
)
def test_foreign_alarm_when_it_lacks_data_then_that_is_announced_within_the_hours_budget(
    is_known: bool, begins: int, is_told: bool
) -> None:
    found = decide(no_data(is_known=is_known, begins=begins), AccountSnapshot(), NOW, POLICY)

    expected = (Reason.NO_DATA, WARNING, {FOREIGN})
    assert due(found) == (expected if is_told else Suppression.FLAPPING)
