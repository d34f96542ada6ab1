"""What each person would have got: the e-mails and SMS that the local cloud kept. Reads only."""

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
    """Empty for an SMS without one; a phone does not show it."""
    body: str
    attributes: Mapping[str, str]
    message_id: str
    """The same for every subscriber of one publication."""

    @property
    def is_sms(self) -> bool:
        """Whether it goes to a phone."""
        return self.protocol == SMS

    def attribute(self, name: str) -> str:
        """Return a message attribute, or an empty text."""
        return self.attributes.get(name) or ""

    @classmethod
    def from_line(cls, line: str) -> Message:
        """Read a line that ``patches.mailbox`` wrote."""
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

    def take(self) -> list[Message]:
        """Return the messages that came since the last call."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as mailbox:
            mailbox.seek(self._offset)
            complete = mailbox.read().rpartition(b"\n")
        self._offset += len(complete[0]) + len(complete[1])
        return [Message.from_line(line) for line in complete[0].decode().splitlines()]
