"""Values of a DynamoDB item that may be missing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.times import format_time, parse_time

Item = dict[str, Any]


def without_none(values: Mapping[str, Any]) -> Item:
    """Drop values that are None: stored, they would differ from absent ones."""
    return {name: value for name, value in values.items() if value is not None}


def time_or_none(at: datetime | None) -> str | None:
    """Format a time that may be missing."""
    return None if at is None else format_time(at)


def time_from(item: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time that may be missing."""
    text = item.get(name)
    return None if text is None else parse_time(text)
