"""The story's clock: stands still until it is set, so that days are told in seconds.

The emulator's schedules and the functions in it read the same file (``patches.clock``); where
there is none, they go by the wall clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class StoryClock:
    """A time in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def now(self) -> datetime:
        """The time that it is in the story, UTC."""
        return datetime.fromisoformat(self._file.read_text("ascii"))

    def set(self, at: datetime) -> None:
        """Let it be ``at``."""
        partial = self._file.with_suffix(".partial")
        partial.write_text(at.astimezone(UTC).isoformat(), "ascii")
        partial.replace(self._file)

    def advance(self, by: timedelta) -> datetime:
        """Let time pass, and return what time it is then."""
        at = self.now + by
        self.set(at)
        return at


def next_minute() -> datetime:
    """Return the full minute that comes next by the wall clock, to start a story at."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
