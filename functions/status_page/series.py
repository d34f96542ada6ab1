"""An account's recent past: hourly balances, top-ups, alarms. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from shared.names import AlarmKind
from shared.records import TopUp

#: The line is broken where balances are missing for this long, or this many usual intervals.
_SHORTEST_GAP: Final = timedelta(hours=3)
_GAP_FACTOR: Final = 2.5


class Point(NamedTuple):
    """A balance, in the account's unit."""

    at: datetime
    balance: float


class Span(NamedTuple):
    """When an alarm was firing; ``end`` is None while it still is."""

    kind: AlarmKind
    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Past:
    """The data drawn for one account."""

    points: Sequence[Point] = ()
    """Oldest first, at most one an hour."""
    top_ups: Sequence[TopUp] = ()
    spans: Sequence[Span] = ()


def unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """Split ``points`` where balances are missing."""
    if not points:
        return []
    distances = [(after.at - before.at).total_seconds() for before, after in pairwise(points)]
    usual = timedelta(seconds=median(distances)) if distances else timedelta()
    longest = max(_SHORTEST_GAP, usual * _GAP_FACTOR)
    parts = [[points[0]]]
    for before, after in pairwise(points):
        if after.at - before.at > longest:
            parts.append([])
        parts[-1].append(after)
    return parts


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """Return at most about ``most`` of the points: the lowest and highest of each stretch.

    This keeps short falls and top-ups, which an average would hide.
    """
    if len(points) <= most:
        return list(points)
    size = -(-2 * len(points) // most)
    return list(_extremes(points, size))


def _extremes(points: Sequence[Point], size: int) -> Iterator[Point]:
    """Yield the lowest and highest of every ``size`` points in order, and the very last point."""
    for start in range(0, len(points) - 1, size):
        stretch = points[start : min(start + size, len(points) - 1)]
        yield from sorted({min(stretch, key=_balance), max(stretch, key=_balance)})
    yield points[-1]


def _balance(point: Point) -> float:
    return point.balance
