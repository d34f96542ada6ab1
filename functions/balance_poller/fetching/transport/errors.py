"""A request without a usable answer, and what tells a broken answer from another protocol."""

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
