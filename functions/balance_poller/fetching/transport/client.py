"""HTTP to providers: httpx, a connection per slot, hard limits, and errors without URLs or keys.

It does not interpret answers; definitions do. httpx's exceptions quote URLs and headers, so none of
them leaves this module, not even as a cause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple, Self, cast

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.errors import TOO_LATE, FetchError, Received
from shared.outcome import Outcome

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES: Final = 1024 * 1024
#: Reading a mebibyte byte by byte takes a minute of CPU, in which nothing else happens.
_MOST_PARTS: Final = 4_000
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
        open_slot: Opens one slot's transport; by default, to the network.
    """

    def __init__(
        self,
        timeout_seconds: float,
        policy: AddressPolicy,
        open_slot: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._policy = policy
        self._open_slot = open_slot
        self._slots: dict[int, _Slot] = {}
        self._urls: dict[str, httpx.URL] = {}
        self._lookups = ThreadPoolExecutor(_LOOKUPS, "lookup")

    async def __aenter__(self) -> Self:
        """Start; connections are opened on demand."""
        asyncio.get_running_loop().set_default_executor(self._lookups)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection; abandon lookups that still hang."""
        for known in self._slots.values():
            await known.transport.aclose()
        self._slots.clear()
        await asyncio.sleep(0)  # asyncio closes sockets in its next turn
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
        known = self._slots.get(slot) or self._slots.setdefault(slot, self._new_slot())
        limit = min(seconds, self._timeout_seconds)
        try:
            # httpx's timeouts are per read: a body that drips would never end.
            async with asyncio.timeout(limit):
                return await _exchange(known.transport, request, self._url(request.url))
        except FetchError as exc:
            error = exc
        except TimeoutError:
            error = FetchError(TOO_LATE)
        except Exception as exc:  # noqa: BLE001 -- whatever httpx raises may quote the key
            from balance_poller.fetching.transport.translation import (  # noqa: PLC0415 -- failures are rare
                translate,
            )

            error = translate(exc, known.received)
        # Raised outside the handlers, so that the original is not attached as context.
        raise error

    def _url(self, text: str) -> httpx.URL:
        """Return a URL, parsed once per run: accounts of a provider share one."""
        url = self._urls.get(text)
        if url is None:
            import httpx  # noqa: PLC0415 -- an import of 70 ms

            url = self._urls[text] = httpx.URL(text)
        return url

    def _new_slot(self) -> _Slot:
        """Return a slot without a connection yet."""
        received = Received()
        if self._open_slot is not None:
            return _Slot(self._open_slot(), received)
        from balance_poller.fetching.transport.connection import (  # noqa: PLC0415 -- an import of 70 ms
            SlotTransport,
        )

        return _Slot(SlotTransport(self._policy, received), received)


class _Slot(NamedTuple):
    """A connection, and a record of what it received."""

    transport: httpx.AsyncBaseTransport
    received: Received


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: PreparedRequest, url: httpx.URL
) -> Response:
    """Send one request and read its answer."""
    import httpx  # noqa: PLC0415 -- an import that costs 70 ms

    answer = await transport.handle_async_request(
        httpx.Request(
            request.method, url, headers=_HEADERS | request.headers, content=request.content
        )
    )
    headers = dict(answer.headers.items())
    stream = cast("httpx.AsyncByteStream", answer.stream)
    try:
        body = await _body(stream, headers.get("content-encoding", ""), answer.status_code)
    finally:
        await stream.aclose()
    return Response(
        answer.status_code,
        headers.get("content-type", ""),
        body,
        headers.get("retry-after"),
        {name: headers.get(name, "") for name in request.answer_headers},
    )


async def _body(stream: httpx.AsyncByteStream, encoding: str, status: int) -> bytes:
    """Read the body up to the cap; drop an oversized or compressed body of a failure."""
    raw = bytearray()
    parts = 0
    async for part in stream:
        raw += part
        parts += 1
        if parts > _MOST_PARTS:
            raise FetchError("the answer comes in too many parts", Outcome.SCHEMA_CHANGED)
        if len(raw) > MAX_BODY_BYTES:
            break
    body: bytes | None = bytes(raw)
    if encoding:
        from balance_poller.fetching.transport.encoding import (  # noqa: PLC0415 -- hardly ever sent
            unpack,
        )

        body = unpack(bytes(raw), encoding, MAX_BODY_BYTES)
    if body is not None and len(body) <= MAX_BODY_BYTES:
        return body
    if not 200 <= status < 300:
        return b""  # the status suffices
    words = (
        "the answer is compressed in a way that cannot be read"
        if body is None
        else "the answer is larger than 1 MiB"
    )
    raise FetchError(words, Outcome.SCHEMA_CHANGED)
