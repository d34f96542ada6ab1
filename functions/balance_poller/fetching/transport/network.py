"""Opens connections to allowed addresses, with TLS; ignores the environment's certificates."""

from __future__ import annotations

import asyncio
import ssl
import sys
from functools import cache
from typing import Any, Final

import httpcore
import httpx

from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.errors import ForbiddenAddressError, Received
from balance_poller.fetching.transport.stream import Stream

_CONNECT_SECONDS: Final = 5.0
#: When to try a host's next address beside the first (RFC 8305, 8).
_NEXT_ADDRESS_SECONDS: Final = 0.25
#: To distinguish a host whose addresses all refuse from one that cannot be reached.
_ALL_ERRORS: Final[dict[str, Any]] = {"all_errors": True} if sys.version_info >= (3, 12) else {}


async def open_stream(origin: httpcore.Origin, policy: AddressPolicy, received: Received) -> Stream:
    """Return a connection to ``origin``, with TLS where that is used.

    Args:
        origin: Where to connect to.
        policy: Where connections may lead; another one is closed before its first byte.
        received: Records what is read from it.

    Raises:
        ForbiddenAddressError: when the address is not allowed.
        httpcore.ConnectError: when no connection can be made.
        httpcore.ConnectTimeout: when that takes too long.
    """
    host = origin.host.decode("ascii")
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, stream = await asyncio.get_running_loop().create_connection(
                lambda: Stream(received),
                host,
                origin.port,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                **_ALL_ERRORS,
            )
        await _check_and_secure(stream, origin, policy)
    except TimeoutError as exc:
        raise httpcore.ConnectTimeout from exc
    except (OSError, ExceptionGroup, UnicodeError) as exc:
        raise httpcore.ConnectError from exc
    return stream


async def _check_and_secure(stream: Stream, origin: httpcore.Origin, policy: AddressPolicy) -> None:
    """Check the address, then switch to TLS where it is used; close the stream if either fails."""
    try:
        _check_address(stream.peer_address, policy)
        if origin.scheme == b"https":
            async with asyncio.timeout(_CONNECT_SECONDS):
                await stream.secure(_ssl_context(), origin.host.decode("ascii"))
    except BaseException:
        await stream.aclose()
        raise


def _check_address(address: str, policy: AddressPolicy) -> None:
    """Raise ForbiddenAddressError if connections may not lead to ``address``."""
    if not policy.allows(address):
        raise ForbiddenAddressError


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return the shared context: loading the certificates takes tens of milliseconds."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context
