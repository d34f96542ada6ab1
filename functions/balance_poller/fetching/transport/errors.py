"""Why a request failed, as a sentence without URL, header or key.

httpx's own error texts quote the request, so only their types are used.
"""

from __future__ import annotations

from typing import Final

from shared.outcome import Outcome

_HTTP: Final = b"HTTP/"
TOO_LATE: Final = "the provider did not answer in time"


class FetchError(Exception):
    """A request without a usable answer; the text says why, without URL, header or key."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.TRANSIENT) -> None:
        super().__init__(reason)
        self.outcome = outcome


class Received:
    """What a connection received, to distinguish a broken answer from another protocol."""

    def __init__(self) -> None:
        self.begin = b""
        self.is_ended = False

    def forget(self) -> None:
        """Start again, for a new connection."""
        self.begin, self.is_ended = b"", False

    def note(self, data: bytes) -> None:
        """Record what was read; nothing means that the other side closed the connection."""
        self.begin = self.begin or data[: len(_HTTP)]
        self.is_ended = not data

    @property
    def is_malformed(self) -> bool:
        """Return whether an unparsable answer is not HTTP, rather than cut off."""
        is_http = self.begin == _HTTP[: len(self.begin)]
        return bool(self.begin) and not (is_http and self.is_ended)


class ForbiddenAddressError(Exception):
    """The host's name resolved to an address that is not allowed."""


def translate(exc: Exception, received: Received) -> FetchError:
    """Return what went wrong, based only on the types of ``exc`` and its causes.

    Args:
        exc: The exception from httpx.
        received: What the connection received.
    """
    import httpx  # noqa: PLC0415 -- failures are rare

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
    import socket  # noqa: PLC0415 -- failures are rare
    import ssl  # noqa: PLC0415 -- the same

    import httpx  # noqa: PLC0415 -- the same

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
