"""Sends all requests of a run concurrently, divides the workers between hosts, and retries.

Each host gets workers in proportion to its requests and never takes another's, so a host that
does not answer delays no other.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from balance_poller.definitions.language.template import ConfigError
from balance_poller.exchange.answer.reading import OUT_OF_TIME, Reading, describe_unexpected
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.hosts import Host, Job, group_by_host, share_of
from balance_poller.fetching.request_group import KeptValues, RequestGroup, fail_all
from balance_poller.fetching.retry import RetryPolicy, parse_retry_after
from balance_poller.fetching.transport.errors import TOO_LATE, FetchError
from balance_poller.fetching.turns import ReadingTurns
from shared.outcome import Outcome

#: A longer wait makes no sense, and would overflow dates.
_LONGEST_WAIT_SECONDS: Final = 7 * 86_400

_OUT_OF_TIME: Final = f"{OUT_OF_TIME} before the provider answered"
_HOST_IS_DOWN: Final = "no request was sent: the provider had just failed many in a row"


class Transport(Protocol):
    """Sends requests: ``transport.client.Fetcher``, or a wrapper around it."""

    async def send(self, request: PreparedRequest, slot: int, seconds: float) -> Response:
        """Send one request over connection ``slot``, within ``seconds``."""


class FetchLimits(NamedTuple):
    """Limits of concurrency, time and retries; tests replace clock, randomness and sleep."""

    max_in_flight: int
    timeout_seconds: float
    retries: RetryPolicy = RetryPolicy()
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


async def fetch_all(
    groups: Sequence[RequestGroup],
    transport: Transport,
    deadline: float,
    limits: FetchLimits,
    kept: KeptValues | None = None,
) -> dict[str, Reading]:
    """Return a reading for every account of ``groups``.

    Args:
        groups: The requests.
        transport: Sends them.
        deadline: When that must end (``limits.monotonic``).
        limits: Limits of concurrency, time and retries.
        kept: The values from preceding requests of earlier runs; None if there were none.
    """
    readings: dict[str, Reading] = {}
    slots: asyncio.LifoQueue[int] = asyncio.LifoQueue()
    for slot in range(limits.max_in_flight):
        slots.put_nowait(slot)
    turns = ReadingTurns(limits.monotonic, limits.sleep)
    kept = {} if kept is None else kept
    workers = [
        asyncio.create_task(
            _Worker(host, transport, slots, deadline, limits, turns, kept, readings).run()
        )
        for host in group_by_host(groups, limits.jitter)
        for _ in range(share_of(len(host.jobs), len(groups), limits.max_in_flight))
    ]
    if workers:
        _, late = await asyncio.wait(workers, timeout=max(0.0, deadline - limits.monotonic()))
        for worker in late:
            worker.cancel()
        for done in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(done, Exception):
                raise done
    return _with_unanswered(groups, readings)


def _with_unanswered(
    groups: Iterable[RequestGroup], readings: Mapping[str, Reading]
) -> dict[str, Reading]:
    """Add a transient failure for every account without a reading."""
    complete: dict[str, Reading] = {}
    for group in groups:
        complete |= fail_all(group, Outcome.TRANSIENT, _OUT_OF_TIME)
    return complete | dict(readings)


class _Worker(NamedTuple):
    """Sends one host's requests, one after the other.

    It keeps its slot, and so the open connection, until nothing is left; only while it waits for a
    retry may another worker use the slot.
    """

    host: Host
    transport: Transport
    slots: asyncio.LifoQueue[int]
    deadline: float
    limits: FetchLimits
    turns: ReadingTurns
    kept: KeptValues
    readings: dict[str, Reading]

    async def run(self) -> None:
        """Work until the host's queue is empty."""
        slot = await self.slots.get()
        try:
            while self.host.jobs:
                job = self.host.pop()
                wait = job.not_before - self.limits.monotonic()
                if wait > 0:
                    self.slots.put_nowait(slot)
                    slot = -1
                    await self.limits.sleep(wait)
                    slot = await self.slots.get()
                await self._do(job, slot)
        finally:
            if slot >= 0:
                self.slots.put_nowait(slot)

    async def _do(self, job: Job, slot: int) -> None:
        """Send the request once; keep the readings, and queue a retry if that may help."""
        now = self.limits.monotonic()
        if now >= self.deadline:
            return
        if self.host.is_down(now, self.limits.timeout_seconds):
            if not job.attempts:
                self.readings.update(fail_all(job.group, Outcome.TRANSIENT, _HOST_IS_DOWN))
            return
        outcome, retry_after = await self._attempt(job.group, slot, self.deadline - now)
        job.attempts += 1
        now = self.limits.monotonic()
        self.host.note(is_answering=outcome is not Outcome.TRANSIENT, at=now)
        wait = self.limits.retries.wait_before_retry(
            outcome, job.attempts, retry_after, self.deadline - now, self.limits.jitter
        )
        if wait is not None and not self.host.is_down(now, self.limits.timeout_seconds):
            self.host.retry(job, now + wait)

    async def _attempt(
        self, group: RequestGroup, slot: int, seconds: float
    ) -> tuple[Outcome, float | None]:
        """Send one request; return the outcome that decides on a retry, and the requested wait."""
        retry_after = None
        try:
            response, readings = await self._exchange(group, slot, seconds)
            retry_after = parse_retry_after(response.retry_after, self.limits.now())
            if retry_after:
                readings = _with_retry_at(readings, self.limits.now(), retry_after)
        except ConfigError as exc:
            readings = fail_all(group, Outcome.BAD_CONFIG, str(exc))
        except FetchError as exc:
            is_over = str(exc) == TOO_LATE and self.limits.monotonic() >= self.deadline
            readings = fail_all(group, exc.outcome, _OUT_OF_TIME if is_over else str(exc))
        except Exception as exc:  # noqa: BLE001 -- one account's error is never another's
            readings = fail_all(group, Outcome.TRANSIENT, describe_unexpected(exc))
        self.readings.update(readings)
        outcomes = [reading.outcome for reading in readings.values()]
        return next((o for o in outcomes if o.is_retryable), outcomes[0]), retry_after

    async def _exchange(
        self, group: RequestGroup, slot: int, seconds: float
    ) -> tuple[Response, dict[str, Reading]]:
        """Make the group's request, after a preceding one; return the answer and its readings."""
        ends = self.limits.monotonic() + seconds

        async def send(request: PreparedRequest) -> Response:
            left = ends - self.limits.monotonic()
            if left <= 0:
                raise FetchError(TOO_LATE)
            return await self.transport.send(request, slot, left)

        async def read(response: Response) -> dict[str, Reading]:
            return await self.turns.read(group, response, self.limits.now())

        if group.before is None:
            response = await send(group.request)
            return response, await read(response)
        from balance_poller.fetching.before import exchange_two  # noqa: PLC0415 -- few definitions

        clock = self.limits.monotonic
        return await exchange_two(group, group.before, self.kept, send, read, clock)


def _with_retry_at(
    readings: Mapping[str, Reading], now: datetime, seconds: float
) -> dict[str, Reading]:
    """Add the end of the wait that the provider asked for to ``readings``."""
    retry_at = now + timedelta(seconds=min(seconds, _LONGEST_WAIT_SECONDS))
    return {
        account: reading._replace(retry_at=retry_at) if reading.outcome.is_retryable else reading
        for account, reading in readings.items()
    }
