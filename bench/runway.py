"""How well the runway is forecast: synthetic usage, several methods, one table for each horizon.

    python bench/runway.py [--seed N] [--trace FILE.csv ...]

Each trace is polled every 15 minutes through ``observe``. At many moments a balance is set so that
it truly empties after 3 to 96 hours, and each method says when. The figure is the median of
|ln(predicted / actual)|: 0.25 means off by 28 %. With ``--trace`` real usage is read instead:
lines of "ISO time,consumption since the line before".
"""

from __future__ import annotations

import argparse
import bisect
import csv
import itertools
import math
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))

from balance_poller.forecast.burn_profile import Rhythm, Walk, average_per_hour
from balance_poller.forecast.runway import BurnState, forecast, observe

STEP = timedelta(minutes=15)
PER_HOUR = 4
PER_DAY = 24 * PER_HOUR
DAYS = 42
HORIZONS = (3, 6, 12, 24, 48, 96)
JUDGED = (6, 24, 96)
GOAL = 0.25
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
#: An error of a method that says "never", or is further off than that.
WORST = math.log(1000)

Trace = list[float]
"""Consumption in each step of 15 minutes."""
Method = Callable[[BurnState, float], float | None]
"""From what is known and a balance to the hours until it is gone."""


def main() -> int:
    """Print the tables; exit 1 when the product's own method misses the goal on average."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trace", type=Path, nargs="*", default=[], metavar="FILE.csv")
    options = parser.parse_args()
    traces = {file.stem: read_trace(file) for file in options.trace} or synthetic(options.seed)
    errors = {name: measure(trace, options.seed) for name, trace in traces.items()}
    print(f"median |ln(predicted / actual)|, {len(traces)} traces, seed {options.seed}\n")
    overall(errors)
    by_trace(errors)
    ours = [median_over(errors, "balance monitor", hours) for hours in JUDGED]
    print(f"\ngoal: at most {GOAL} at {JUDGED} hours; balance monitor: ", end="")
    print(", ".join(f"{error:.3f}" for error in ours))
    return int(max(ours) > GOAL)


# --- traces ---------------------------------------------------------------------------------


def synthetic(seed: int) -> dict[str, Trace]:
    """Return usage as accounts show it, each with noise that lasts for hours."""
    shapes: dict[str, Callable[[int, random.Random], float]] = {
        "steady": lambda _t, _r: 1.0,
        "daily rhythm": lambda t, _r: rhythm(t),
        "weekend": lambda t, _r: rhythm(t) * (0.25 if weekday(t) >= 5 else 1.0),
        "bursts": lambda _t, r: r.lognormvariate(3, 1) if r.random() < 0.02 else 0.5,
        "growth": lambda t, _r: rhythm(t) * math.exp(t / PER_DAY / 14),
        "idle nights": lambda t, _r: 0.0 if hour(t) < 7 or hour(t) >= 21 else 1.0,
        "top-ups": lambda t, _r: rhythm(t),
        "doubles at once": lambda t, _r: rhythm(t) * (2.0 if t > DAYS * PER_DAY / 2 else 1.0),
    }
    made = {}
    for name, shape in shapes.items():
        chance = random.Random(f"{seed} {name}")
        noise = lasting_noise(chance, hours=6, spread=0.1 if name == "steady" else 0.4)
        made[name] = [shape(t, chance) * next(noise) for t in range(DAYS * PER_DAY)]
    return made


def hour(t: int) -> float:
    """Return the hour of the day of step ``t``."""
    return t % PER_DAY / PER_HOUR


def weekday(t: int) -> int:
    """Return the day of the week of step ``t``, Monday 0."""
    return t // PER_DAY % 7


def rhythm(t: int) -> float:
    """Return usage that is five times as high at 14:00 as at 2:00."""
    return math.exp(0.8 * math.sin(2 * math.pi * (hour(t) - 8) / 24))


def lasting_noise(chance: random.Random, hours: float, spread: float) -> Iterator[float]:
    """Yield factors around 1 that keep their way for some ``hours``."""
    keep = math.exp(-1 / (hours * PER_HOUR))
    value = chance.gauss(0, spread)
    while True:
        yield math.exp(value)
        value = keep * value + chance.gauss(0, spread * math.sqrt(1 - keep * keep))


def read_trace(file: Path) -> Trace:
    """Read real usage and bring it to steps of 15 minutes."""
    with file.open(newline="") as lines:
        rows = [(datetime.fromisoformat(row[0]), float(row[1])) for row in csv.reader(lines)]
    first = rows[0][0].replace(tzinfo=UTC)
    begin = first.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (rows[-1][0].replace(tzinfo=UTC) - begin).days
    trace = [0.0] * (days * PER_DAY)
    for (before, _), (at, amount) in itertools.pairwise(rows):
        start = int((before.replace(tzinfo=UTC) - begin) / STEP)
        end = max(start + 1, int((at.replace(tzinfo=UTC) - begin) / STEP))
        for t in range(start, min(end, len(trace))):
            trace[t] += amount / (end - start)
    return trace


# --- methods --------------------------------------------------------------------------------


def product(state: BurnState, balance: float) -> float | None:
    """What the poller does."""
    return forecast(state, state.at, Decimal(repr(balance))).runway_hours


def average(hours: int) -> Method:
    """Return the mean rate of the last ``hours``, carried on."""

    def method(state: BurnState, balance: float) -> float | None:
        seen = [amount for amount in state.hours[-hours:] if amount is not None]
        consumed = math.fsum(seen) + state.hour_consumed
        rate = consumed / (len(seen) + state.hour_seconds / 3600)
        return balance / rate if rate > 0 else None

    return method


def exponential(state: BurnState, balance: float) -> float | None:
    """Return the exponential average with a half-life of a day, carried on."""
    weights = [0.5 ** (age / 24) for age in range(len(state.hours))]
    pairs = [(a, w) for a, w in zip(reversed(state.hours), weights, strict=True) if a is not None]
    rate = sum(a * w for a, w in pairs) / sum(w for _, w in pairs)
    return balance / rate if rate > 0 else None


def profile(exponent: float) -> Method:
    """Return the daily profile scaled by (recent 6 h / expected 6 h) to the power ``exponent``."""

    def method(state: BurnState, balance: float) -> float | None:
        mean = average_per_hour(state)
        seen: list[list[float]] = [[] for _ in range(24)]
        for age, amount in enumerate(reversed(state.hours), start=1):
            if amount is not None:
                seen[(state.at.hour - age) % 24].append(amount)
        usual = Rhythm(tuple(sum(s) / len(s) if s else mean for s in seen))
        expected = sum(usual.by_hour[(state.at.hour - age) % 24] for age in range(1, 7))
        recent = math.fsum(amount or 0.0 for amount in state.hours[-6:])
        scale = (recent / expected) ** exponent if expected > 0 else 1.0
        if scale <= 0:
            return None
        return Walk(usual, state.at).hours_until(balance / scale)

    return method


METHODS: dict[str, Method] = {
    "last hour": average(1),
    "24 h average": average(24),
    "exponential, half-life 24 h": exponential,
    "profile of the day": profile(0.0),
    "profile x sqrt(last 6 h)": profile(0.5),
    "balance monitor": product,
}


# --- measuring ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """A time at which the methods are asked."""

    step: int
    state: BurnState


Errors = dict[str, dict[int, list[float]]]
"""By method and horizon."""


def measure(trace: Trace, seed: int) -> Errors:
    """Return every method's errors on one trace."""
    total = [0.0, *itertools.accumulate(trace)]
    errors: Errors = {name: {hours: [] for hours in HORIZONS} for name in METHODS}
    for moment in moments(trace, total, random.Random(seed)):
        for hours in HORIZONS:
            balance = total[moment.step + hours * PER_HOUR] - total[moment.step]
            if balance <= total[-1] * 1e-9:
                continue
            actual = hours_until(total, moment.step, balance)
            for name, method in METHODS.items():
                predicted = method(moment.state, balance)
                error = abs(math.log(predicted / actual)) if predicted else WORST
                errors[name][hours].append(min(error, WORST))
    return errors


