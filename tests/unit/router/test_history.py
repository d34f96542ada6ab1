"""An incident's history of decisions, for those who ask later why nobody was notified."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import (
    Decided,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    Problem,
    Scope,
    Suppression,
)
from shared.names import Severity
from shared.silences import Silence
from tests.unit.router.builders import NOW, alarm, latest, minutes
from tests.unit.router.world import World

KEY = IncidentKey(Scope.ACCOUNT, "openrouter-main")
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
SILENCED = Decided(NOW, suppressed=Suppression.SILENCED, firing=frozenset({"critical"}))


def history(world: World) -> list[tuple[Suppression | NotificationReason | None, datetime]]:
    """Return what was decided about the account, and when."""
    return [(each.suppressed or each.sent, each.at) for each in world.table.load(KEY).history]


def test_history_when_nothing_is_sent_then_says_why_and_what_fired() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.table.silenced = [Silence("all", NOW + minutes(60))]

    world.transition(alarm("critical"))

    assert world.table.load(KEY).history == (SILENCED,)


def test_history_when_something_waits_and_is_sent_then_says_both() -> None:
    world = World(records={"openrouter-main": latest()})

    world.transition(alarm("warning"))
    world.wait(minutes(5))
    world.transition(alarm("critical", at=world.now, value="12.30"))

    assert history(world) == [
        (Suppression.GROUPED, NOW),
        (NotificationReason.OPENED, NOW + minutes(1)),
        (Suppression.ALREADY_SENT, NOW + minutes(5)),
    ]
    sent = world.table.load(KEY).history[1]
    assert (sent.severity, sent.firing) == (WARNING, {"warning"})


def test_history_when_a_decision_is_repeated_then_keeps_its_first_time() -> None:
    known = Incident(KEY).remembering(SILENCED)

    assert known.remembering(SILENCED._replace(at=NOW + minutes(5))) is known
    assert known.remembering(SILENCED._replace(firing=frozenset())).history[1:] == (
        SILENCED._replace(firing=frozenset()),
    )


def test_history_when_it_is_long_then_keeps_the_newest_forty() -> None:
    known = Incident(KEY)
    decided = [Decided(NOW + minutes(n), suppressed=list(Suppression)[n % 3]) for n in range(50)]
    for each in decided:
        known = known.remembering(each)

    assert known.history == tuple(decided[-40:])


@pytest.mark.parametrize(
    ("last", "began_at"),
    [
        (LastNotification(WARNING, CRITICAL, frozenset(), NOW, began_at=NOW - minutes(9)), 9),
        (LastNotification(WARNING, CRITICAL, frozenset(), NOW), 5),
    ],
)
def test_announced_incident_when_requested_then_began_as_it_was_announced(
    last: LastNotification, began_at: int
) -> None:
    known = Incident(KEY, opened_at=NOW - minutes(5), last_notification=last)

    found = known.announced

    assert found is not None
    assert (found.began_at, found.ended_at) == (NOW - minutes(began_at), None)
    assert (found.severity, found.problems) == (CRITICAL, frozenset())


def test_announced_incident_when_nobody_knows_when_it_began_then_began_with_its_message() -> None:
    last = LastNotification(WARNING, WARNING, frozenset({Problem.LOW}), NOW)

    found = Incident(KEY, last_notification=last).announced

    assert found is not None
    assert found.began_at == NOW


def test_announced_incident_when_only_the_set_up_is_missing_then_is_none() -> None:
    last = LastNotification(WARNING, WARNING, frozenset({Problem.STALE}), NOW, is_setup=True)

    assert Incident(KEY, last_notification=last).announced is None
    assert Incident(KEY).announced is None


def outdated(world: World) -> list[tuple[str, str]]:
    """Return alarm and state of what the log says came too late."""
    return [
        (fields["alarm"].rpartition("/")[2], fields["state"])
        for text, fields in world.logged
        if text == "notification suppressed" and fields.get("reason") == "outdated"
    ]


@pytest.mark.parametrize(("seconds", "is_logged"), [(-1, True), (0, False), (1, False)])
def test_log_when_a_transition_is_older_than_the_known_one_then_says_so(
    seconds: int, is_logged: bool
) -> None:
    world = World(records={"openrouter-main": latest()})
    world.transition(alarm("warning", AlarmState.OK, at=NOW))

    world.transition(alarm("warning", AlarmState.OK, at=NOW + timedelta(seconds=seconds)))

    assert outdated(world) == [("warning", "OK")][:is_logged]


def test_log_when_an_alarm_cleared_before_its_transition_arrived_then_says_so() -> None:
    world = World(records={"openrouter-main": latest()})
    late = alarm("warning", at=NOW - minutes(10))
    cleared = alarm("warning", AlarmState.OK, at=NOW - minutes(5))
    world.transition(late, cleared)

    assert outdated(world) == [("warning", "ALARM")]


def test_log_when_an_alarm_is_news_then_is_silent() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})

    world.transition(alarm("warning"), alarm("critical"))

    assert outdated(world) == []
