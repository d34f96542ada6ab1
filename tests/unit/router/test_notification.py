"""A notification's problem, audience, balance and threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import Datapoint
from alert_router.incidents.endings import Ending, endings
from alert_router.incidents.incident import (
    AlarmStatus,
    ForeignAlarm,
    Incident,
    IncidentKey,
    LastNotification,
    PendingNotification,
    Problem,
    Scope,
)
from alert_router.incidents.incident import NotificationReason as Reason
from alert_router.incidents.notification import Notification, notification_of
from alert_router.incidents.snapshot import newest_balance
from shared.names import Severity, Status
from shared.records import Latest, Thresholds
from tests.unit.router.builders import NOW, latest, minutes
from tests.unit.router.kinds import announced

KEY = IncidentKey(Scope.ACCOUNT, "openrouter-main")
ALARM = IncidentKey(Scope.FOREIGN, "arn:api-errors")
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
LOW, STALE, DRAIN, EXPIRY = Problem.LOW, Problem.STALE, Problem.DRAIN, Problem.EXPIRY


def told(*problems: Problem, severity: Severity = WARNING, **changes: Any) -> LastNotification:
    """Return what was announced before."""
    return announced(severity, problems=frozenset(problems), **changes)


def of(
    reason: Reason,
    *problems: Problem,
    previous: LastNotification | None = None,
    severity: Severity = WARNING,
    **changes: Any,
) -> Notification:
    """Return a notification about an account."""
    return Notification(
        KEY, reason, severity, frozenset(problems), NOW, previous=previous, **changes
    )


@pytest.mark.parametrize(
    ("notification", "leads"),
    [
        (of(Reason.OPENED, DRAIN, STALE), STALE),
        (of(Reason.OPENED, DRAIN, LOW), LOW),
        (of(Reason.REMINDER, DRAIN, EXPIRY, previous=told(LOW)), DRAIN),
        (of(Reason.ESCALATED, LOW, STALE, previous=told(LOW)), STALE),
        (of(Reason.ESCALATED, LOW, STALE, previous=told(STALE, is_setup=True)), LOW),
        (of(Reason.ESCALATED, LOW, STALE, previous=told(LOW), severity=CRITICAL), LOW),
        (of(Reason.ESCALATED, LOW, previous=told(LOW)), LOW),
        (of(Reason.ESCALATED, DRAIN), DRAIN),
        (of(Reason.IMPROVED, LOW, previous=told(LOW, STALE)), STALE),
        (of(Reason.IMPROVED, LOW, previous=told(LOW)), LOW),
        (of(Reason.IMPROVED, DRAIN, previous=told(DRAIN)), DRAIN),
        (of(Reason.RECOVERED, previous=told(STALE, DRAIN)), STALE),
        (of(Reason.CLOSED, previous=told(EXPIRY)), EXPIRY),
        (of(Reason.NO_DATA, Problem.FOREIGN, previous=told(Problem.FOREIGN)), Problem.FOREIGN),
        (of(Reason.NO_DATA, Problem.FOREIGN), Problem.FOREIGN),
        (of(Reason.RECOVERED, DRAIN), DRAIN),
        (of(Reason.RECOVERED), LOW),
        (of(Reason.FLAPPING, STALE, previous=told(LOW)), STALE),
    ],
)
def test_subject_when_there_are_several_problems_then_is_about_the_news(
    notification: Notification, leads: Problem
) -> None:
    assert notification.leading is leads


@pytest.mark.parametrize(
    ("problems", "previous", "news", "ended"),
    [
        ({LOW, STALE}, told(LOW), {STALE}, set()),
        ({LOW}, told(LOW), {LOW}, set()),
        ({LOW}, None, {LOW}, set()),
        ({STALE}, told(STALE, is_setup=True), {STALE}, set()),
        ({LOW}, told(STALE, LOW), {LOW}, {STALE}),
    ],
)
def test_news_and_ends_when_something_was_announced_then_are_the_difference(
    problems: set[Problem],
    previous: LastNotification | None,
    news: set[Problem],
    ended: set[Problem],
) -> None:
    notification = of(Reason.ESCALATED, *problems, previous=previous)

    assert notification.news == news
    assert notification.ended == ended


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("worst", Severity)
@pytest.mark.parametrize("severity", Severity)
def test_audience_when_it_is_a_relief_then_whoever_was_alerted_gets_it(
    severity: Severity, worst: Severity, reason: Reason
) -> None:
    is_relief = reason in (Reason.IMPROVED, Reason.RECOVERED, Reason.CLOSED, Reason.NO_DATA)
    notification = of(reason, LOW, severity=severity, previous=told(LOW, worst=worst))

    assert notification.audience is (worst if is_relief else severity)
    assert of(reason, LOW, severity=severity).audience is severity
    assert notification.line.severity is notification.audience


@pytest.mark.parametrize("reason", Reason)
def test_status_when_it_announces_an_end_then_is_resolved(reason: Reason) -> None:
    ends = {Reason.RECOVERED, Reason.CLOSED, Reason.NO_DATA}
    expected = Status.REMINDER if reason is Reason.REMINDER else Status.FIRING

    assert of(reason, previous=told(LOW)).status is (
        Status.RESOLVED if reason in ends else expected
    )


def test_no_data_when_nothing_was_announced_then_is_an_alert() -> None:
    assert of(Reason.NO_DATA).status is Status.FIRING


@pytest.mark.parametrize(
    ("problem", "reason", "is_spending"),
    [
        (LOW, Reason.OPENED, True),
        (DRAIN, Reason.ESCALATED, True),
        (STALE, Reason.OPENED, False),
        (EXPIRY, Reason.OPENED, False),
        (LOW, Reason.RECOVERED, False),
        (LOW, Reason.REMINDER, False),
    ],
)
def test_spending_when_a_balance_falls_then_goes_on(
    problem: Problem, reason: Reason, is_spending: bool
) -> None:
    notification = of(reason, problem)

    assert notification.is_spending is is_spending
    assert not replace(notification, key=ALARM).is_spending


def test_message_when_an_account_has_no_record_then_is_reduced() -> None:
    assert of(Reason.OPENED).is_reduced
    assert not of(Reason.OPENED, latest=latest()).is_reduced
    assert not replace(of(Reason.OPENED), key=ALARM).is_reduced


@pytest.mark.parametrize(
    ("record", "previous", "unit"),
    [
        (latest(unit="EUR"), told(LOW, unit="USD"), "EUR"),
        (latest(unit=None), told(LOW, unit="USD"), ""),
        (None, told(LOW, unit="USD"), "USD"),
        (None, None, ""),
    ],
)
def test_unit_when_the_record_is_missing_then_is_the_announced_one(
    record: Latest | None, previous: LastNotification | None, unit: str
) -> None:
    assert of(Reason.OPENED, latest=record, previous=previous).unit == unit


def test_names_when_it_is_an_account_then_are_its_title_and_id() -> None:
    known, unknown = of(Reason.OPENED, latest=latest()), of(Reason.OPENED)
    alarm = replace(unknown, key=ALARM, foreign_alarm=ForeignAlarm("api-errors"))

    assert (known.title, known.name, known.account) == (
        "OpenRouter",
        "OpenRouter openrouter-main",
        "openrouter-main",
    )
    assert (unknown.title, unknown.name) == ("", "openrouter-main")
    assert (alarm.name, alarm.account) == ("api-errors", "-")


@pytest.mark.parametrize(
    ("contributor", "firing", "before", "name"),
    [
        ("Table=a", {"alarm#1"}, set(), "api-errors (Table=a)"),
        ("Table=a", {"alarm#1", "alarm#2", "alarm"}, set(), "api-errors (Table=a and 1 more)"),
        (
            "Table=a",
            {"alarm"},
            {"alarm#1", "alarm#2", "alarm#3"},
            "api-errors (Table=a and 2 more)",
        ),
        ("Table=a", {"alarm#1"}, {"alarm#1", "alarm#2"}, "api-errors (Table=a)"),
        ("", {"alarm#1", "alarm#2"}, set(), "api-errors"),
    ],
)
def test_alarm_when_several_of_its_series_fire_then_says_how_many_more(
    contributor: str, firing: set[str], before: set[str], name: str
) -> None:
    alarm = ForeignAlarm("api-errors", contributor=contributor)
    previous = told(Problem.FOREIGN, series=frozenset(before))
    notification = of(
        Reason.ESCALATED, previous=previous, firing=frozenset(firing), foreign_alarm=alarm
    )

    assert replace(notification, key=ALARM).name == name
    if not before:
        assert replace(notification, key=ALARM, previous=None).name == name


BOTH = Thresholds(warning=Decimal(20), critical=Decimal(5))


@pytest.mark.parametrize(
    ("balance", "limits", "threshold"),
    [
        ("4.99", BOTH, "5"),
        ("5", BOTH, "20"),
        ("19.99", BOTH, "20"),
        ("20", BOTH, None),
        ("3", Thresholds(warning=Decimal(20)), "20"),
        ("3", Thresholds(critical=Decimal(5)), "5"),
        ("3", Thresholds(), None),
        (None, BOTH, None),
    ],
)
def test_threshold_when_there_is_a_record_then_is_its_lowest_above_the_balance(
    balance: str | None, limits: Thresholds, threshold: str | None
) -> None:
    record = latest(balance=Decimal(balance) if balance else None, thresholds=limits)
    found = notification_of(incident(critical=True), opening(), NOW, record)

    assert found.threshold == (Decimal(threshold) if threshold else None)


@pytest.mark.parametrize(
    ("alarms", "threshold"),
    [
        ({"warning": True, "critical": True}, "5"),
        ({"warning": True, "critical": False}, "20"),
        ({"warning": True}, "20"),
        ({"warning": False}, None),
        ({"stale": True}, None),
    ],
)
def test_threshold_when_there_is_no_record_then_is_the_alarms_own(
    alarms: dict[str, bool], threshold: str | None
) -> None:
    found = notification_of(incident(**alarms), opening(), NOW, None)

    assert found.threshold == (Decimal(threshold) if threshold else None)


def incident(**alarms: bool) -> Incident:
    """Return an account's incident with alarms that fire or not."""
    limits = {"critical": Decimal(5), "warning": Decimal(20)}
    statuses = {k: AlarmStatus(fires, NOW, threshold=limits.get(k)) for k, fires in alarms.items()}
    return Incident(KEY, provider="openrouter", alarms=statuses)


