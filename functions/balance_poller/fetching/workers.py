"""Asking providers concurrently: places in flight shared out by host, retries, hosts that are down.

Every host gets places in proportion to what is to be asked of it and never takes another's, so a
host that does not answer delays nobody else.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from balance_poller.event import Account
from balance_poller.exchange.provider import Provider
from balance_poller.exchange.reading import Reading, describe_unexpected
from balance_poller.exchange.request import PreparedRequest
from balance_poller.exchange.response import Response
from balance_poller.fetching.errors import FetchError
from balance_poller.fetching.retry import RetryPolicy, parse_retry_after
from shared.outcome import Outcome

#: So many failures in a row, or three over the time of one attempt, and a host counts as down.
_DOWN_AFTER: Final = 20
_DOWN_SLOWLY_AFTER: Final = 3

_OUT_OF_TIME: Final = "the run ran out of time before the provider answered"
_HOST_IS_DOWN: Final = "not asked: the provider had just failed many requests in a row"


class Sender(Protocol):
    """What sends requests: :class:`balance_poller.fetching.client.Fetcher`, or a fake."""

    async def send(self, request: PreparedRequest, slot: int, seconds: float) -> Response:
        """Send one request, from place ``slot`` of those in flight, within ``seconds``."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, and the accounts that its answer serves."""

    provider: Provider
    request: PreparedRequest
    accounts: tuple[Account, ...]

    def read(self, response: Response) -> dict[str, Reading]:
        """Return what the answer says for each account's wallet."""
        return {
            account.id: self.provider.read(response, account.wallet) for account in self.accounts
        }

    def fail(self, outcome: Outcome, reason: str) -> dict[str, Reading]:
        """Return the same failure for every account."""
        return {account.id: Reading(outcome, reason) for account in self.accounts}


@dataclass(frozen=True, slots=True)
class Pace:
    """How questions are asked; clock, chance and sleep are replaced by tests."""

    max_in_flight: int
    timeout_seconds: float
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


async def ask(
    questions: Sequence[Question], sender: Sender, deadline: float, pace: Pace
) -> dict[str, Reading]:
    """Return a reading for every account of ``questions``, by ``deadline`` (``pace.monotonic``)."""
    readings: dict[str, Reading] = {}
    slots: asyncio.LifoQueue[int] = asyncio.LifoQueue()
    for slot in range(pace.max_in_flight):
        slots.put_nowait(slot)
    workers = [
        asyncio.create_task(_Worker(host, sender, slots, deadline, pace, readings).run())
        for host in _hosts(questions, pace.jitter)
        for _ in range(_share(len(host.jobs), len(questions), pace.max_in_flight))
    ]
    if workers:
        _, late = await asyncio.wait(workers, timeout=max(0.0, deadline - pace.monotonic()))
        for worker in late:
            worker.cancel()
        for done in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(done, Exception):
                raise done
    return _with_unanswered(questions, readings)


def _with_unanswered(
    questions: Iterable[Question], readings: Mapping[str, Reading]
) -> dict[str, Reading]:
    """Return ``readings`` with a transient failure for every account that has none."""
    complete: dict[str, Reading] = {}
    for question in questions:
        complete |= question.fail(Outcome.TRANSIENT, _OUT_OF_TIME)
    return complete | dict(readings)


def _share(jobs: int, all_jobs: int, max_in_flight: int) -> int:
    """Return how many of the places in flight a host gets: in proportion, and at least one."""
    return min(jobs, max(1, max_in_flight * jobs // all_jobs))


@dataclass(order=True, slots=True)
class _Job:
    """A question's place in its host's queue: fresh ones first, then those to be asked again."""

    not_before: float
    order: int
    question: Question = field(compare=False)
    attempts: int = field(default=0, compare=False)


@dataclass(slots=True)
class _Host:
    """What is to be asked of one host, and how it has been doing."""

    jobs: list[_Job] = field(default_factory=list)
    failures: int = 0
    failing_since: float = 0.0

    def note(self, *, is_answering: bool, at: float) -> None:
        """Count failures in a row."""
        if is_answering:
            self.failures = 0
            return
        if not self.failures:
            self.failing_since = at
        self.failures += 1

    def is_down(self, at: float, timeout_seconds: float) -> bool:
        """Whether to stop asking it in this run."""
        return self.failures >= _DOWN_AFTER or (
            self.failures >= _DOWN_SLOWLY_AFTER and at - self.failing_since >= timeout_seconds
        )


def _hosts(questions: Iterable[Question], chance: Callable[[], float]) -> list[_Host]:
    """Sort questions by the host that they go to, in another order at every run.

    In a fixed order, accounts that always fail could make their host count as down before the
    same others were asked, run after run.
    """
    hosts: dict[str, _Host] = {}
    order = itertools.count()
    for question in sorted(questions, key=lambda _: chance()):
        host = hosts.setdefault(urlsplit(question.request.url).netloc, _Host())
        host.jobs.append(_Job(0.0, next(order), question))
    return list(hosts.values())


@dataclass(slots=True)
class _Worker:
    """Asks one host one question after the other.

    It keeps its place in flight, and with it the open connection, until nothing is left; only
    while it waits to ask again another worker may have the place.
    """

    host: _Host
    sender: Sender
    slots: asyncio.LifoQueue[int]
    deadline: float
    pace: Pace
    readings: dict[str, Reading]

    async def run(self) -> None:
        """Work until the host's queue is empty."""
        slot = await self.slots.get()
        try:
            while self.host.jobs:
                job = heapq.heappop(self.host.jobs)
                wait = job.not_before - self.pace.monotonic()
                if wait > 0:
                    self.slots.put_nowait(slot)
                    slot = -1
                    await self.pace.sleep(wait)
                    slot = await self.slots.get()
                await self._ask(job, slot)
        finally:
            if slot >= 0:
                self.slots.put_nowait(slot)

    async def _ask(self, job: _Job, slot: int) -> None:
        """Ask once; keep what came of it, and queue the question again where that may help."""
        now = self.pace.monotonic()
        if now >= self.deadline:
            return
        if self.host.is_down(now, self.pace.timeout_seconds):
            if not job.attempts:
                self.readings.update(job.question.fail(Outcome.TRANSIENT, _HOST_IS_DOWN))
            return
        outcome, retry_after = await self._attempt(job.question, slot, self.deadline - now)
        job.attempts += 1
        now = self.pace.monotonic()
        self.host.note(is_answering=outcome is not Outcome.TRANSIENT, at=now)
        wait = self.pace.retries.wait_before_retry(
            outcome, job.attempts, retry_after, self.deadline - now, self.pace.jitter
        )
        if wait is not None and not self.host.is_down(now, self.pace.timeout_seconds):
            job.not_before = now + wait
            heapq.heappush(self.host.jobs, job)

    async def _attempt(
        self, question: Question, slot: int, seconds: float
    ) -> tuple[Outcome, float | None]:
        """Make one request; return the outcome that decides on a retry, and the wait asked for."""
        retry_after = None
        try:
            response = await self.sender.send(question.request, slot, seconds)
            readings = question.read(response)
            retry_after = parse_retry_after(response.retry_after, self.pace.now())
        except FetchError as exc:
            readings = question.fail(exc.outcome, str(exc))
        except Exception as exc:  # noqa: BLE001 -- one account's trouble is never another's
            readings = question.fail(Outcome.TRANSIENT, describe_unexpected(exc))
        self.readings.update(readings)
        outcomes = [reading.outcome for reading in readings.values()]
        return next((o for o in outcomes if o.is_retryable), outcomes[0]), retry_after
