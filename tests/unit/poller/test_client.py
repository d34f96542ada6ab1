"""Fetching without a network: what is sent, what is capped, and errors without keys."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import MAX_BODY_BYTES, Fetcher
from balance_poller.fetching.transport.errors import FetchError
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
    return PreparedRequest(**(values | fields), mask=str)


def send(
    handle: Callable[[httpx.Request], Any], sent: PreparedRequest | None = None, seconds: float = 9
) -> Response:
    async def scenario() -> Response:
        async with Fetcher(15, AddressPolicy(), lambda: httpx.MockTransport(handle)) as fetcher:
            return await fetcher.send(sent or request(), 13, seconds)

    return asyncio.run(scenario())


def refused_words(handle: Callable[[httpx.Request], Any], **fields: Any) -> FetchError:
    with pytest.raises(FetchError) as raised:
        send(handle, request(**fields))
    error = raised.value
    assert CANARY not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


def test_a_request_when_sent_then_goes_as_prepared_and_nothing_telling_is_added() -> None:
    seen: list[httpx.Request] = []

    def handle(received: httpx.Request) -> httpx.Response:
        seen.append(received)
        return httpx.Response(200, json={"balance": 5}, headers={"Retry-After": "7"})

    got = send(handle, request(method="POST", content=b"{}"))

    (received,) = seen
    assert (received.method, str(received.url), received.content) == ("POST", URL, b"{}")
    assert dict(received.headers) == {
        "host": "api.example",
        "content-length": "2",
        "accept-encoding": "identity",
        "authorization": f"Bearer {CANARY}",
    }
    assert got.status == 200
    assert got.body == b'{"balance":5}'
    assert got.content_type == "application/json"
    assert got.retry_after == "7"


def test_a_redirect_when_answered_then_is_not_followed() -> None:
    def handle(received: httpx.Request) -> httpx.Response:
        assert received.url.host == "api.example"
        return httpx.Response(302, headers={"Location": f"https://evil.example/?{CANARY}"})

    assert send(handle).status == 302


def test_cookies_when_set_by_one_answer_then_go_with_no_other_request() -> None:
    seen: list[httpx.Headers] = []

    def handle(received: httpx.Request) -> httpx.Response:
        seen.append(received.headers)
        return httpx.Response(200, json={}, headers={"Set-Cookie": "session=one"})

    async def scenario() -> None:
        async with Fetcher(15, AddressPolicy(), lambda: httpx.MockTransport(handle)) as fetcher:
            await fetcher.send(request(), 0, 9)
            await fetcher.send(request(), 0, 9)

    asyncio.run(scenario())

    assert not any("cookie" in headers for headers in seen)


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


class Stream(httpx.AsyncByteStream):
    """A body that is sent piece by piece, and notes how much of it was taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.taken = 0

    async def __aiter__(self) -> Any:
        for piece in self.pieces:
            self.taken += len(piece)
            yield piece


def test_a_huge_answer_when_successful_then_is_cut_off_and_says_so() -> None:
    stream = Stream(chunks(64 * 1024, 100_000))

    error = refused_words(lambda _: httpx.Response(200, stream=stream))

    assert (str(error), error.outcome) == (
        "the answer is larger than 1 MiB",
        Outcome.SCHEMA_CHANGED,
    )
    assert stream.taken <= MAX_BODY_BYTES + 64 * 1024


def test_a_huge_answer_when_a_failure_then_its_status_counts() -> None:
    got = send(lambda _: httpx.Response(503, stream=Stream(chunks(64 * 1024, 100_000))))

    assert (got.status, got.body) == (503, b"")


def test_an_answer_when_exactly_at_the_cap_then_is_kept() -> None:
    got = send(lambda _: httpx.Response(200, stream=Stream(chunks(1024, 1024))))

    assert len(got.body) == MAX_BODY_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_a_packed_answer_when_not_requested_then_is_unpacked(encoding: str) -> None:
    body = b'{"balance": 5}'
    packed = zlib.compress(body) if encoding == "deflate" else packed_gzip(body)

    got = send(
        lambda _: httpx.Response(
            200, stream=Stream(iter([packed])), headers={"Content-Encoding": encoding}
        )
    )

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
        pytest.param("gzip", packed_gzip(BALANCE) + packed_gzip(b"") * 99, id="a hundred members"),
    ],
)
def test_an_encoding_when_odd_then_the_body_is_read_as_it_is_meant(
    encoding: str, sent: bytes, status: int
) -> None:
    got = send(
        lambda _: httpx.Response(
            status, stream=Stream(iter([sent])), headers={"Content-Encoding": encoding}
        )
    )

    assert got.body == BALANCE