def opening(reason: Reason = Reason.OPENED, **changes: Any) -> PendingNotification:
    """Return a pending notification."""
    return PendingNotification(reason, WARNING, frozenset({LOW}), NOW, **changes)


@pytest.mark.parametrize(
    ("reason", "provider", "moved_to"),
    [
        (Reason.CLOSED, "firecrawl", "openrouter"),
        (Reason.CLOSED, "openrouter", ""),
        (Reason.CLOSED, "", ""),
        (Reason.RECOVERED, "firecrawl", ""),
    ],
)
def test_end_when_the_provider_changed_then_is_about_the_old_one(
    reason: Reason, provider: str, moved_to: str
) -> None:
    """The new provider's balance says nothing about it."""
    pending = opening(reason, previous=told(LOW, provider=provider))

    found = notification_of(incident(warning=False), pending, NOW, latest(balance=Decimal(60)))

    assert found.moved_to == moved_to
    assert found.provider == (provider if moved_to else "openrouter")
    assert (found.latest is None) is bool(moved_to)
    assert (found.balance is None) is bool(moved_to)


@pytest.mark.parametrize(
    ("reason", "is_said"), [(Reason.CLOSED, True), (Reason.RECOVERED, True), (Reason.OPENED, False)]
)
def test_closing_when_by_hand_then_only_its_end_says_who(reason: Reason, is_said: bool) -> None:
    closed = replace(incident(warning=False), closed_by="ada: paid\nby invoice")

    found = notification_of(closed, opening(reason, previous=told(LOW)), NOW, latest())

    assert found.closed_by == ("ada: paid by invoice" if is_said else "")


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("age", "record_age", "expected"),
    [
        (HOUR, None, "alarm"),
        (HOUR + minutes(1), None, None),
        (minutes(5), 6, "alarm"),
        (minutes(5), 5, "record"),
        (minutes(5), 4, "record"),
        (None, 5, "record"),
        (None, None, None),
    ],
)
def test_balance_when_there_are_an_alarms_and_a_records_then_is_the_newer(
    age: timedelta | None, record_age: int | None, expected: str | None
) -> None:
    point = Datapoint(Decimal(7), NOW - age) if age is not None else None
    known = Incident(KEY, alarms={"warning": AlarmStatus(True, NOW, latest=point)})
    record = latest(balance_at=NOW - minutes(record_age)) if record_age else None

    found = newest_balance(known, record, NOW)

    values = {"alarm": point, "record": record and (record.good.balance, record.good.balance_at)}
    assert found == (values[expected] if expected else (None, None))


