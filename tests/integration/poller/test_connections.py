"""One connection per slot: used again while it can be, and opened anew where it cannot."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import pytest

from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError

HEAD: Final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


def exchange(answer: str, hosts: list[str], late: str = "") -> tuple[list[str], int]:
    """Send a request to each host over one slot; return what came, and the connections opened.

    What is ``late`` follows an answer once it has been read.
    """
    opened = 0

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
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found = []
        async with server, Fetcher(10, AddressPolicy(loopback=True)) as fetcher:
            for host in hosts:
                request = PreparedRequest("GET", f"http://{host}:{port}/", {}, None, _mask=str)
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
    answer: str, hosts: list[str], connections: int
) -> None:
    assert exchange(answer, hosts) == (["{}"] * len(hosts), connections)


@pytest.mark.parametrize("late", ["\n", "tail", f"{HEAD}\r\n[]"])
def test_connection_when_more_arrives_between_two_requests_then_is_not_used_again(
    late: str,
) -> None:
    assert exchange(f"{HEAD}\r\n{{}}", ["127.0.0.1"] * 2, late) == (["{}"] * 2, 2)


def test_connection_when_it_broke_then_the_next_request_gets_another() -> None:
    found, connections = exchange(
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", ["127.0.0.1"] * 2
    )

    assert found == ["the connection broke before the whole answer came"] * 2
    assert connections == 2
