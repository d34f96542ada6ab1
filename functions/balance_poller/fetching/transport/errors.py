"""Why a request failed, as a sentence without URL, header or key.

The errors of libraries may quote the request, so only their types are used.
"""

from __future__ import annotations

from typing import Final

from shared.outcome import Outcome

TOO_LATE: Final = "the provider did not answer in time"


class FetchError(Exception):
    """A request without a usable answer; the text says why, without URL, header or key."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.TRANSIENT) -> None:
        super().__init__(reason)
        self.outcome = outcome


class ForbiddenAddressError(Exception):
    """The host's name resolved to an address that is not allowed."""


class UnreachableError(Exception):
    """No connection to the host could be made; the cause says why."""


class ConnectionBrokenError(Exception):
    """A connection ended with an error."""


class NotHttpError(Exception):
    """What answered does not follow the rules of HTTP."""


class BadUrlError(ValueError):
    """A request's address is not an http or https URL."""


def translate(exc: Exception) -> FetchError:
    """Return what went wrong, based only on the types of ``exc`` and its causes."""
    causes = _causes(exc)
    for types, error in _words():
        if any(isinstance(cause, types) for cause in causes):
            return error
    return FetchError(f"the request failed ({type(exc).__name__})")


def _words() -> list[tuple[tuple[type[BaseException], ...], FetchError]]:
    """Return the sentence for each kind of error, the more specific kinds first."""
    import socket  # noqa: PLC0415 -- failures are rare
    import ssl  # noqa: PLC0415 -- the same

    import h11  # noqa: PLC0415 -- the same

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
            (UnreachableError,),
            FetchError("no connection to the provider's host could be made"),
        ),
        (
            (NotHttpError,),
            FetchError("what answered speaks no proper HTTP", Outcome.SCHEMA_CHANGED),
        ),
        (
            (h11.RemoteProtocolError, ConnectionBrokenError),
            FetchError("the connection broke before the whole answer came"),
        ),
        ((BadUrlError,), FetchError("the request's address is not a URL", bad_config)),
        (
            (h11.LocalProtocolError, UnicodeError),
            FetchError("the key has characters that a header cannot hold", bad_config),
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
    return found
