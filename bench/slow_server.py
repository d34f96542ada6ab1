"""A balance API on loopback that answers after a given time, for the benchmarks to poll.

A separate process, so that its work is not counted as the client's.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

BODY = json.dumps({"balance": 12.5, "used": 3.25, "plan": {"name": "pro", "seats": 5}}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Server:
    """The running server."""

    port: int

    def base_url(self, host: int = 0) -> str:
        """Return one of its addresses: the whole of 127.0.0.0/8 is loopback."""
        return f"http://127.0.0.{host + 1}:{self.port}"


class _Connection(asyncio.Protocol):
    """Answers every request after the delay; a delay below 0 never ends."""

    def __init__(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- what asyncio passes
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while _END in self._received:
            _, _, self._received = self._received.partition(_END)
            if self._delay_seconds >= 0:
                asyncio.get_running_loop().call_later(self._delay_seconds, self._reply)

    def _reply(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(ANSWER)


@contextmanager
def slow_server(delay_seconds: float, hosts: int = 1) -> Iterator[Server]:
    """Run the server with ``hosts`` addresses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, str(port), str(hosts), str(delay_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
            process.stdout.readline()
            yield Server(port)
        finally:
            process.kill()


async def serve(port: int, hosts: int, delay_seconds: float) -> None:
    """Listen until killed."""
    loop = asyncio.get_running_loop()
    addresses = [f"127.0.0.{host + 1}" for host in range(hosts)]
    server = await loop.create_server(
        lambda: _Connection(delay_seconds), addresses, port, backlog=4096
    )
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
