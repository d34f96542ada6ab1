"""Times (UTC), durations, amounts, quotations and sparklines for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from shared.money import format_amount

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400

_BARS: Final = "▁▂▃▄▅▆▇█"
_BUCKETS: Final = 24
_BUCKET: Final = timedelta(hours=1)
_GAP: Final = " "


def clock(at: datetime, now: datetime) -> str:
    """Return "14:05 UTC", with the day and the year if they differ from now."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    if at.date() == now.date():
        return f"{at:%H:%M} UTC"
    year = f" {at.year}" if at.year != now.year else ""
    return f"{at.day} {at:%b}{year}, {at:%H:%M} UTC"


def full_time(at: datetime) -> str:
    """Return "23 Nov 2026, 14:05 UTC"."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def lasted(length: timedelta) -> str:
    """Return a duration: "45 min", "4 h 5 min", "3 days 2 h"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return "less than a minute"
    minutes = seconds // _MINUTE
    if seconds < _HOUR:
        return f"{minutes} min"
    if seconds < 2 * _DAY:
        return _two(minutes // 60, "h", minutes % 60, "min")
    hours = seconds // _HOUR
    return _two(hours // 24, "days", hours % 24, "h")


def about(length: timedelta) -> str:
    """Return an estimate in one unit: "about 40 min", "about 9 h", "about 3 days"."""
    seconds = length.total_seconds()
    if seconds <= 0:
        return "no time"
    if seconds < _HOUR:
        return f"about {max(1, round(seconds / _MINUTE))} min"
    if seconds < 2 * _DAY:
        return f"about {round(seconds / _HOUR)} h"
    return f"about {round(seconds / _DAY)} days"


def at_least(length: timedelta) -> str:
    """Return a lower bound in one unit, rounded down: "40 min", "9 h", "3 days"."""
    seconds = max(0.0, length.total_seconds())
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{int(seconds // _HOUR)} h"
    return f"{int(seconds // _DAY)} days"


def amount(value: Decimal, unit: str) -> str:
    """Return an amount with its unit, if it has one."""
    return format_amount(value, unit) if unit else f"{value.normalize():,f}"


def quoted(text: str) -> str:
    """Return a foreign text in quotation marks, without any of its own."""
    return f'"{text.replace(chr(34), chr(39))}"' if text else ""


def plural(count: int, noun: str) -> str:
    """Return "1 account", "7 accounts"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def sparkline(history: Mapping[datetime, Decimal], until: datetime) -> str:
    """Return the last balance of each of the 24 hours before ``until`` as bars, oldest first.

    The baseline is zero or the smallest balance, whichever is lower, so that a bar of half height
    means half. An hour without a balance is a gap; with fewer than two balances, nothing is drawn.
    """
    start = until - _BUCKETS * _BUCKET
    last: dict[int, Decimal] = {}
    for at in sorted(history):
        if start < at <= until:
            last[min(int((at - start) / _BUCKET), _BUCKETS - 1)] = history[at]
    if len(last) < 2:
        return ""
    low, high = min(Decimal(0), *last.values()), max(Decimal(0), *last.values())
    span = high - low
    return "".join(
        _bar((last[bucket] - low) / span if span else Decimal(0)) if bucket in last else _GAP
        for bucket in range(_BUCKETS)
    )


def _bar(part: Decimal) -> str:
    """Return the bar for a fraction, 0 to 1."""
    return _BARS[min(int(part * len(_BARS)), len(_BARS) - 1)]


def _two(whole: int, unit: str, rest: int, rest_unit: str) -> str:
    """Return a duration in two units, without the second if it is 0."""
    return f"{whole} {unit} {rest} {rest_unit}" if rest else f"{whole} {unit}"
