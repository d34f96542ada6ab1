"""What happens to forecasts on one trace: errors, bounds, alarms. Fills no table itself."""

from __future__ import annotations

import bisect
import copy
import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from balance_poller.forecast import NORMAL_SENSITIVITY, BurnState, Forecast, forecast, observe
from balance_poller.recording.held_runway import hold
from bench import runway_methods as methods
from bench.runway_traces import PER_DAY, PER_HOUR, STEP, Trace
from shared.names import Severity
from shared.records import Thresholds, TopUp

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
HORIZONS = (1, 3, 6, 12, 24, 48, 96)
#: An error of a method that says "never", or is further off than that.
WORST = math.log(1000)
PRODUCT = "balance monitor"
LEAKS = (2, 5, 20)
DETECTED_WITHIN = (1, 6, 24)


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
    since_change_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What one drain of an account, from full to empty, gave somebody who asked for hours."""

    asked_hours: int
    is_kept: bool
    """Whether the first alert came at least so many hours before the end."""
    alerts: int


@dataclass(slots=True)
class Found:
    """What one trace showed."""

    trace: str
    group: str
    errors: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    """ln(forecast / actual) by method and horizon, from the second week on."""
    cases: list[Case] = field(default_factory=list)
    false_alarms: dict[str, int] = field(default_factory=dict)
    watched_days: float = 0.0
    notices: list[Notice] = field(default_factory=list)
    detected: dict[tuple[str, int], list[float | None]] = field(default_factory=dict)
    """Hours until a leak of so many times the mean was detected, by rule and leak."""


@dataclass(slots=True)
class Account:
    """An account that is polled, topped up when it runs low, and packed after every poll."""

    size: float
    resolution: float
    balance: float
    hours: methods.Hours = field(default_factory=methods.Hours)
    state: BurnState | None = None
    step: int = 0
    refill_below: float = 0.1
    """As a share of the size."""
    refills: int = 0

    @property
    def shown(self) -> float:
        """The balance as the provider shows it."""
        if not self.resolution:
            return self.balance
        return math.ceil(self.balance / self.resolution - 1e-9) * self.resolution

    def poll(self) -> None:
        """Read the balance."""
        state = observe(self.state, self.at, Decimal(repr(self.shown)))
        self.state = BurnState.from_item(state.to_item())

    def consume(self, amount: float) -> None:
        """Let a step's consumption happen."""
        before = self.shown
        self.balance -= amount
        self.hours.add(before - self.shown, 1 / PER_HOUR)
        if self.balance < self.size * self.refill_below:
            self.balance += self.size
            self.refills += 1
        self.step += 1

    @property
    def at(self) -> datetime:
        """The present."""
        return START + self.step * STEP

    def forecast(self, balance: float, sensitivity: float = NORMAL_SENSITIVITY) -> Forecast:
        """Return what the product forecasts."""
        if self.state is None:
            raise ValueError("not polled yet")
        remaining = Decimal(repr(balance))
        return forecast(self.state, self.at, remaining, drain_sensitivity=sensitivity)

    def copy(self) -> Account:
        """Return an account that goes its own way from here."""
        return replace(self, hours=copy.copy(self.hours))


def hours_until(total: list[float], step: int, balance: float) -> float:
    """Return when ``balance`` was consumed, from ``step`` on."""
    goal = total[step] + balance
    end = bisect.bisect_left(total, goal - balance * 1e-9)
    within = (goal - total[end - 1]) / (total[end] - total[end - 1])
    return (end - 1 - step + min(within, 1.0)) / PER_HOUR


def walk(trace: Trace) -> Iterator[Account]:
    """Poll a trace from its start, and yield the account after every poll."""
    size = 5 * PER_DAY * sum(trace.use) / len(trace.use)
    account = Account(size, trace.resolution, size)
    for amount in trace.use:
        account.poll()
        yield account
        account.consume(amount)


def measure_forecasts(trace: Trace, seed: int, found: Found, change_at: int | None = None) -> None:
    """Ask at many moments when a balance is empty."""
    total = [0.0, *itertools.accumulate(trace.use)]
    chance = random.Random(seed)
    found.errors = {name: {h: [] for h in HORIZONS} for name in [*methods.SIMPLE, PRODUCT]}
    ask_at = PER_HOUR + chance.randrange(8)
    for account in walk(trace):
        if account.step > len(trace.use) - max(HORIZONS) * PER_HOUR:
            return
        if account.step == ask_at:
            ask_at += chance.randrange(4, 12) if ask_at < 2 * PER_DAY else chance.randrange(12, 32)
            if account.step >= 7 * PER_DAY:
                _compare_methods(account, total, found)
            for hours in HORIZONS:
                balance = hours * PER_HOUR * total[-1] / len(trace.use)
                balance *= math.exp(chance.uniform(-0.5, 0.5))
                if total[account.step] + balance < total[-1]:
                    found.cases += _case(account, balance, total, change_at)


def _compare_methods(account: Account, total: list[float], found: Found) -> None:
    """Let every method say when balances are empty that truly last for some hours."""
    for hours in HORIZONS:
        balance = total[account.step + hours * PER_HOUR] - total[account.step]
        if balance <= total[-1] * 1e-9:
            continue
        actual = hours_until(total, account.step, balance)
        product = account.forecast(balance).runway_hours
        found.errors[PRODUCT][hours].append(_error(product, actual))
        for name, method in methods.SIMPLE.items():
            found.errors[name][hours].append(_error(method(account.hours, balance), actual))


