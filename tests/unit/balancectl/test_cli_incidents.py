"""The open incidents, and how somebody closes one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import Result

from alert_router.aws.incident_item import to_item
from alert_router.events.envelope import CloseRequest, read
from alert_router.incidents.incident import (
    AlarmStatus,
    ForeignAlarm,
    Incident,
    IncidentKey,
    LastNotification,
    Problem,
    Scope,
)
from balancectl.deployment.alerts import incidents
from shared.names import Severity

Run = Callable[..., Result]
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:api-errors"


def opened(key: IncidentKey, severity: Severity, hours: int, **more: Any) -> Incident:
    at = NOW - timedelta(hours=hours)
    last = LastNotification(severity, severity, frozenset({Problem.LOW}), at)
    kind = "critical" if key.scope is Scope.ACCOUNT else "alarm"
    return Incident(
        key,
        alarms={kind: AlarmStatus(firing=True, at=at)},
        opened_at=at,
        last_notification=last,
        version=1,
        **more,
    )


MAIN = opened(IncidentKey(Scope.ACCOUNT, "main"), Severity.CRITICAL, 2)
API = opened(
    IncidentKey(Scope.FOREIGN, ARN), Severity.WARNING, 30, foreign_alarm=ForeignAlarm("api-errors")
)
SHOP = replace(API, key=IncidentKey(Scope.FOREIGN, f"{ARN}-of-another-region"))
CLOSED = Incident(IncidentKey(Scope.ACCOUNT, "other"), version=1)


def store(cloud: Any, *stored: Incident) -> None:
    cloud.dynamo.tables["demo-alerts"][:] = [to_item(each, NOW) for each in stored]


def test_list_when_incidents_are_open_then_shows_accounts_and_alarms(cloud: Any, run: Run) -> None:
    store(cloud, MAIN, API, CLOSED)

    shown = run("incidents", "list")
    listed = json.loads(run("incidents", "list", "--json").stdout)["incidents"]

    assert shown.exit_code == 0
    assert "main" in shown.stdout
    assert "api-errors" in shown.stdout
    assert "other" not in shown.stdout
    assert [(each["id"], each["severity"]) for each in listed] == [
        (ARN, "warning"),
        ("main", "critical"),
    ]


def test_list_when_one_item_is_unreadable_then_shows_the_others(cloud: Any, run: Run) -> None:
    store(cloud, MAIN)
    cloud.dynamo.tables["demo-alerts"].append({"scope": "incident", "id": "bad", "alarms": 7})

    result = run("incidents", "list")

    assert result.exit_code == 0
    assert "main" in result.stdout
    assert "incident bad cannot be read" in result.stderr


def test_list_when_nothing_is_open_then_says_so(cloud: Any, run: Run) -> None:
    store(cloud, CLOSED)

    assert "no incident is open" in run("incidents", "list").stderr


@pytest.mark.parametrize(("what", "incident"), [("main", MAIN), ("api-errors", API), (ARN, API)])
def test_close_when_the_router_closes_it_then_says_so(
    cloud: Any, run: Run, what: str, incident: Incident
) -> None:
    store(cloud, MAIN, API)
    cloud.sns.on_publish = lambda _: store(cloud, replace(incident, alarms={}))

    result = run("incidents", "close", what, "--reason", "paid  by\ninvoice")

    assert result.exit_code == 0
    assert "closed: " in result.stdout
    (published,) = cloud.sns.published
    assert published.pop("topic").endswith(":demo-alarms")
    request = read(published)
    is_account = incident.key.scope is Scope.ACCOUNT
    assert request == CloseRequest(
        incident.key.id, is_account, NOW, "deploy/alice", "paid by invoice"
    )


def test_close_when_the_router_does_not_answer_then_exits_2(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(cloud, MAIN)
    monkeypatch.setattr(incidents, "_POLL_SECONDS", 0.01)

    result = run("incidents", "close", "main", "--reason", "no need", "--wait", "1s")

    assert result.exit_code == 2
    assert "the router has not closed it within" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mian", "--reason", "x"), "did you mean 'main'?"),
        (("zzz", "--reason", "x"), "known: api-errors and main"),
        (("api-errors", "--reason", "x"), "give the id of one"),
        (("main", "--reason", " "), "--reason must not be empty"),
    ],
)
def test_close_when_it_names_no_single_incident_then_nothing_is_requested(
    cloud: Any, run: Run, arguments: tuple[str, ...], words: str
) -> None:
    store(cloud, MAIN, API, SHOP)

    result = run("incidents", "close", *arguments)

    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert cloud.sns.published == []
