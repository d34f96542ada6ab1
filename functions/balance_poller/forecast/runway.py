"""How fast an account burns, and when it is empty. Pure: no clock, no query, O(1) a poll."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from balance_poller.forecast.burn_profile import (
    MAX_HOURS,
    Rhythm,
    Walk,
    average_per_hour,
    drain_factor,
)
from balance_poller.forecast.burn_state import HOURS, BurnState, BurnStateError, hour_of
from shared.records import TopUp

__all__ = ["Basis", "BurnState", "BurnStateError", "Forecast", "forecast", "observe"]

_DAY: Final = 24
#: Below these a rate says nothing yet.
_MIN_SECONDS: Final = 3600
_MIN_SAMPLES: Final = 6
#: A rise up to these is a provider's cache answering from the past: neither top-up nor burn.
_NOISE_SHARE: Final = 0.01
_NOISE_AMOUNT: Final = 0.01
#: An hour of which less was observed says too little.
_MIN_HOUR_SECONDS: Final = 900


class Basis(StrEnum):
    """Why a forecast is what it is."""

    ACCUMULATING = "accumulating"
    """Less than an hour, or fewer than six samples, are known."""
    STEADY = "steady"
    """Nothing is consumed."""
    REPORTED = "reported"
    """The provider's own rate."""
    RECENT = "recent"
    """The rate since the first sample: less than a day is known."""
    PROFILE = "profile"
    """The account's daily and weekly rhythm, as far as its last hours and day keep to it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect if the account goes on as it did."""

    basis: Basis
    runway_hours: float | None = None
    """Hours until the balance is gone; None while accumulating, and when nothing is consumed."""
    empty_at: datetime | None = None
    """None as ``runway_hours``, and beyond a hundred years."""
    burn_per_day: Decimal | None = None
    """Expected consumption of the coming 24 hours; None while accumulating."""
    consumed_last_day: Decimal | None = None
    """Observed consumption of the last 24 hours; None while too little was observed."""
    drain_factor: float | None = None
    """Consumption of the last hours over what is usual then; None while that is unknown."""

    @property
    def runway_rounded(self) -> Decimal | None:
        """``runway_hours`` as it is recorded: tenths of an hour."""
        if self.runway_hours is None:
            return None
        return Decimal(f"{min(self.runway_hours, MAX_HOURS):.1f}")


def observe(
    state: BurnState | None, at: datetime, remaining: Decimal, *, unseen: bool = False
) -> BurnState:
    """Return ``state`` with one more reading of the balance; one that is not newer is ignored.

    A fall is consumption, spread evenly over the time since the last reading; a rise is a top-up
    (a monthly reset too), in which consumption is unknown; a rise below max(1 %, 0.01) is noise.
    Where it is ``unseen`` what the balance changed by, consumption is unknown, too.
    """
    level = float(remaining)
    if state is None or at - state.at > timedelta(hours=HOURS):
        return BurnState(
            at=at,
            since=at,
            samples=1,
            level=level,
            hours=(None,) * HOURS,
            last_top_up=state.last_top_up if state else None,
        )
    if at <= state.at:
        return state
    if unseen:
        return replace(_advance(state, at, None), level=level)
    rise = level - state.level
    if rise > max(_NOISE_SHARE * abs(state.level), _NOISE_AMOUNT):
        moved = _advance(state, at, None)
        top_up = TopUp(at, remaining - Decimal(repr(state.level)))
        return replace(moved, level=level, last_top_up=top_up)
    moved = _advance(state, at, max(0.0, -rise))
    return replace(moved, level=min(level, state.level))


def _advance(state: BurnState, at: datetime, consumed: float | None) -> BurnState:
    """Move the state on to ``at``, giving each hour on the way its share of what was consumed."""
    span = (at - state.at).total_seconds()
    hours = list(state.hours)
    start, in_hour, seen = state.at, state.hour_consumed, state.hour_seconds
    while start < at:
        next_hour = hour_of(start) + timedelta(hours=1)
        end = min(next_hour, at)
        if consumed is not None:
            seconds = (end - start).total_seconds()
            in_hour += consumed * seconds / span
            seen += seconds
        if end == next_hour:
            hours = [*hours[1:], _per_hour(in_hour, seen)]
            in_hour = seen = 0.0
        start = end
    return replace(
        state,
        at=at,
        samples=min(state.samples + 1, 255),
        hours=tuple(hours),
        hour_consumed=in_hour,
        hour_seconds=seen,
    )


def forecast(
    state: BurnState,
    at: datetime,
    remaining: Decimal,
    reported_burn_per_hour: Decimal | None = None,
) -> Forecast:
    """Say when ``remaining`` will be gone, counting from ``at``.

    Args:
        state: What was observed; :func:`observe` of this very reading comes first.
        at: The time of the reading.
        remaining: The balance, in the state's unit.
        reported_burn_per_hour: The provider's own figure, where it gives one; it then counts, from
            the first reading on.
    """
    is_accumulating = _is_accumulating(state)
    if not is_accumulating:
        basis, rhythm = _expected(state, reported_burn_per_hour)
    elif reported_burn_per_hour is not None and reported_burn_per_hour >= 0:
        basis, rhythm = Basis.REPORTED, Rhythm.constant(float(reported_burn_per_hour))
    else:
        return Forecast(Basis.ACCUMULATING)
    ahead = Walk(rhythm, at)
    hours = ahead.hours_until(float(remaining)) if float(remaining) > 0 else 0.0
    return Forecast(
        basis=Basis.STEADY if ahead.is_idle else basis,
        runway_hours=hours,
        empty_at=None if hours is None or hours > MAX_HOURS else at + timedelta(hours=hours),
        burn_per_day=_rounded(ahead.consumption(_DAY)),
        consumed_last_day=None if is_accumulating else _rounded(_consumed_last_day(state)),
        drain_factor=None if is_accumulating else drain_factor(state),
    )


def _is_accumulating(state: BurnState) -> bool:
    """Whether too little is known for any rate."""
    known = (state.at - state.since).total_seconds()
    return known < _MIN_SECONDS or state.samples < _MIN_SAMPLES


def _expected(state: BurnState, reported: Decimal | None) -> tuple[Basis, Rhythm]:
    """Return what the coming hours are expected to consume, and why."""
    if reported is not None and reported > 0:
        return Basis.REPORTED, Rhythm.constant(float(reported))
    if state.at - state.since < timedelta(hours=_DAY):
        return Basis.RECENT, Rhythm.constant(average_per_hour(state))
    return Basis.PROFILE, Rhythm.of(state)


def _consumed_last_day(state: BurnState) -> float:
    """Return what was seen to be consumed in the last 24 hours."""
    begun = (state.at - hour_of(state.at)).total_seconds() / 3600
    seen = [amount or 0.0 for amount in state.hours[-_DAY:]]
    return math.fsum(seen) - seen[0] * begun + state.hour_consumed


def _per_hour(consumed: float, seconds: float) -> float | None:
    """Return an hour's consumption from the observed part of it; None when that is too little."""
    return consumed * 3600 / seconds if seconds >= _MIN_HOUR_SECONDS else None


def _rounded(amount: float) -> Decimal:
    """Return ``amount`` to four significant digits: more would claim what nobody knows."""
    return Decimal(f"{amount:.4g}")