@pytest.mark.parametrize("missing", ["balance", "balance_at"])
def test_balance_when_the_record_has_none_then_is_the_alarms(missing: str) -> None:
    point = Datapoint(Decimal(7), NOW)
    known = Incident(KEY, alarms={"critical": AlarmStatus(True, NOW, latest=point)})

    assert newest_balance(known, latest(**{missing: None}), NOW) == point
    assert newest_balance(Incident(KEY), latest(**{missing: None}), NOW) == (None, None)


def test_balance_when_alarms_carry_several_then_is_the_newest_of_the_balance_alarms() -> None:
    values = {
        "warning": Datapoint(Decimal(7), NOW - minutes(2)),
        "critical": Datapoint(Decimal(6), NOW - minutes(1)),
        "drain": Datapoint(Decimal(300), NOW),
    }
    known = Incident(KEY, alarms={k: AlarmStatus(True, NOW, latest=p) for k, p in values.items()})

    assert known.latest == values["critical"]


def ended(
    kind: str, value: str | None, balance: str | None = None, **changes: Any
) -> Ending | None:
    """Return how an alarm ended that fired on 10 and cleared on 5."""
    point = Datapoint(Decimal(value), NOW) if value else None
    values = {"latest": point, "threshold": Decimal(5), "old_threshold": Decimal(10)} | changes
    known = Incident(KEY, alarms={kind: AlarmStatus(False, NOW, **values)})
    problem = {"drain": DRAIN, "alarm": Problem.FOREIGN}.get(kind, LOW)
    return endings(known, [problem], Decimal(balance) if balance else None).get(problem)


