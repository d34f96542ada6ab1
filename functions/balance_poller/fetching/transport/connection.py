"""One HTTP/1.1 connection: sends a request, and reads its answer up to a limit.

h11 has the protocol's rules, and no I/O (https://h11.readthedocs.io/en/latest/api.html, read
2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import h11

from balance_poller.fetching.transport.errors import NotHttpError
from balance_poller.fetching.transport.wire import Wire

#: Larger heads are refused.
_MAX_HEAD_BYTES: Final = 100 * 1024
_HTTP: Final = b"HTTP/"


@dataclass(slots=True)
class Answer:
    """What came back, undecoded."""

    status: int
    headers: dict[str, str] = field(repr=False)
    """By name in lower case; several of one name are joined by commas."""
    body: bytearray = field(default_factory=bytearray, repr=False)


class Connection:
    """A connection that may serve one request after another."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._begin = b""

    @property
    def is_usable(self) -> bool:
        """Whether another request can be sent: nothing came that nobody asked for."""
        return self._http.our_state is h11.IDLE and self._wire.is_quiet

    def close(self) -> None:
        """Close it."""
        self._wire.close()

    async def exchange(
        self, method: str, target: str, headers: dict[str, str], content: bytes | None, most: int
    ) -> Answer:
        """Send a request and read its answer, the body until it is longer than ``most``.

        Raises:
            h11.LocalProtocolError: when the request cannot be sent as it is.
            h11.RemoteProtocolError: when the answer ends before it is complete.
            NotHttpError: when the answer is not HTTP.
            ConnectionBrokenError: when the connection ended with an error.
        """
        self._begin = b""
        request = h11.Request(method=method, target=target, headers=list(headers.items()))
        events = [request, *([h11.Data(content)] if content else []), h11.EndOfMessage()]
        self._wire.send(b"".join(self._http.send(event) or b"" for event in events))
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise h11.RemoteProtocolError("no response")
        answer = Answer(event.status_code, _joined(event.headers))
        while isinstance(event := await self._next(), h11.Data):
            answer.body += event.data
            if len(answer.body) > most:
                break
        self._prepare_next()
        return answer

    async def _next(self) -> object:
        """Return the next part of the answer."""
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as exc:
                if self._is_malformed:
                    raise NotHttpError from exc
                raise
            if event is not h11.NEED_DATA:
                return event
            data = await self._wire.receive()
            self._begin = self._begin or data[: len(_HTTP)]
            self._http.receive_data(data)

    @property
    def _is_malformed(self) -> bool:
        """Whether an unreadable answer is not HTTP, rather than cut off."""
        is_http = self._begin == _HTTP[: len(self._begin)]
        is_ended = self._http.trailing_data[1]
        return bool(self._begin) and not (is_http and is_ended)

    def _prepare_next(self) -> None:
        """Get ready for another request, unless the answer says or shows that there is none.

        Bytes after an answer would be taken for the answer to the next request, which may be
        another account's.
        """
        is_done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if is_done and self._http.trailing_data == (b"", False):
            self._http.start_next_cycle()


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by name."""
    joined: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("ascii"), value.decode("latin-1")
        joined[name] = f"{joined[name]}, {text}" if name in joined else text
    return joined
