"""When an account is empty, how sure that is, and whether it burns abnormally."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from balance_poller.forecast import drain as drains
from balance_poller.forecast.burn_profile import BurnProfile, Deviation
from balance_poller.forecast.burn_state import BurnState
from balance_poller.forecast.calibration import (
    AT_LEAST_90,
    AT_LEAST_95,
    AT_MOST_90,
    LARGEST_ERROR,
    Quantile,
)
from balance_poller.forecast.drain import Drain
from balance_poller.forecast.projection import MAX_HOURS, Projection
from balance_poller.forecast.usage import DAY_HOURS, HOUR_SECONDS

#: With less than these, a rate means nothing yet.
_MIN_SECONDS: Final = 3600
_MIN_SAMPLES: Final = 6
#: In an account's first two days, errors are larger than later.
_YOUNG: Final = timedelta(hours=48)
_YOUNG_FACTOR: Final = 1.5


class Basis(StrEnum):
    """The basis of a forecast."""

    ACCUMULATING = "accumulating"
    """Less than an hour or fewer than six samples are known."""
    HIDDEN = "hidden"
    """Most of the last day's consumption is hidden, mostly by top-ups."""
    STEADY = "steady"
    """Nothing is consumed."""
    REPORTED = "reported"
    """The provider's own rate."""
    RECENT = "recent"
    """The rate so far: less than a day is known."""
    PROFILE = "profile"
    """The account's daily and weekly pattern, adjusted for its last hours and days."""


class Forecast(NamedTuple):
    """The forecast if consumption goes on as it did.

    Hours are None while too little is known and when nothing is consumed.
    """

    basis: Basis
    runway_hours: float | None = None
    """The most likely number of hours until the balance is gone."""
    at_least_hours: float | None = None
    """It lasts at least this long in 9 cases of 10."""
    at_least_95_hours: float | None = None
    """The same in 19 cases of 20."""
    at_most_hours: float | None = None
    """It takes at most so long, 9 times in 10; None also for four times ``runway_hours`` and more,
    and while consumption is abnormal."""
    empty_at: datetime | None = None
    """None as ``runway_hours``, and beyond a hundred years."""
    burn_per_day: Decimal | None = None
    """Expected consumption of the coming 24 hours."""
    consumed_last_day: Decimal | None = None
    """Observed consumption of the last 24 hours; None while too little was observed."""
    drain: Drain | None = None
    """How abnormal consumption is; None until two days are known."""

    @property
    def is_abnormal(self) -> bool:
        """Whether more is consumed than ever before, at the requested sensitivity."""
        return self.drain is not None and self.drain.ratio > 1


def forecast(
    state: BurnState,
    at: datetime,
    remaining: Decimal,
    reported_burn_per_hour: Decimal | None = None,
    *,
    drain_sensitivity: float = drains.NORMAL_SENSITIVITY,
) -> Forecast:
    """Return when ``remaining`` will be gone, counting from ``at``.

    Args:
        state: The observed state, including this very reading (:func:`observe`).
        at: The time of the reading.
        remaining: The balance, in the state's unit.
        reported_burn_per_hour: The provider's own figure, if it gives one; it is used from the
            first reading on.
        drain_sensitivity: How many times the highest consumption ever seen in an hour, relative to
            what is usual at that time of the week, is abnormal; in 3 hours three quarters, and in
            24 hours half, of the part above 1 suffice.
    """
    basis = _basis(state, reported_burn_per_hour)
    if basis in {Basis.ACCUMULATING, Basis.HIDDEN}:
        return Forecast(basis)
    usual = BurnProfile.of(state.usage)
    if basis is Basis.REPORTED:
        constant = BurnProfile.constant(float(reported_burn_per_hour or 0))
        ahead = Projection(constant, Deviation(), at.timestamp())
    else:
        deviation = Deviation.of(state.usage, usual, state.at.timestamp())
        ahead = Projection(usual, deviation, at.timestamp())
    found = Forecast(
        basis=Basis.STEADY if ahead.is_idle else basis,
        burn_per_day=_rounded(ahead.consumption(DAY_HOURS)),
    )
    if not _is_accumulating(state):
        found = found._replace(
            consumed_last_day=_rounded(_consumed_last_day(state, at)),
            drain=_drain(state, usual.mean, at, drain_sensitivity),
        )
    amount = max(0.0, float(remaining))
    found = _with_runway(found, state, at, ahead, amount)
    return _while_abnormal(found, amount) if found.is_abnormal else found


