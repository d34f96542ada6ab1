"""What goes wrong with a request, in words: never with a URL, a header or a key.

The texts of httpx's own errors quote what was sent; only their types are looked at.
"""

from __future__ import annotations

from typing import Final

from shared.outcome import Outcome

TOO_LATE: Final = "the provider did not answer in time"


class FetchError(Exception):
    """A request got no usable answer; the text says why, without URL, header or key."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.TRANSIENT) -> None:
        super().__init__(reason)
        self.outcome = outcome


def translate(exc: Exception) -> FetchError:
    """Say in words what went wrong, from the types of ``exc`` and its causes alone."""
    causes = _causes(exc)
    for types, error in _words():
        if any(isinstance(cause, types) for cause in causes):
            return error
    return FetchError(f"the request failed ({type(exc).__name__})")


def _words() -> list[tuple[tuple[type[BaseException], ...], FetchError]]:
    """Return what to say for which errors, the more telling ones first."""
    import socket  # noqa: PLC0415 -- failures are rare
    import ssl  # noqa: PLC0415 -- the same

    import httpx  # noqa: PLC0415 -- the same

    bad_config = Outcome.BAD_CONFIG
    return [
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
            FetchError("the connection broke before the whole answer came"),
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