def moments(trace: Trace, total: Sequence[float], chance: random.Random) -> Iterator[Moment]:
    """Poll a trace from its start; yield what is known at moments after the first week.

    The account is topped up whenever it runs low, as accounts are.
    """
    size = total[-1] / len(trace) * PER_DAY * 5
    balance = size
    state: BurnState | None = None
    ask_at = 7 * PER_DAY + chance.randrange(20)
    last = len(trace) - max(HORIZONS) * PER_HOUR
    for t in range(last):
        state = observe(state, START + t * STEP, Decimal(repr(balance)))
        if t == ask_at:
            yield Moment(t, state)
            ask_at += chance.randrange(12, 32)
        balance -= trace[t]
        if balance < size / 10:
            balance += size


def hours_until(total: Sequence[float], step: int, balance: float) -> float:
    """Return when ``balance`` was consumed, from ``step`` on."""
    goal = total[step] + balance
    end = bisect.bisect_left(total, goal - balance * 1e-9)
    within = (goal - total[end - 1]) / (total[end] - total[end - 1])
    return (end - 1 - step + min(within, 1.0)) / PER_HOUR


# --- tables ---------------------------------------------------------------------------------


def median_over(errors: dict[str, Errors], method: str, hours: int) -> float:
    """Return the median over the cases of all traces."""
    return statistics.median(e for found in errors.values() for e in found[method][hours])


def overall(errors: dict[str, Errors]) -> None:
    """Print each method over all traces."""
    row("all traces", [*(f"{hours} h" for hours in HORIZONS), "off > 2.7x"])
    for name in METHODS:
        medians = [f"{median_over(errors, name, hours):.3f}" for hours in HORIZONS]
        cases = [e for found in errors.values() for hours in HORIZONS for e in found[name][hours]]
        row(name, [*medians, f"{sum(e > 1 for e in cases) / len(cases):.1%}"])


def by_trace(errors: dict[str, Errors]) -> None:
    """Print every method on each trace, at the horizons that are judged."""
    for trace, found in errors.items():
        print()
        row(trace, [f"{hours} h" for hours in JUDGED])
        for name in METHODS:
            row(name, [f"{statistics.median(found[name][hours]):.3f}" for hours in JUDGED])


def row(title: str, cells: Sequence[str]) -> None:
    """Print one line of a table."""
    print(f"{title:30}" + "".join(f"{cell:>11}" for cell in cells))


if __name__ == "__main__":
    raise SystemExit(main())
