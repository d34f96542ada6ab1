"""Why a request failed, as a sentence without URL, header or key.

httpx's own error texts quote the request, so only their types are used.
"""

from __future__ import annotations

import socket
import ssl

import httpx

from balance_poller.fetching.transport.errors import (
    TOO_LATE,
    FetchError,
    ForbiddenAddressError,
    Received,
)
from shared.outcome import Outcome


def translate(exc: Exception, received: Received) -> FetchError:
    """Return what went wrong, based only on the types of ``exc`` and its causes.

    Args:
        exc: The exception from httpx.
        received: What the connection received.
    """
    causes = _causes(exc)
    is_unreadable = any(isinstance(cause, httpx.RemoteProtocolError) for cause in causes)
    if is_unreadable and received.is_malformed:
        return FetchError("the answer is not valid HTTP", Outcome.SCHEMA_CHANGED)
    for types, error in _words():
        if any(isinstance(cause, types) for cause in causes):
            return error
    return FetchError(f"the request failed ({type(exc).__name__})")


def _words() -> list[tuple[tuple[type[BaseException], ...], FetchError]]:
    """Return the sentence for each kind of error, the more specific kinds first."""
    bad_config = Outcome.BAD_CONFIG
    return [
        (
            (ForbiddenAddressError,),
            FetchError(
                "the host's name leads to a private, loopback or link-local address,"
                " which is not allowed (allow_private_addresses)",
                bad_config,
            ),
        ),
        (
            (ssl.SSLCertVerificationError,),
            FetchError("the provider's TLS certificate is not valid"),
        ),
        ((ssl.SSLError,), FetchError("no TLS connection to the provider could be made")),
        ((socket.gaierror,), FetchError("the provider's host name could not be resolved")),
        ((ConnectionRefusedError,), FetchError("the provider's host refused the connection")),
        (
            (httpx.ConnectTimeout, httpx.ConnectError),
            FetchError("no connection to the provider's host could be made"),
        ),
        ((httpx.TimeoutException,), FetchError(TOO_LATE)),
        (
            (httpx.RemoteProtocolError, httpx.NetworkError),
            FetchError("the connection broke before the whole answer arrived"),
        ),
        (
            (httpx.LocalProtocolError, UnicodeError),
            FetchError("the key has characters that a header cannot hold", bad_config),
        ),
        (
            (httpx.InvalidURL, httpx.UnsupportedProtocol),
            FetchError("the request's address is not a URL", bad_config),
        ),
    ]


def _causes(exc: BaseException | None) -> list[BaseException]:
    """Return ``exc`` and everything that led to it."""
    found: list[BaseException] = []
    todo = [exc]
    while todo:
        cause = todo.pop()
        if cause is None or cause in found:
            continue
        found.append(cause)
        todo += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            todo += cause.exceptions
    return found
