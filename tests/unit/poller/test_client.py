"""Fetching, without a network: what is sent, what is capped, and words without keys."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest

from balance_poller.exchange.request import PreparedRequest
from balance_poller.exchange.response import Response
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import MAX_BODY_BYTES, Fetcher
from balance_poller.fetching.transport.errors import (
    BadUrlError,
    ConnectionBrokenError,
    FetchError,
    NotHttpError,
    UnreachableError,
)
from balance_poller.fetching.transport.origin import Origin, split_url
from shared.outcome import Outcome

CANARY = "canary-key-1f3d"
URL = f"https://api.example/balance?key={CANARY}"


def packed_gzip(body: bytes) -> bytes:
    """Compress without the time, which would make the names of tests differ between processes."""
    return gzip.compress(body, mtime=0)


def request(**fields: Any) -> PreparedRequest:
    values: dict[str, Any] = {
        "method": "GET",
        "url": URL,
        "headers": {"Authorization": f"Bearer {CANARY}"},
        "content": None,
    }
    return PreparedRequest(**(values | fields), _mask=str)


@dataclass
class Answer:
    """An answer, whose body comes piece by piece and ends with the connection."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] = ()
    taken: int = 0

    def raw(self) -> Iterator[bytes]:
        """Yield what is sent, as it is taken."""
        lines = [f"{name}: {text}" for name, text in self.headers.items()]
        yield "\r\n".join([f"HTTP/1.1 {self.status} X", *lines, "", ""]).encode()
        for piece in self.pieces:
            self.taken += len(piece)
            yield piece


Handle = Callable[[bytes], Answer]


