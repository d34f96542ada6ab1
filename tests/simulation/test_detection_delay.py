"""The time from a balance crossing ``critical`` at the provider to the published message."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from alert_router.events.alarm import AlarmState
from balance_poller.event import parse_event
from balance_poller.polling.poll import poll
from balancectl.localcloud.alarms import rules
from balancectl.localcloud.alarms.evaluator import cut_periods
from balancectl.localcloud.alarms.verdict import evaluate
from shared.names import AlarmKind
from shared.times import format_time
from tests.simulation.chance import CALM
from tests.simulation.cloudwatch import Alarm
from tests.simulation.customers import Customer
from tests.simulation.simulation import PROVIDERS, Simulation

MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
INTERVAL = 5
FULL, WARNING, CRITICAL = 100.0, 20.0, 5.0


@dataclass
class Drain(Customer):
    """An account that is used up within hours, in bursts, and topped up once people know."""

    crossed_at: list[datetime] = field(default_factory=list)

    def spend(self, now: datetime, random: Random) -> None:
        """Use credit for the time since the last call; note when it crosses ``critical``."""
        start, before = self.spent_until or now, self.balance
        self.spent_until = now
        burst = random.lognormvariate(-0.5, 1)
        self.balance -= self.per_hour / 60 * burst * ((now - start) / MINUTE)
        if before >= self.critical > self.balance:
            part = (before - self.critical) / (before - self.balance)
            self.crossed_at.append(start + (now - start) * part)
        elif self.balance < self.critical and now - self.crossed_at[-1] > HALF_AN_HOUR:
            self.balance = FULL


class Watched(Simulation):
    """A deployment whose schedule fires every minute, or at the interval of all accounts."""

    def __init__(self, close_minutes: int, *, days: float) -> None:
        self.fires = timedelta(minutes=close_minutes)
        super().__init__(
            20261126,
            CALM,
            days=days,
            interval=INTERVAL * MINUTE,
            lives=lambda random: [
                Drain(f"team-{n}", "alpha", FULL, random.uniform(20, 40), WARNING, CRITICAL)
                for n in range(9)
            ],
            outages={name: [] for name in PROVIDERS},
            silences_per_day=0,
        )

    def _poll(self) -> None:
        """Run the poller as the schedule does, and have CloudWatch evaluate every minute."""
        now = self.now.replace(second=0, microsecond=0)  # schedules fire on the minute
        self.at(now + MINUTE, self._poll)
        for customer in self.customers.values():
            customer.spend(now, self.chance.random)
        for alarm in self.cloudwatch.alarms.values():
            self.at(now + self.offsets[alarm.name], partial(self._evaluate, alarm))
        if (now - datetime.min.replace(tzinfo=now.tzinfo)) % self.fires:
            return
        event = {
            "scheduled_at": format_time(now),
            "poll_interval_minutes": INTERVAL,
            "close_interval_minutes": self.fires / MINUTE,
            "accounts": [
                {
                    "id": c.id,
                    "provider": c.provider,
                    "secret": f"keys#{c.id}",
                    "warning": WARNING,
                    "critical": CRITICAL,
                }
                for c in self.customers.values()
            ],
            "providers": PROVIDERS,
        }
        before = dict(self.poller.latest.items)
        poll(parse_event(event, now), self.poller.adapters, self.poller.clock.seconds + 60)
        self._take_over(now, before)

    def _evaluate(self, alarm: Alarm) -> None:
        """Evaluate an alarm by CloudWatch's rules; a sample counts from the next full minute."""
        if alarm.kind is AlarmKind.STALE:
            return
        rule = rules.AlarmRule(
            alarm.name, "", "", (), "Minimum", self.interval, 2, 1, "LessThanThreshold",
            alarm.threshold, rules.MissingData.IGNORE,
        )  # fmt: skip
        minutes = {
            at: rules.Statistics(1, value, value, value)
            for at, value in self.cloudwatch.points.get((alarm.account, alarm.metric), ())
        }
        periods = cut_periods(rule, minutes, self.now)
        verdict = evaluate(rule, periods, rules.AlarmState(alarm.state.value), self.now)
        previous, state = alarm.state, AlarmState(verdict.state.value)
        if state is not previous:
            alarm.state, alarm.since, alarm.reason = state, self.now, verdict.reason
            self._notify(alarm, previous)


def delays(simulation: Watched) -> list[float]:
    """Return the minutes from each crossing to the critical message about it."""
    truth = simulation.run()
    told: dict[str, list[datetime]] = defaultdict(list)
    for message in truth.messages:
        for entry in message.document.get("accounts", ()):
            if message.severity == "critical" and message.status in ("firing", "digest"):
                told[entry["account"]].append(message.at)
    found: list[float] = []
    for customer in simulation.customers.values():
        assert isinstance(customer, Drain)
        found += [
            (min(t for t in told[customer.id] if t > at) - at) / MINUTE
            for at in customer.crossed_at
            if at < simulation.end - timedelta(hours=1)
        ]
    return found


def test_a_critical_balance_when_watched_closely_then_is_announced_within_three_minutes() -> None:
    closely, alike = (delays(Watched(minutes, days=0.4)) for minutes in (1, INTERVAL))

    assert min(len(closely), len(alike)) >= 15
    assert _within_95(closely) <= 3
    assert 3 < _within_95(alike) <= 8


def _within_95(minutes: list[float]) -> float:
    """Return the number of minutes within which 95 % lie."""
    return statistics.quantiles(minutes, n=20, method="inclusive")[-1]
