"""Formats and parses durations, ages, times and lists of names. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from shared.times import format_duration

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Parse "90s", "10m", "2h", "1h30m" or "3d".

    Raises:
        ValueError: When the text is no duration, or the duration is zero.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if not text.strip() or match is None:
        raise ValueError(f"'{text}' is not a duration: use for example 90s, 10m, 2h, 1h30m or 3d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError(f"'{text}' is too long a duration") from None
    if not length:
        raise ValueError("a duration must be more than zero")
    return length


def format_exact_duration(length: timedelta) -> str:
    """Return ``length`` to the second, for comparisons: "10 min 30 s", "2 h"."""
    seconds = max(0, int(length.total_seconds()))
    parts = ((seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "min"))
    words = [f"{number} {unit}" for number, unit in (*parts, (seconds % 60, "s")) if number]
    return " ".join(words) or "0 s"


def format_age(at: datetime, now: datetime) -> str:
    """Return the age of ``at`` at ``now``: "3 min ago", "just now"."""
    age = now - at
    return "just now" if age < timedelta(seconds=1) else f"{format_duration(age)} ago"


def format_count(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 account", "3 accounts"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def join_names(names: Iterable[str], limit: int = 8) -> str:
    """Return "a, b and c", or the first ones and the number of the others."""
    known = list(names)
    if len(known) > limit:
        return f"{', '.join(known[:limit])} and {len(known) - limit} more"
    return " and ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a suggestion of the closest known name, else the known ones; "" if there are none."""
    names = sorted(known)
    same = [known_name for known_name in names if known_name.casefold() == name.casefold()]
    near = same[:1] or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {join_names(names)}" if names else ""
