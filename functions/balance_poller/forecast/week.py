"""An account's week: how much it consumes in each hour of it, as far as seen."""

from __future__ import annotations

from operator import mul
from typing import Final, NamedTuple, Self

WEEK_HOURS: Final = 168

#: Each week weighs this much of the week after it.
_KEEP: Final = 0.85
#: Weeks are counted up to this, which fits half a byte; more would hardly change the weight.
MAX_WEEKS: Final = 15
#: How much a number of weeks weighs, in newest weeks: 1 + 0.85 + 0.85² + …
WEIGHTS: Final = tuple([(1 - _KEEP**weeks) / (1 - _KEEP) for weeks in range(MAX_WEEKS + 1)])


class Week(NamedTuple):
    """Consumption by hour of the week, UTC, Monday first.

    ``weights`` and ``weighted`` follow from the others. They are kept, because an hour changes one
    of their 168 values, and every hour and every forecast needs them all.
    """

    means: tuple[float, ...]
    """Weighted mean over the weeks seen; 0 where none was seen."""
    counts: bytes
    """In how many weeks each hour was seen, up to 15."""
    weights: tuple[float, ...]
    """How much was seen of each hour."""
    weighted: tuple[float, ...]
    """The means, times their weights."""

    @classmethod
    def of(cls, means: tuple[float, ...], counts: bytes) -> Self:
        """Return the week of these means over so many weeks."""
        weights = tuple([WEIGHTS[count] for count in counts])
        return cls(means, counts, weights, tuple(map(mul, weights, means)))

    def see(self, hour: int, amount: float) -> Week:
        """Return the week after ``amount`` was consumed in that hour of it."""
        before = WEIGHTS[self.counts[hour]] * _KEEP
        mean = (self.means[hour] * before + amount) / (before + 1)
        count = min(self.counts[hour] + 1, MAX_WEEKS)
        weight = WEIGHTS[count]
        return Week(
            _with_one(self.means, hour, mean),
            self.counts[:hour] + bytes((count,)) + self.counts[hour + 1 :],
            _with_one(self.weights, hour, weight),
            _with_one(self.weighted, hour, weight * mean),
        )


#: Nothing was seen yet.
UNSEEN: Final = Week.of((0.0,) * WEEK_HOURS, bytes(WEEK_HOURS))


def _with_one(values: tuple[float, ...], place: int, value: float) -> tuple[float, ...]:
    """Return ``values`` with another one in that place."""
    changed = list(values)
    changed[place] = value
    return tuple(changed)