@pytest.mark.parametrize(
    ("kind", "value", "balance", "is_edited"),
    [
        ("warning", "9.99", None, True),
        ("warning", "10", None, False),
        ("warning", None, None, True),
        ("warning", "9", "10", False),
        ("critical", "11", "9", True),
        ("runway-warning", "9.9", "99", True),
        ("runway-warning", "10", "3", False),
        ("drain", "10.1", "99", True),
        ("drain", "10", "99", False),
        ("drain", "9", "99", False),
        ("alarm", "99", None, True),
    ],
)
def test_end_when_the_threshold_changed_then_is_its_cause_if_the_old_one_is_still_crossed(
    kind: str, value: str | None, balance: str | None, is_edited: bool
) -> None:
    expected = Ending(kind, Decimal(10), Decimal(5)) if is_edited else None

    assert ended(kind, value, balance) == expected
    assert ended(kind, value, balance, old_threshold=None) is None


def test_end_when_the_alarm_was_removed_and_others_are_left_then_is_its_removal() -> None:
    gone = {"is_gone": True, "threshold": Decimal(10), "old_threshold": None}

    assert ended("warning", "9", is_watched=True, **gone) == Ending("warning", Decimal(10), None)
    assert ended("warning", "9", is_watched=False, **gone) is None


@pytest.mark.parametrize(
    ("warning", "critical", "kind"), [(2, 1, "critical"), (1, 2, "warning"), (1, 1, "critical")]
)
def test_end_when_several_alarms_of_a_problem_cleared_then_is_that_of_the_last(
    warning: int, critical: int, kind: str
) -> None:
    """Where two did at once, a removal says more."""
    statuses = {
        "warning": AlarmStatus(
            False, NOW - minutes(warning), threshold=Decimal(5), old_threshold=Decimal(10)
        ),
        "critical": AlarmStatus(False, NOW - minutes(critical), is_gone=True, is_watched=True),
    }

    for order in (statuses, dict(reversed(statuses.items()))):
        (found,) = endings(Incident(KEY, alarms=order), [LOW], None).values()
        assert found.kind == kind


def test_end_when_another_alarm_of_the_problem_fires_then_is_none() -> None:
    alarms = {
        "warning": AlarmStatus(True, NOW),
        "critical": AlarmStatus(False, NOW, threshold=Decimal(5), old_threshold=Decimal(10)),
    }

    assert endings(Incident(KEY, alarms=alarms), [LOW, STALE], None) == {}
