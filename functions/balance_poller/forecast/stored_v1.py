"""Burn states of version 1, written before 0.2: a week of hours in 210 bytes.

Delete in 0.3: the first poll after the upgrade writes a newer version.
"""

from __future__ import annotations

import functools
import math
import struct
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from balance_poller.forecast.drain import WINDOWS, PerWindow
from balance_poller.forecast.stored import BurnStateError, decode, to_time
from balance_poller.forecast.usage import (
    DAY_HOURS,
    HOUR_SECONDS,
    RECENT_HOURS,
    Level,
    Usage,
    hour_of_week,
    next_levels,
)
from balance_poller.forecast.week import WEEK_HOURS, Week
from shared.records import TopUp

VERSION: Final = 1
#: version, at, since, samples, level, hour's consumption, hour's seconds, grid of the largest
#: hour, top-up at (0 = none), top-up amount
_HEADER: Final = struct.Struct(">BIIBddHhId")
_STEP: Final = math.log(1e4) / 253


class OldState(NamedTuple):
    """A state of version 1, in this version's terms."""

    at: datetime
    since: datetime
    samples: int
    level: float
    usage: Usage
    amounts: PerWindow
    """Of the records."""
    last_top_up: TopUp | None


def unpack(packed: bytes) -> OldState:
    """Read a state of version 1; its 168 hours become the first week of the profile.

    Raises:
        BurnStateError: for other bytes.
    """
    if len(packed) != _HEADER.size + WEEK_HOURS or packed[0] != VERSION:
        raise BurnStateError("not a burn state of version 1")
    _, at, since, samples, level, consumed, seconds, top, top_up_at, top_up = _HEADER.unpack_from(
        packed
    )
    hours = decode(top, packed[_HEADER.size :], _STEP)
    return OldState(
        at=to_time(at),
        since=to_time(since),
        samples=samples,
        level=level,
        usage=_usage(hours, at, min(WEEK_HOURS, _hours_between(since, at)), consumed, seconds),
        amounts=_largest(hours[:-DAY_HOURS]),
        last_top_up=TopUp(to_time(top_up_at), Decimal(repr(top_up))) if top_up_at else None,
    )


def _hours_between(since: int, at: int) -> int:
    """Return how many full hours ended since then."""
    return at // HOUR_SECONDS - since // HOUR_SECONDS


def _usage(
    hours: list[float | None], at: int, known: int, consumed: float, seconds: float
) -> Usage:
    """Return those hours as usage."""
    now = hour_of_week(at)
    by_hour = [hours[WEEK_HOURS - 1 - (now - 1 - hour) % WEEK_HOURS] for hour in range(WEEK_HOURS)]
    seen = hours[WEEK_HOURS - known :]
    return Usage(
        week=Week.of(
            tuple(amount or 0.0 for amount in by_hour),
            bytes(amount is not None for amount in by_hour),
        ),
        recent=tuple(seen[-RECENT_HOURS:]),
        hour_consumed=consumed,
        hour_seconds=seconds,
        levels=functools.reduce(next_levels, seen, (Level(), Level())),
    )


def _largest(before: list[float | None]) -> PerWindow:
    """Return the largest windows of the hours that ended at least a day ago."""
    amounts = [amount or 0.0 for amount in before]
    shortest, middle, longest = (
        max(sum(amounts[first : first + window]) for first in range(len(amounts) - window + 1))
        for window in WINDOWS
    )
    return shortest, middle, longest
