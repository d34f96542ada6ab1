"""How fast an account burns, and when it is empty. Pure: no clock, no query, O(1) a poll."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from balance_poller.burn_state import HOURS, BurnState, BurnStateError
from shared.records import TopUp

__all__ = ["Basis", "BurnState", "BurnStateError", "Forecast", "forecast", "observe"]

_DAY: Final = 24
#: Below these a rate says nothing yet.
_MIN_SECONDS: Final = 3600
_MIN_SAMPLES: Final = 6
#: A rise up to these is a provider's cache answering from the past: neither top-up nor burn.
_NOISE_SHARE: Final = 0.01
_NOISE_AMOUNT: Final = 0.01
_RECENT_HOURS: Final = 6
#: An hour of which less was observed says too little.
_MIN_HOUR_SECONDS: Final = 900
#: Beyond, datetimes overflow and nobody asks.
_MAX_HOURS: Final = 24 * 365 * 100


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
    """The account's daily rhythm, scaled by its last hours."""


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
    """Observed consumption of the last 24 hours; None while accumulating."""
    drain_factor: float | None = None
    """Consumption of the last hours over what is usual then; None while accumulating."""

    @property
    def runway_rounded(self) -> Decimal | None:
        """``runway_hours`` as it is recorded: tenths of an hour."""
        if self.runway_hours is None:
            return None
        return Decimal(f"{min(self.runway_hours, _MAX_HOURS):.1f}")


def observe(state: BurnState | None, at: datetime, remaining: Decimal) -> BurnState:
    """Return ``state`` with one more reading of the balance; one that is not newer is ignored.

    A fall is consumption, spread evenly over the time since the last reading; a rise is a top-up
    (a monthly reset too), in which consumption is unknown; a rise below max(1 %, 0.01) is noise.
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
        next_hour = _hour(start) + timedelta(hours=1)
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
    """Say when ``remaining`` will be gone, counting from ``at``."""
    level = float(remaining)
    if _is_accumulating(state):
        return Forecast(Basis.ACCUMULATING)
    last_day = _consumed_last_day(state)
    if reported_burn_per_hour is not None and reported_burn_per_hour > 0:
        basis = Basis.REPORTED
        profile: Sequence[float] = (float(reported_burn_per_hour),) * _DAY
    else:
        basis, profile = _expected(state)
    per_day = math.fsum(profile)
    if per_day <= 0:
        basis = Basis.STEADY
    hours = _hours_until_empty(level, profile, at)
    return Forecast(
        basis=basis,
        runway_hours=hours,
        empty_at=None if hours is None or hours > _MAX_HOURS else at + timedelta(hours=hours),
        burn_per_day=_decimal(per_day),
        consumed_last_day=_decimal(last_day),
        drain_factor=_drain_factor(state),
    )


def _is_accumulating(state: BurnState) -> bool:
    """Whether too little is known for any rate."""
    known = (state.at - state.since).total_seconds()
    return known < _MIN_SECONDS or state.samples < _MIN_SAMPLES


def _expected(state: BurnState) -> tuple[Basis, tuple[float, ...]]:
    """Return the expected consumption of each UTC hour of the day."""
    if state.at - state.since < timedelta(hours=_DAY):
        return Basis.RECENT, (_average(state),) * _DAY
    profile = _daily_profile(state)
    return Basis.PROFILE, tuple(amount * _scale(state, profile) for amount in profile)


def _daily_profile(state: BurnState) -> tuple[float, ...]:
    """Return the mean consumption of each UTC hour of the day over the days seen."""
    newest = (state.at.hour - 1) % _DAY
    by_hour: list[list[float]] = [[] for _ in range(_DAY)]
    for age, amount in enumerate(reversed(state.hours)):
        if amount is not None:
            by_hour[(newest - age) % _DAY].append(amount)
    average = _average(state)
    return tuple(math.fsum(seen) / len(seen) if seen else average for seen in by_hour)


def _average(state: BurnState) -> float:
    """Return the mean consumption per hour over all that was seen."""
    seen = [amount for amount in state.hours if amount is not None]
    hours = len(seen) + state.hour_seconds / 3600
    return (math.fsum(seen) + state.hour_consumed) / hours if hours else 0.0


def _scale(state: BurnState, profile: Sequence[float]) -> float:
    """Return by how much the last hours differ from what is usual for them, damped."""
    recent, expected = _recent(state, profile)
    return math.sqrt(recent / expected) if expected > 0 else 1.0


def _recent(state: BurnState, profile: Sequence[float]) -> tuple[float, float]:
    """Return the consumption of the last six hours, and what ``profile`` expects of them."""
    recent = state.hour_consumed
    expected = profile[state.at.hour] * state.hour_seconds / 3600
    for age in range(1, _RECENT_HOURS + 1):
        amount = state.hours[-age]
        if amount is not None:
            recent += amount
            expected += profile[(state.at.hour - age) % _DAY]
    return recent, expected


def _consumed_last_day(state: BurnState) -> float:
    """Return what was seen to be consumed in the last 24 hours."""
    part = 1 - (state.at - _hour(state.at)).total_seconds() / 3600
    oldest = (state.hours[-_DAY] or 0.0) * part
    return (
        math.fsum([amount or 0.0 for amount in state.hours[-_DAY + 1 :]])
        + oldest
        + (state.hour_consumed)
    )


def _drain_factor(state: BurnState) -> float:
    """Return how many times its usual consumption the account consumed in its last hours."""
    recent, expected = _recent(state, _daily_profile(state))
    return recent / expected if expected > 0 else 0.0


def _hours_until_empty(level: float, profile: Sequence[float], at: datetime) -> float | None:
    """Walk the hours from ``at`` until ``level`` is consumed; None when that never happens."""
    if level <= 0:
        return 0.0
    per_day = math.fsum(profile)
    if per_day <= 0:
        return None
    days = math.floor(level / per_day)
    left = level - days * per_day
    walked = 0.0
    into_hour = (at - _hour(at)).total_seconds() / 3600
    for ahead in range(_DAY + 1):
        part = 1 - into_hour if ahead == 0 else 1.0
        amount = profile[(at.hour + ahead) % _DAY] * part
        if amount >= left:
            return days * _DAY + walked + (part * left / amount if amount else 0.0)
        left -= amount
        walked += part
    return days * _DAY + walked


def _decimal(amount: float) -> Decimal:
    """Return ``amount`` to four significant digits: more would claim what nobody knows."""
    return Decimal(f"{amount:.4g}")


def _hour(at: datetime) -> datetime:
    """Return the start of the hour of ``at``."""
    return at.replace(minute=0, second=0, microsecond=0)


def _per_hour(consumed: float, seconds: float) -> float | None:
    """Return an hour's consumption from the observed part of it; None when that is too little."""
    return consumed * 3600 / seconds if seconds >= _MIN_HOUR_SECONDS else None
