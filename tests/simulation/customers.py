"""Accounts that are used, run dry, are topped up and lose their keys, and providers that fail."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

Span = tuple[datetime, datetime]


@dataclass
class Customer:
    """One account as its provider knows it."""

    id: str
    provider: str
    balance: float
    per_hour: float
    warning: float
    critical: float
    runway_critical_hours: float | None = None
    max_burn_per_day: float | None = None
    expiry_warning_days: float | None = None
    expires_at: datetime | None = None
    """When its credit expires; somebody renews it some hours before or after."""
    renewed_at: datetime | None = None
    key_from: datetime | None = None
    """When somebody sets its key; None when it has one from the start."""
    unwatched: list[Span] = field(default_factory=list)
    """When it is not in the configuration."""
    revoked: list[Span] = field(default_factory=list)
    """When its key is rejected."""
    top_up_at: datetime | None = None
    spent_until: datetime | None = None

    def spend(self, now: datetime, random: Random) -> None:
        """Use credit for the time since the last call, in a daily rhythm, and top up when due."""
        hours = (now - (self.spent_until or now)).total_seconds() / 3600
        self.spent_until = now
        rhythm = 1 + 0.8 * math.sin(now.hour / 24 * 2 * math.pi)
        burst = random.choice((0.2, 1, 1, 1, 3))
        self.balance -= self.per_hour * hours * rhythm * burst
        if self.expires_at is not None and self.renewed_at is not None and now >= self.renewed_at:
            self.expires_at += timedelta(days=random.uniform(3, 9))
            self.renewed_at = self.expires_at - timedelta(hours=random.uniform(-6, 40))
        if self.top_up_at is None and self.balance < self.warning * random.uniform(0.05, 1.05):
            # At once, within minutes, within the hour, or when somebody reads the e-mail.
            longest = random.choice((0.02, 0.1, 1, 8, 20))
            self.top_up_at = now + timedelta(hours=random.uniform(0, longest))
        if self.top_up_at is not None and now >= self.top_up_at:
            self.top_up_at = None
            # Now and then too little to leave the critical range, or only just enough.
            goal = random.choice((0.5, 1.0, 2, 5, 5, 8)) * self.warning
            self.balance = max(self.balance, 0) + goal

    def has_key(self, now: datetime) -> bool:
        """Whether its key is stored."""
        return self.key_from is None or now >= self.key_from

    def is_watched(self, now: datetime) -> bool:
        """Whether it is in the configuration."""
        return not within(self.unwatched, now)

    def is_rejected(self, now: datetime) -> bool:
        """Whether its key is rejected."""
        return within(self.revoked, now)


def within(spans: list[Span], now: datetime) -> bool:
    """Whether any span covers ``now``."""
    return any(start <= now < end for start, end in spans)


def some_spans(random: Random, start: datetime, length: timedelta, count: float) -> list[Span]:
    """Return about ``count`` spans within a period, each lasting minutes to hours."""
    spans = []
    for _ in range(int(count) + (random.random() < count % 1)):
        begins = start + length * random.random()
        spans.append((begins, begins + timedelta(minutes=random.choice((15, 45, 90, 240, 600)))))
    return spans


def make_customers(
    random: Random, count: int, start: datetime, length: timedelta
) -> list[Customer]:
    """Return accounts of three providers, with all kinds of histories."""
    customers = []
    for number in range(count):
        warning = random.choice((20.0, 100.0, 5000.0))
        customer = Customer(
            id=f"team-{number:02}",
            provider=("alpha", "beta", "gamma")[number % 3],
            balance=warning * random.uniform(1.2, 6),
            per_hour=warning * random.uniform(0.01, 0.08),
            warning=warning,
            critical=warning * 0.25,
            revoked=some_spans(random, start, length, 0.7),
        )
        if number % 7 == 3:
            customer.key_from = start + length * random.uniform(0.02, 0.3)
        if number % 8 == 5:
            removed = start + length * random.uniform(0.3, 0.9)
            again = removed + timedelta(hours=random.choice((0.2, 5, 50, 1000)))
            customer.unwatched = [(removed, again)]
        if number % 5 == 2:
            customer.runway_critical_hours = 6
        if number % 3 == 1:
            customer.max_burn_per_day = 36 * customer.per_hour
        if number % 4 == 2:
            customer.expiry_warning_days = 2
            customer.expires_at = start + timedelta(days=random.uniform(1, 6))
            customer.renewed_at = customer.expires_at - timedelta(hours=random.uniform(-6, 40))
        customers.append(customer)
    return customers
