"""What a good poll adds to the records: burn, forecast, data points and daily totals. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from balance_poller.exchange.answer.reading import Reading
from balance_poller.forecast import (
    MAX_HOURS,
    NORMAL_SENSITIVITY,
    BurnState,
    BurnStateError,
    Forecast,
    forecast,
    observe,
)
from balance_poller.recording.account_metrics import NEVER, DataPoint, is_alarming, values
from balance_poller.recording.change import change_of_balance, change_of_meter, observe_meter
from balance_poller.recording.closeness import is_close
from balance_poller.recording.day import count_success
from balance_poller.recording.held_runway import HeldRunway, hold
from balance_poller.recording.unseen import is_unseen
from shared.names import PUSHED
from shared.records import Attempt, LastGood, Latest, Thresholds, Wallet


class Success(NamedTuple):
    """The records of a good poll."""

    attempt: Attempt
    latest: Latest
    points: tuple[DataPoint, ...]


def after_success(
    attempt: Attempt, latest: Latest, good: LastGood, reading: Reading, wallet: Wallet
) -> Success:
    """Return the records of an ``ok`` poll, with its forecast.

    Args:
        attempt: The poll.
        latest: The record, with the previous good values.
        good: The new good values, without the forecast.
        reading: What the poll found.
        wallet: The balance in it.
    """
    at = good.balance_at or latest.polled_at
    before = _burn_state(latest.good, good)
    unseen = is_unseen(latest.good, wallet, at, good.key_id)
    known = latest.good if before is not None else LastGood()
    change = None if good.meter is None else change_of_meter(known.meter, good.meter)
    if change is None:
        state = observe(before, at, wallet.remaining, unseen=unseen)
    else:
        state = observe_meter(before, at, good, change, unseen=unseen)
    ahead_of = _forecasts(state, latest.thresholds, reading, at)
    ahead = ahead_of(wallet.remaining)
    runway = hold(
        _hours_left(ahead.at_least_hours, latest.polled_at - at),
        latest.thresholds,
        latest.good.runway_level,
        is_topped_up=before is not None and before.last_top_up != state.last_top_up,
    )
    points = _points(latest, wallet, ahead, runway)
    good = _with_forecast(good, ahead, state)._replace(
        runway_level=runway.level and runway.level.value,
        # A pushed balance is not polled, so it needs no closer polls.
        is_close=latest.provider != PUSHED
        and is_close(wallet.remaining, ahead, runway, latest.thresholds, ahead_of),
        is_alarming=is_alarming(points, latest.thresholds),
    )
    unseen = unseen or known.balance_at == good.balance_at
    change = change or change_of_balance(known, good)
    day = count_success(latest.day, known, good, latest.polled_at, None if unseen else change)
    attempt = attempt._replace(runway_hours=good.runway_hours, at_least_hours=good.at_least_hours)
    return Success(attempt, latest._replace(good=good, day=day), points)


def _forecasts(
    state: BurnState, limits: Thresholds, reading: Reading, at: datetime
) -> Callable[[Decimal], Forecast]:
    """Return a function that forecasts a balance from the account's burn."""
    sensitivity = float(limits.drain_sensitivity or NORMAL_SENSITIVITY)
    return lambda remaining: forecast(
        state, at, remaining, reading.burn_per_hour, drain_sensitivity=sensitivity
    )


def _points(
    latest: Latest, wallet: Wallet, ahead: Forecast, runway: HeldRunway
) -> tuple[DataPoint, ...]:
    """Return the account's data points."""
    at = latest.polled_at
    return tuple(
        DataPoint(latest.account, latest.provider, metric, value, at)
        for metric, value in values(wallet, ahead, latest.thresholds, at, runway)
    )


def _with_forecast(good: LastGood, ahead: Forecast, state: BurnState) -> LastGood:
    """Return the good values with the forecast, and the state behind it."""
    return good._replace(
        runway_hours=_tenths(ahead.runway_hours),
        at_least_hours=_tenths(ahead.at_least_hours),
        at_least_95_hours=_tenths(ahead.at_least_95_hours),
        at_most_hours=_tenths(ahead.at_most_hours),
        empty_at=ahead.empty_at,
        burn_per_day=ahead.burn_per_day,
        burn_basis=ahead.basis.value,
        last_top_up=state.last_top_up,
        burn=state.to_item(),
    )


def _hours_left(hours: float | None, elapsed: timedelta) -> float:
    """Return what remains of a bound, given the age of the balance behind it."""
    return NEVER if hours is None else max(0.0, hours - elapsed.total_seconds() / 3600)


def _tenths(hours: float | None) -> Decimal | None:
    """Return hours rounded down to tenths, so that a bound stays a bound."""
    return None if hours is None else Decimal(math.floor(min(hours, MAX_HOURS) * 10)) / 10


def _burn_state(before: LastGood, now: LastGood) -> BurnState | None:
    """Return the burn state of the same wallet and source; None if there is no readable one."""
    if before.burn is None or before.source_hash not in (None, now.source_hash):
        return None
    if (before.wallet, before.unit) != (now.wallet, now.unit):
        return None
    try:
        return BurnState.from_item(before.burn)
    except BurnStateError:
        return None
