"""What becomes of a notification that an earlier attempt left, now that time has passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alert_router.incidents.incident import (
    AlarmStatus,
    Incident,
    LastNotification,
    Outbox,
    PendingNotification,
    Suppression,
)
from alert_router.incidents.incident import NotificationReason as Reason
from alert_router.incidents.lifecycle.decision import Decision, decide
from alert_router.incidents.lifecycle.pending import decide_again
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import Severity
from tests.unit.router.builders import NOW, minutes
from tests.unit.router.decided import (
    CRITICAL,
    DAY,
    DRAIN,
    GROUPS,
    LOW,
    POLICY,
    STALE,
    WAIT,
    WARNING,
    due,
    incident,
    known,
    told,
)

TO = frozenset({"email/team"})
JOINS = frozenset({"sms/pager"})


def left(
    before: Incident, reason: Reason, severity: Severity = WARNING, **changes: Any
) -> Incident:
    """Return an incident whose notification an earlier attempt left, in part delivered."""
    pending = PendingNotification(
        reason,
        severity,
        before.problems or frozenset({LOW}),
        NOW - minutes(5),
        opened_at=NOW - minutes(45),
        previous=before.last_notification,
    )
    outbox = Outbox(pending, **{"delivered": TO, "joins": JOINS} | changes)
    return replace(before, outbox=outbox, waiting=WAIT)


LEASED = {"lease_until": NOW - minutes(1), "is_unsent": True}


def test_pending_when_there_is_one_then_decide_leaves_it_alone() -> None:
    before = left(incident("warning"), Reason.OPENED)

    assert decide(before, known("3"), NOW, POLICY) == Decision(before)


def test_pending_when_there_is_none_then_it_is_decided_as_ever() -> None:
    before = incident("warning")

    assert decide_again(before, known(), NOW, GROUPS) == decide(before, known(), NOW, GROUPS)


@pytest.mark.parametrize("is_unsent", [True, False])
def test_pending_when_nothing_changed_then_only_the_rest_gets_it(is_unsent: bool) -> None:
    before = left(incident("warning"), Reason.OPENED, is_unsent=is_unsent)

    found = decide_again(before, known(), NOW, GROUPS)

    assert due(found) == (Reason.OPENED, WARNING, {LOW})
    outbox = found.incident.outbox
    assert outbox is not None
    assert (outbox.delivered, outbox.joins, outbox.is_unsent) == (TO, JOINS, is_unsent)
    assert found.incident.waiting is None


def test_pending_when_its_sender_died_then_nobody_is_known_not_to_have_it() -> None:
    before = left(incident("warning"), Reason.OPENED, **LEASED)

    outbox = decide_again(before, known(), NOW, GROUPS).incident.outbox

    assert outbox is not None
    assert (outbox.delivered, outbox.joins, outbox.is_unsent) == (TO, frozenset(), False)


@pytest.mark.parametrize("is_unsent", [True, False])
def test_pending_when_it_is_critical_by_now_then_everybody_gets_that(is_unsent: bool) -> None:
    before = left(incident("warning"), Reason.OPENED, is_unsent=is_unsent)

    found = decide_again(before, known("3"), NOW, GROUPS)

    outbox = found.incident.outbox
    assert outbox is not None
    assert outbox.pending.severity is CRITICAL
    assert (outbox.delivered, outbox.joins) == (frozenset(), frozenset())
    assert outbox.pending.reason is (Reason.OPENED if is_unsent else Reason.ESCALATED)


@pytest.mark.parametrize("reason", [Reason.OPENED, Reason.NOT_SET_UP])
def test_pending_when_the_record_is_readable_by_now_then_who_has_it_gets_it_once(
    reason: Reason,
) -> None:
    """Whether an account was ever set up is in its record."""
    before = left(incident("stale"), reason, is_unsent=True)

    for snapshot in (AccountSnapshot(None), AccountSnapshot(None, is_readable=False)):
        outbox = decide_again(before, snapshot, NOW, GROUPS).incident.outbox
        assert outbox is not None
        assert outbox.delivered == TO


def test_pending_when_other_problems_hold_by_now_then_everybody_gets_that() -> None:
    before = left(incident("warning"), Reason.OPENED, is_unsent=True)
    both = replace(before, alarms={**before.alarms, "drain": AlarmStatus(True, NOW)})

    found = decide_again(both, known(), NOW, GROUPS)

    assert due(found) == (Reason.OPENED, WARNING, {LOW, DRAIN})
    assert found.incident.outbox is not None
    assert found.incident.outbox.delivered == frozenset()


def test_pending_when_it_is_silenced_by_now_then_it_stays() -> None:
    before = left(incident("warning"), Reason.OPENED, **LEASED)

    found = decide_again(before, known(is_silenced=True), NOW, GROUPS)

    assert found.suppressed is Suppression.SILENCED
    assert before.outbox is not None
    assert found.incident == replace(before, outbox=before.outbox.trusted, waiting=None)


@pytest.mark.parametrize(("balance", "reason"), [("12", Reason.REMINDER), ("3", Reason.ESCALATED)])
def test_reminder_when_it_was_left_then_it_is_repeated_unless_there_is_news(
    balance: str, reason: Reason
) -> None:
    last = told(LOW, at=NOW - DAY)
    before = left(incident("warning", last_notification=last), Reason.REMINDER, is_unsent=True)

    outbox = decide_again(before, known(balance), NOW, GROUPS).incident.outbox

    assert outbox is not None
    assert outbox.pending.reason is reason
    assert outbox.delivered == (TO if reason is Reason.REMINDER else frozenset())


@pytest.mark.parametrize("is_unsent", [True, False])
@pytest.mark.parametrize(
    ("last", "not_to"),
    [(None, JOINS), (told(STALE, is_setup=True), JOINS), (told(LOW), frozenset())],
)
def test_pending_when_the_problem_is_over_then_its_end_goes_to_whoever_may_know(
    last: LastNotification | None, not_to: frozenset[str], is_unsent: bool
) -> None:
    """Those who certainly did not get the alert hear of no end, but if they know of an earlier."""
    reason = Reason.ESCALATED if last is not None and not last.is_setup else Reason.OPENED
    before = left(
        incident(cleared="warning", last_notification=last), reason, CRITICAL, is_unsent=is_unsent
    )

    found = decide_again(before, known("60"), NOW, POLICY)

    is_known = not is_unsent or reason is Reason.ESCALATED
    worst = WARNING if is_unsent else CRITICAL
    assert due(found) == ((Reason.RECOVERED, worst, set()) if is_known else None)
    outbox = found.incident.outbox
    assert outbox is None or outbox.delivered == (frozenset() if is_unsent else not_to)


def test_pending_when_it_is_better_by_now_then_all_who_may_have_got_the_worse_are_notified() -> (
    None
):
    before = left(incident("warning", cleared="critical"), Reason.OPENED, CRITICAL, is_unsent=False)

    found = decide_again(before, known(), NOW, POLICY)

    assert due(found) == (Reason.IMPROVED, WARNING, {LOW})
    assert found.incident.outbox is not None
    assert found.incident.outbox.delivered == frozenset()


@pytest.mark.parametrize(("is_unsent", "stays"), [(True, False), (False, True)])
def test_pending_when_its_problem_is_about_to_clear_then_stays_if_anybody_may_have_it(
    is_unsent: bool, stays: bool
) -> None:
    before = left(incident("warning"), Reason.OPENED, is_unsent=is_unsent)

    found = decide_again(before, known("60"), NOW, POLICY)

    assert found.suppressed is Suppression.CLEARING
    assert found.incident.outbox == (before.outbox if stays else None)


def test_outbox_when_nothing_else_is_known_then_may_have_been_sent() -> None:
    pending = PendingNotification(Reason.OPENED, WARNING, frozenset({LOW}), NOW)

    assert not Outbox(pending).is_unsent
