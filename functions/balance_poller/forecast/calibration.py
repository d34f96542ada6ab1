"""How reliable forecasts are: tests of the account's own past forecasts.

A test starts with "the coming H hours consume B" and ends when B is consumed. Its error is the
logarithm of the time taken over H. The state keeps the scale of the account's errors and, per
horizon and quantile, an adaptive correction. The correction is adaptive conformal inference (Gibbs
and Candès, 2021, arXiv:2106.00170, read 2026-11): a step up after a miss and a smaller step down
otherwise, so that the wanted share is met in the long run, whatever the errors' distribution.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple

from balance_poller.forecast.usage import DAY_HOURS, HOUR_SECONDS

#: The horizons tested, in hours; bounds in between are interpolated.
HORIZONS: Final = (1, 3, 8, 24, 72)
#: How many hours apart tests start; a day counts as 25, so that tests move through its hours.
_EVERY: Final = (2, 2, 4, 8, 24)
#: The number of concurrent tests per horizon.
SLOTS: Final = 3
#: A test ends after this many times its horizon: it was wrong enough by then.
_LONGEST: Final = 4
_LONGEST_SECONDS: Final = tuple([_LONGEST * hours * HOUR_SECONDS for hours in HORIZONS])
LARGEST_ERROR: Final = math.log(_LONGEST)
#: The shortest time counted, about a minute.
_SHORTEST_HOURS: Final = 0.02


class Quantile(NamedTuple):
    """A quantile of errors: its share, and its value over many accounts by horizon."""

    share: float
    """The share of errors that may lie beyond it."""
    errors: tuple[float, ...]

    def bound(self, horizon: int, scale: float, correction: int) -> float:
        """Return the bound on an account's errors, of the size ``scale``, at a horizon."""
        return self.errors[horizon] * scale * math.exp(correction / UNIT)

    def learn(self, horizon: int, scale: float, correction: int, error: float) -> int:
        """Return the correction after another ``error``."""
        bound = self.bound(horizon, scale, correction)
        is_missed = error > bound if self.errors[0] > 0 else error < bound
        step = _STEP * (1 - self.share) if is_missed else -_STEP * self.share
        return min(_LARGEST_CORRECTION, max(_SMALLEST_CORRECTION, correction + round(step)))


#: From public traces of real use.
AT_LEAST_95: Final = Quantile(0.05, (-1.122, -1.123, -1.295, -1.142, -1.484))
AT_LEAST_90: Final = Quantile(0.10, (-0.551, -0.677, -0.773, -0.725, -0.801))
AT_MOST_90: Final = Quantile(0.10, (1.386, 1.196, 0.913, 0.659, 0.527))
QUANTILES: Final = (AT_LEAST_95, AT_LEAST_90, AT_MOST_90)
_MEAN_ERRORS: Final = (0.501, 0.507, 0.496, 0.433, 0.395)

_SCALE_FORGETS: Final = 0.03
#: How many errors of the usual size the account's own are weighed against.
_SCALE_PRIOR: Final = 8.0
_LARGEST_SIZE: Final = 4.0

#: The logarithm of the margin, by horizon, as a multiple of the scale of the account's errors. It
#: has an upper limit: irregular accounts are left to the quantiles.
_MARGINS: Final = (0.6, 0.9, 0.95, 0.95, 0.7)
_LARGEST_MARGIN: Final = 0.5

#: Corrections are in whole ten-thousandths, so that storing them loses nothing.
UNIT: Final = 10_000
_STEP: Final = UNIT // 10
_SMALLEST_CORRECTION, _LARGEST_CORRECTION = -1 * UNIT, 2 * UNIT

_LOG_HORIZONS: Final = tuple(map(math.log, HORIZONS))
_NEVER: Final = math.inf


class RunningTest(NamedTuple):
    """A forecast that is being tested."""

    started: float
    """Seconds since 1970."""
    goal: float
    """The value of ``Calibration.consumed`` that ends it."""


_NO_TESTS: Final[tuple[tuple[RunningTest, ...], ...]] = ((),) * len(HORIZONS)


