"""The inbox returns each recorded message once, while the file grows."""

from __future__ import annotations

import json
from pathlib import Path

from balancectl.localcloud.inbox import Inbox

LINE = {
    "topic": "arn:aws:sns:eu-central-1:123456789012:stack-notifications",
    "message_id": "1",
    "subject": "CRITICAL",
    "received_at": "2026-11-23T12:00:00.000+00:00",
    "protocol": "email",
    "endpoint": "team@example.com",
    "body": "Top up.\nNow.",
    "attributes": {"severity": "critical", "provider": None},
}


def test_read_new_without_messages_returns_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "mailbox.jsonl")

    assert inbox.read_new() == []


def test_read_new_returns_each_message_once(tmp_path: Path) -> None:
    file = tmp_path / "mailbox.jsonl"
    file.write_text(json.dumps(LINE) + "\n")
    inbox = Inbox(file)

    first, second = inbox.read_new(), inbox.read_new()

    assert [message.body for message in first] == ["Top up.\nNow."]
    assert first[0].topic == "stack-notifications"
    assert first[0].attribute("severity") == "critical"
    assert first[0].attribute("provider") == ""
    assert second == []


def test_read_new_when_a_line_is_incomplete_then_waits_for_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "mailbox.jsonl"
    line = json.dumps(LINE | {"protocol": "sms"}) + "\n"
    inbox = Inbox(file)
    file.write_text(line + line[:20])
    first = inbox.read_new()

    with file.open("a") as more:
        more.write(line[20:])
    second = inbox.read_new()

    assert len(first) == 1
    assert [message.is_sms for message in second] == [True]
