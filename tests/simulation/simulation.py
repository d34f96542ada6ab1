"""Weeks of polls, alarms and messages on a virtual clock, through the real poller and router."""

from __future__ import annotations

import heapq
import itertools
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NoReturn

from alert_router.aws.alarms import AlarmReader
from alert_router.aws.alert_table import AlertTable
from alert_router.aws.balance_table import BalanceTable
from alert_router.aws.queue import FlushQueue
from alert_router.aws.report_table import ReportTable
from alert_router.aws.topics import Publisher
from alert_router.events.alarm import AlarmChange, AlarmMetric, AlarmState
from alert_router.events.envelope import unpack
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.subscriber import ITEM_ID, SCOPE, Form
from alert_router.messages.wording.links import Links
from alert_router.notify.context import RouterContext, RunStats
from alert_router.notify.dispatch import run
from alert_router.notify.parallel import map_in_order
from alert_router.notify.snapshots import AccountSnapshots
from balance_poller.credentials.binding import KeyPolicy
from balance_poller.credentials.reference import SecretError
from balance_poller.event import parse_event
from balance_poller.exchange.request import PreparedRequest
from balance_poller.polling.poll import poll
from shared.aws.dynamo import encode
from shared.names import AlarmKind, Metric, Severity
from shared.records import Latest
from shared.times import format_time
from tests.simulation.aws import Dynamo, Queue, Topics, refused
from tests.simulation.chance import Chance, Rates
from tests.simulation.cloudwatch import NAME, Alarm, CloudWatch
from tests.simulation.customers import Customer, Span, make_customers, some_spans, within
from tests.simulation.figures import Facts
from tests.unit.poller.fakes import World as PollerWorld
from tests.unit.poller.fakes import answer, key_of
from tests.unit.router.builders import eventbridge, notification

START = datetime(2026, 3, 2, tzinfo=UTC)
TIMEOUT = timedelta(seconds=30)
GROUP_WAIT = timedelta(seconds=60)
RECONCILE = timedelta(minutes=5)

#: The end of a run, when nothing fails and everything must settle.
CALM_LENGTH = timedelta(hours=6)
REPEAT = {Severity.CRITICAL: timedelta(hours=4), Severity.WARNING: timedelta(hours=24)}
PROVIDERS = {
    name: {
        "title": name.capitalize(),
        "docs": f"https://{name}.example/docs",
        "top_up_url": f"https://{name}.example/pay",
        "request": {
            "url": f"https://{name}.example/balance",
            "headers": {"Authorization": "Bearer {key}"},
        },
        "wallets": {
            "main": {"unit": "USD", "remaining": "balance", "expires_at": "expires_at"},
        },
    }
    for name in ("alpha", "beta", "gamma")
}
#: Declared subscribers, and the providers whose accounts they may read about. They overlap, so a
#: digest must be split between them.
SUBSCRIBERS = {
    "all": ("alpha", "beta", "gamma"),
    "alpha-only": ("alpha",),
    "not-gamma": ("alpha", "beta"),
}


class Crash(BaseException):
    """The process dies; whatever is not stored is lost."""


@dataclass
class Published:
    """A message that SNS accepted."""

    at: datetime
    status: str
    severity: str
    document: Mapping[str, Any]
    subject: str
    is_blind: bool = False
    """Whether the invocation that decided it may have been unable to read the silences."""
    is_unsure: bool = False
    """Whether the invocation that decided it may have been unable to read CloudWatch."""
    is_excused: bool = False
    """Whether its sender failed after publishing, so it may be sent once more."""


@dataclass
class Truth:
    """What really happened, for the oracle; none of it comes from the router."""

    alarms: list[tuple[datetime, str, AlarmKind, bool]] = field(default_factory=list)
    """Time, account, kind, and whether it fires from then on."""
    silences: list[tuple[str, Span]] = field(default_factory=list)
    """Account and when it is silenced."""
    messages: list[Published] = field(default_factory=list)
    never_ok: dict[str, datetime] = field(default_factory=dict)
    """When each account's first balance was read."""
    deaths: list[datetime] = field(default_factory=list)
    """When an invocation died."""
    facts: Facts = field(default_factory=Facts)
    figures: list[tuple[str, list[str]]] = field(default_factory=list)
    """For each entry of a message, the figures and times that were not facts."""


@dataclass
class _Invocation:
    """One run of the router."""

    started: datetime
    published: list[Published] = field(default_factory=list)
    is_dead: bool = False


