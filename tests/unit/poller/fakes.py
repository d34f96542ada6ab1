"""The poller's collaborators without any I/O: a provider, its answers, keys, tables and metrics.

Fakes of adapters derive from them, so that mypy compares what they offer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from balance_poller.credentials.binding import KeyPolicy
from balance_poller.credentials.reference import Keys, SecretError, StoredKey
from balance_poller.credentials.store import SecretStore
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.fetching.retry import RetryPolicy
from balance_poller.fetching.workers import FetchLimits
from balance_poller.poll_intervals import PollMark, PollMarks
from balance_poller.polling.poll import Adapters
from balance_poller.recording.account_metrics import DataPoint
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.tables.breakdown_table import BreakdownTable
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestRead, LatestTable
from balance_poller.recording.tables.ledger_table import (
    LedgerConflictError,
    LedgersRead,
    LedgerTable,
    LedgerWriteError,
)
from balance_poller.recording.tables.writer import Target, WriteProblem
from shared.records import Attempt, Latest
from shared.records.breakdown import Breakdown
from shared.records.ledger import Ledger
from shared.secret import Secret
from shared.times import format_time

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

HOSTS = "abcdefghijklmnopqrst"

#: One provider for tests: a bearer key, a host by parameter, two wallets.
DEFINITION: dict[str, Any] = {
    "title": "Plain",
    "docs": "https://plain.example/docs",
    "top_up_url": "https://plain.example/pay",
    "params": {
        "host": {
            "description": "The host.",
            "default": "a.example",
            "one_of": [f"{name}.example" for name in HOSTS],
        }
    },
    "request": {
        "url": "https://{param.host}/balance",
        "headers": {"Authorization": "Bearer {key}"},
    },
    "errors": [
        {
            "status": 403,
            "when": "scope == 'none'",
            "outcome": "insufficient_scope",
            "reason": "the key is of another kind",
        }
    ],
    "wallets": {
        "main": {"unit": "USD", "remaining": "balance"},
        "bonus": {"unit": "credits", "remaining": "bonus"},
    },
    "default_wallet": "main",
}
PROVIDERS: dict[str, object] = {"plain": DEFINITION}


def entry(account: str = "one", **fields: Any) -> dict[str, Any]:
    """Return an account's entry of an event."""
    return {"id": account, "provider": "plain", "secret": f"keys#{account}", **fields}


def answer(
    body: object, status: int = 200, retry_after: str | None = None, kind: str = "application/json"
) -> Response:
    """Return a provider's answer; a ``bytes`` body is sent as it is."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, kind, raw, retry_after)


Reply = Callable[[PreparedRequest], Response | Awaitable[Response]]


@dataclass
class FakeTransport:
    """Answers requests as ``reply`` says, and notes what was asked, and how many at a time."""

    reply: Reply
    sent: list[PreparedRequest] = field(default_factory=list)
    given: list[float] = field(default_factory=list)
    """The seconds that each request had."""
    in_flight: int = 0
    most_in_flight: int = 0
    slots: set[int] = field(default_factory=set)

    async def send(self, request: PreparedRequest, slot: int, seconds: float) -> Response:
        """Answer one request."""
        assert seconds > 0
        assert slot not in self.slots, "two requests in one place"
        self.slots.add(slot)
        self.sent.append(request)
        self.given.append(seconds)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            replied = self.reply(request)
            return await replied if isinstance(replied, Awaitable) else replied
        finally:
            self.in_flight -= 1
            self.slots.discard(slot)

    async def __aenter__(self) -> Self:
        """Be the fetcher's context manager, too."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""


def key_of(request: PreparedRequest) -> str:
    """Return the key that a request carries."""
    return request.headers["Authorization"].removeprefix("Bearer ")


def host_of(request: PreparedRequest) -> str:
    """Return the host that a request goes to."""
    return request.url.split("/")[2]


