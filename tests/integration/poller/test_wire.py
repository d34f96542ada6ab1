"""Connections on real sockets: TLS, reuse, backpressure, and how they fail."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from balance_poller.exchange.request import PreparedRequest
from balance_poller.exchange.response import Response
from balance_poller.fetching.transport import wire
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError

LOOPBACK: Final = AddressPolicy(loopback=True)
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def answer_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection."""
    while await reader.read(4096):
        writer.write(ANSWER)


def closing(serve: Serve) -> Serve:
    """Return ``serve`` with an end: whatever happens, the connection is closed."""

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.transport.abort()

    return serve_and_close


def poll(
    serve: Serve, *, times: int = 1, tls: ssl.SSLContext | None = None, scheme: str = "http"
) -> list[Response | str]:
    """Send requests over one slot; return each answer, or why there is none."""

    async def scenario() -> list[Response | str]:
        server = await asyncio.start_server(closing(serve), "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        request = PreparedRequest("GET", f"{scheme}://localhost:{port}/", {}, None, _mask=str)
        found: list[Response | str] = []
        async with server, Fetcher(10, LOOPBACK) as fetcher:
            for _ in range(times):
                try:
                    found.append(await fetcher.send(request, 0, 10))
                except FetchError as exc:
                    found.append(str(exc))
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)  # for both sides to close
        return found

    return asyncio.run(scenario())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for ``localhost`` with its key, signed by itself."""
    openssl = shutil.which("openssl")
    assert openssl, "this test makes its certificate with openssl"
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += [
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-keyout",
        str(path.parent / "key.pem"),
    ]
    command += ["-out", str(path)]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def server_tls(certificate: Path) -> ssl.SSLContext:
    """Return a server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.parent / "key.pem")
    return context


def trust(monkeypatch: pytest.MonkeyPatch, certificate: Path | None, name: str = "") -> None:
    """Make the client trust a certificate, for the name that it is asked to check."""
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(wire, "_tls", lambda: context)
    if name:
        start = wire.StreamWire.start_tls
        monkeypatch.setattr(wire.StreamWire, "start_tls", lambda self, _host: start(self, name))


def test_requests_when_the_certificate_is_trusted_then_share_a_tls_connection(
    monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    trust(monkeypatch, certificate)
    connections: list[object] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await answer_each(reader, writer)

    found = poll(serve, times=3, tls=server_tls(certificate), scheme="https")

    assert [getattr(each, "body", each) for each in found] == [b"{}"] * 3
    assert len(connections) == 1


@pytest.mark.parametrize("case", ["unknown", "another name"])
def test_a_certificate_when_not_valid_then_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, case: str
) -> None:
    if case == "another name":
        trust(monkeypatch, certificate, "api.example.com")
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())

    found = poll(serve, tls=server_tls(certificate), scheme="https")

    assert found == ["the provider's TLS certificate is not valid"]
    assert not any(received)


def test_tls_when_the_host_speaks_plain_http_then_says_so() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    assert poll(serve, scheme="https") == ["no TLS connection to the provider could be made"]


@pytest.mark.parametrize("more", [ANSWER, b""], ids=["bytes that nobody asked for", "the end"])
def test_a_connection_when_something_comes_while_it_is_idle_then_is_not_used_again(
    more: bytes,
) -> None:
    connections: list[object] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read(4096)
        writer.write(ANSWER)
        await asyncio.sleep(0.005)
        if more:
            writer.write(more)
            await reader.read()

    found = poll(serve, times=2)

    assert [getattr(each, "body", each) for each in found] == [b"{}", b"{}"]
    assert len(connections) == 2


def test_a_flood_when_it_is_taken_slowly_then_the_sender_has_to_wait() -> None:
    flood = 16 * 1024 * 1024

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * flood)
        await writer.drain()
        writer.write_eof()
        await asyncio.sleep(0.1)

    async def scenario() -> list[int]:
        server = await asyncio.start_server(closing(serve), "127.0.0.1", 0)
        loop, port = asyncio.get_running_loop(), server.sockets[0].getsockname()[1]
        _, flooded = await loop.create_connection(wire.StreamWire, "127.0.0.1", port)
        taken = []
        async with server:
            while data := await flooded.receive():
                taken.append(len(data))
                await asyncio.sleep(0.005)
            flooded.close()
        await asyncio.sleep(0.02)
        return taken

    taken = asyncio.run(scenario())

    assert sum(taken) == flood
    assert max(taken) <= 1024 * 1024


def test_a_port_when_nobody_listens_then_the_host_refused() -> None:
    async def scenario() -> str:
        server = await asyncio.start_server(answer_each, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        request = PreparedRequest("GET", f"http://127.0.0.1:{port}/", {}, None, _mask=str)
        async with Fetcher(10, LOOPBACK) as fetcher:
            try:
                await fetcher.send(request, 0, 10)
            except FetchError as exc:
                return str(exc)
        return ""

    assert asyncio.run(scenario()) == "the provider's host refused the connection"
