"""The bytes of one connection, to an allowed address only; plain or TLS. It knows no HTTP."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import Final, Protocol

import certifi

from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.errors import (
    ConnectionBrokenError,
    ForbiddenAddressError,
    UnreachableError,
)
from balance_poller.fetching.transport.origin import Origin

_CONNECT_SECONDS: Final = 5.0
#: The delay that RFC 8305, 5 recommends before another of a host's addresses is tried.
_NEXT_ADDRESS_SECONDS: Final = 0.25
#: What is received and not yet taken; beyond it, the other side has to wait.
_MOST_WAITING_BYTES: Final = 256 * 1024


class Wire(Protocol):
    """An open connection: ``StreamWire``, or a test's."""

    def send(self, data: bytes) -> None:
        """Send ``data``; a failure is reported by the next ``receive``."""

    async def receive(self) -> bytes:
        """Return what has arrived, once something has; nothing at the end."""

    def close(self) -> None:
        """Close the connection."""

    @property
    def is_quiet(self) -> bool:
        """Whether the connection is open and nothing has arrived that was not taken."""


class StreamWire(asyncio.Protocol):
    """A connection of asyncio's."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._is_ended = False
        self._error: Exception | None = None
        self._arrival: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what bytes are sent through (asyncio calls it)."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- what asyncio passes
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what arrived (asyncio calls it)."""
        self._received += data
        if len(self._received) > _MOST_WAITING_BYTES and self._transport:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that the other side sends no more (asyncio calls it)."""
        self._is_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and an error (asyncio calls it)."""
        self._is_ended, self._error = True, exc
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    @property
    def is_quiet(self) -> bool:
        """Whether the connection is open and nothing has arrived that was not taken."""
        return not self._is_ended and not self._received

    def send(self, data: bytes) -> None:
        """Send ``data``. Requests are small, so none waits for another to be sent."""
        if self._transport is not None:
            self._transport.write(data)

    async def receive(self) -> bytes:
        """Return what has arrived, once something has; nothing at the end.

        Raises:
            ConnectionBrokenError: when the connection ended with an error.
        """
        if self.is_quiet:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        if self._error is not None and not self._received:
            raise ConnectionBrokenError from self._error
        data = bytes(self._received)
        self._received.clear()
        if len(data) > _MOST_WAITING_BYTES and self._transport and not self._is_ended:
            self._transport.resume_reading()
        return data

    def close(self) -> None:
        """Close the connection at once; TLS's farewell would outlast the run."""
        if self._transport is not None:
            self._transport.abort()

    def check_address(self, policy: AddressPolicy) -> None:
        """Refuse a connection to an address that is not allowed.

        Raises:
            ForbiddenAddressError: before a byte was sent.
        """
        peer = self._transport.get_extra_info("peername") if self._transport else None
        if not peer or not policy.allows(peer[0]):
            raise ForbiddenAddressError

    async def start_tls(self, host: str) -> None:
        """Switch to TLS, with a certificate that is valid for ``host``."""
        if self._transport is not None:
            self._transport = await asyncio.get_running_loop().start_tls(
                self._transport, self, _tls(), server_hostname=host
            )


async def open_wire(origin: Origin, policy: AddressPolicy) -> StreamWire:
    """Connect, check the peer's address, and switch to TLS where the origin has it.

    Raises:
        ForbiddenAddressError: when the address is not allowed.
        UnreachableError: when no connection could be made; the cause says why.
    """
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, wire = await asyncio.get_running_loop().create_connection(
                StreamWire,
                origin.host,
                origin.port,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
            )
            try:
                wire.check_address(policy)
                if origin.is_tls:
                    await wire.start_tls(origin.host)
            except BaseException:
                wire.close()
                raise
    except OSError as exc:
        raise UnreachableError from exc
    return wire


@cache
def _tls() -> ssl.SSLContext:
    """Return the shared context: loading the certificates takes tens of milliseconds."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
