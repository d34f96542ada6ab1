"""Makes a definition's preceding request, and keeps its values while they are valid.

The values are kept only in memory, and masked like keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from balance_poller.exchange.answer.http_status import Failure
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.before import Taken
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.request_group import RequestGroup
from shared.redactor import redactor
from shared.secret import Secret

#: Requested again this long before the end: clocks differ, and the balance request follows.
_MARGIN_SECONDS: Final = 60.0
_MOST_KEPT: Final = 1_000

Values = Mapping[str, Secret]


class Sender(Protocol):
    """Sends one request within the attempt's time."""

    async def __call__(self, request: PreparedRequest) -> Response:
        """Send it."""


class BeforeError(Exception):
    """The first request failed, with the classification of its answer."""

    def __init__(self, failure: Failure, response: Response) -> None:
        super().__init__(failure[1])
        self.failure = failure
        self.response = response


class Kept:
    """The values from preceding requests, for as long as they are valid."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[float, Values]] = {}

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
            self._found = {key: each for key, each in self._found.items() if each[0] > now}
        if len(self._found) < _MOST_KEPT:
            self._found[_digest(request)] = until, taken.values

    def forget(self, request: PreparedRequest) -> None:
        """Forget the values from ``request``: they were not valid after all."""
        self._found.pop(_digest(request), None)


async def complete(
    group: RequestGroup, kept: Kept, send: Sender, now: Callable[[], float]
) -> tuple[PreparedRequest, bool]:
    """Return the group's request, and whether it has values from an earlier run in it.

    Raises:
        BeforeError: when the request before it failed.
        ConfigError: when what that gave cannot stand in the request.
    """
    before = group.before
    if before is None:
        return group.request, False
    known = kept.get(before.request, now())
    if known is not None:
        return before.complete(known), True
    response = await send(before.request)
    taken = group.provider.read_before(response)
    if not isinstance(taken, Taken):
        raise BeforeError(taken, response)
    redactor().add(taken.values.values())
    kept.put(before.request, taken, now())
    return before.complete(taken.values), False


def _digest(request: PreparedRequest) -> bytes:
    """Return a digest of a request with its key, so that another key makes another request."""
    parts = (request.method, request.url, sorted(request.headers.items()), request.content)
    return hashlib.sha256(repr(parts).encode()).digest()
