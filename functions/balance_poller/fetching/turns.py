"""Takes turns in reading answers: one that takes long must not keep every request waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.fetching.request_group import RequestGroup, read_answer

#: A balance is hundreds of bytes, and read in a fraction of a millisecond; a mebibyte of JSON, or
#: an expression that spends its steps, takes some tenths of a second.
_LARGE_BYTES: Final = 64 * 1024
_LONG_SECONDS: Final = 0.02


class ReadingTurns:
    """Reads answers on the event loop, where nothing else happens meanwhile.

    Large answers, and those for a definition whose last one took long, are read one at a time;
    after each of them, everything else gets as much time.

    Args:
        monotonic: The clock.
        sleep: Waits while everything else continues.
    """

    def __init__(
        self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._slow: set[str] = set()
        self._turn = asyncio.Lock()
        self._last_seconds = 0.0

    async def read(
        self, group: RequestGroup, response: Response, at: datetime
    ) -> dict[str, Reading]:
        """Return what the answer, read at ``at``, says of each account's wallet."""
        if len(response.body) < _LARGE_BYTES and group.provider.name not in self._slow:
            return self._timed(group, response, at)
        async with self._turn:
            await self._sleep(self._last_seconds)
            return self._timed(group, response, at)

    def _timed(self, group: RequestGroup, response: Response, at: datetime) -> dict[str, Reading]:
        """Read the answer, and note how long that took."""
        started = self._monotonic()
        try:
            return read_answer(group, response, at)
        finally:
            self._last_seconds = self._monotonic() - started
            if self._last_seconds >= _LONG_SECONDS:
                self._slow.add(group.provider.name)
            else:
                self._slow.discard(group.provider.name)
