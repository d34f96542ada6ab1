"""Why nobody got a message at 14:06: polls, alarms, silences and the router's log, in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import typer
from typer.testing import Result

from alert_router.aws.incident_item import to_item
from alert_router.incidents.incident import (
    AlarmStatus,
    Decided,
    Incident,
    IncidentKey,
    NotificationReason,
    Scope,
    Suppression,
)
from balancectl.commands.explain import read_time
from balancectl.deployment.alerts import explanation
from shared.names import Severity
from shared.outcome import Outcome
from shared.records import Attempt, Wallet

Run = Callable[..., Result]
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def recorded(cloud: Any) -> Any:
    """An account whose critical alarm was announced, after it had waited for others."""
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "other"}])
    balance = Wallet(Decimal("4.20"), "USD")
    cloud.dynamo.record(
        Attempt("main", NOW - 9 * MINUTE, "openrouter", Outcome.OK, balance=balance),
        Attempt("main", NOW - 90 * MINUTE, "openrouter", Outcome.OK, balance=balance),
        Attempt("main", NOW - 4 * MINUTE, "openrouter", Outcome.TRANSIENT, reason="HTTP 502"),
    )
    incident = Incident(
        IncidentKey(Scope.ACCOUNT, "main"),
        version=1,
        provider="openrouter",
        alarms={"critical": AlarmStatus(firing=True, at=NOW - 8 * MINUTE)},
    )
    cloud.dynamo.tables["demo-alerts"].append(to_item(incident, NOW))
    log = cloud.logs.add
    log(NOW - 7 * MINUTE, "notification suppressed", incident="main", reason="grouped")
    log(NOW - 6 * MINUTE, "notification suppressed", incident="other", reason="flapping", x="main")
    log(
        NOW - 5 * MINUTE,
        "message published",
        subject="CRITICAL OpenRouter main",
        form="email",
        accounts=["main"],
        to=["team", "on-call"],
    )
    log(NOW - 3 * MINUTE, "notification suppressed", incident="main", reason="new reason")
    cloud.logs.lines.append((NOW - 2 * MINUTE, "no JSON about main"))
    return cloud


@pytest.mark.usefixtures("recorded")
def test_explain_when_asked_then_shows_polls_alarms_and_messages_in_order(run: Run) -> None:
    result = run("explain", "main", "--json")

    events = [(e["what"], e["text"]) for e in json.loads(result.stdout)["events"]]
    assert result.exit_code == 0
    assert events == [
        ("poll", "4.20 USD left"),
        ("alarm", "critical fired"),
        ("no message", "it waited for similar alerts, to be sent with them"),
        ("message", "CRITICAL OpenRouter main (email) to team, on-call"),
        ("poll", "HTTP 502"),
        ("no message", "new reason"),
    ]


def test_explain_when_the_log_is_gone_then_the_incidents_own_record_shows_it(
    cloud: Any, run: Run
) -> None:
    """What the log tells too is shown once."""
    cloud.scheduler.add(0, [{"id": "main"}])
    firing = frozenset({"critical"})
    incident = Incident(
        IncidentKey(Scope.ACCOUNT, "main"),
        version=1,
        history=(
            Decided(NOW - 9 * MINUTE, suppressed=Suppression.CLEARING, firing=firing),
            Decided(NOW - 5 * MINUTE, suppressed=Suppression.SILENCED, firing=firing),
            Decided(NOW - 4 * MINUTE, NotificationReason.OPENED, Severity.CRITICAL, firing=firing),
            Decided(NOW - 2 * MINUTE, NotificationReason.RECOVERED, Severity.CRITICAL),
        ),
    )
    cloud.dynamo.tables["demo-alerts"].append(to_item(incident, NOW))
    second = timedelta(seconds=1)
    log = cloud.logs.add
    log(NOW - 5 * MINUTE + second, "notification suppressed", incident="main", reason="silenced")
    log(NOW - 4 * MINUTE - second, "message published", subject="CRITICAL main", accounts=["main"])

    result = run("explain", "main", "--at", "14:05", "--json")

    events = [(e["what"], e["text"]) for e in json.loads(result.stdout)["events"]]
    assert events == [
        ("no message", "the balance contradicts the alarm, which was about to clear"),
        ("no message", "a silence covered the account"),
        ("message", "CRITICAL main"),
        ("message", "recovered critical, as the incident's record says"),
    ]


def test_reasons_when_the_router_knows_another_then_it_has_words_here() -> None:
    assert set(explanation._REASONS) == {reason.value for reason in Suppression}


@pytest.mark.usefixtures("recorded")
def test_explain_when_a_silence_covers_the_account_then_names_it(run: Run) -> None:
    assert run("silence", "add", "main", "--reason", "moving house").exit_code == 0

    result = run("explain", "main")

    assert "main by deploy/alice: moving house" in result.stdout


@pytest.mark.usefixtures("recorded")
def test_explain_when_nothing_is_known_of_that_time_then_exits_1(run: Run) -> None:
    result = run("explain", "main", "--at", "2026-11-20T10:00:00Z")

    assert result.exit_code == 1
    assert "nothing is known of main within 30 min of 2026-11-20 10:00 UTC" in result.stderr


def test_explain_when_the_router_never_ran_then_shows_the_polls(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.dynamo.record(Attempt("main", NOW, "openrouter", Outcome.INVALID_KEY))

    assert run("explain", "main").exit_code == 0


@pytest.mark.usefixtures("recorded")
def test_explain_when_the_account_is_unknown_then_suggests_the_nearest(run: Run) -> None:
    result = run("explain", "mian")

    assert result.exit_code == 2
    assert "did you mean 'main'?" in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, NOW),
        ("14:05", NOW),
        ("9:07", datetime(2026, 11, 23, 9, 7, tzinfo=UTC)),
        ("14:06", datetime(2026, 11, 22, 14, 6, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_read_time_when_only_a_time_of_day_then_is_the_latest_past(
    text: str | None, expected: datetime
) -> None:
    assert read_time(text, NOW) == expected


@pytest.mark.parametrize("text", ["25:00", "noon", "14.06", ""])
def test_read_time_when_it_is_none_then_refuses(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time"):
        read_time(text, NOW)
