"""Silences: which accounts are muted, and until when. Pure.

Items of table ``alerts`` under scope ``silence``, written by ``balancectl silence`` and read by the
router: ``id`` a UUID, ``pattern``, ``reason``, ``by``, ``created_at``, ``until`` (ISO 8601), and
``expires_at``, the table's TTL in epoch seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from shared.times import format_time, parse_time

SCOPE: Final = "silence"
EVERYTHING: Final = "all"
PROVIDER_PREFIX: Final = "provider:"


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes accounts until a time."""

    pattern: str
    """A glob of account names, ``provider:`` and a glob of provider names, or ``all``."""
    until: datetime
    id: str = ""
    reason: str = ""
    by: str = ""
    created_at: datetime | None = None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Silence:
        """Parse an item; only pattern and end are needed to mute.

        Raises:
            KeyError, ValueError: When it names no pattern or no end.
        """
        return cls(
            pattern=str(item["pattern"]),
            until=parse_time(item["until"]),
            id=str(item.get("id", "")),
            reason=str(item.get("reason", "")),
            by=str(item.get("by", "")),
            created_at=_time_or_none(item.get("created_at")),
        )

    def to_item(self) -> dict[str, Any]:
        """Return the item."""
        created_at = self.created_at and format_time(self.created_at)
        return {
            "scope": SCOPE,
            "id": self.id,
            "pattern": self.pattern,
            "reason": self.reason,
            "by": self.by,
            **({"created_at": created_at} if created_at else {}),
            "until": format_time(self.until),
            "expires_at": int(self.until.timestamp()),
        }

    def covers(self, account: str, provider: str, now: datetime) -> bool:
        """Whether it mutes this account at ``now``. TTL deletes late, so its end is checked."""
        if now >= self.until:
            return False
        if self.pattern == EVERYTHING:
            return True
        if self.pattern.startswith(PROVIDER_PREFIX):
            return fnmatchcase(provider, self.pattern.removeprefix(PROVIDER_PREFIX))
        return fnmatchcase(account, self.pattern)


def _time_or_none(text: object) -> datetime | None:
    """Parse an optional time; None if it is not one."""
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def is_silenced(silences: Iterable[Silence], account: str, provider: str, now: datetime) -> bool:
    """Whether any silence mutes the account at ``now``."""
    return any(silence.covers(account, provider, now) for silence in silences)
