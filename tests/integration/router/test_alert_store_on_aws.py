"""Table ``alerts`` through DynamoDB: conditions hold, items come back as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from alert_router.aws.alert_table import AlertStore, ConflictError
from alert_router.events.alarm import Datapoint
from alert_router.incidents.incident import (
    Episode,
    Fact,
    Intent,
    Note,
    Outbox,
    Scope,
    Step,
    Subject,
    Told,
    Trouble,
    Waiting,
)
from shared import clients
from shared.dynamo import decode
from shared.names import Severity
from tests.integration.router.conftest import Deployment

SUBJECT = Subject(Scope.ACCOUNT, "openrouter-main")


@pytest.fixture
def store(deployment: Deployment) -> AlertStore:
    """Return the store on a table of its own."""
    return AlertStore(clients.dynamodb(), deployment.alerts)


def full(now: datetime) -> Episode:
    """Return an episode with everything in it."""
    told = Told(
        Severity.WARNING, Severity.CRITICAL, frozenset({Trouble.LOW}), now,
        group="digest/x", balance=Decimal("12.30"), unit="USD", outcome="ok",
    )  # fmt: skip
    intent = Intent(Step.ESCALATED, Severity.CRITICAL, frozenset(Trouble), now, now, told)
    return Episode(
        subject=Subject(Scope.FOREIGN, "arn#1"),
        provider="openrouter",
        facts={
            "warning": Fact(True, now, Datapoint(Decimal("3.2"), now), Decimal(20)),
            "stale": Fact(False, now, is_gone=True),
        },
        opened_at=now,
        told=told,
        waiting=Waiting("warning", now, now + timedelta(seconds=60)),
        outbox=Outbox(intent, now + timedelta(seconds=30)),
        note=Note("alarm", "arn", "1", "us-east-1", "r", "d", "w", "b", "c", has_data=False),
    )


def test_episode_when_saved_then_it_is_loaded_as_it_was(store: AlertStore, now: datetime) -> None:
    saved = store.save(full(now), now)

    assert store.load(saved.subject) == saved
    assert list(store.episodes()) == [saved]


def test_episode_when_never_saved_then_it_is_empty(store: AlertStore) -> None:
    assert store.load(SUBJECT) == Episode(SUBJECT)


def test_episode_when_somebody_else_saved_first_then_saving_conflicts(
    store: AlertStore, now: datetime
) -> None:
    first = store.save(Episode(SUBJECT), now)
    store.save(replace(first, provider="a"), now)

    with pytest.raises(ConflictError):
        store.save(replace(first, provider="b"), now)
    with pytest.raises(ConflictError):
        store.save(Episode(SUBJECT), now)
    assert store.load(SUBJECT).provider == "a"


def test_episode_when_it_is_closed_then_it_expires_and_an_open_one_does_not(
    store: AlertStore, deployment: Deployment, now: datetime
) -> None:
    store.save(Episode(SUBJECT, facts={"warning": Fact(False, now)}), now)
    store.save(full(now), now)

    items = clients.dynamodb().scan(TableName=deployment.alerts)["Items"]

    expiries = {i["scope"]: i.get("expires_at") for i in map(decode, items)}
    assert expiries["episode"] > now.timestamp() + 14 * 86400
    assert expiries["foreign"] is None


def test_lease_when_taken_then_nobody_else_has_it_until_it_ends(
    store: AlertStore, now: datetime
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
    store: AlertStore, deployment: Deployment, now: datetime
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
