"""Connections to addresses that are not allowed: opened, recognised, and closed before any byte."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError
from shared.outcome import Outcome

KEY = "canary-key-for-nobody"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """A service on this machine that notes who connects and what they send."""

    def __init__(self) -> None:
        self.received = b""
        self.is_done = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note one connection's first bytes."""
        self.received = await reader.read(4096)
        writer.write(ANSWER)
        writer.close()
        self.is_done.set()


async def ask(policy: AddressPolicy, host: str, listen: str) -> tuple[Listener, Any]:
    """Send a request with a key to ``host``; return what arrived, and the answer or the error."""
    listener = Listener()
    server = await asyncio.start_server(listener.serve, listen, 0)
    port = server.sockets[0].getsockname()[1]
    request = PreparedRequest(
        method="GET",
        url=f"http://{host}:{port}/balance?key={KEY}",
        headers={"Authorization": f"Bearer {KEY}"},
        content=None,
        mask=str,
    )
    async with server:
        try:
            async with Fetcher(10, policy) as fetcher:
                found: Any = await fetcher.send(request, 0, 10)
        except FetchError as exc:
            found = exc
        await listener.is_done.wait()
    return listener, found


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a public name that now resolves to this machine, as its owner may decide."""
    resolve = socket.getaddrinfo
    name = "api.provider.example"

    def lead_here(host: Any, *rest: Any, **named: Any) -> Any:
        return resolve("127.0.0.1" if host in (name, name.encode()) else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lead_here)
    return name


@pytest.mark.parametrize("private", [False, True], ids=["public only", "private networks too"])
def test_a_name_when_it_leads_to_this_machine_then_is_sent_nothing(
    rebound: str, private: bool
) -> None:
    policy = AddressPolicy(private=private)

    listener, found = asyncio.run(ask(policy, rebound, "127.0.0.1"))

    assert listener.received == b"", "a connection, and not one byte"
    assert isinstance(found, FetchError)
    assert found.outcome is Outcome.BAD_CONFIG
    assert "not allowed (allow_private_addresses)" in str(found)
    assert KEY not in str(found)


def test_an_address_when_allowed_then_gets_the_request(rebound: str) -> None:
    """Control: the listener sees what is sent."""
    listener, found = asyncio.run(ask(AddressPolicy(loopback=True), rebound, "127.0.0.1"))

    assert KEY.encode() in listener.received
    assert found.status == 200
