"""Everything that goes wrong by chance, from one seed: what fails, when, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random


@dataclass(frozen=True)
class Rates:
    """How often each fault occurs, per call or per delivery."""

    error_before: float = 0.0
    """A call is refused."""
    error_after: float = 0.0
    """A call takes effect, but its response is lost."""
    crash_before: float = 0.0
    crash_after: float = 0.0
    interleave: float = 0.0
    """Another invocation runs in the middle of a call."""
    duplicate: float = 0.0
    delay: float = 0.0
    lose: float = 0.0
    """A notification never arrives."""
    redrive: float = 0.0
    """A notification fails, and somebody redrives it days later."""
    skew: float = 0.0
    """An invocation's clock is wrong by some seconds."""


CALM = Rates()
ROUGH = Rates(
    error_before=0.01,
    error_after=0.004,
    crash_before=0.003,
    crash_after=0.003,
    interleave=0.05,
    duplicate=0.06,
    delay=0.10,
    lose=0.02,
    redrive=0.03,
    skew=0.1,
)


@dataclass
class Chance:
    """The dice."""

    random: Random
    rates: Rates
    is_calm: bool = False
    """Whether faults have stopped: at the end of a run, everything must settle."""
    counts: dict[str, int] = field(default_factory=dict)

    def happens(self, what: str) -> bool:
        """Whether a fault of this kind happens now."""
        if self.is_calm or self.random.random() >= getattr(self.rates, what):
            return False
        self.counts[what] = self.counts.get(what, 0) + 1
        return True

    def clock_skew(self) -> timedelta:
        """Return how far an invocation's clock is off."""
        seconds = self.random.uniform(-3, 3) if self.happens("skew") else 0
        return timedelta(seconds=seconds)

    def delivery_delay(self) -> timedelta:
        """Return how long a notification is in transit."""
        if self.happens("redrive"):
            return timedelta(days=self.random.uniform(0.1, 4))
        if not self.happens("delay"):
            return timedelta(seconds=self.random.uniform(0.05, 2))
        longest = 40 if self.random.random() < 0.2 else 5
        return timedelta(minutes=self.random.uniform(0, longest))
