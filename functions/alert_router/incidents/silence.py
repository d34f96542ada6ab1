"""Silences: which accounts are muted, and until when.

``balancectl silence`` writes them under scope ``silence`` of table ``alerts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from shared.times import parse_time

SCOPE: Final = "silence"
_EVERYTHING: Final = "all"
_PROVIDER_PREFIX: Final = "provider:"


class Silence(NamedTuple):
    """One silence."""

    pattern: str
    """A glob of account ids, ``provider:`` and a glob of provider names, or ``all``."""
    until: datetime

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Silence:
        """Read an item.

        Raises:
            KeyError, ValueError: when it names no pattern or no end.
        """
        return cls(pattern=str(item["pattern"]), until=parse_time(item["until"]))

    def covers(self, account: str, provider: str, now: datetime) -> bool:
        """Whether it holds now for this account. TTL deletes late, so its end is checked here."""
        if now >= self.until:
            return False
        if self.pattern == _EVERYTHING:
            return True
        if self.pattern.startswith(_PROVIDER_PREFIX):
            return fnmatchcase(provider, self.pattern.removeprefix(_PROVIDER_PREFIX))
        return fnmatchcase(account, self.pattern)


def is_silenced(silences: Iterable[Silence], account: str, provider: str, now: datetime) -> bool:
    """Whether any silence covers the account now."""
    return any(silence.covers(account, provider, now) for silence in silences)