@dataclass
class Clock:
    """A clock that moves only by sleeping."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass at once."""
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


def limits(clock: Callable[[], float] | None = None, **fields: Any) -> FetchLimits:
    """Return a limits whose waits take no time."""
    clock = clock or Clock()
    values: dict[str, Any] = {
        "max_in_flight": 100,
        "timeout_seconds": 15,
        "retries": RetryPolicy(),
        "monotonic": clock,
        "jitter": lambda: 0.5,
        "now": lambda: AT,
    }
    if isinstance(clock, Clock):
        values["sleep"] = clock.sleep
    return FetchLimits(**(values | fields))


class FakeSecrets(SecretStore):
    """Every reference has the key ``key of <reference>`` unless said otherwise."""

    def __init__(self, missing: Mapping[str, SecretError] | None = None) -> None:
        self.missing = dict(missing or {})
        self.rotated: dict[str, str] = {}
        """What reading again gives."""
        self.reads_again: list[list[str]] = []

    def read(self, references: Iterable[str]) -> Keys:
        """Return the keys."""
        return self._keys(references, {})

    def read_again(self, references: Iterable[str]) -> Keys:
        """Return the keys after rotation."""
        self.reads_again.append(sorted(references))
        return self._keys(self.reads_again[-1], self.rotated)

    def _keys(self, references: Iterable[str], other: Mapping[str, str]) -> Keys:
        wanted = [str(reference) for reference in references]
        texts = {r: other.get(r, f"key of {r}") for r in wanted if r not in self.missing}
        found = {r: StoredKey(Secret(text), id=text) for r, text in texts.items()}
        return Keys(found, {r: self.missing[r] for r in wanted if r in self.missing})


class FakeLatest(LatestTable):
    """A table of LATEST items."""

    def __init__(self, log: list[str]) -> None:
        self.items: dict[str, Latest] = {}
        self.unknown: frozenset[str] = frozenset()
        self.problem: str | None = None
        self.problems: list[WriteProblem] = []
        self.reads: list[tuple[str, ...]] = []
        """What was read, "marks" or "items", and the accounts."""
        self.log = log
        self.meanwhile: list[Latest] = []
        """What others write between the next reads and writes."""

    def read(self, accounts: Sequence[str]) -> LatestRead:
        """Return what is there."""
        self.reads.append(("items", *accounts))
        return self._found(accounts)

    def _found(self, accounts: Sequence[str]) -> LatestRead:
        found = {a: self.items[a] for a in accounts if a in self.items and a not in self.unknown}
        return LatestRead(found, self.unknown & set(accounts), self.problem if accounts else None)

    def read_marks(self, accounts: Sequence[str]) -> PollMarks:
        """Return when they were polled."""
        self.reads.append(("marks", *accounts))
        found = self._found(accounts)
        marks = {
            name: PollMark(latest.polled_at, latest.outcome, latest.good.is_close)
            for name, latest in found.items.items()
        }
        return PollMarks(marks, found.unknown)

    def write(self, latests: Sequence[Latest]) -> list[WriteProblem]:
        """Keep what is newer."""
        self.log.append("latest")
        for latest in latests:
            known = self.items.get(latest.account)
            if known is None or format_time(known.polled_at) < format_time(latest.polled_at):
                self.items[latest.account] = latest
        return self.problems

    def replace(
        self, latests: Sequence[Latest], known: Mapping[str, Latest]
    ) -> tuple[list[WriteProblem], frozenset[str]]:
        """Keep what was made from what is there."""
        self.log.append("latest")
        if self.meanwhile:
            other = self.meanwhile.pop(0)
            self.items[other.account] = other
        superseded = {
            each.account
            for each in latests
            if self.items.get(each.account) != known.get(each.account)
        }
        self.items |= {each.account: each for each in latests if each.account not in superseded}
        return self.problems, frozenset(superseded)


