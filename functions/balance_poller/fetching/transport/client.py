"""HTTP to providers: httpx, a connection per slot, hard limits, and errors without URLs or keys.

It does not interpret answers; definitions do. httpx's exceptions quote URLs and headers, so none of
them leaves this module, not even as a cause.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Self, cast

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.encoding import unpack
from balance_poller.fetching.transport.errors import TOO_LATE, FetchError, Received, translate
from shared.outcome import Outcome

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES: Final = 1024 * 1024
_CONNECT_SECONDS: Final = 5.0
#: Name lookups that may hang at the same time. asyncio's own pool has a handful of threads, which
#: one host with a dead name server would block for every other host.
_LOOKUPS: Final = 128

#: Balances are tiny; unpacking them would cost more than it saves.
_HEADERS: Final = {"Accept-Encoding": "identity"}


class Fetcher:
    """An async context manager that sends requests, each slot over its own connection.

    httpcore walks all connections of a pool for every request: 1,000 requests with 100 in flight
    cost 12 s of CPU through one pool of a hundred connections, 0.64 s through ten of ten, and
    0.55 s through a hundred of one (measured, httpx 0.28.1, two cores). A slot needs no pool.

    It uses httpx's transports rather than its clients: a client would keep one account's cookies
    and send them with another's request, and it logs every URL.

    Args:
        timeout_seconds: For one attempt, from connecting to the last byte.
        policy: Where requests may go.
        open_pool: Opens one slot's transport; by default, to the network.
    """

    def __init__(
        self,
        timeout_seconds: float,
        policy: AddressPolicy,
        open_pool: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._policy = policy
        self._open_pool = open_pool
        self._pools: dict[int, _Pool] = {}
        self._lookups = ThreadPoolExecutor(_LOOKUPS, "lookup")

    async def __aenter__(self) -> Self:
        """Start; connections are opened on demand."""
        _settle_async_library()
        asyncio.get_running_loop().set_default_executor(self._lookups)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection; abandon lookups that still hang."""
        for pool in self._pools.values():
            await pool.transport.aclose()
        self._pools.clear()
        # A closing loop waits for the threads of its current executor.
        self._lookups.shutdown(wait=False, cancel_futures=True)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    async def send(self, request: PreparedRequest, slot: int, seconds: float) -> Response:
        """Send ``request`` and read the whole answer, within ``seconds`` and the timeout.

        Args:
            request: The request to send.
            slot: The slot to use; no other request may be using it.
            seconds: The time left for the run.

        Raises:
            FetchError: when there is no answer, or it is too large or unreadable.
        """
        pool = self._pools.get(slot) or self._pools.setdefault(slot, self._new_pool())
        limit = min(seconds, self._timeout_seconds)
        try:
            # httpx's timeouts are per read: a body that drips would never end.
            async with asyncio.timeout(limit):
                return await _exchange(pool.transport, request, limit)
        except FetchError as exc:
            error = exc
        except TimeoutError:
            error = FetchError(TOO_LATE)
        except Exception as exc:  # noqa: BLE001 -- whatever httpx raises may quote the key
            error = translate(exc, pool.received)
        # Raised outside of the handlers, so that the original is not attached as context.
        raise error

    def _new_pool(self) -> _Pool:
        """Return a pool of one connection."""
        received = Received()
        if self._open_pool is not None:
            return _Pool(self._open_pool(), received)
        from balance_poller.fetching.transport.pool import open_pool  # noqa: PLC0415 -- an import of 70 ms

        return _Pool(open_pool(self._policy, received), received)


@dataclass(frozen=True, slots=True)
class _Pool:
    """A connection, and a record of what it received."""

    transport: httpx.AsyncBaseTransport
    received: Received


async def _exchange(
    pool: httpx.AsyncBaseTransport, request: PreparedRequest, seconds: float
) -> Response:
    """Send one request and read its answer."""
    import httpx  # noqa: PLC0415 -- an import that costs 70 ms

    response = await pool.handle_async_request(
        httpx.Request(
            request.method,
            request.url,
            headers=_HEADERS | request.headers,
            content=request.content,
            # Sending and reading have the limit of the whole attempt, without timers of their own.
            extensions={"timeout": {"connect": min(_CONNECT_SECONDS, seconds)}},
        )
    )
    try:
        body = await _body(response)
    finally:
        await response.aclose()
    return Response(
        response.status_code,
        response.headers.get("content-type", ""),
        body,
        response.headers.get("retry-after"),
        {name: response.headers.get(name, "") for name in request.answer_headers},
    )


async def _body(response: httpx.Response) -> bytes:
    """Read the body up to the cap; drop an oversized or compressed body of a failure."""
    raw = bytearray()
    async for chunk in cast("httpx.AsyncByteStream", response.stream):
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            break
    body = unpack(bytes(raw), response.headers.get("content-encoding", ""), MAX_BODY_BYTES)
    if body is not None and len(body) <= MAX_BODY_BYTES:
        return body
    if not response.is_success:
        return b""  # the status suffices
    words = (
        "the answer is packed in a way that cannot be read"
        if body is None
        else "the answer is larger than 1 MiB"
    )
    raise FetchError(words, Outcome.SCHEMA_CHANGED)


@cache
def _settle_async_library() -> None:
    """If sniffio is not installed, stop Python from searching for it again.

    httpcore tries to import it for every lock that it creates, and Python searches its whole path
    each time: a third of a request's CPU (measured, httpcore 1.0.9).
    """
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # "known to be missing"
