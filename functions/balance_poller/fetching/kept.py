"""The values from preceding requests, kept only in memory while they are valid."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from balance_poller.exchange.before import Taken
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.request_group import KeptValues
from shared.secret import Secret

#: Requested again this long before the end: clocks differ, and the balance request follows.
_MARGIN_SECONDS: Final = 60.0
_MOST_KEPT: Final = 1_000

Values = Mapping[str, Secret]


class Kept:
    """The values from preceding requests, for as long as they are valid."""

    def __init__(self, found: KeptValues) -> None:
        self._found = found

    def get(self, request: PreparedRequest, now: float) -> Values | None:
        """Return the values from ``request``, while they are valid."""
        until, values = self._found.get(_digest(request), (0.0, None))
        return values if until > now else None

    def put(self, request: PreparedRequest, taken: Taken, now: float) -> None:
        """Keep the values from ``request``."""
        until = now + taken.seconds - _MARGIN_SECONDS
        if until <= now:
            return
        if len(self._found) >= _MOST_KEPT:
            for key in [key for key, each in self._found.items() if each[0] <= now]:
                del self._found[key]
        if len(self._found) < _MOST_KEPT:
            self._found[_digest(request)] = until, taken.values

    def forget(self, request: PreparedRequest) -> None:
        """Forget the values from ``request``: they were not valid after all."""
        self._found.pop(_digest(request), None)


def _digest(request: PreparedRequest) -> bytes:
    """Return a digest of a request with its key, so that another key makes another request."""
    parts = (request.method, request.url, sorted(request.headers.items()), request.content)
    return hashlib.sha256(repr(parts).encode()).digest()
