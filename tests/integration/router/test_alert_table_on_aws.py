"""Table ``alerts`` in DynamoDB: conditions hold, and items come back unchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.aws.alert_table import AlertTable
from alert_router.aws.report_table import ReportTable
from alert_router.events.alarm import Datapoint
from alert_router.incidents.incident import (
    AlarmStatus,
    ConflictError,
    ForeignAlarm,
    GroupWait,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    Outbox,
    PendingNotification,
    Problem,
    Scope,
)
from alert_router.reports.sent import SentReport
from shared.aws import clients
from shared.aws.dynamo import decode
from shared.names import Severity
from tests.integration.router.conftest import Deployment

SUBJECT = IncidentKey(Scope.ACCOUNT, "openrouter-main")


@pytest.fixture
def store(deployment: Deployment) -> AlertTable:
    """Return the store on a separate table."""
    return AlertTable(clients.dynamodb(), deployment.alerts)


def full(now: datetime) -> Incident:
    """Return an incident with everything in it."""
    told = LastNotification(
        Severity.WARNING, Severity.CRITICAL, frozenset({Problem.LOW}), now,
        group="digest/x", balance=Decimal("12.30"), unit="USD", outcome="ok",
    )  # fmt: skip
    pending = PendingNotification(
        NotificationReason.ESCALATED, Severity.CRITICAL, frozenset(Problem), now, now, told
    )
    return Incident(
        key=IncidentKey(Scope.FOREIGN, "arn#1"),
        provider="openrouter",
        alarms={
            "warning": AlarmStatus(True, now, Datapoint(Decimal("3.2"), now), Decimal(20)),
            "stale": AlarmStatus(False, now, is_gone=True),
        },
        opened_at=now,
        last_notification=told,
        waiting=GroupWait("warning", now, now + timedelta(seconds=60)),
        outbox=Outbox(pending, now + timedelta(seconds=30)),
        foreign_alarm=ForeignAlarm(
            "alarm", "arn", "1", "us-east-1", "r", "d", "w", "b", "c", has_data=False
        ),
    )


def test_episode_when_saved_then_it_is_loaded_as_it_was(store: AlertTable, now: datetime) -> None:
    saved = store.save(full(now), now)

    assert store.load(saved.key) == saved
    assert list(store.incidents()) == [saved]


def test_episode_when_never_saved_then_it_is_empty(store: AlertTable) -> None:
    assert store.load(SUBJECT) == Incident(SUBJECT)


def test_episode_when_somebody_else_saved_first_then_saving_conflicts(
    store: AlertTable, now: datetime
) -> None:
    first = store.save(Incident(SUBJECT), now)
    store.save(replace(first, provider="a"), now)

    with pytest.raises(ConflictError):
        store.save(replace(first, provider="b"), now)
    with pytest.raises(ConflictError):
        store.save(Incident(SUBJECT), now)
    assert store.load(SUBJECT).provider == "a"


def test_episode_when_it_is_closed_then_it_expires_and_an_open_one_does_not(
    store: AlertTable, deployment: Deployment, now: datetime
) -> None:
    store.save(Incident(SUBJECT, alarms={"warning": AlarmStatus(False, now)}), now)
    store.save(full(now), now)

    items = clients.dynamodb().scan(TableName=deployment.alerts)["Items"]

    expiries = {i["scope"]: i.get("expires_at") for i in map(decode, items)}
    assert expiries["incident"] > now.timestamp() + 14 * 86400
    assert expiries["foreign"] is None


def test_lease_when_taken_then_nobody_else_has_it_until_it_ends(
    store: AlertTable, now: datetime
) -> None:
    length = timedelta(seconds=30)

    taken = [
        store.try_lease("x", now, length),
        store.try_lease("x", now + timedelta(seconds=29), length),
        store.try_lease("x", now + timedelta(seconds=31), length),
    ]
    store.end_lease("x", now)

    assert taken == [True, False, True]
    assert not store.is_leased("x", now)
    assert store.try_lease("x", now, length)


def test_silences_when_one_is_unreadable_then_the_others_hold(
    store: AlertTable, deployment: Deployment, now: datetime
) -> None:
    for number, item in enumerate(({"pattern": "a", "until": now.isoformat()}, {"pattern": "b"})):
        clients.dynamodb().put_item(
            TableName=deployment.alerts,
            Item={
                "scope": {"S": "silence"},
                "id": {"S": str(number)},
                **{k: {"S": v} for k, v in item.items()},
            },
        )

    silences = list(store.silences())

    assert [silence.pattern for silence in silences] == ["a"]


class _Repeating:
    """A client whose writes are repeated, as botocore does if the first response was lost."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)


def test_write_when_its_response_was_lost_then_its_repetition_is_no_conflict(
    deployment: Deployment, now: datetime
) -> None:
    """Otherwise the alert would wait until the lease of this very invocation ends."""
    client: Any = _Repeating(clients.dynamodb())
    table = AlertTable(client, deployment.alerts)

    first = table.save(Incident(SUBJECT), now)
    assert table.save(first, now).version == 2
    assert table.try_lease("minute", now, timedelta(seconds=60))
    assert not table.try_lease("minute", now, timedelta(seconds=60))
    with pytest.raises(ConflictError):
        table.save(first, now)


def test_report_when_its_mark_was_written_but_the_response_lost_then_it_is_still_ours(
    deployment: Deployment, now: datetime
) -> None:
    """Otherwise nobody would send it: a report is sent at most once."""
    client: Any = _Repeating(clients.dynamodb())
    table = ReportTable(client, deployment.balances, deployment.alerts)
    week = SentReport(now, "2026-11")

    table.mark("email/team", SentReport(), week)
    table.mark("email/team", week, SentReport(now + timedelta(days=7), "2026-11"))

    with pytest.raises(ConflictError):
        table.mark("email/team", week, week)
