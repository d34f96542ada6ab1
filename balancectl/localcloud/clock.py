"""The story's clock: stands still until it is set, so that a story of days runs in seconds.

The emulator's schedules and functions read the same file (``patches.clock``). Without a file, they
use the wall clock.
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
        """The current time in the story, UTC."""
        return datetime.fromisoformat(self._file.read_text("ascii"))

    def set(self, at: datetime) -> None:
        """Set the clock to ``at``."""
        partial = self._file.with_suffix(".partial")
        partial.write_text(at.astimezone(UTC).isoformat(), "ascii")
        partial.replace(self._file)

    def advance(self, by: timedelta) -> datetime:
        """Advance the clock, and return the new time."""
        at = self.now + by
        self.set(at)
        return at


def next_minute() -> datetime:
    """Return the next full minute of the wall clock, to start a story at."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