def test_a_gzip_bomb_when_answered_then_is_unpacked_no_further_than_the_cap() -> None:
    bomb = packed_gzip(b"0" * 200 * MAX_BODY_BYTES)
    assert len(bomb) < MAX_BODY_BYTES

    error = refused_words(
        lambda _: httpx.Response(
            200, stream=Stream(iter([bomb])), headers={"Content-Encoding": "gzip"}
        )
    )

    assert str(error) == "the answer is larger than 1 MiB"


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_failure_when_packed_unreadably_then_its_status_counts(status: int) -> None:
    got = send(
        lambda _: httpx.Response(
            status, stream=Stream(iter([b"\x9b\x00"])), headers={"Content-Encoding": "br"}
        )
    )

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
        # Either would take seconds to unpack.
        pytest.param("gzip", packed_gzip(b"") * 50_000, id="many empty members"),
        pytest.param("deflate", zlib.compress(b"") * 130_000, id="many empty streams"),
    ],
)
def test_an_answer_when_packed_unreadably_then_says_so(encoding: str, body: bytes) -> None:
    error = refused_words(
        lambda _: httpx.Response(
            200, stream=Stream(iter([body])), headers={"Content-Encoding": encoding}
        )
    )

    assert error.outcome is Outcome.SCHEMA_CHANGED
    assert "compressed" in str(error)


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words", "outcome"),
    [
        (
            caused_by(httpx.ConnectError(CANARY), ConnectionRefusedError(CANARY)),
            "the provider's host refused the connection",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(httpx.ConnectError(CANARY), socket.gaierror(CANARY)),
            "the provider's host name could not be resolved",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(httpx.ConnectError(CANARY), ssl.SSLCertVerificationError(CANARY)),
            "the provider's TLS certificate is not valid",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(httpx.ConnectError(CANARY), ssl.SSLError(CANARY)),
            "no TLS connection to the provider could be made",
            Outcome.TRANSIENT,
        ),
        (
            caused_by(
                httpx.ConnectError(CANARY),
                ExceptionGroup(CANARY, [ConnectionRefusedError(CANARY), OSError(CANARY)]),
            ),
            "the provider's host refused the connection",
            Outcome.TRANSIENT,
        ),
        (
            httpx.ConnectTimeout(CANARY),
            "no connection to the provider's host could be made",
            Outcome.TRANSIENT,
        ),
        (
            httpx.ReadTimeout(CANARY),
            "the provider did not answer in time",
            Outcome.TRANSIENT,
        ),
        (
            httpx.RemoteProtocolError(CANARY),
            "the connection broke before the whole answer arrived",
            Outcome.TRANSIENT,
        ),
        (
            httpx.ReadError(CANARY),
            "the connection broke before the whole answer arrived",
            Outcome.TRANSIENT,
        ),
        (
            httpx.LocalProtocolError(CANARY),
            "the key has characters that a header cannot hold",
            Outcome.BAD_CONFIG,
        ),
        (
            httpx.UnsupportedProtocol(CANARY),
            "the request's address is not a URL",
            Outcome.BAD_CONFIG,
        ),
        (RuntimeError(CANARY), "the request failed (RuntimeError)", Outcome.TRANSIENT),
    ],
)
def test_an_error_when_the_network_fails_then_becomes_words(
    error: Exception, words: str, outcome: Outcome
) -> None:
    def handle(_received: httpx.Request) -> httpx.Response:
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
    error = refused_words(lambda _: httpx.Response(200), **fields)

    assert error.outcome is Outcome.BAD_CONFIG


def test_a_body_when_it_drips_forever_then_ends_at_the_total_deadline() -> None:
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

    with pytest.raises(FetchError, match="did not answer in time"):
        send(lambda _: httpx.Response(200, stream=Drip()), seconds=0.1)
