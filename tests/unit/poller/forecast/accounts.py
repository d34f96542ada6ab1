"""Accounts to forecast: readings of a balance, and what is known after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from balance_poller.forecast import BurnState, observe

START = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def observed(readings: Iterable[tuple[datetime, str | Decimal]]) -> BurnState:
    state: BurnState | None = None
    for at, remaining in readings:
        state = observe(state, at, Decimal(remaining))
    assert state is not None
    return state


def polled(
    hours: float,
    per_hour: Callable[[datetime], float] = lambda _at: 1.2,
    start: datetime = START,
    step: timedelta = 5 * MINUTE,
    balance: float = 100_000.0,
) -> tuple[BurnState, datetime, Decimal]:
    """Return what is known after polling usage for some hours."""
    state: BurnState | None = None
    at, remaining = start, balance
    while True:
        state = observe(state, at, Decimal(f"{remaining:.6f}"))
        if at >= start + timedelta(hours=hours):
            return state, at, Decimal(f"{remaining:.6f}")
        remaining -= per_hour(at) * step / HOUR
        at += step
