"""Times as they are stored and exchanged: ISO 8601, UTC, whole seconds, ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime


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
        raise ValueError("the time is outside of the years 1 to 9999") from None