def _case(
    account: Account, balance: float, total: list[float], change_at: int | None
) -> Iterator[Case]:
    """Yield the product's forecast for a balance that was chosen without a look ahead.

    Had it been chosen to last for some hours, those that go faster than forecast would be seen
    more often than they are.
    """
    ahead = account.forecast(balance)
    if not (ahead.runway_hours and ahead.at_least_hours and ahead.at_least_95_hours):
        return
    hours = ahead.runway_hours
    yield Case(
        horizon=min(HORIZONS, key=lambda horizon: abs(math.log(horizon / hours))),
        ratio=hours_until(total, account.step, balance) / hours,
        at_least=ahead.at_least_hours / hours,
        at_least_95=ahead.at_least_95_hours / hours,
        at_most=ahead.at_most_hours and ahead.at_most_hours / hours,
        age_hours=account.step / PER_HOUR,
        since_change_hours=None if change_at is None else (account.step - change_at) / PER_HOUR,
    )


def _error(predicted: float | None, actual: float) -> float:
    """Return the logarithm of how many times too long a forecast is."""
    if not predicted:
        return WORST
    return max(-WORST, min(WORST, math.log(predicted / actual)))


def measure_drain(trace: Trace, seed: int, found: Found) -> None:
    """Count false alarms from the second week on, and let leaks begin at random moments."""
    rules: dict[str, Callable[[Account], bool]] = {
        "records, sensitivity 1.5": lambda account: _ratio(account, 1.5) > 1,
        "records, sensitivity 2": lambda account: _ratio(account, 2.0) > 1,
        "records, sensitivity 3": lambda account: _ratio(account, 3.0) > 1,
        "version 0.1, factor 5": lambda a: methods.drain_factor_of_0_1(a.hours) > 5,
    }
    chance = random.Random(seed)
    mean = sum(trace.use) / len(trace.use)
    begun = 8 * PER_DAY
    leaks = {chance.randrange(begun, len(trace.use) - PER_DAY): None for _ in range(6)}
    alarmed_at = dict.fromkeys(rules, -math.inf)
    for account in walk(trace):
        if account.step < begun:
            continue
        for name, rule in rules.items():
            if rule(account):
                if account.step - alarmed_at[name] > PER_DAY:
                    found.false_alarms[name] = found.false_alarms.get(name, 0) + 1
                alarmed_at[name] = account.step
        if account.step in leaks:
            for times in LEAKS:
                for name, hours in _leak(account.copy(), trace, times * mean, rules).items():
                    found.detected.setdefault((name, times), []).append(hours)
    found.watched_days = (len(trace.use) - begun) / PER_DAY


def _leak(
    account: Account, trace: Trace, leak: float, rules: dict[str, Callable[[Account], bool]]
) -> dict[str, float | None]:
    """Return the hours until each rule noticed a leak that begins now; None after a day."""
    noticed: dict[str, float | None] = dict.fromkeys(rules)
    begun = account.step
    for amount in trace.use[begun : begun + PER_DAY]:
        account.consume(amount + leak)
        account.poll()
        for name, rule in rules.items():
            if noticed[name] is None and rule(account):
                noticed[name] = (account.step - begun) / PER_HOUR
    return noticed


ASKED = {Severity.WARNING: 48, Severity.CRITICAL: 12}


def measure_notice(trace: Trace, found: Found) -> None:
    """Let the account run empty again and again, with both runway thresholds set."""
    size = 5 * PER_DAY * sum(trace.use) / len(trace.use)
    account = Account(size, trace.resolution, size, refill_below=0.0)
    limits = Thresholds(
        runway_warning_hours=Decimal(ASKED[Severity.WARNING]),
        runway_critical_hours=Decimal(ASKED[Severity.CRITICAL]),
    )
    level: Severity | None = None
    top_up: TopUp | None = None
    opened: dict[Severity, list[int]] = {severity: [] for severity in ASKED}
    is_watched = False
    for amount in trace.use:
        account.poll()
        if account.state is not None and account.step >= 8 * PER_DAY:
            bound = account.forecast(account.shown).at_least_hours
            is_topped_up, top_up = account.state.last_top_up != top_up, account.state.last_top_up
            before = level
            hours = math.inf if bound is None else bound
            level = hold(hours, limits, level and level.value, is_topped_up=is_topped_up).level
            for severity in _newly_below(before, level):
                opened[severity].append(account.step)
        refills = account.refills
        account.consume(amount)
        if account.refills > refills:
            if is_watched:
                found.notices += _notices(opened, account.step)
            is_watched = account.step >= 8 * PER_DAY
            opened = {severity: [] for severity in ASKED}


def _newly_below(before: Severity | None, level: Severity | None) -> list[Severity]:
    """Return the thresholds that the bound has just fallen below."""
    worst = {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
    ranked = [Severity.WARNING, Severity.CRITICAL]
    return ranked[worst[before] : worst[level]]


def _notices(opened: dict[Severity, list[int]], empty_at: int) -> Iterator[Notice]:
    """Yield what a drain that ended gave."""
    for severity, hours in ASKED.items():
        steps = opened[severity]
        is_kept = bool(steps) and (empty_at - steps[0]) / PER_HOUR >= hours
        yield Notice(hours, is_kept, len(steps))


def _ratio(account: Account, sensitivity: float) -> float:
    """Return the product's ratio."""
    drain = account.forecast(1.0, sensitivity).drain
    return drain.ratio if drain else 0.0
