"""HTTP to providers: one connection per slot, hard limits, and errors without URLs or keys.

It does not interpret answers; definitions do. What libraries raise may quote URLs and headers, so
none of it leaves this module, not even as a cause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from balance_poller.exchange.request import PreparedRequest
from balance_poller.exchange.response import Response
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.encoding import unpack
from balance_poller.fetching.transport.errors import TOO_LATE, FetchError, translate
from balance_poller.fetching.transport.origin import Origin, split_url
from shared.outcome import Outcome

if TYPE_CHECKING:
    from balance_poller.fetching.transport.connection import Answer, Connection
    from balance_poller.fetching.transport.wire import Wire

MAX_BODY_BYTES: Final = 1024 * 1024
#: Name lookups that may hang at the same time. asyncio's own pool has a handful of threads, which
#: one host with a dead name server would block for every other host.
_LOOKUPS: Final = 128

#: Balances are tiny; unpacking them would cost more than it saves.
_HEADERS: Final = {"Accept-Encoding": "identity"}

Connect = Callable[[Origin], Awaitable["Wire"]]


class Fetcher:
    """An async context manager that sends requests, each slot over a connection of its own.

    It keeps neither cookies nor anything else of an answer for the next request.

    Args:
        timeout_seconds: For one attempt, from connecting to the last byte.
        policy: Where requests may go.
        connect: Opens a connection; by default, over the network.
    """

    def __init__(
        self, timeout_seconds: float, policy: AddressPolicy, connect: Connect | None = None
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._connect = connect or partial(_connect, policy)
        self._open: dict[int, tuple[Origin, Connection]] = {}
        self._lookups = ThreadPoolExecutor(_LOOKUPS, "lookup")

    async def __aenter__(self) -> Self:
        """Start; connections are opened on demand."""
        asyncio.get_running_loop().set_default_executor(self._lookups)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection; abandon lookups that still hang."""
        for _origin, connection in self._open.values():
            connection.close()
        self._open.clear()
        # A closing loop waits for the threads of its current executor.
        self._lookups.shutdown(wait=False, cancel_futures=True)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    async def send(self, request: PreparedRequest, slot: int, seconds: float) -> Response:
        """Send ``request`` and read the whole answer, within ``seconds`` and the timeout.

        Args:
            request: The request to send.
            slot: The slot to use; no other request may be using it.
            seconds: The time left for the run.

        Raises:
            FetchError: when there is no answer, or it is too large or unreadable.
        """
        try:
            # One limit for all of it: a body that drips would keep any limit for a single read.
            async with asyncio.timeout(min(seconds, self._timeout_seconds)):
                return _response(await self._exchange(request, slot), request)
        except FetchError as exc:
            error = exc
        except TimeoutError:
            error = FetchError(TOO_LATE)
        except Exception as exc:  # noqa: BLE001 -- whatever is raised may quote the key
            error = translate(exc)
        # Raised outside of the handlers, so that the original is not attached as context.
        raise error

    async def _exchange(self, request: PreparedRequest, slot: int) -> Answer:
        """Send one request over the slot's connection, and keep that if it can serve another."""
        origin, target = split_url(request.url)
        connection = await self._connection(origin, slot)
        is_kept = False
        try:
            headers = {"Host": origin.host_header} | _HEADERS | request.headers
            if request.content is not None or request.method != "GET":
                headers["Content-Length"] = str(len(request.content or b""))
            answer = await connection.exchange(
                request.method, target, headers, request.content, MAX_BODY_BYTES
            )
            is_kept = connection.is_usable
        finally:
            if is_kept:
                self._open[slot] = origin, connection
            else:
                connection.close()
        return answer

    async def _connection(self, origin: Origin, slot: int) -> Connection:
        """Return the slot's open connection, or a new one where it leads elsewhere or ended."""
        from balance_poller.fetching.transport.connection import Connection  # noqa: PLC0415 -- h11 is imported on first use

        known = self._open.pop(slot, None)
        if known is not None:
            if known[0] == origin and known[1].is_usable:
                return known[1]
            known[1].close()
        return Connection(await self._connect(origin))


async def _connect(policy: AddressPolicy, origin: Origin) -> Wire:
    """Connect over the network."""
    from balance_poller.fetching.transport.wire import open_wire  # noqa: PLC0415 -- it imports ssl

    return await open_wire(origin, policy)


def _response(answer: Answer, request: PreparedRequest) -> Response:
    """Return the answer, decoded; drop an oversized or compressed body of a failure.

    Raises:
        FetchError: when the body cannot be read.
    """
    headers = answer.headers
    body = unpack(bytes(answer.body), headers.get("content-encoding", ""), MAX_BODY_BYTES)
    if body is None or len(body) > MAX_BODY_BYTES:
        if 200 <= answer.status < 300:
            words = (
                "the answer is packed in a way that cannot be read"
                if body is None
                else "the answer is larger than 1 MiB"
            )
            raise FetchError(words, Outcome.SCHEMA_CHANGED)
        body = b""  # the status suffices
    return Response(
        answer.status,
        headers.get("content-type", ""),
        body,
        headers.get("retry-after"),
        {name: headers.get(name, "") for name in request.answer_headers},
    )