class FakeHistory(HistoryTable):
    """A table of attempts."""

    def __init__(self, log: list[str]) -> None:
        self.attempts: list[Attempt] = []
        self.days: list[Mapping[str, Any]] = []
        self.problems: list[WriteProblem] = []
        self.log = log

    def write(self, attempts: Sequence[Attempt]) -> list[WriteProblem]:
        """Keep everything."""
        self.log.append("history")
        self.attempts += attempts
        return self.problems

    def write_days(self, items: Sequence[Mapping[str, Any]]) -> list[WriteProblem]:
        """Keep everything."""
        self.days += items
        return []


class FakeMetrics(MetricPublisher):
    """CloudWatch."""

    def __init__(self, log: list[str]) -> None:
        self.points: list[DataPoint] = []
        self.problems: list[WriteProblem] = []
        self.log = log

    def write(self, points: Sequence[DataPoint]) -> list[WriteProblem]:
        """Keep everything."""
        self.log.append("metrics")
        self.points += points
        return self.problems


class FakeLedgers(LedgerTable):
    """A table of LEDGER items; what is in ``meanwhile`` is written just before the next write."""

    def __init__(self) -> None:
        self.items: dict[str, Ledger] = {}
        self.problems: dict[str, str] = {}
        self.meanwhile: list[Ledger] = []
        self.is_down = False
        self.reads: list[list[str]] = []

    def put(self, ledger: Ledger) -> None:
        """Store a ledger as the command line does."""
        known = self.items.get(ledger.account)
        self.items[ledger.account] = replace(ledger, version=known.version + 1 if known else 1)

    def read(self, accounts: Sequence[str]) -> LedgersRead:
        """Return what is there."""
        self.reads.append(list(accounts))
        found = {name: self.items[name] for name in accounts if name in self.items}
        return LedgersRead(found, dict(self.problems))

    def write(self, ledger: Ledger) -> Ledger:
        """Store a ledger unless another was stored meanwhile."""
        if self.is_down:
            raise LedgerWriteError("ProvisionedThroughputExceededException")
        if self.meanwhile:
            self.put(self.meanwhile.pop())
        if self.items[ledger.account].version != ledger.version:
            raise LedgerConflictError
        self.put(ledger)
        return self.items[ledger.account]


class FakeBreakdowns(BreakdownTable):
    """A table of breakdowns."""

    def __init__(self, log: list[str]) -> None:
        self.items: list[Breakdown] = []
        self.log = log

    def write(self, breakdowns: Sequence[Breakdown]) -> list[str]:
        """Keep everything."""
        self.log.append("breakdowns")
        self.items += breakdowns
        return []


class World:
    """Everything that a run works with, as fakes."""

    def __init__(self, reply: Reply, **limit_fields: Any) -> None:
        self.log: list[str] = []
        self.clock = Clock()
        self.transport = FakeTransport(reply)
        self.secrets = FakeSecrets()
        self.latest = FakeLatest(self.log)
        self.history = FakeHistory(self.log)
        self.metrics = FakeMetrics(self.log)
        self.ledgers = FakeLedgers()
        self.breakdowns = FakeBreakdowns(self.log)
        self.limits = limits(self.clock, **limit_fields)
        self.keys = KeyPolicy("balance-monitor", frozenset(f"https://{h}.example" for h in HOSTS))

    @property
    def fetcher(self) -> BalanceFetcher:
        """What asks providers."""
        return BalanceFetcher(self.secrets, lambda: self.transport, self.limits, self.keys)

    @property
    def adapters(self) -> Adapters:
        """The run's adapters."""
        return Adapters(
            self.fetcher,
            self.latest,
            self.history,
            self.metrics,
            lambda: self.ledgers,
            lambda: self.breakdowns,
        )


def problem(target: Target, *, is_whole: bool = True) -> WriteProblem:
    """Return a write problem of one account."""
    return WriteProblem(target, ("one",), "AccessDenied", is_whole)