def _with_runway(
    found: Forecast, state: BurnState, at: datetime, ahead: Projection, amount: float
) -> Forecast:
    """Return the forecast with the hours until ``amount`` is gone, if ever, and their bounds.

    The bounds are no later than when it is gone if more is consumed.
    """
    hours = ahead.hours_until(amount) if amount else 0.0
    if hours is None:
        return found
    with_more = ahead.hours_until(amount / state.calibration.margin(hours)) or 0.0
    at_least = min(hours * _kept_factor(state, AT_LEAST_90, hours), with_more)
    return found._replace(
        runway_hours=hours,
        at_least_hours=at_least,
        at_least_95_hours=min(at_least, hours * _kept_factor(state, AT_LEAST_95, hours)),
        at_most_hours=_at_most(state, hours),
        empty_at=None if hours > MAX_HOURS else at + timedelta(hours=hours),
    )


def _while_abnormal(found: Forecast, remaining: float) -> Forecast:
    """Return the forecast with bounds that assume the abnormal consumption never ends."""
    if not (found.drain and found.runway_hours and found.at_least_hours):
        return found
    as_now = remaining * found.drain.hours / found.drain.consumed
    at_least = found.at_least_hours * min(1.0, as_now / found.runway_hours)
    return found._replace(
        at_least_hours=at_least,
        at_least_95_hours=min(at_least, found.at_least_95_hours or 0.0),
        at_most_hours=None,
    )


def _basis(state: BurnState, reported: Decimal | None) -> Basis:
    """Return the basis of a forecast."""
    if reported is not None and (reported > 0 or (reported == 0 and _is_accumulating(state))):
        return Basis.REPORTED
    if _is_accumulating(state):
        return Basis.ACCUMULATING
    last_day = state.usage.recent[-DAY_HOURS:]
    if last_day.count(None) > len(last_day) / 2:
        return Basis.HIDDEN
    if state.at - state.since < timedelta(hours=DAY_HOURS):
        return Basis.RECENT
    return Basis.PROFILE


def _is_accumulating(state: BurnState) -> bool:
    """Whether too little is known to give a rate."""
    known = (state.at - state.since).total_seconds()
    return known < _MIN_SECONDS or state.samples < _MIN_SAMPLES


def _kept_factor(state: BurnState, quantile: Quantile, hours: float) -> float:
    """Return the factor that turns a forecast of ``hours`` into a bound."""
    is_young = state.at - state.since < _YOUNG
    bound = state.calibration.bound(quantile, hours) * (_YOUNG_FACTOR if is_young else 1.0)
    return math.exp(bound)


def _at_most(state: BurnState, hours: float) -> float | None:
    """Return the upper end of the range; None if it is too far off to be useful."""
    factor = _kept_factor(state, AT_MOST_90, hours)
    return hours * factor if factor < math.exp(LARGEST_ERROR) else None


def _drain(state: BurnState, mean: float, at: datetime, sensitivity: float) -> Drain | None:
    """Return how abnormal the last hours are; a huge fall counts immediately."""
    shortest, middle, longest = (_held_out(state, at, window) for window in drains.WINDOWS)
    age_hours = (state.at - state.since).total_seconds() / HOUR_SECONDS
    bar = drains.Bar(state.records, state.calibration.scale, age_hours, sensitivity)
    return bar.measure(state.usage, mean, (shortest, middle, longest))


def _held_out(state: BurnState, at: datetime, hours: int) -> float:
    """Return the falls of the last ``hours`` that are not counted as usual consumption."""
    fall = state.fall
    if fall is None or (at - fall.at).total_seconds() > hours * HOUR_SECONDS:
        return 0.0
    return fall.amount


def _consumed_last_day(state: BurnState, at: datetime) -> float:
    """Return the observed consumption of the last 24 hours."""
    return state.usage.sliding(DAY_HOURS) + _held_out(state, at, DAY_HOURS)


def _rounded(amount: float) -> Decimal:
    """Return ``amount`` to four significant digits: more would be false precision."""
    return Decimal(f"{amount:.4g}")
