"""Every kind of message as reviewed text: ``UPDATE_GOLDEN=1 pytest ...`` rewrites the files.

``tests/golden/people`` holds what people read, ``tests/golden/machines`` what programs read.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from alert_router.messages.formats.limits import septets
from alert_router.messages.formats.message import Message
from tests.unit.router.kinds import every_kind

GOLDEN = Path(__file__).parents[2] / "golden"
KINDS = every_kind()


def for_people(message: Message) -> str:
    """Return subject, SMS and e-mail, as a reviewer reads them."""
    parts = {
        "Subject": message.subject,
        f"SMS ({septets(message.sms)} septets)": message.sms,
        "E-mail": message.email,
    }
    return "\n".join(f"=== {title}\n{text}\n" for title, text in parts.items())


def for_machines(message: Message) -> str:
    """Return attributes, JSON document and chat notification."""
    attributes = {name: value["StringValue"] for name, value in message.attributes(["*"]).items()}
    parts = {"attributes": attributes, "document": message.document, "chat": message.chat}
    return json.dumps(parts, indent=1, ensure_ascii=False) + "\n"


def assert_reviewed(path: Path, text: str) -> None:
    """Compare a text with its golden file, or rewrite the file."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", KINDS)
def test_message_when_rendered_for_people_then_it_is_the_reviewed_text(name: str) -> None:
    assert_reviewed(GOLDEN / "people" / f"{name}.txt", for_people(KINDS[name]))


@pytest.mark.parametrize("name", KINDS)
def test_message_when_rendered_for_machines_then_it_is_the_reviewed_document(name: str) -> None:
    assert_reviewed(GOLDEN / "machines" / f"{name}.json", for_machines(KINDS[name]))


@pytest.mark.parametrize("folder", ["people", "machines"])
def test_golden_files_when_listed_then_each_has_its_kind(folder: str) -> None:
    assert {path.stem for path in (GOLDEN / folder).iterdir()} == set(KINDS)
