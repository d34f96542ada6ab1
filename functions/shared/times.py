"""Times as they are stored and exchanged, and as people read them.

Stored times are ISO 8601, UTC, whole seconds, ``Z``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta


def midnight(day: date) -> datetime:
    """Return the first moment of a UTC day."""
    return datetime.combine(day, time(), UTC)


def format_time(at: datetime) -> str:
    """Return ``at`` as "2026-11-23T14:05:00Z"; such texts sort as their times do.

    Raises:
        ValueError: when ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a time zone cannot be stored")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time, with ``Z`` or an offset such as ``+0000``, as an aware UTC time.

    Raises:
        ValueError: when it is not a time, or names no zone.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("the time names no time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is outside the years 1 to 9999") from None


def format_duration(length: timedelta) -> str:
    """Return ``length`` rounded to its natural unit: "45 s", "95 min", "9 h", "16 d"."""
    seconds = max(0, int(length.total_seconds()))
    for limit, size, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} d"


def format_clock(at: datetime, now: datetime) -> str:
    """Return ``at`` in UTC, in the shortest clear form: "18:40 UTC", "Tue 24 Nov 06:15 UTC"."""
    at = at.astimezone(UTC)
    if at.date() == now.astimezone(UTC).date():
        return f"{at:%H:%M} UTC"
    if abs(at - now) < timedelta(days=180):
        return f"{at:%a %d %b %H:%M} UTC"
    return f"{at:%Y-%m-%d %H:%M} UTC"
