"""Measures forecasts and their bounds on one trace. Prints nothing."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bench.forecasts import methods
from bench.forecasts.account import Account, hours_until, walk
from bench.forecasts.alarms import Alarms, Notice
from bench.forecasts.traces import PER_DAY, PER_HOUR, Trace

HORIZONS = (1, 3, 6, 12, 24, 48, 96)
#: The error of a method that says "never", or is off by even more.
WORST = math.log(1000)
PRODUCT = "balance monitor"
UNPACKED = "the same, state never packed"
#: Forecasts of fewer or more hours than these count towards no horizon.
SHORTEST, LONGEST = 0.7, 136
#: An account of this age is well known; a younger one has wider bounds.
KNOWN_HOURS = 168
TIMES = 3
"""The factor by which a lasting change raises consumption."""


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast of the product whose truth is known."""

    horizon: int
    ratio: float
    """Actual over forecast hours."""
    at_least: float
    """Bounds over forecast hours."""
    at_least_95: float
    at_most: float | None
    age_hours: float
    """Since the account began, or since a lasting change."""


@dataclass(slots=True)
class Found:
    """What one trace showed."""

    trace: str
    group: str
    errors: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    """ln(forecast / actual) by method and horizon, from the second week on."""
    cases: list[Case] = field(default_factory=list)
    cases_after_change: list[Case] = field(default_factory=list)
    alarms: Alarms | None = None
    notices: list[Notice] = field(default_factory=list)


def measure_forecasts(trace: Trace, seed: int, found: Found) -> None:
    """Ask at many moments when a balance will be empty."""
    total = [0.0, *itertools.accumulate(trace.use)]
    chance = random.Random(seed)
    names = [*methods.SIMPLE, PRODUCT, UNPACKED]
    found.errors = {name: {hours: [] for hours in HORIZONS} for name in names}
    unpacked = walk(trace, is_packed=False)
    ask_at = PER_HOUR + chance.randrange(8)
    for account in walk(trace):
        kept = next(unpacked)
        if account.step > len(trace.use) - max(HORIZONS) * PER_HOUR:
            return
        if account.step == ask_at:
            ask_at += chance.randrange(4, 12) if ask_at < 2 * PER_DAY else chance.randrange(12, 32)
            if account.step >= 7 * PER_DAY:
                _compare_methods(account, kept, total, found)
            found.cases += _cases(account, total, chance)


def measure_after_change(trace: Trace, seed: int, found: Found) -> None:
    """Ask in the week after a lasting tripling of consumption, if the trace is long enough."""
    chance = random.Random(seed)
    latest = min(28 * PER_DAY, len(trace.use) - 12 * PER_DAY)
    if latest <= 21 * PER_DAY:
        return
    change = chance.randrange(21 * PER_DAY, latest)
    use = [amount * (TIMES if t >= change else 1) for t, amount in enumerate(trace.use)]
    total = [0.0, *itertools.accumulate(use)]
    for account in walk(replace(trace, use=use)):
        since = account.step - change
        if since > 7 * PER_DAY:
            return
        if since > 0 and chance.random() < (1 / 4 if since <= 2 * PER_DAY else 1 / 12):
            found.cases_after_change += [
                replace(case, age_hours=since / PER_HOUR) for case in _cases(account, total, chance)
            ]


def _compare_methods(account: Account, kept: Account, total: list[float], found: Found) -> None:
    """Have every method forecast balances that actually last for each horizon."""
    for hours in HORIZONS:
        balance = total[account.step + hours * PER_HOUR] - total[account.step]
        if balance <= total[-1] * 1e-9:
            continue
        actual = hours_until(total, account.step, balance)
        for name, asked in ((PRODUCT, account), (UNPACKED, kept)):
            predicted = asked.forecast(balance).runway_hours
            found.errors[name][hours].append(_error(predicted, actual))
        for name, method in methods.SIMPLE.items():
            found.errors[name][hours].append(_error(method(account.hours, balance), actual))


def _cases(account: Account, total: list[float], chance: random.Random) -> Iterator[Case]:
    """Yield the product's forecasts for balances chosen without looking ahead.

    Choosing balances by how long they actually last would overstate those that are consumed faster
    than forecast.
    """
    for hours in HORIZONS:
        balance = hours * account.hours.mean * math.exp(chance.uniform(-0.5, 0.5))
        if not 0 < balance < total[-1] - total[account.step]:
            continue
        ahead = account.forecast(balance)
        forecast, at_least, at_least_95 = (
            ahead.runway_hours,
            ahead.at_least_hours,
            ahead.at_least_95_hours,
        )
        if forecast is None or at_least is None or at_least_95 is None:
            continue
        if not SHORTEST < forecast < LONGEST:
            continue
        yield Case(
            horizon=min(HORIZONS, key=lambda horizon: abs(math.log(horizon / forecast))),
            ratio=hours_until(total, account.step, balance) / forecast,
            at_least=at_least / forecast,
            at_least_95=at_least_95 / forecast,
            at_most=ahead.at_most_hours and ahead.at_most_hours / forecast,
            age_hours=account.step / PER_HOUR,
        )


def _error(predicted: float | None, actual: float) -> float:
    """Return the logarithm of the factor by which a forecast is too long."""
    if not predicted:
        return WORST
    return max(-WORST, min(WORST, math.log(predicted / actual)))
