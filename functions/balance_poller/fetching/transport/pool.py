"""A pool of one connection, checked and observed. Imports httpx, so it is imported on first use.

httpx has no parameter for a network backend, but its transport's pool is httpcore's, which has one
(https://www.encode.io/httpcore/network-backends/, read 2026-11).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.errors import ForbiddenAddressError, Received


def open_pool(policy: AddressPolicy, received: Received) -> httpx.AsyncBaseTransport:
    """Return a pool of one connection that ignores the environment's proxies and certificates."""
    return _Pool(policy, received)


class _Pool(httpx.AsyncHTTPTransport):
    """httpx's transport on one checked connection."""

    def __init__(self, policy: AddressPolicy, received: Received) -> None:
        super().__init__(verify=_ssl_context(), trust_env=False)
        # httpx calls these two of a pool's methods alone.
        self._pool = _OneConnection(_Backend(policy, received))  # type: ignore[assignment]


class _OneConnection:
    """Stands in for httpcore's pool, whose queue and locks are for several requests at a time.

    A slot sends one request after the other, so its connection is idle, or ended, when the next
    one comes.
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over the open connection, or over a new one where that cannot serve."""
        known, origin = self._connection, request.url.origin
        if known is None or not _can_serve(known, origin):
            await self.aclose()
            known = self._connection = httpcore.AsyncHTTPConnection(
                origin, ssl_context=_ssl_context(), network_backend=self._backend
            )
        return await known.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            known, self._connection = self._connection, None
            await known.aclose()


def _can_serve(connection: httpcore.AsyncHTTPConnection, origin: httpcore.Origin) -> bool:
    """Return whether a connection leads to ``origin``, and is idle, open and read to its end."""
    is_idle = connection.can_handle_request(origin) and connection.is_available()
    return is_idle and not connection.has_expired() and not _has_more(connection)


def _has_more(connection: httpcore.AsyncHTTPConnection) -> bool:
    """Return whether bytes came after the answer, which would be taken for the next account's.

    httpcore keeps them for the next answer and has no method that tells (1.0.9, http11.py).
    """
    state = getattr(getattr(connection, "_connection", None), "_h11_state", None)
    return state is not None and bool(state.trailing_data[0])


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects, and disconnects before the first byte if the address is not allowed."""

    def __init__(self, policy: AddressPolicy, received: Received) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._policy = policy
        self._received = received

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, check the peer's address, and observe what arrives."""
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        if not self._policy.allows(stream.get_extra_info("server_addr")[0]):
            await stream.aclose()
            raise ForbiddenAddressError
        self._received.forget()
        return _Stream(stream, self._received)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that records the first bytes it received, and its end."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, received: Received) -> None:
        self._inner = inner
        self._received = received
        self.write = inner.write  # type: ignore[method-assign]  # passed on, without a call more
        self.aclose = inner.aclose  # type: ignore[method-assign]  # the same
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]  # the same

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's interface
    ) -> bytes:
        """Read what has arrived."""
        data = await self._inner.read(max_bytes, timeout)
        self._received.note(data)
        return data

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Switch to TLS."""
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(inner, self._received)


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return the shared context: loading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)