class FakeWire:
    """A connection that answers a request once all of it was sent."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.pieces: Iterator[bytes] = iter(())
        self.is_quiet = True

    def send(self, data: bytes) -> None:
        self.pieces = self.handle(data).raw()

    async def receive(self) -> bytes:
        await asyncio.sleep(0)
        return next(self.pieces, b"")

    def close(self) -> None:
        self.is_quiet = False


def fetcher(handle: Handle) -> Fetcher:
    """Return a client whose every connection leads to ``handle``."""

    async def connect(_origin: Origin) -> FakeWire:
        return FakeWire(handle)

    return Fetcher(15, AddressPolicy(), connect)


def send(handle: Handle, sent: PreparedRequest | None = None, seconds: float = 9) -> Response:
    async def scenario() -> Response:
        async with fetcher(handle) as client:
            return await client.send(sent or request(), 13, seconds)

    return asyncio.run(scenario())


def refused_words(handle: Handle, **fields: Any) -> FetchError:
    with pytest.raises(FetchError) as raised:
        send(handle, request(**fields))
    error = raised.value
    assert CANARY not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


def test_a_request_when_sent_then_goes_as_prepared_and_nothing_is_added_that_tells() -> None:
    seen: list[bytes] = []

    def handle(received: bytes) -> Answer:
        seen.append(received)
        headers = {"Content-Type": "application/json", "Retry-After": "7"}
        return Answer(200, headers, [b'{"balance":', b"5}"])

    got = send(handle, request(method="POST", content=b"{}"))

    assert seen == [
        f"POST /balance?key={CANARY} HTTP/1.1\r\n"
        "Host: api.example\r\n"
        "Accept-Encoding: identity\r\n"
        f"Authorization: Bearer {CANARY}\r\n"
        "Content-Length: 2\r\n"
        "\r\n"
        "{}".encode()
    ]
    assert got.status == 200
    assert got.body == b'{"balance":5}'
    assert got.content_type == "application/json"
    assert got.retry_after == "7"


@pytest.mark.parametrize(("method", "has_length"), [("GET", False), ("POST", True)])
def test_a_request_when_it_has_no_body_then_says_so_where_one_is_expected(
    method: str, has_length: bool
) -> None:
    seen: list[bytes] = []

    def handle(received: bytes) -> Answer:
        seen.append(received)
        return Answer()

    send(handle, request(method=method))

    assert (b"Content-Length: 0\r\n" in seen[0]) is has_length


def origin(host: str, port: int = 443, header: str = "", *, is_tls: bool = True) -> Origin:
    return Origin(is_tls, host, port, header or host)


@pytest.mark.parametrize(
    ("url", "expected", "target"),
    [
        ("https://a.example", origin("a.example"), "/"),
        ("https://a.example:443/b", origin("a.example"), "/b"),
        ("http://A.example:80/?c=d", origin("a.example", is_tls=False, port=80), "/?c=d"),
        ("http://[::1]:81?c=/d", origin("::1", is_tls=False, port=81, header="[::1]:81"), "/?c=/d"),
        ("https://a.example:8443/b/#x", origin("a.example", 8443, "a.example:8443"), "/b/"),
        ("https://b\u00fc.example/", origin("b\u00fc.example", header="xn--b-eha.example"), "/"),
    ],
)
def test_a_url_when_split_then_names_where_the_request_goes(
    url: str, expected: Origin, target: str
) -> None:
    assert split_url(url) == (expected, target)


@pytest.mark.parametrize(
    "url", ["", "api.example/", "ftp://a/", "https:///a", "https://a:b/", "https://a:99999/", "https://[::1/"]
)  # fmt: skip
def test_a_url_when_it_leads_nowhere_then_is_refused(url: str) -> None:
    with pytest.raises(BadUrlError):
        split_url(url)


def test_a_redirect_when_answered_then_is_not_followed() -> None:
    answer = Answer(302, {"Location": f"https://evil.example/?{CANARY}"})

    assert send(lambda _: answer).status == 302


def exchange_all(*requests: PreparedRequest, answer: Answer) -> tuple[list[bytes], list[Origin]]:
    """Send requests over one slot; return what was sent, and where connections were opened."""
    seen: list[bytes] = []
    opened: list[Origin] = []

    def handle(received: bytes) -> Answer:
        seen.append(received)
        return answer

    async def connect(origin: Origin) -> FakeWire:
        opened.append(origin)
        return FakeWire(handle)

    async def scenario() -> None:
        async with Fetcher(15, AddressPolicy(), connect) as client:
            for each in requests:
                await client.send(each, 0, 9)

    asyncio.run(scenario())
    return seen, opened


def test_cookies_when_set_by_one_answer_then_go_with_no_other_request() -> None:
    answer = Answer(headers={"Set-Cookie": "session=one", "Content-Length": "0"})

    seen, _ = exchange_all(request(), request(), answer=answer)

    assert not any(b"cookie" in sent.lower() for sent in seen)


@pytest.mark.parametrize(
    ("headers", "pieces", "connections"),
    [
        pytest.param({"Content-Length": "2"}, [b"{}"], 1, id="another may follow"),
        pytest.param({"Content-Length": "2", "Connection": "close"}, [b"{}"], 2, id="closed"),
        pytest.param({}, [b"{}"], 2, id="ended by the connection"),
        pytest.param({"Content-Length": "2"}, [b"{}HTTP/1.1 200 OK\r\n\r\n"], 2, id="one more"),
    ],
)
def test_a_connection_when_its_answer_is_complete_then_serves_the_next_request_alone(
    headers: dict[str, str], pieces: list[bytes], connections: int
) -> None:
    _, opened = exchange_all(request(), request(), answer=Answer(200, headers, pieces))

    assert len(opened) == connections


def test_a_connection_when_the_next_request_goes_elsewhere_then_is_not_used() -> None:
    elsewhere = request(url="https://other.example/")

    _, opened = exchange_all(request(), elsewhere, answer=Answer(headers={"Content-Length": "0"}))

    assert [origin.host for origin in opened] == ["api.example", "other.example"]


def test_an_answer_when_announced_by_others_then_is_the_last() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

    class Hinted(Answer):
        def raw(self) -> Iterator[bytes]:
            yield early
            yield from super().raw()

    assert send(lambda _: Hinted(pieces=[b"{}"])).body == b"{}"


def test_a_lookup_when_it_hangs_then_delays_no_other_and_not_the_end() -> None:
    released = threading.Event()

    async def scenario() -> bool:
        loop = asyncio.get_running_loop()
        async with Fetcher(15, AddressPolicy()):
            hanging = [loop.run_in_executor(None, released.wait) for _ in range(100)]
            other = await asyncio.wait_for(loop.run_in_executor(None, released.is_set), 5)
            for lookup in hanging:
                lookup.cancel()
        return other

    try:
        assert asyncio.run(scenario()) is False
        assert not released.is_set(), "the loop closed without waiting for the lookups"
    finally:
        released.set()


def chunks(size: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * size


def test_a_huge_answer_when_successful_then_is_cut_off_and_says_so() -> None:
    answer = Answer(pieces=chunks(64 * 1024, 100_000))

    error = refused_words(lambda _: answer)

    assert (str(error), error.outcome) == (
        "the answer is larger than 1 MiB",
        Outcome.SCHEMA_CHANGED,
    )
    assert answer.taken <= MAX_BODY_BYTES + 64 * 1024


def test_a_huge_answer_when_a_failure_then_its_status_counts() -> None:
    got = send(lambda _: Answer(503, pieces=chunks(64 * 1024, 100_000)))

    assert (got.status, got.body) == (503, b"")


def test_an_answer_when_exactly_at_the_cap_then_is_kept() -> None:
    got = send(lambda _: Answer(pieces=chunks(1024, 1024)))

    assert len(got.body) == MAX_BODY_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_a_packed_answer_when_not_asked_for_then_is_unpacked(encoding: str) -> None:
    body = b'{"balance": 5}'
    packed = zlib.compress(body) if encoding == "deflate" else packed_gzip(body)

    got = send(lambda _: Answer(200, {"Content-Encoding": encoding}, [packed]))

    assert got.body == body


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


BALANCE = b'{"balance": 5}'


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        # github.com/encode/httpx/issues/195 and locustio/locust/issues/1233, read 2026-11.
        pytest.param("UTF-8", BALANCE, id="a charset"),
        # github.com/apify/crawlee/issues/976 and wojtekmach/req/issues/216, read 2026-11.
        pytest.param("none", BALANCE, id="none"),
        # github.com/urllib3/urllib3/pull/5189, read 2026-11.
        pytest.param("gzip, identity", packed_gzip(BALANCE), id="gzip and identity"),
        pytest.param("*", BALANCE, id="a wildcard"),
        pytest.param("", BALANCE, id="empty"),
        pytest.param("identity, identity", BALANCE, id="identity twice"),
        pytest.param("gzip", BALANCE, id="gzip that is plain"),
        pytest.param("deflate", BALANCE, id="deflate that is plain"),
        pytest.param("br", BALANCE, id="brotli that is plain"),
        pytest.param("aws-chunked,gzip", packed_gzip(BALANCE), id="an unknown one and gzip"),
        pytest.param("gzip, gzip", packed_gzip(packed_gzip(BALANCE)), id="gzip twice"),
        pytest.param("deflate", raw_deflate(BALANCE), id="raw deflate"),
        pytest.param("deflate", packed_gzip(BALANCE), id="gzip as deflate"),
        pytest.param("gzip", zlib.compress(BALANCE), id="zlib as gzip"),
        pytest.param("gzip", packed_gzip(BALANCE[:5]) + packed_gzip(BALANCE[5:]), id="two members"),
        pytest.param("gzip", packed_gzip(BALANCE) + bytes(9), id="padded with zeros"),
    ],
)
def test_an_encoding_when_odd_then_the_body_is_read_as_it_is_meant(
    encoding: str, sent: bytes, status: int
) -> None:
    got = send(lambda _: Answer(status, {"Content-Encoding": encoding}, [sent]))

    assert got.body == BALANCE


def test_a_gzip_bomb_when_answered_then_is_unpacked_no_further_than_the_cap() -> None:
    bomb = packed_gzip(b"0" * 200 * MAX_BODY_BYTES)
    assert len(bomb) < MAX_BODY_BYTES

    error = refused_words(lambda _: Answer(200, {"Content-Encoding": "gzip"}, [bomb]))

    assert str(error) == "the answer is larger than 1 MiB"


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_failure_when_packed_unreadably_then_its_status_counts(status: int) -> None:
    got = send(lambda _: Answer(status, {"Content-Encoding": "br"}, [b"\x9b\x00"]))

    assert (got.status, got.body) == (status, b"")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"\x9b not gzip"),
        ("br", b"\x9b\x00"),
        ("gzip, gzip", packed_gzip(b'{"balance": 5}')),
        ("gzip", packed_gzip(b'{"balance": 5}')[:-9]),
        ("deflate", zlib.compress(b'{"balance": 5}' * 9)[:-5]),
        ("gzip", packed_gzip(b"5") + b"\x9bjunk"),
    ],
)
def test_an_answer_when_packed_unreadably_then_says_so(encoding: str, body: bytes) -> None:
    error = refused_words(lambda _: Answer(200, {"Content-Encoding": encoding}, [body]))

    assert error.outcome is Outcome.SCHEMA_CHANGED
    assert "packed" in str(error)


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words", "outcome"),
    [
        (
            caused_by(UnreachableError(CANARY), ConnectionRefusedError(CANARY)),
            "the provider's host refused the connection",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(UnreachableError(CANARY), socket.gaierror(CANARY)),
            "the provider's host name could not be resolved",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(UnreachableError(CANARY), ssl.SSLCertVerificationError(CANARY)),
            "the provider's TLS certificate is not valid",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(UnreachableError(CANARY), ssl.SSLError(CANARY)),
            "no TLS connection to the provider could be made",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(UnreachableError(CANARY), OSError(CANARY)),
            "no connection to the provider's host could be made",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(UnreachableError(CANARY), TimeoutError(CANARY)),
            "no connection to the provider's host could be made",
            Outcome.TRANSIENT,
        ),
        (
            TimeoutError(CANARY),
            "the provider did not answer in time",
            Outcome.TRANSIENT,
        ),
        (
            h11.RemoteProtocolError(CANARY),
            "the connection broke before the whole answer came",
            Outcome.TRANSIENT,
        ),
        (
            ConnectionBrokenError(CANARY),
            "the connection broke before the whole answer came",
            Outcome.TRANSIENT,
        ),
        (
            h11.LocalProtocolError(CANARY),
            "the key has characters that a header cannot hold",
            Outcome.BAD_CONFIG,
        ),
        (
            BadUrlError(CANARY),
            "the request's address is not a URL",
            Outcome.BAD_CONFIG,
        ),
        (
            NotHttpError(CANARY),
            "what answered speaks no proper HTTP",
            Outcome.SCHEMA_CHANGED,
        ),
        (RuntimeError(CANARY), "the request failed (RuntimeError)", Outcome.TRANSIENT),
    ],
)
def test_an_error_when_the_network_fails_then_becomes_words(
    error: Exception, words: str, outcome: Outcome
) -> None:
    def handle(_received: bytes) -> Answer:
        raise error

    refused = refused_words(handle)

    assert (str(refused), refused.outcome) == (words, outcome)


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": {"Authorization": f"Bearer {CANARY}é"}},
        {"headers": {"X-Key": f"{CANARY}☃"}},
        {"url": f"https://api.example:{CANARY}/"},
        {"url": f"https://api.example/\x00{CANARY}"},
    ],
)
def test_a_request_when_it_cannot_even_be_built_then_is_bad_config(fields: Any) -> None:
    error = refused_words(lambda _: Answer(), **fields)

    assert error.outcome is Outcome.BAD_CONFIG


def test_a_body_when_it_drips_forever_then_ends_at_the_total_deadline() -> None:
    drip = FakeWire(lambda _: Answer(pieces=itertools.repeat(b" ")))

    async def receive() -> bytes:
        await asyncio.sleep(0.01)
        return next(drip.pieces)

    async def connect(_origin: Origin) -> FakeWire:
        return drip

    async def scenario() -> None:
        async with Fetcher(15, AddressPolicy(), connect) as client:
            await client.send(request(), 0, 0.1)

    drip.receive = receive  # type: ignore[method-assign]  # as this one test needs it
    with pytest.raises(FetchError, match="did not answer in time"):
        asyncio.run(scenario())
    assert not drip.is_quiet, "the connection was closed"
