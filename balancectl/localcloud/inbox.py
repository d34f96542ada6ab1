"""The e-mails and SMS that the local cloud recorded instead of sending. Read-only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SMS = "sms"


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail or SMS to one subscriber."""

    received_at: datetime
    """By the wall clock."""
    topic: str
    """The topic's name, as in ``balance-monitor-notifications``."""
    protocol: str
    endpoint: str
    subject: str
    """May be empty for an SMS; a phone does not show it."""
    body: str
    attributes: Mapping[str, str]
    message_id: str
    """The same for every subscriber of one publication."""

    @property
    def is_sms(self) -> bool:
        """Whether the message is an SMS."""
        return self.protocol == SMS

    def attribute(self, name: str) -> str:
        """Return a message attribute, or an empty string."""
        return self.attributes.get(name) or ""

    @classmethod
    def from_line(cls, line: str) -> Message:
        """Parse a line written by ``patches.mailbox``."""
        fields: dict[str, Any] = json.loads(line)
        return cls(
            received_at=datetime.fromisoformat(fields["received_at"]),
            topic=fields["topic"].rsplit(":", 1)[-1],
            protocol=fields["protocol"],
            endpoint=fields["endpoint"],
            subject=fields["subject"] or "",
            body=fields["body"],
            attributes=fields["attributes"],
            message_id=fields["message_id"],
        )


class Inbox:
    """Reads the mailbox file as it grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0

    def read_new(self) -> list[Message]:
        """Return the messages recorded since the last call."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as mailbox:
            mailbox.seek(self._offset)
            complete = mailbox.read().rpartition(b"\n")
        self._offset += len(complete[0]) + len(complete[1])
        return [Message.from_line(line) for line in complete[0].decode().splitlines()]
