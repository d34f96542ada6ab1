"""Burn-downs as SVG: coordinates and paths for a template to draw. Pure.

Coordinates are whole numbers, and paths are relative: a thousand accounts have to fit into one
file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from shared.money import format_number
from shared.names import AlarmKind
from shared.records import Latest
from status_page.series import Past, Point, thin, unbroken

BEHIND: Final = timedelta(days=14)
AHEAD: Final = timedelta(days=4)
WIDTH: Final = 9000
HEIGHT: Final = 1800
#: Points per line: fewer than pixels, but enough to show each day's shape.
_POINTS: Final = 84
#: A curve never touches the upper edge.
_HEADROOM: Final = 1.08
#: Labels closer than this are unreadable.
_LABEL_HEIGHT: Final = 150
_CRITICAL: Final = frozenset({AlarmKind.CRITICAL, AlarmKind.RUNWAY_CRITICAL})
_UNREAD: Final = frozenset({AlarmKind.STALE})


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled position on an axis."""

    at: int
    label: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of time on the axis."""

    begin: int
    length: int
    style: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a chart shows: some time before ``now``, and some after."""

    now: datetime
    behind: timedelta = BEHIND
    ahead: timedelta = AHEAD

    @property
    def start(self) -> datetime:
        """The left edge."""
        return self.now - self.behind

    def place(self, at: datetime) -> int:
        """Return the position of a time, which may be outside the box."""
        return round((at - self.start) / (self.behind + self.ahead) * WIDTH)


@dataclass(frozen=True, slots=True)
class Chart:
    """A burn-down in a box of WIDTH by HEIGHT."""

    lines: Sequence[str]
    """Path data, one for each stretch without a gap."""
    areas: Sequence[str]
    ahead: str
    """The most likely course until it is empty."""
    range: str
    """The range that contains the true course in 4 cases of 5."""
    end: tuple[int, int] | None
    """Where the line ends."""
    limits: Sequence[Mark]
    gaps: Sequence[Stretch]
    top_ups: Sequence[Mark]
    spans: Sequence[Stretch]
    top: Mark | None
    """The highest balance; None if a threshold's label is there."""


def draw(latest: Latest, past: Past, window: Window) -> Chart:
    """Draw an account's past and the forecast ahead."""
    good = latest.good
    known = list(past.points)
    if good.balance is not None and good.balance_at is not None:
        known = [point for point in known if point.at < good.balance_at]
        known.append(Point(good.balance_at, float(good.balance)))
    box = _Box(window, _bounds(latest, known))
    parts = [thin(part, max(2, _POINTS * len(part) // len(known))) for part in unbroken(known)]
    return Chart(
        lines=[box.path(part) for part in parts],
        areas=[box.area(part) for part in parts],
        ahead=box.ahead(latest),
        range=box.range(latest),
        end=(box.x(known[-1].at), box.y(known[-1].balance)) if known else None,
        limits=list(_limits(latest, box)),
        gaps=[
            Stretch(box.x(before[-1].at), box.x(after[0].at) - box.x(before[-1].at))
            for before, after in pairwise(parts)
        ],
        top_ups=[
            Mark(box.x(top_up.at), f"+{format_number(top_up.amount, good.unit or '')}")
            for top_up in past.top_ups
            if top_up.at >= window.start
        ],
        spans=list(_spans(past, box)),
        top=_top(latest, known, box),
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Maps times and balances to coordinates."""

    window: Window
    bounds: tuple[float, float]

    def x(self, at: datetime) -> int:
        """Return the position of a time, which may be outside the box."""
        return self.window.place(at)

    def y(self, balance: float) -> int:
        """Return the position of a balance."""
        low, high = self.bounds
        return round((high - balance) / (high - low) * HEIGHT)

    def path(self, points: Sequence[Point]) -> str:
        """Return path data through ``points``."""
        places = [(self.x(point.at), self.y(point.balance)) for point in points]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(places)]
        moves = " ".join(f"{x} {y}" for x, y in steps)
        begin = f"M{places[0][0]} {places[0][1]}"
        return f"{begin}l{moves}" if moves else f"{begin}h0"

    def area(self, points: Sequence[Point]) -> str:
        """Return path data of the area between ``points`` and zero."""
        first, last = self.x(points[0].at), self.x(points[-1].at)
        return f"{self.path(points)}V{self.y(0)}H{first}Z" if last > first else ""

    def ahead(self, latest: Latest) -> str:
        """Return path data from the last balance to the most likely time it reaches zero."""
        good = latest.good
        if good.balance is None or good.balance_at is None or good.empty_at is None:
            return ""
        x, y = self.x(good.balance_at), self.y(float(good.balance))
        return f"M{x} {y}L{self.x(good.empty_at)} {self.y(0)}"

    def range(self, latest: Latest) -> str:
        """Return path data of the wedge between the earliest and latest times it reaches zero."""
        good, between = latest.good, latest.good.empty_between
        if good.balance is None or good.balance_at is None or between is None:
            return ""
        x, y, zero = self.x(good.balance_at), self.y(float(good.balance)), self.y(0)
        first, last = between
        # Without an end, the wedge is open to the right.
        end = f"L{WIDTH} {zero}V{y}" if last is None else f"L{self.x(last)} {zero}"
        return f"M{x} {y}L{self.x(first)} {zero}{end}Z"


def _bounds(latest: Latest, points: Sequence[Point]) -> tuple[float, float]:
    """Return the lowest and the highest balance of the box; zero is always in it."""
    limits = (latest.thresholds.warning, latest.thresholds.critical)
    values = [point.balance for point in points]
    high = max([*values, *(float(limit) for limit in limits if limit is not None), 0.0])
    low = min([*values, 0.0])
    return low, (high - low) * _HEADROOM + low or 1.0


def _limits(latest: Latest, box: _Box) -> Iterator[Mark]:
    """Yield the balance's thresholds."""
    limits = latest.thresholds
    for style, limit in (("warning", limits.warning), ("critical", limits.critical)):
        if limit is not None:
            label = format_number(limit, latest.good.unit or "").removesuffix(".00")
            yield Mark(box.y(float(limit)), label, style)


def _top(latest: Latest, points: Sequence[Point], box: _Box) -> Mark | None:
    """Return the label of the highest balance, unless it would cover a threshold's."""
    highest = max((point.balance for point in points), default=0.0)
    at = box.y(highest)
    if any(abs(limit.at - at) < _LABEL_HEIGHT for limit in _limits(latest, box)):
        return None
    return Mark(at, format_number(Decimal(str(highest)), latest.good.unit or ""))


def _spans(past: Past, box: _Box) -> Iterator[Stretch]:
    """Yield when alarms were firing."""
    first = box.window.start
    for kind, begin, end in past.spans:
        if end is not None and end < first:
            continue
        start, stop = box.x(max(begin, first)), box.x(end or box.window.now)
        style = "critical" if kind in _CRITICAL else "failing" if kind in _UNREAD else "warning"
        until = "now" if end is None else f"{end:%d %b %H:%M}"
        label = f"{kind} from {begin:%d %b %H:%M} until {until}"
        yield Stretch(start, max(10, stop - start), style, label)


def days(window: Window) -> Iterator[Mark]:
    """Yield every second midnight, UTC: the axis of every chart."""
    midnight = datetime.combine(window.now.date(), time(), window.now.tzinfo)
    for number in range(-12, AHEAD.days + 1, 2):
        at = midnight + timedelta(days=number)
        yield Mark(window.place(at), f"{at.day} {at:%b}")
