"""Simple ways to forecast, and that of version 0.1, for comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

HOURS = 168
DAY = 24


class Hours:
    """A week of consumption per hour, the newest last, as the simple ways use it."""

    def __init__(self) -> None:
        self.done: list[float] = []
        self.now = 0.0
        self.part = 0.0
        self.ended = 0

    def add(self, consumed: float, part: float) -> None:
        """Add what was consumed in ``part`` of an hour."""
        self.now += consumed
        self.part += part
        if self.part > 1 - 1e-9:
            self.done = [*self.done, self.now][-HOURS:]
            self.now = self.part = 0.0
            self.ended += 1

    @property
    def mean(self) -> float:
        """Consumption per hour over all of it."""
        return (sum(self.done) + self.now) / (len(self.done) + self.part)

    def back(self) -> Sequence[tuple[int, int, float]]:
        """Return weekday, hour and consumption, newest first; the trace began on a Monday at 0."""
        ends = self.ended
        return [
            ((ends - age) // DAY % 7, (ends - age) % DAY, amount)
            for age, amount in enumerate(reversed(self.done), start=1)
        ]


Method = Callable[[Hours, float], float | None]
"""Maps past consumption and a balance to the hours until the balance is gone."""


def average(hours: int) -> Method:
    """Return a method that extrapolates the mean rate of the last ``hours``."""

    def method(known: Hours, balance: float) -> float | None:
        rate = (sum(known.done[-hours:]) + known.now) / (len(known.done[-hours:]) + known.part)
        return balance / rate if rate > 0 else None

    return method


def exponential(known: Hours, balance: float) -> float | None:
    """Extrapolate the exponential average with a half-life of a day."""
    weights = [0.5 ** (age / DAY) for age in range(len(known.done))]
    rate = sum(a * w for a, w in zip(reversed(known.done), weights, strict=True)) / sum(weights)
    return balance / rate if rate > 0 else None


def of_0_1(known: Hours, balance: float) -> float | None:
    """Return the forecast of version 0.1: hour of the day times weekend, two fading deviations."""
    back = known.back()
    kinds = _kinds_of_day(back)
    by_hour = _by_hour(back, kinds)
    if sum(by_hour) <= 0:
        return None

    def usual(at: int) -> float:
        return by_hour[at % DAY] * kinds[at // DAY % 7 >= 5]

    def ratio(hours: int, prior: float) -> float:
        consumed = known.now + sum(amount for _, _, amount in back[:hours])
        expected = usual(known.ended) * known.part
        expected += sum(usual(known.ended - age) for age in range(1, hours + 1))
        added = prior * hours * sum(by_hour) / DAY
        return math.log((consumed + added) / (expected + added))

    slow = 0.5 * ratio(24, 0.1)
    fast = 0.85 * (ratio(6, 0.3) - slow)
    at, walked, part = known.ended, 0.0, 1 - known.part
    while walked < HOURS * 52:
        consumed = usual(at) * part * math.exp(fast + slow)
        if consumed >= balance:
            return walked + part * balance / consumed
        balance -= consumed
        walked, at, part = walked + part, at + 1, 1.0
        fast, slow = fast * math.exp(-1 / 12), slow * math.exp(-1 / 120)
    return walked


def drain_factor_of_0_1(known: Hours) -> float:
    """Return version 0.1's drain factor: consumption in the last six hours over the usual one."""
    before = known.done[:-DAY]
    if len(before) < DAY:
        return 1.0
    floor = 0.25 * sum(before) / len(before)

    def usual(back: int) -> float:
        same = before[-back::-DAY]
        return max(sum(same) / len(same) if same else 0.0, floor)

    consumed = known.now + sum(known.done[-6:])
    expected = usual(DAY) * known.part + sum(usual(back) for back in range(1, 7))
    return consumed / expected if expected > 0 else 0.0


def _kinds_of_day(back: Sequence[tuple[int, int, float]]) -> tuple[float, float]:
    """Return the factors of working days and weekends."""
    totals, counts = [0.0, 0.0], [0, 0]
    for weekday, _, amount in back:
        totals[weekday >= 5] += amount
        counts[weekday >= 5] += 1
    mean = sum(totals) / sum(counts)
    if mean <= 0:
        return 1.0, 1.0
    working, weekend = (
        (total / mean + 4 * DAY) / (count + 4 * DAY)
        for total, count in zip(totals, counts, strict=True)
    )
    return working, weekend


def _by_hour(back: Sequence[tuple[int, int, float]], kinds: tuple[float, float]) -> list[float]:
    """Return the mean of each hour of the day."""
    totals, counts = [0.0] * DAY, [0] * DAY
    for weekday, hour, amount in back:
        totals[hour] += amount / kinds[weekday >= 5]
        counts[hour] += 1
    return [total / max(count, 1) for total, count in zip(totals, counts, strict=True)]


SIMPLE: dict[str, Method] = {
    "last hour": average(1),
    "24 h average": average(24),
    "exponential, half-life 24 h": exponential,
    "version 0.1": of_0_1,
}
