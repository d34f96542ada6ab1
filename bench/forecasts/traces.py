"""Usage to forecast: synthetic accounts of several kinds, or real use from files."""

from __future__ import annotations

import csv
import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

STEP = timedelta(minutes=15)
PER_HOUR = 4
PER_DAY = 24 * PER_HOUR
DAYS = 42

#: Public traces on which constants were chosen: the Numenta Anomaly Benchmark's.
TUNED_ON = ("Twitter_volume", "nyc_taxi", "elb_request", "ec2_network", "iio_us", "grok_asg")
#: Seeds and kinds of accounts on which constants were chosen.
TUNED_SEEDS = range(1, 10)
HELD_OUT = ("office abroad", "nightly batch", "calls", "some busy days")


@dataclass(frozen=True, slots=True)
class Trace:
    """Consumption of one account in each step of 15 minutes, starting on a Monday."""

    name: str
    group: str
    use: list[float]
    resolution: float = 0.0
    """The smallest step that the balance shows."""
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.use) < 14 * PER_DAY:
            raise ValueError(f"{self.name}: two weeks are needed")


Shape = Callable[[int, random.Random], float]


def synthetic(seed: int) -> list[Trace]:
    """Return usage typical of accounts, each with noise that lasts for hours."""
    regular: dict[str, Shape] = {
        "steady": lambda _t, _r: 1.0,
        "daily rhythm": lambda t, _r: rhythm(t),
        "weekend": lambda t, _r: rhythm(t) * (0.25 if weekday(t) >= 5 else 1.0),
        "idle nights": lambda t, _r: 0.0 if hour(t) < 7 or hour(t) >= 21 else 1.0,
        "top-ups": lambda t, _r: rhythm(t),
        "whole units": lambda t, _r: rhythm(t),
        "office abroad": lambda t, _r: office(t, zone=-7),
        "nightly batch": lambda t, _r: 3.0 if 2 <= hour(t) < 4 else 0.3,
    }
    irregular: dict[str, Shape] = {
        "bursts": lambda _t, r: r.lognormvariate(3, 1) if r.random() < 0.02 else 0.5,
        "growth": lambda t, _r: rhythm(t) * math.exp(t / PER_DAY / 14),
        "doubles at once": lambda t, _r: rhythm(t) * (2.0 if t > DAYS * PER_DAY / 2 else 1.0),
        "sessions": sessions(),
        "calls": calls,
        "some busy days": busy_days(),
    }
    made = []
    for group, shapes in (("regular", regular), ("irregular", irregular)):
        for name, shape in shapes.items():
            chance = random.Random(f"{seed} {name}")
            noise = lasting_noise(chance, hours=6, spread=0.1 if name == "steady" else 0.4)
            use = [shape(t, chance) * next(noise) for t in range(DAYS * PER_DAY)]
            kind = f"{group}, held out" if name in HELD_OUT else group
            if name == "whole units":  # 20 a week, and the balance shows no fractions
                week = 7 * PER_DAY * sum(use) / len(use)
                made.append(Trace(name, kind, [20 * amount / week for amount in use], 1.0, seed))
            else:
                made.append(Trace(name, kind, use, seed=seed))
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


def office(t: int, zone: int) -> float:
    """Return usage from 9 to 18 on working days in another time zone, with a dip at noon."""
    local = (t + zone * PER_HOUR) % (7 * PER_DAY)
    if weekday(local) >= 5 or not 9 <= hour(local) < 18:
        return 0.08
    return 0.6 if 12 <= hour(local) < 13 else 1.0


def calls(t: int, chance: random.Random) -> float:
    """Return the cost of calls to a language model: few at a time, of very different lengths."""
    count = sum(chance.random() < 0.08 * rhythm(t) for _ in range(20))
    return sum(chance.lognormvariate(0, 1.2) for _ in range(count))


def busy_days() -> Shape:
    """Return daytime usage whose level differs from one day to the next."""
    level = 1.0

    def shape(t: int, chance: random.Random) -> float:
        nonlocal level
        if t % PER_DAY == 0:
            level = chance.lognormvariate(0, 0.6)
        return rhythm(t) * level

    return shape


def sessions() -> Shape:
    """Return usage in sessions of an hour or so, mostly by day, of very different intensity."""
    left, rate = 0, 0.0

    def shape(t: int, chance: random.Random) -> float:
        nonlocal left, rate
        if left == 0 and chance.random() < 0.05 * rhythm(t):
            left, rate = chance.randrange(1, 12), chance.lognormvariate(0, 1)
        left = max(0, left - 1)
        return rate if left else 0.0

    return shape


def lasting_noise(chance: random.Random, hours: float, spread: float) -> Iterator[float]:
    """Yield factors around 1 that drift over some ``hours``."""
    keep = math.exp(-1 / (hours * PER_HOUR))
    value = chance.gauss(0, spread)
    while True:
        yield math.exp(value)
        value = keep * value + chance.gauss(0, spread * math.sqrt(1 - keep * keep))


def read_trace(file: Path) -> Trace:
    """Read real usage, lines of "ISO time,consumption since the line before"."""
    with file.open(newline="") as lines:
        rows = [(_time(row[0]), float(row[1])) for row in csv.reader(lines)]
    begin = rows[0][0].replace(hour=0, minute=0, second=0, microsecond=0)
    begin -= timedelta(days=begin.weekday())
    use = [0.0] * ((rows[-1][0] - begin).days * PER_DAY)
    for (before, _), (at, amount) in itertools.pairwise(rows):
        start = int((before - begin) / STEP)
        end = max(start + 1, int((at - begin) / STEP))
        for t in range(start, min(end, len(use))):
            use[t] += amount / (end - start)
    is_tuned_on = file.stem.startswith(TUNED_ON)
    return Trace(
        file.stem, "tuned on" if is_tuned_on else "files", use[int((rows[0][0] - begin) / STEP) :]
    )


def _time(text: str) -> datetime:
    """Parse a time, in UTC if it names no zone."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