class Simulation:
    """A deployment over weeks."""

    def __init__(
        self,
        seed: int,
        rates: Rates,
        *,
        days: float = 21,
        accounts: int = 24,
        interval: timedelta = timedelta(minutes=10),
        lives: Callable[[Random], list[Customer]] | None = None,
        outages: Mapping[str, list[Span]] | None = None,
        silences_per_day: float = 2,
    ) -> None:
        self.now = START
        self.end = START + timedelta(days=days)
        self.interval = interval
        self.chance = Chance(Random(seed), rates)
        life = Random(seed + 1)
        length = timedelta(days=days) - CALM_LENGTH
        self.customers = {
            customer.id: customer
            for customer in (
                lives(life) if lives else make_customers(life, accounts, START, length)
            )
        }
        self.outages = outages or {
            name: some_spans(life, START + timedelta(days=1), length, days / 4)
            for name in PROVIDERS
        }
        self.truth = Truth()
        self.stack: list[_Invocation] = []
        self.heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self.numbers = itertools.count()
        self.dynamo = Dynamo(self._gate, items={(SCOPE, ITEM_ID): _declared()})
        self.queue = Queue(self._gate, lambda: self.now)
        self.cloudwatch = CloudWatch(self._gate, interval, self._notify)
        self.poller = PollerWorld(self._reply)
        hosts = frozenset(f"https://{name}.example" for name in PROVIDERS)
        self.poller.keys = KeyPolicy("balance-monitor", hosts)
        self.offsets: dict[str, timedelta] = {}
        self.logged: dict[str, int] = {}
        self.blind_until = START
        self.unsure_until = START
        self.refusals = {
            form.value: _refusals(life, length, days / 2 if rates.error_before else 0)
            for form in Form
        }
        self._prepare(life, silences_per_day)

    # --- the world ------------------------------------------------------------------------------

    def run(self) -> Truth:
        """Let everything happen, then let it settle."""
        calm_from = self.end - CALM_LENGTH
        while self.heap and self.heap[0][0] <= self.end:
            at, _, action = heapq.heappop(self.heap)
            self.now = max(self.now, at)
            self.chance.is_calm = self.now >= calm_from
            self._consume_all(at)
            action()
        return self.truth

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        """Schedule an action."""
        heapq.heappush(self.heap, (when, next(self.numbers), action))

    def _prepare(self, random: Random, silences_per_day: float) -> None:
        """Schedule everything that will happen."""
        for customer in self.customers.values():
            self._watch(customer, random)
            for removed, again in customer.unwatched:
                self.at(removed, lambda c=customer: self._unwatch(c))  # type: ignore[misc]
                self.at(again, lambda c=customer: self._watch(c, random))  # type: ignore[misc]
        self.at(START + self.interval, self._poll)
        self.at(START + RECONCILE, self._reconcile)
        lively = self.end - START - CALM_LENGTH
        count = lively / timedelta(days=1) * silences_per_day
        for start, end in some_spans(random, START, lively, count):
            account = random.choice(sorted(self.customers))
            self.at(start, lambda a=account, s=start, e=end: self._silence(a, s, e))  # type: ignore[misc]

    def _watch(self, customer: Customer, random: Random) -> None:
        """Create an account's alarms."""
        limits = {
            AlarmKind.WARNING: (customer.warning, Metric.BALANCE),
            AlarmKind.CRITICAL: (customer.critical, Metric.BALANCE),
            AlarmKind.STALE: (1, Metric.BALANCE),
        }
        others = {
            AlarmKind.RUNWAY_CRITICAL: (customer.runway_critical_hours, Metric.RUNWAY_HOURS),
            AlarmKind.DRAIN: (customer.max_burn_per_day, Metric.BURN_PER_DAY),
            AlarmKind.EXPIRY: (customer.expiry_warning_days, Metric.EXPIRES_IN_DAYS),
        }
        limits |= {kind: (t, metric) for kind, (t, metric) in others.items() if t is not None}
        for kind, (threshold, metric) in limits.items():
            is_above = kind is AlarmKind.DRAIN
            alarm = Alarm(customer.id, customer.provider, kind, threshold, metric, is_above)
            self.cloudwatch.add(alarm, self.now)
            seconds = random.choice((10, random.uniform(1, 60)))
            self.offsets[alarm.name] = timedelta(seconds=seconds)

    def _unwatch(self, customer: Customer) -> None:
        """Remove an account from the configuration."""
        for alarm in list(self.cloudwatch.alarms.values()):
            if alarm.account == customer.id and alarm.state is AlarmState.ALARM:
                self.truth.alarms.append((self.now, customer.id, alarm.kind, False))
        self.cloudwatch.delete_account(customer.id)

    def _silence(self, account: str, start: datetime, end: datetime) -> None:
        """Silence an account, as balancectl does."""
        key = ("silence", f"{next(self.numbers)}")
        item = {"scope": key[0], "id": key[1], "pattern": account, "until": format_time(end)}
        self.dynamo.items[key] = encode(item)
        self.truth.silences.append((account, (start, end)))

    def _poll(self) -> None:
        """Run the poller, and have the alarms evaluate what it published."""
        scheduled = self.now
        self.at(scheduled + self.interval, self._poll)
        for alarm in list(self.cloudwatch.alarms.values()):
            offset = self.offsets[alarm.name]
            self.at(scheduled + offset, lambda a=alarm: self._evaluate(a))  # type: ignore[misc]
        if not self.chance.is_calm and self.chance.random.random() < 0.01:
            return  # the schedule missed a run
        for customer in self.customers.values():
            customer.spend(scheduled, self.chance.random)
        watched = [c for c in self.customers.values() if c.is_watched(scheduled)]
        self.poller.secrets.missing = {
            f"keys#{c.id}": SecretError("the secret has no key for this account")
            for c in watched
            if not c.has_key(scheduled)
        }
        event = {
            "scheduled_at": format_time(scheduled),
            "accounts": [_entry(customer) for customer in watched],
            "providers": PROVIDERS,
        }
        before = dict(self.poller.latest.items)
        deadline = self.poller.clock.seconds + 60
        poll(parse_event(event, scheduled), self.poller.adapters, deadline)
        self._take_over(scheduled, before)

    def _take_over(self, scheduled: datetime, before: Mapping[str, Any]) -> None:
        """Move what the poller wrote to where others read it, metrics first."""
        for point in self.poller.metrics.points:
            self.cloudwatch.put(point.account, point.metric, point.at, point.value)
            if point.metric is Metric.BALANCE:
                known = self.truth.facts.balances.setdefault(point.account, {})
                known[format_time(point.at)] = float(point.value)
        self.poller.metrics.points.clear()
        for attempt in self.poller.history.attempts:
            if attempt.balance is not None:
                self.truth.never_ok.setdefault(attempt.account, scheduled)
                day = self.dynamo.history.setdefault(attempt.account, deque(maxlen=150))
                day.append((format_time(attempt.at), attempt.balance.remaining))
        self.poller.history.attempts.clear()
        written = {
            account: latest
            for account, latest in self.poller.latest.items.items()
            if before.get(account) is not latest
        }
        seconds = self.chance.random.choice((1, 2, 4, 30))
        self.at(scheduled + timedelta(seconds=seconds), lambda: self._bring_into_force(written))

    def _bring_into_force(self, written: Mapping[str, Latest]) -> None:
        """Make records visible to the router."""
        self.dynamo.latest.update(written)
        self.truth.facts.write(self.now, written)

    def _reply(self, request: PreparedRequest) -> Any:
        """Respond as a provider does."""
        customer = self.customers[key_of(request).removeprefix("key of keys#")]
        if within(self.outages[customer.provider], self.now):
            return answer({"error": "down"}, status=503)
        if customer.is_rejected(self.now):
            return answer({"error": "key"}, status=401)
        bounce = self.chance.random.choice((0, 0, 0, 0, 0.004, -0.004)) * customer.warning
        expires_at = customer.expires_at and format_time(customer.expires_at)
        return answer({"balance": round(customer.balance + bounce, 2), "expires_at": expires_at})

    # --- CloudWatch to queue --------------------------------------------------------------------

    def _evaluate(self, alarm: Alarm) -> None:
        """Evaluate an alarm, if it still exists."""
        if self.cloudwatch.alarms.get(alarm.name) is alarm:
            self.cloudwatch.evaluate(alarm, self.now)

    def _notify(self, alarm: Alarm, previous: AlarmState) -> None:
        """Send a transition: late, twice, in another form, or not at all."""
        fires = alarm.state is AlarmState.ALARM
        if fires or previous is AlarmState.ALARM:
            self.truth.alarms.append((self.now, alarm.account, alarm.kind, fires))
        if self.chance.happens("lose"):
            return
        change = AlarmChange(
            alarm_name=alarm.name,
            alarm_arn=alarm.arn,
            state=alarm.state,
            changed_at=self.now.replace(microsecond=self.now.microsecond // 1000 * 1000),
            reason=alarm.reason,
            metric=AlarmMetric(
                dimensions={"Account": alarm.account, "Provider": alarm.provider},
                threshold=Decimal(str(alarm.threshold)),
            ),
        )
        alarm.since = change.changed_at
        for _ in range(2 if self.chance.happens("duplicate") else 1):
            write = self.chance.random.choice((notification, notification, eventbridge))
            self._put(json.dumps(write(change)), self.chance.delivery_delay())

    def _put(self, body: str, delay: timedelta) -> None:
        """Queue a message so that it arrives before everything must settle."""
        latest = max(self.end - CALM_LENGTH, self.now + timedelta(hours=1))
        self.queue.put(body, min(self.now + delay, latest))

    # --- the router -----------------------------------------------------------------------------

    def _reconcile(self) -> None:
        """Run the router as its schedule does."""
        self.at(self.now + RECONCILE, self._reconcile)
        self._invoke({"kind": "tick"})

    def _consume_all(self, until: datetime) -> None:
        """Run the router on its queue until no message becomes visible by ``until``."""
        now = self.now
        while (due := self.queue.next_visible()) is not None and due <= until:
            self.now = max(due, min(self.now, due))
            self._consume()
        self.now = max(now, self.now)

    def _consume(self) -> None:
        """Run the router on one batch."""
        letters = self.queue.receive(self.chance.random.randint(1, 10))
        while self.queue.dead:
            # Somebody redrives what ended up in the dead-letter queue.
            hours = 0 if self.chance.is_calm else self.chance.random.uniform(0.1, 60)
            self._put(self.queue.dead.pop().body, timedelta(hours=hours))
        if not letters:
            return
        records = [{"messageId": str(letter.number), "body": letter.body} for letter in letters]
        failed = self._invoke({"Records": records})
        if failed is not None:
            for letter in letters:
                if str(letter.number) not in failed:
                    self.queue.delete(letter.number)

    def _invoke(self, event: Mapping[str, Any]) -> list[str | None] | None:
        """Run the router once; return None if it died."""
        invocation = _Invocation(self.now)
        self.stack.append(invocation)
        try:
            return run(self._context(), unpack(event))
        except Crash:
            return None
        finally:
            self.stack.pop()

    def _context(self) -> RouterContext:
        """Build the handler's context on the fakes."""
        dynamo: Any = self.dynamo
        topics: Any = Topics(self._gate, self._deliver)
        queue: Any = self.queue
        cloudwatch: Any = self.cloudwatch
        skew = self.chance.clock_skew()
        store = AlertTable(dynamo, "alerts", clock=lambda: self.now)
        return RouterContext(
            name=NAME,
            alert_table=store,
            snapshots=AccountSnapshots(BalanceTable(dynamo, "balances"), store, []),
            publisher=Publisher(topics, {form: form.value for form in Form}),
            flush_queue=FlushQueue(lambda: queue, "queue"),
            open_reports=lambda: ReportTable(dynamo, "balances", "alerts"),
            alarm_reader=AlarmReader(lambda: cloudwatch, NAME),
            links=Links(NAME, "aws", "eu-west-1", "123456789012"),
            digest_above=5,
            policy=Policy(GROUP_WAIT, REPEAT, self.interval + timedelta(minutes=5)),
            lease=TIMEOUT + timedelta(seconds=5),
            clock=lambda: self.now + skew,
            pause=self._pause,
            map_concurrently=map_in_order,
            log=self,
            stats=RunStats(),
        )

    def _deliver(self, message: dict[str, Any]) -> str:
        """Accept a message as SNS does."""
        attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
        if message["TopicArn"] != "events":
            return "not read"
        document = json.loads(message["Message"])
        names = attributes["to"] if attributes["to"].startswith("[") else f'["{attributes["to"]}"]'
        self._check_addressees(document, json.loads(names))
        if "*" not in json.loads(names):
            return "not for everybody"
        published = Published(
            at=self.now,
            status=attributes["status"],
            severity=attributes["severity"],
            document=document,
            subject=message["Subject"],
            is_blind=self.now < self.blind_until,
            is_unsure=self.now < self.unsure_until,
        )
        self._check_figures(document)
        self.truth.messages.append(published)
        self.stack[-1].published.append(published)
        return str(len(self.truth.messages))

    def _check_figures(self, document: Mapping[str, Any]) -> None:
        """Note the figures and times of a message that are not facts."""
        facts, started = self.truth.facts, self.stack[-1].started
        facts.alarms = self.truth.alarms
        for entry in document.get("accounts", ()):
            words = f"{entry['account']} at {self.now:%d %H:%M:%S}: {entry['event']}"
            untrue = list(facts.untrue(entry, started, self.now))
            self.truth.figures.append((words, untrue))

    @staticmethod
    def _check_addressees(document: Mapping[str, Any], names: Sequence[str]) -> None:
        """Check that nobody reads about an account that their filter excludes."""
        for name in names:
            wanted = SUBSCRIBERS.get(name)
            providers = {entry["provider"] for entry in document.get("accounts", ())}
            assert wanted is None or providers <= set(wanted), (name, providers)

    def info(self, msg: object, **_: Any) -> None:
        """Count what the router logs."""
        self.logged[str(msg)] = self.logged.get(str(msg), 0) + 1

    warning = info

    # --- what goes wrong ------------------------------------------------------------------------

    def _gate(self, what: str, call: Callable[[], Any]) -> Any:
        """Let a call from the router through, unless something goes wrong."""
        invocation = self.stack[-1]
        self._pass(timedelta(milliseconds=self.chance.random.randint(2, 20)))
        if len(self.stack) < 3 and self.chance.happens("interleave"):
            self._pass(timedelta(seconds=self.chance.random.uniform(0, 3)))
            self._consume()
            self._pass(timedelta())
        if self.chance.happens("error_before") or self._is_refused(what):
            self._refuse(invocation, what)
        if self.chance.happens("crash_before"):
            self._die(invocation)
        result = call()
        if self.chance.happens("error_after"):
            self._refuse(invocation, what)
        if self.chance.happens("crash_after"):
            self._die(invocation)
        return result

    def _is_refused(self, what: str) -> bool:
        """Whether SNS currently refuses everything for a topic."""
        spans = self.refusals.get(what.removeprefix("publish "), [])
        return within(spans, self.now) and not self.chance.is_calm

    def _refuse(self, invocation: _Invocation, what: str) -> NoReturn:
        """Fail a call with a service's error."""
        self._excuse(invocation)
        if what == "query silence":
            # An invocation that cannot read the silences sends all the same, at once or when
            # another one takes over its message.
            self.blind_until = self.now + 2 * RECONCILE
        if what == "describe":
            self.unsure_until = self.now + 2 * RECONCILE
        raise refused("InternalServerError", what)

    def _pause(self, seconds: float) -> None:
        """Let time pass while an invocation waits."""
        self._pass(timedelta(seconds=seconds))

    def _pass(self, length: timedelta) -> None:
        """Let time pass in an invocation; a dead one does nothing more, and a slow one dies."""
        invocation = self.stack[-1]
        if invocation.is_dead:
            raise Crash
        self.now += length
        if self.now - invocation.started > TIMEOUT:
            self._die(invocation)

    def _die(self, invocation: _Invocation) -> NoReturn:
        """Kill an invocation; its ``finally`` blocks no longer reach anything."""
        invocation.is_dead = True
        self.truth.deaths.append(self.now)
        self._excuse(invocation)
        raise Crash

    @staticmethod
    def _excuse(invocation: _Invocation) -> None:
        """Remember that what was published may not have been recorded."""
        for published in invocation.published:
            published.is_excused = True


def _refusals(random: Random, length: timedelta, count: float) -> list[Span]:
    """Return the spans, of up to half an hour, in which SNS refuses a form's topic."""
    starts = [START + length * random.random() for _ in range(round(count))]
    return [(start, start + timedelta(minutes=random.uniform(1, 30))) for start in starts]


def _declared() -> dict[str, Any]:
    """Return the declared subscribers as Terraform writes them."""
    entries = [
        {"name": name, "form": "events", "providers": list(providers)}
        for name, providers in SUBSCRIBERS.items()
    ]
    return encode({"scope": SCOPE, "id": ITEM_ID, "filters": json.dumps(entries)})


def _entry(customer: Customer) -> dict[str, Any]:
    """Return an account as Terraform puts it into the schedule."""
    entry: dict[str, Any] = {
        "id": customer.id,
        "provider": customer.provider,
        "secret": f"keys#{customer.id}",
        "warning": customer.warning,
        "critical": customer.critical,
    }
    for name in ("runway_critical_hours", "max_burn_per_day", "expiry_warning_days"):
        if getattr(customer, name) is not None:
            entry[name] = getattr(customer, name)
    return entry
