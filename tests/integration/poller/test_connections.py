"""One connection per slot: reused while possible, and reopened otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Final

import pytest

from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport import network
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError, Received
from balance_poller.fetching.transport.stream import Stream

HEAD: Final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


def anonymous(protocol: int) -> ssl.SSLContext:
    """Return a TLS context without certificates, so that no key is stored with the tests."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
    return context


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return each scheme; for the second, make the poller accept the test's server."""
    client = anonymous(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(network, "_ssl_context", lambda: client)
    return str(request.param)


def exchange(
    answer: str, hosts: list[str], late: str = "", scheme: str = "http"
) -> tuple[list[str], int]:
    """Send a request to each host over one slot; return what came, and the connections opened.

    The bytes in ``late`` follow an answer once it has been read.
    """
    opened = 0
    secure = anonymous(ssl.PROTOCOL_TLS_SERVER) if scheme == "https" else None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while await reader.read(4096):
                writer.write(answer.encode())
                if late:
                    await asyncio.sleep(0.01)
                    writer.write(late.encode())
                if "close" in answer or "999" in answer:
                    await writer.drain()
                    break
        writer.transport.abort() if "999" in answer else writer.close()

    async def scenario() -> list[str]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=secure)
        port = server.sockets[0].getsockname()[1]
        found = []
        async with server, Fetcher(10, AddressPolicy(loopback=True)) as fetcher:
            for host in hosts:
                request = PreparedRequest("GET", f"{scheme}://{host}:{port}/", {}, None, mask=str)
                try:
                    found.append((await fetcher.send(request, 0, 10)).body.decode())
                except FetchError as exc:
                    found.append(str(exc))
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)  # for both sides to close
        return found

    return asyncio.run(scenario()), opened


@pytest.mark.parametrize(
    ("answer", "hosts", "connections"),
    [
        pytest.param(f"{HEAD}\r\n{{}}", ["127.0.0.1"] * 4, 1, id="kept"),
        pytest.param(f"{HEAD}Connection: close\r\n\r\n{{}}", ["127.0.0.1"] * 2, 2, id="closed"),
        pytest.param(f"{HEAD}\r\n{{}}", ["127.0.0.1", "localhost", "127.0.0.1"], 3, id="elsewhere"),
        pytest.param(f"{HEAD}\r\n{{}}tail", ["127.0.0.1"] * 2, 2, id="more than was declared"),
        pytest.param(f"{HEAD}\r\n{{}}{HEAD}\r\n[]", ["127.0.0.1"] * 2, 2, id="two answers"),
    ],
)
def test_connection_when_it_can_serve_the_next_request_then_is_used_again(
    answer: str, hosts: list[str], connections: int, scheme: str
) -> None:
    assert exchange(answer, hosts, scheme=scheme) == (["{}"] * len(hosts), connections)


@pytest.mark.parametrize("late", ["\n", "tail", f"{HEAD}\r\n[]"])
def test_connection_when_more_arrives_between_two_requests_then_is_not_used_again(
    late: str, scheme: str
) -> None:
    assert exchange(f"{HEAD}\r\n{{}}", ["127.0.0.1"] * 2, late, scheme) == (["{}"] * 2, 2)


def test_connection_when_it_broke_then_the_next_request_gets_another(scheme: str) -> None:
    found, connections = exchange(
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", ["127.0.0.1"] * 2, scheme=scheme
    )

    assert found == ["the connection broke before the whole answer arrived"] * 2
    assert connections == 2


def test_connection_when_an_answer_is_larger_than_buffers_then_all_of_it_comes(scheme: str) -> None:
    body = "0123456789abcdef" * 64 * 1024
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    assert exchange(answer, ["127.0.0.1"] * 2, scheme=scheme) == ([body] * 2, 1)


def test_connection_when_tls_meets_plain_http_then_none_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def plain(_protocol: int) -> None:
        return None

    monkeypatch.setattr(f"{__name__}.anonymous", plain)

    found, _ = exchange(f"{HEAD}\r\n{{}}", ["127.0.0.1"], scheme="https")

    assert found == ["no TLS connection to the provider could be made"]


def test_stream_when_bytes_came_that_the_event_loop_has_not_seen_then_is_readable() -> None:
    async def scenario() -> list[object]:
        near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.get_running_loop()
        with far:
            _, stream = await loop.create_connection(lambda: Stream(Received()), sock=near)
            found: list[object] = [stream.get_extra_info("is_readable")]
            far.send(b"x")
            found.append(stream.get_extra_info("is_readable"))
            await stream.aclose()
            await asyncio.sleep(0)
        return found

    assert asyncio.run(scenario()) == [False, True]
