"""A slot's connection. It imports httpx, so it is imported on first use.

httpx documents transports of one's own (https://www.python-httpx.org/advanced/transports/, read
2026-11), and httpcore exports its connections, which need no pool (1.0.9, __init__.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Final, cast

import httpcore
import httpx

from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.errors import Received
from balance_poller.fetching.transport.network import open_stream
from balance_poller.fetching.transport.stream import Stream

#: A flood of ``100 Continue`` would never end, nor one of chunks with long extensions; h11 limits
#: one head and one chunk's line only.
_MOST_HEAD_BYTES: Final = 128 * 1024
_MOST_BODY_BYTES: Final = 8 * 1024 * 1024
_ERRORS: Final = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)


class SlotTransport(httpx.AsyncBaseTransport):
    """Sends one request after the other over a connection that is opened when needed.

    httpx's own transport has httpcore's pool, whose queue and locks are for several requests at a
    time.

    Args:
        policy: Where connections may lead.
        received: Records what is read.
    """

    def __init__(self, policy: AddressPolicy, received: Received) -> None:
        self._policy = policy
        self._received = received
        self._connection: _Connection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over the open connection, or over a new one where that cannot serve."""
        sent = httpcore.Request(
            request.method,
            _httpcore_url(request.url),
            headers=request.headers.raw,
            content=cast("httpx.AsyncByteStream", request.stream),
        )
        try:
            connection = await self._connected(sent.url.origin)
            connection.wire.allow(_MOST_HEAD_BYTES)
            answer = await connection.handle_async_request(sent)
            connection.wire.allow(_MOST_BODY_BYTES)
        except _ERRORS as exc:
            raise _as_httpx(exc) from exc
        stream = _Body(cast("httpx.AsyncByteStream", answer.stream))
        return httpx.Response(answer.status, headers=answer.headers, stream=stream)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            known, self._connection = self._connection, None
            await known.aclose()

    async def _connected(self, origin: httpcore.Origin) -> _Connection:
        """Return a connection to ``origin`` that is idle."""
        known = self._connection
        if known is not None and known.can_serve(origin):
            return known
        await self.aclose()
        self._received.forget()
        stream = await open_stream(origin, self._policy, self._received)
        self._connection = _Connection(origin, stream)
        return self._connection


class _Connection(httpcore.AsyncHTTP11Connection):
    """httpcore's connection, for one request after the other."""

    def __init__(self, origin: httpcore.Origin, stream: Stream) -> None:
        super().__init__(origin, stream)
        self.wire = stream
        # Nothing waits for it, and anyio's lock takes a turn of the event loop, twice per request.
        self._state_lock = nullcontext()  # type: ignore[assignment]  # entered, and nothing else

    def can_serve(self, origin: httpcore.Origin) -> bool:
        """Return whether it leads to ``origin``, and is idle, open and read to its end.

        httpcore keeps bytes that came after an answer, and would take them for the next account's;
        it has no method that tells (1.0.9, http11.py).
        """
        is_idle = self.can_handle_request(origin) and self.is_available()
        return is_idle and not self.has_expired() and not self._h11_state.trailing_data[0]


class _Body(httpx.AsyncByteStream):
    """An answer's body, with httpx's errors."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except _ERRORS as exc:
            raise _as_httpx(exc) from exc

    async def aclose(self) -> None:
        """End reading; the connection is kept if nothing is left to read."""
        await self._stream.aclose()


def _as_httpx(exc: Exception) -> httpx.TransportError:
    """Return httpx's error of the same name, without a text."""
    error: type[httpx.TransportError] = getattr(httpx, type(exc).__name__)
    return error("")


def _httpcore_url(url: httpx.URL) -> httpcore.URL:
    """Return a URL in httpcore's form."""
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
