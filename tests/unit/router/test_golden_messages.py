"""Every kind of message as reviewed text: ``UPDATE_GOLDEN=1 pytest ...`` writes the files anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from alert_router.messages.formats.limits import septets
from alert_router.messages.message import Message
from tests.unit.router.kinds import every_kind

GOLDEN = Path(__file__).parents[2] / "golden"
KINDS = every_kind()


def rendered(message: Message) -> str:
    """Return a message in all its forms, as a reviewer reads it."""
    attributes = {name: value["StringValue"] for name, value in message.attributes.items()}
    parts = {
        "Subject": message.subject,
        f"SMS ({septets(message.sms)} septets)": message.sms,
        "E-mail": message.email,
        "Attributes": json.dumps(attributes, indent=1),
        "JSON": json.dumps(message.document, indent=1, ensure_ascii=False),
        "Chat": json.dumps(message.chat, indent=1, ensure_ascii=False),
    }
    return "\n".join(f"=== {title}\n{text}\n" for title, text in parts.items())


@pytest.mark.parametrize("name", KINDS)
def test_message_when_rendered_then_it_is_the_reviewed_text(name: str) -> None:
    path = GOLDEN / f"{name}.txt"

    text = rendered(KINDS[name])

    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_golden_files_when_listed_then_each_has_its_kind() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(KINDS)
