"""An account that lives through a trace: polled, packed after every poll, topped up when low."""

from __future__ import annotations

import bisect
import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from balance_poller.forecast import NORMAL_SENSITIVITY, BurnState, Forecast, forecast, observe
from bench.forecasts.methods import Hours
from bench.forecasts.traces import PER_DAY, PER_HOUR, STEP, Trace

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
DAYS_BOUGHT = 5


@dataclass(slots=True)
class Account:
    """A balance, and what the product knows about it."""

    size: float
    """What a top-up adds."""
    resolution: float
    balance: float
    hours: Hours = field(default_factory=Hours)
    state: BurnState | None = None
    at: datetime = START
    is_packed: bool = True
    refill_below: float = 0.1
    """As a share of the size."""
    refills: int = 0

    @property
    def shown(self) -> float:
        """The balance as the provider shows it."""
        if not self.resolution:
            return self.balance
        return math.ceil(self.balance / self.resolution - 1e-9) * self.resolution

    @property
    def step(self) -> int:
        """The next step of the trace."""
        return (self.at - START) // STEP

    def poll(self) -> None:
        """Read the balance."""
        self.state = observe(self.state, self.at, Decimal(repr(self.shown)))
        if self.is_packed:
            self.state = BurnState.from_item(self.state.to_item())

    def consume(self, amount: float, part: float = 1.0) -> None:
        """Consume what a step, or a ``part`` of it, consumes."""
        before = self.shown
        self.balance -= amount
        self.hours.add(before - self.shown, part / PER_HOUR)
        if self.balance < self.size * self.refill_below:
            self.balance += self.size
            self.refills += 1
        self.at += STEP * part

    def forecast(self, balance: float, sensitivity: float = NORMAL_SENSITIVITY) -> Forecast:
        """Return what the product forecasts."""
        if self.state is None:
            raise ValueError("not polled yet")
        remaining = Decimal(repr(balance))
        return forecast(self.state, self.at, remaining, drain_sensitivity=sensitivity)

    def copy(self) -> Account:
        """Return an account that goes its own way from here."""
        return replace(self, hours=copy.copy(self.hours))


def new_account(trace: Trace, *, is_packed: bool = True, refill_below: float = 0.1) -> Account:
    """Return a full account, sized for the trace's consumption."""
    size = DAYS_BOUGHT * PER_DAY * sum(trace.use) / len(trace.use)
    return Account(size, trace.resolution, size, is_packed=is_packed, refill_below=refill_below)


def walk(trace: Trace, *, is_packed: bool = True) -> Iterator[Account]:
    """Poll a trace from its start, and yield the account after every poll."""
    account = new_account(trace, is_packed=is_packed)
    for amount in trace.use:
        account.poll()
        yield account
        account.consume(amount)


def hours_until(total: list[float], step: int, balance: float) -> float:
    """Return the hours from ``step`` until ``balance`` is consumed."""
    goal = total[step] + balance
    end = bisect.bisect_left(total, goal - balance * 1e-9)
    within = (goal - total[end - 1]) / (total[end] - total[end - 1])
    return (end - 1 - step + min(within, 1.0)) / PER_HOUR
