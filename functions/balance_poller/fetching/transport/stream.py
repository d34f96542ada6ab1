"""A connection's bytes, for httpcore, straight from asyncio's transports.

httpcore's own stream goes through anyio, which takes a cancel scope, a timer and a turn of the
event loop for every read and write.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import TYPE_CHECKING, Final, cast

import httpcore

if TYPE_CHECKING:
    from balance_poller.fetching.transport.errors import Received

#: Bytes that may wait to be read before the other side has to wait.
_MOST_WAITING: Final = 64 * 1024


class Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection, used by one task. It has no timeouts: its user's cover whole requests.

    Args:
        received: Records what is read.
    """

    def __init__(self, received: Received) -> None:
        self._received = received
        self._waiting = b""
        self._allowed = 0
        self._is_full = False
        self._is_ended = False
        self._error: Exception | None = None
        self._change: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport
        self._poll = select.poll()

    @property
    def peer_address(self) -> str:
        """The address of the other side.

        Raises:
            ConnectionResetError: when the other side is gone already.
        """
        peer = self._transport.get_extra_info("peername")
        if peer is None:
            raise ConnectionResetError
        return str(peer[0])

    def allow(self, size_bytes: int) -> None:
        """Say how much may be read from now on; more breaks the rules of HTTP."""
        self._allowed = size_bytes

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 -- httpcore's interface
        """Return what has arrived; nothing once the other side has ended."""
        while not self._waiting and not self._is_ended:
            await self._wait()
        data = self._waiting[:max_bytes]
        self._waiting = self._waiting[max_bytes:]
        if not data and self._error is not None:
            raise httpcore.ReadError from self._error
        if not self._waiting and not self._is_ended:
            self._transport.resume_reading()
        self._received.note(data)
        self._allowed -= len(data)
        if self._allowed < 0:
            raise httpcore.RemoteProtocolError
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 -- the same
        """Send ``buffer``; wait while too much of it is unsent."""
        if not buffer:
            return
        if self._transport.is_closing():
            raise httpcore.WriteError from self._error
        self._transport.write(buffer)
        while self._is_full and not self._is_ended:
            await self._wait()
        if self._error is not None:
            raise httpcore.WriteError from self._error

    async def aclose(self) -> None:
        """Close immediately: nothing on its way is needed."""
        self._transport.abort()

    def get_extra_info(self, info: str) -> bool | None:
        """Return whether there is something to read, or the end; httpcore asks for no more."""
        if info != "is_readable":
            return None
        return bool(self._waiting) or self._is_ended or bool(self._poll.poll(0))

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Switch to TLS."""
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise ConnectionResetError
        self._transport = transport

    async def _wait(self) -> None:
        """Wait for one of the calls below."""
        self._change = asyncio.get_running_loop().create_future()
        await self._change

    def _wake(self) -> None:
        """End a wait."""
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._poll.register(transport.get_extra_info("socket"), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Keep what arrived until it is read."""
        self._waiting += data
        if len(self._waiting) > _MOST_WAITING:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that the other side has ended; asyncio closes the connection."""
        self._is_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and what broke the connection."""
        self._is_ended = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        """Note that too much is unsent."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Note that more may be sent."""
        self._is_full = False
        self._wake()
