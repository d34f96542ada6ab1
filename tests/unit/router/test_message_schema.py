"""The JSON form follows its published schema, and everything in the schema occurs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from alert_router.events.notice import Notice
from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.subscriber import Form
from alert_router.messages.notice import notice_message
from shared.names import Severity, Status
from shared.records import Thresholds
from tests.unit.router.builders import LINKS, NOW
from tests.unit.router.kinds import every_kind

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs" / "message.schema.json").read_text()
)
KINDS = every_kind()
KINDS["notice"] = notice_message(
    Notice("1", "GuardDuty", "A finding", ("Type: x",), url="https://x.example"), LINKS, NOW
)


@pytest.mark.parametrize("name", KINDS)
def test_document_when_of_any_kind_then_the_schema_accepts_it(name: str) -> None:
    document = json.loads(KINDS[name].text(Form.EVENTS))

    errors = list(Draft202012Validator(SCHEMA).iter_errors(document))

    assert errors == []


@pytest.mark.parametrize("name", KINDS)
def test_document_when_of_any_kind_then_it_says_what_the_attributes_say(name: str) -> None:
    message = KINDS[name]

    assert message.document["severity"] == message.severity.value
    assert message.document["status"] == message.status.value
    assert message.document["headline"] == message.subject


def test_schema_when_checked_then_it_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_schema_when_compared_with_the_code_then_its_sets_are_the_same() -> None:
    definitions = SCHEMA["$defs"]
    account = definitions["account"]["properties"]

    assert set(definitions["severity"]["enum"]) == {s.value for s in Severity}
    assert set(SCHEMA["properties"]["status"]["enum"]) == {s.value for s in Status}
    assert set(definitions["event"]["enum"]) == {s.value for s in NotificationReason} | {"test"}
    assert set(account["problems"]["items"]["enum"]) == set(Problem) - {Problem.FOREIGN}
    assert set(account["thresholds"]["properties"]) == set(Thresholds._fields)


def test_schema_when_compared_with_all_kinds_then_every_field_of_it_is_used() -> None:
    documents = [json.loads(message.text(Form.EVENTS)) for message in KINDS.values()]
    accounts = [entry for document in documents for entry in document.get("accounts", ())]
    alarms = [entry for document in documents for entry in document.get("alarms", ())]

    unused = [
        *(set(SCHEMA["properties"]) - {field for d in documents for field in d}),
        *(set(SCHEMA["$defs"]["account"]["properties"]) - {f for a in accounts for f in a}),
        *(set(SCHEMA["$defs"]["alarm"]["properties"]) - {f for a in alarms for f in a}),
    ]

    assert unused == []
