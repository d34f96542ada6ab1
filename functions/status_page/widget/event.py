"""The event with which a CloudWatch dashboard invokes a custom widget's function. Pure.

The widget's own parameters, as the dashboard has them, and ``widgetContext`` (CloudWatch user
guide, "Details about custom widgets in CloudWatch", read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.names import ACCOUNT_PATTERN

#: What one BatchGetItem reads, and a dashboard shows.
MAX_ACCOUNTS: Final = 100
#: Rows of four columns need this many pixels.
_WIDE: Final = 640
_MAX_STALE_MINUTES: Final = 60 * 24 * 366


class EventError(ValueError):
    """The event is not of a widget; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class WidgetEvent:
    """What a dashboard asks for."""

    accounts: Mapping[str, timedelta]
    """When each account's balance is stale, by account."""
    start: datetime | None = None
    """Where the dashboard's time range, or what is zoomed into, begins."""
    is_dark: bool = False
    is_narrow: bool = False


def asks_for_description(event: Mapping[str, Any]) -> bool:
    """Whether the console asks for the function's documentation."""
    return bool(event.get("describe"))


def parse_event(event: Mapping[str, Any]) -> WidgetEvent:
    """Read what a dashboard asks for; whatever its context lacks has a default.

    Raises:
        EventError: when the parameter ``accounts`` is missing or malformed.
    """
    context = event.get("widgetContext")
    known: Mapping[str, Any] = context if isinstance(context, Mapping) else {}
    width = known.get("width")
    return WidgetEvent(
        accounts=_accounts(event.get("accounts")),
        start=_start(known.get("timeRange")),
        is_dark=known.get("theme") == "dark",
        is_narrow=isinstance(width, int | float) and width < _WIDE,
    )


def _accounts(value: object) -> dict[str, timedelta]:
    """Read the parameter ``accounts``.

    Raises:
        EventError: when it is malformed.
    """
    if not isinstance(value, Mapping):
        raise EventError("accounts must map each account to the minutes after which it is stale")
    if len(value) > MAX_ACCOUNTS:
        raise EventError(f"accounts has {len(value)} accounts; a widget shows {MAX_ACCOUNTS}")
    for account, minutes in value.items():
        if not isinstance(account, str) or not ACCOUNT_PATTERN.fullmatch(account):
            raise EventError("accounts names an account that cannot exist")
        if isinstance(minutes, bool) or not isinstance(minutes, int | float):
            raise EventError(f"accounts: the minutes of {account} are not a number")
        if not 0 < minutes <= _MAX_STALE_MINUTES:
            raise EventError(f"accounts: the minutes of {account} are not between 0 and a year")
    return {account: timedelta(minutes=minutes) for account, minutes in value.items()}


def _start(time_range: object) -> datetime | None:
    """Return where a time range begins; None if that cannot be read."""
    if not isinstance(time_range, Mapping):
        return None
    zoom = time_range.get("zoom")
    start = (zoom if isinstance(zoom, Mapping) else time_range).get("start")
    if not isinstance(start, int | float):
        return None
    try:
        return datetime.fromtimestamp(start / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
