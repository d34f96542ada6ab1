"""How well people are warned on one trace: of abnormal drain, and of an account running empty."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from balance_poller.recording.held_runway import hold
from bench.forecasts import methods
from bench.forecasts.account import DAYS_BOUGHT, START, Account, new_account, walk
from bench.forecasts.traces import PER_DAY, PER_HOUR, STEP, Trace
from shared.names import Severity
from shared.records import Thresholds, TopUp

HOUR = STEP * PER_HOUR
LEARNED = 8 * PER_DAY
LEAKS = (2, 5, 20)
DETECTED_WITHIN = (1, 6, 24)

Rule = Callable[[Account], bool]
NORMAL = "records, sensitivity 2"
RULES: dict[str, Rule] = {
    "records, sensitivity 1.5": lambda account: _ratio(account, 1.5) > 1,
    NORMAL: lambda account: _ratio(account, 2.0) > 1,
    "records, sensitivity 3": lambda account: _ratio(account, 3.0) > 1,
    "version 0.1, factor 5": lambda account: methods.drain_factor_of_0_1(account.hours) > 5,
}


@dataclass(slots=True)
class Alarms:
    """What the drain rules did on one trace."""

    watched_days: float
    false: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    detected: dict[tuple[str, int], list[float | None]] = field(default_factory=dict)
    """Hours until a leak was detected, by rule and size of the leak as a multiple of the mean."""


def measure_drain(trace: Trace, seed: int) -> Alarms:
    """Count false alarms from the second week on, and start leaks at random moments."""
    chance = random.Random(seed)
    mean = sum(trace.use) / len(trace.use)
    leaks = {chance.randrange(LEARNED, len(trace.use) - PER_DAY): None for _ in range(6)}
    alarmed_at = dict.fromkeys(RULES, -math.inf)
    found = Alarms((len(trace.use) - LEARNED) / PER_DAY)
    for account in walk(trace):
        if account.step < LEARNED:
            continue
        for name, rule in RULES.items():
            if rule(account):
                found.false[name] += account.step - alarmed_at[name] > PER_DAY
                alarmed_at[name] = account.step
        if account.step in leaks:
            for times in LEAKS:
                for name, hours in _leak(account.copy(), trace, times * mean).items():
                    found.detected.setdefault((name, times), []).append(hours)
    return found


def _leak(account: Account, trace: Trace, leak: float) -> dict[str, float | None]:
    """Return the hours until each rule noticed a leak that begins now; None if not in a day."""
    noticed: dict[str, float | None] = dict.fromkeys(RULES)
    begun = account.step
    for amount in trace.use[begun : begun + PER_DAY]:
        account.consume(amount + leak)
        account.poll()
        for name, rule in RULES.items():
            if noticed[name] is None and rule(account):
                noticed[name] = (account.step - begun) / PER_HOUR
        if None not in noticed.values():
            break
    return noticed


def _ratio(account: Account, sensitivity: float) -> float:
    """Return the product's ratio."""
    drain = account.forecast(1.0, sensitivity).drain
    return drain.ratio if drain else 0.0


# --- running empty -----------------------------------------------------------------------------

