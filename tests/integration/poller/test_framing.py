"""Answers framed in ways that HTTP allows but few servers use: each reads like the plain one."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from typing import Final

import pytest

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError
from shared.outcome import Outcome

BODY: Final = b'{"balance": 12.5}'
CHUNKED: Final = "Transfer-Encoding: chunked"
PLAIN: Final = Response(200, "", BODY)
LENGTH: Final = f"Content-Length: {len(BODY)}"


def answer(body: bytes, *headers: str, start: str = "HTTP/1.1 200 OK", end: str = "\r\n") -> bytes:
    """Return a response with these headers."""
    return end.join([start, *headers, "", ""]).encode("latin-1") + body


def chunks(*parts: bytes, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """Return a chunked body."""
    framed = [b"%X%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
    return b"".join(framed) + b"0\r\n" + trailer + b"\r\n"


#: Framings that clients must accept by RFC 9110 and 9112 (read 2026-11).
READ: Final = {
    "plain": answer(BODY, LENGTH),
    "after a 100": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(BODY, LENGTH),
    "after two 103": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + answer(BODY, LENGTH),
    "in chunks of a byte": answer(chunks(*(bytes([byte]) for byte in BODY)), CHUNKED),
    "with extensions of chunks": answer(chunks(BODY, extension=b';a=b;c="d e"'), CHUNKED),
    "with leading zeros": answer(b"000" + chunks(BODY), CHUNKED),
    "with trailers": answer(
        chunks(BODY, trailer=b"Retry-After: 99\r\nContent-Type: text/html\r\n"), CHUNKED
    ),
    "chunked whatever the length says": answer(chunks(BODY), CHUNKED, "Content-Length: 999"),
    "chunked and compressed": answer(
        chunks(gzip.compress(BODY, mtime=0)), CHUNKED, "Content-Encoding: gzip"
    ),
    "with its length twice": answer(BODY, LENGTH, LENGTH),
    "with its length twice in one": answer(BODY, f"{LENGTH}, {len(BODY)}"),
    "up to the end": answer(BODY, "Connection: close"),
    "from HTTP/1.0": answer(BODY, start="HTTP/1.0 200 OK"),
    "from HTTP/1.0, kept": answer(BODY, LENGTH, "Connection: keep-alive", start="HTTP/1.0 200 OK"),
    "without a reason": answer(BODY, LENGTH, start="HTTP/1.1 200"),
    "with a reason beyond ASCII": answer(BODY, LENGTH, start="HTTP/1.1 200 D\xe9j\xe0"),
    "with folded headers": answer(BODY, LENGTH, "X-A: b\r\n c\r\n\td"),
    "with line feeds alone": answer(BODY, LENGTH, end="\n"),
    "with an empty header": answer(BODY, LENGTH, "X-Empty:"),
    "with a header beyond ASCII": answer(BODY, LENGTH, "X-A: caf\xe9"),
    "with a header of 60 KB": answer(BODY, LENGTH, f"X-A: {'x' * 60_000}"),
    "with 300 headers": answer(BODY, LENGTH, *(f"X-{n}: a" for n in range(300))),
    "with a byte-order mark": answer(b"\xef\xbb\xbf" + BODY),
    "in UTF-16": answer(BODY.decode().encode("utf-16")),
}
#: Bytes that yield no answer, and why.
REFUSED: Final = {
    "informational alone": (b"HTTP/1.1 199 Wait\r\n\r\n", Outcome.TRANSIENT),
    "switching protocols": (
        answer(b"", "Upgrade: websocket", "Connection: upgrade", start="HTTP/1.1 101 X"),
        Outcome.SCHEMA_CHANGED,
    ),
    "a length with a sign": (answer(BODY, "Content-Length: +17"), Outcome.SCHEMA_CHANGED),
    "no length where one is named": (answer(BODY, "Content-Length:"), Outcome.SCHEMA_CHANGED),
    "a negative chunk": (answer(b"-11\r\n" + BODY, CHUNKED), Outcome.SCHEMA_CHANGED),
    "a chunk without end": (answer(b"f" * 15 + b"\r\n" + BODY, CHUNKED), Outcome.TRANSIENT),
    "a space before a colon": (answer(BODY, LENGTH, "X-A : b"), Outcome.SCHEMA_CHANGED),
    "another protocol's status": (answer(BODY, start="ICY 200 OK"), Outcome.SCHEMA_CHANGED),
    "no head at all": (BODY, Outcome.SCHEMA_CHANGED),
    # Each of these could occupy the CPU alone for as long as the request may take.
    "a flood of 100": (b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000, Outcome.SCHEMA_CHANGED),
    "a flood of chunks of a byte": (
        answer(b"1\r\n5\r\n" * 20_000, CHUNKED),
        Outcome.SCHEMA_CHANGED,
    ),
    "a flood of extensions": (
        answer((b"1;" + b"a" * 60_000 + b"\r\n5\r\n") * 150, CHUNKED),
        Outcome.SCHEMA_CHANGED,
    ),
}


def receive(raw: bytes, size: int) -> Response | FetchError:
    """Return how the poller reads an answer that arrives in pieces of this size."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for start in range(0, len(raw), size):
                writer.write(raw[start : start + size])
                await asyncio.sleep(0)
            await writer.drain()
        writer.close()

    async def scenario() -> Response | FetchError:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, Fetcher(10, AddressPolicy(loopback=True)) as fetcher:
            request = PreparedRequest("GET", url, {}, None, mask=str)
            try:
                return await fetcher.send(request, 0, 10)
            except FetchError as exc:
                return exc

    return asyncio.run(scenario())


@pytest.mark.parametrize("size", [1 << 20, 7])
@pytest.mark.parametrize("name", READ)
def test_an_answer_when_framed_oddly_then_is_read_as_the_plain_one(name: str, size: int) -> None:
    raw = READ[name]

    got = receive(raw, max(size, len(raw) // 100))

    assert isinstance(got, Response)
    assert (got.status, got.parsed) == (200, PLAIN.parsed)
    assert (got.retry_after, "html" in got.content_type) == (None, False)


@pytest.mark.parametrize("name", REFUSED)
def test_an_answer_when_there_is_none_in_it_then_says_why(name: str) -> None:
    raw, outcome = REFUSED[name]

    got = receive(raw, len(raw))

    assert isinstance(got, FetchError)
    assert got.outcome is outcome
