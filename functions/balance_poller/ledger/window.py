"""The days that a cost report covers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from shared.times import format_time, midnight

#: Anthropic's cost report gives 31 days at most, OpenAI's 180 (their API references, read 2026-11).
#: A month, and whatever a ledger asks for, is one request without pages.
MAX_DAYS: Final = 31
DAY: Final = timedelta(days=1)
#: What a definition's request may name.
PLACEHOLDERS: Final = (
    "start_unix", "end_unix", "start_iso", "end_iso", "start_date", "end_date", "days",
)  # fmt: skip


class LedgerError(ValueError):
    """The balance cannot be computed; the text says why, and what to do."""

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing
        """Whether the next poll may succeed without any change."""


class Window(NamedTuple):
    """Days in UTC, from ``start`` up to but not including ``end``."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def values(self) -> Mapping[str, str]:
        """Return the values of a request's placeholders."""
        start, end = midnight(self.start), midnight(self.end)
        return {
            "start_unix": str(int(start.timestamp())),
            "end_unix": str(int(end.timestamp())),
            "start_iso": format_time(start),
            "end_iso": format_time(end),
            "start_date": self.start.isoformat(),
            "end_date": self.end.isoformat(),
            "days": str(self.days),
        }


def window_from(start: date, now: datetime) -> Window:
    """Return the days from ``start`` to today, today included.

    Raises:
        LedgerError: when these are more than a report gives.
    """
    window = Window(start, today(now) + DAY)
    if window.days > MAX_DAYS:
        raise LedgerError(
            f"the cost since {start.isoformat()} was not read for more than {MAX_DAYS} days, and"
            " a report covers no more: set a new anchor (balancectl ledger set)"
        )
    return window


def month_window(now: datetime) -> Window:
    """Return the days of the calendar month (UTC) up to today."""
    return Window(today(now).replace(day=1), today(now) + DAY)


def month_end(now: datetime) -> datetime:
    """Return the first moment of the next month (UTC)."""
    return midnight((today(now).replace(day=1) + 31 * DAY).replace(day=1))


def today(now: datetime) -> date:
    """Return the UTC day of ``now``."""
    return now.astimezone(UTC).date()