ASKED = {Severity.WARNING: 48, Severity.CRITICAL: 12}
LIMITS = Thresholds(
    runway_warning_hours=Decimal(ASKED[Severity.WARNING]),
    runway_critical_hours=Decimal(ASKED[Severity.CRITICAL]),
)
#: Accounts this close to a threshold are polled more often: every five minutes here, every minute
#: by the product.
CLOSE_HOURS = 2
CLOSE_POLLS = 3
#: An alert that ends within this many hours of a top-up belongs to the drain before it.
KNOWN_WITHIN = 1
BOUND = "balance monitor, bound"
AT_ONCE = "version 0.1, runway"


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice that one drain of an account, from full to empty, gave whoever asked for it."""

    method: str
    asked_hours: int
    hours: float
    """How long before the end the alert came; 0 for none."""
    alerts: int
    """How many alerts began during the drain."""

    @property
    def is_kept(self) -> bool:
        """Whether the notice was as long as asked for."""
        return self.hours >= self.asked_hours


class _Watch:
    """The alerts of one method."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.open: set[int] = set()
        self.first: dict[int, float] = {}
        self.begun = dict.fromkeys(ASKED.values(), 0)
        self.full_at = 0.0

    def update(self, open_now: set[int], hour: float) -> None:
        """Note which alerts are open."""
        for hours in open_now - self.open:
            self.first.setdefault(hours, hour)
            self.begun[hours] += 1
        for hours in self.open - open_now:
            if hour - self.full_at <= KNOWN_WITHIN:
                self.first.pop(hours, None)
        self.open = open_now

    def end_drain(self, empty_at: float) -> Iterator[Notice]:
        """Yield the drain's notices, except of more hours than the full account lasts.

        Nobody could have been notified that early.
        """
        for asked, begun in self.begun.items():
            if empty_at - self.full_at > asked:
                hours = empty_at - self.first[asked] if asked in self.first else 0.0
                yield Notice(self.method, asked, hours, begun)

    def begin_drain(self, full_at: float) -> None:
        """Forget the last drain; an alert that outlasts the top-up counts from the new start."""
        self.full_at = full_at
        self.first = dict.fromkeys(self.open, full_at)
        self.begun = dict.fromkeys(ASKED.values(), 0)


def measure_notice(trace: Trace) -> list[Notice]:
    """Empty the account again and again, with both runway thresholds set."""
    account = new_account(trace, refill_below=0.0)
    bound, at_once = _Watch(BOUND), _Watch(AT_ONCE)
    level: Severity | None = None
    top_up: TopUp | None = None
    notices: list[Notice] = []
    for amount in trace.use:
        parts = CLOSE_POLLS if _is_close(account, level) else 1
        for _ in range(parts):
            account.poll()
            if account.state is not None and account.step >= LEARNED:
                topped_up, top_up = account.state.last_top_up != top_up, account.state.last_top_up
                level = hold(
                    _at_least(account), LIMITS, level and level.value, is_topped_up=topped_up
                ).level
                bound.update(_open_at(level), _hour(account))
                at_once.update(_below(account), _hour(account))
            before = account.refills
            account.consume(amount / parts, 1 / parts)
            if account.refills > before and account.step >= LEARNED:
                for watch in (bound, at_once):
                    if watch.full_at:
                        notices += watch.end_drain(_hour(account))
                    watch.begin_drain(_hour(account))
                _buy(account)
    return notices


def _buy(account: Account) -> None:
    """Fill the account for some days at last week's rate: people buy what they need."""
    size = DAYS_BOUGHT * 24 * account.hours.mean
    account.balance += size - account.size
    account.size = size


def _is_close(account: Account, level: Severity | None) -> bool:
    """Whether the bound approaches a threshold that is not crossed yet."""
    if account.state is None or account.step < LEARNED or level is Severity.CRITICAL:
        return False
    asked = ASKED[Severity.WARNING if level is None else Severity.CRITICAL]
    return _at_least(account) < asked + CLOSE_HOURS


def _at_least(account: Account) -> float:
    """Return the bound."""
    hours = account.forecast(account.shown).at_least_hours
    return math.inf if hours is None else hours


def _open_at(level: Severity | None) -> set[int]:
    """Return the requested hours whose alert is open."""
    if level is None:
        return set()
    return {ASKED[Severity.WARNING]} | ({ASKED[level]} if level is Severity.CRITICAL else set())


def _below(account: Account) -> set[int]:
    """Return the requested hours that exceed the forecast of version 0.1."""
    hours = methods.of_0_1(account.hours, account.shown)
    return {asked for asked in ASKED.values() if hours is not None and hours < asked}


def _hour(account: Account) -> float:
    """Return the present, in hours of the trace."""
    return (account.at - START) / HOUR