class Calibration(NamedTuple):
    """The running tests, and the results of finished ones."""

    running: tuple[tuple[RunningTest, ...], ...] = _NO_TESTS
    """By horizon, the earliest first."""
    consumed: float = 0.0
    """Total consumption since an arbitrary moment, the scale of goals."""
    corrections: tuple[tuple[int, ...], ...] = ((0,) * len(QUANTILES),) * len(HORIZONS)
    """By horizon and quantile: logarithms of factors, in ten-thousandths."""
    error_sizes: float = _SCALE_PRIOR
    """Sum of the errors' sizes as multiples of what is usual over many accounts, forgetting."""
    errors: float = _SCALE_PRIOR
    """Their number, fading alike."""
    next_goal: float = _NEVER
    """The least goal of the running tests."""
    next_end: float = _NEVER
    """When the first of them ends, reached or not."""

    @property
    def scale(self) -> float:
        """How many times larger than usual this account's errors are."""
        return self.error_sizes / self.errors

    def margin(self, hours: float) -> float:
        """Return how many times the consumption of a forecast of ``hours`` a bound must allow for.

        Quantiles of times know nothing of the hour: right before a quiet night, a little more
        consumption than forecast empties a balance many hours earlier.
        """
        logarithm = self.scale * _interpolated(_MARGINS.__getitem__, hours)
        return math.exp(min(_LARGEST_MARGIN, logarithm))

    def bound(self, quantile: Quantile, hours: float) -> float:
        """Return the bound on log(actual / forecast time) for a forecast of ``hours``."""
        return _interpolated(partial(self._bound_at, quantile), hours)

    def _bound_at(self, quantile: Quantile, horizon: int) -> float:
        """Return the bound at one of the horizons."""
        correction = self.corrections[horizon][QUANTILES.index(quantile)]
        return quantile.bound(horizon, self.scale, correction)

    def consume(self, start: float, end: float, amount: float) -> Calibration:
        """Return the calibration after ``amount`` was consumed from ``start`` to ``end``."""
        consumed = self.consumed + amount
        if consumed < self.next_goal and end < self.next_end:
            # Called at every poll: _replace() would take twice the time.
            return Calibration(
                self.running,
                consumed,
                self.corrections,
                self.error_sizes,
                self.errors,
                self.next_goal,
                self.next_end,
            )
        learned, running = self, list(self.running)
        for horizon, longest in enumerate(_LONGEST_SECONDS):
            tests = running[horizon]
            ended = [
                test for test in tests if test.goal <= consumed or test.started + longest <= end
            ]
            for test in ended:
                hours = _hours_taken(test, self.consumed, start, end, amount)
                learned = learned._learn(horizon, hours)
            if ended:
                running[horizon] = tuple([test for test in tests if test not in ended])
        return learned._replace(consumed=consumed).with_tests(tuple(running))

    def start(self, at: float, expected: Mapping[int, float]) -> Calibration:
        """Return the calibration with more tests.

        Args:
            at: When they start, in seconds since 1970.
            expected: The forecast consumption, by index of the horizon.
        """
        running, next_goal, next_end = list(self.running), self.next_goal, self.next_end
        for horizon, amount in expected.items():
            if amount > 0:
                goal = self.consumed + amount
                running[horizon] = (*running[horizon], RunningTest(at, goal))
                next_goal = min(next_goal, goal)
                next_end = min(next_end, at + _LONGEST_SECONDS[horizon])
        return self._replace(running=tuple(running), next_goal=next_goal, next_end=next_end)

    def due(self, at: float) -> Iterator[int]:
        """Yield the indexes of the horizons for which a test starts at ``at``, a full hour."""
        hour = round(at / HOUR_SECONDS)
        turn = hour + hour // DAY_HOURS
        for horizon, every in enumerate(_EVERY):
            if turn % every == 0 and len(self.running[horizon]) < SLOTS:
                yield horizon

    def with_tests(self, running: tuple[tuple[RunningTest, ...], ...]) -> Calibration:
        """Return the calibration with these tests and the earliest end of any."""
        goals = [test.goal for tests in running for test in tests]
        ends = [
            tests[0].started + longest
            for tests, longest in zip(running, _LONGEST_SECONDS, strict=True)
            if tests
        ]
        return self._replace(
            running=running,
            next_goal=min(goals, default=_NEVER),
            next_end=min(ends, default=_NEVER),
        )

    def without_tests(self) -> Calibration:
        """Return what the finished tests showed; the running ones are dropped."""
        return self.with_tests(_NO_TESTS)

    def _learn(self, horizon: int, hours: float) -> Calibration:
        """Return the calibration after a test at this horizon took so many hours."""
        error = min(LARGEST_ERROR, math.log(max(hours, _SHORTEST_HOURS) / HORIZONS[horizon]))
        scale, before = self.scale, self.corrections
        learned = [
            quantile.learn(horizon, scale, correction, error)
            for quantile, correction in zip(QUANTILES, before[horizon], strict=True)
        ]
        size = min(abs(error) / _MEAN_ERRORS[horizon], _LARGEST_SIZE)
        return self._replace(
            corrections=(*before[:horizon], tuple(learned), *before[horizon + 1 :]),
            error_sizes=self.error_sizes * (1 - _SCALE_FORGETS) + size,
            errors=self.errors * (1 - _SCALE_FORGETS) + 1,
        )


def _interpolated(value_at: Callable[[int], float], hours: float) -> float:
    """Return a value at ``hours``, from those at the horizons before and after."""
    place = bisect.bisect_left(_LOG_HORIZONS, math.log(max(hours, 1e-3)))
    if place in {0, len(HORIZONS)}:
        return value_at(min(place, len(HORIZONS) - 1))
    before, after = _LOG_HORIZONS[place - 1], _LOG_HORIZONS[place]
    part = (math.log(hours) - before) / (after - before)
    lower, upper = value_at(place - 1), value_at(place)
    return lower + part * (upper - lower)


def _hours_taken(
    test: RunningTest, before: float, start: float, end: float, amount: float
) -> float:
    """Return how long a test has run until ``end``, or until its goal if reached earlier."""
    reached = end
    if before < test.goal <= before + amount:
        reached = start + (end - start) * (test.goal - before) / amount
    return (reached - test.started) / HOUR_SECONDS
