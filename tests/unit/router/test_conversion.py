"""An installation of 0.1 keeps its incidents: nothing is announced again or forgotten."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_router.aws.alert_table import AlertTable
from alert_router.incidents.incident import Incident, IncidentKey, NotificationReason, Scope
from shared.aws.dynamo import encode
from tests.simulation.aws import Dynamo
from tests.unit.router.builders import NOW

STATES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "alerts_0_1" / "incidents.json").read_text()
)["states"]
OPENROUTER = IncidentKey(Scope.ACCOUNT, "openrouter-main")
OLD_NAMES = ("facts", "told", "note", "troubles", "step", "intent", "episode")


def table_with(*items: dict[str, Any]) -> tuple[AlertTable, Dynamo]:
    """Return a table that holds items."""
    dynamo = Dynamo(lambda _, call: call())
    for item in items:
        dynamo.items[item["scope"]["S"], item["id"]["S"]] = item
    client: Any = dynamo
    return AlertTable(client, "alerts"), dynamo


def convert(name: str) -> list[Incident]:
    """Return the incidents of a state after the conversion."""
    table, _ = table_with(*STATES[name])
    table.convert_old_items(NOW)
    return list(table.incidents())


@pytest.mark.parametrize("name", STATES)
def test_item_when_converted_then_no_old_name_is_left_and_it_can_be_read(name: str) -> None:
    table, dynamo = table_with(*STATES[name])

    table.convert_old_items(NOW)

    incidents = list(table.incidents())
    assert len(incidents) == len(STATES[name])
    assert all(incident.alarms for incident in incidents)
    tombstones = {key for key in dynamo.items if key[0] == "episode"}
    kept = json.dumps([item for key, item in dynamo.items.items() if key not in tombstones])
    assert not any(f'"{old}"' in kept for old in OLD_NAMES)
    assert all(set(dynamo.items[key]) == {"scope", "id", "expires_at"} for key in tombstones)


@pytest.mark.parametrize("name", STATES)
def test_conversion_when_repeated_then_it_changes_nothing(name: str) -> None:
    table, dynamo = table_with(*STATES[name])
    table.convert_old_items(NOW)
    before = dict(dynamo.items)

    table.convert_old_items(NOW + timedelta(minutes=5))

    assert dynamo.items == before


def test_announced_incident_when_converted_then_it_is_still_known() -> None:
    (incident,) = convert("announced-critical")

    assert incident.key == OPENROUTER
    assert incident.firing == {"warning", "critical"}
    assert incident.last_notification is not None
    assert incident.last_notification.severity == "critical"
    assert incident.last_notification.problems == {"low"}


def test_pending_notification_when_converted_then_it_is_still_due() -> None:
    (incident,) = convert("pending-escalation")

    assert incident.outbox is not None
    assert incident.outbox.pending.reason is NotificationReason.ESCALATED
    assert incident.outbox.pending.previous is not None
    assert incident.outbox.pending.previous.severity == "warning"


def test_waiting_incident_when_converted_then_it_still_waits() -> None:
    (incident,) = convert("waiting-warning")

    assert incident.waiting is not None
    assert incident.waiting.group == "warning"


def test_foreign_alarm_when_converted_then_its_texts_are_kept() -> None:
    (incident,) = convert("foreign")

    assert incident.foreign_alarm is not None
    assert incident.foreign_alarm.alarm_name == "api-errors"
    assert incident.last_notification is not None


def test_group_when_converted_then_it_can_end_together() -> None:
    groups = {i.last_notification.group for i in convert("group-of-stale") if i.last_notification}

    assert len(groups) == 1
    assert next(iter(groups)).startswith("stale/firecrawl/")


def test_account_when_it_changed_before_the_conversion_then_both_are_merged() -> None:
    later = {
        "scope": "incident",
        "id": "openrouter-main",
        "alarms": {"critical": {"firing": False, "at": "2026-11-23T14:20:00.000+00:00"}},
        "version": 1,
    }
    table, _ = table_with(*STATES["announced-critical"], encode(later))

    table.convert_old_items(NOW)

    incident = table.load(OPENROUTER)
    assert incident.firing == {"warning"}
    assert incident.last_notification is not None
    assert table.save(incident, NOW).version == incident.version + 1
