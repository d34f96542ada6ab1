"""A real HTTP server on loopback that answers well, or badly in every way that providers do."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[str, asyncio.StreamWriter], Awaitable[None]]

_BOMB = gzip.compress(b"0" * 64 * 1024 * 1024)


def _answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *(headers or ("Content-Type: application/json",)),
        "",
        "",
    ]
    return "\r\n".join(head).encode() + body


async def _ok(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b'{"balance": 12.5}'))


async def _echo_401(key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(f'{{"error": {{"code": "{key}"}}, "k": "{key}"}}'.encode(), "401 No"))


async def _echo_malformed(key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(f'{{"balance": "{key}", "unit": "{key}"'.encode()))


async def _echo_as_balance(key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(f'{{"balance": "{key}"}}'.encode()))


async def _page(key: str, writer: asyncio.StreamWriter) -> None:
    body = f"<html>{key}</html>".encode()
    writer.write(_answer(body, "200 OK", "Content-Type: text/html"))


async def _redirect(key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b"", "302 Found", f"Location: http://127.0.0.1:9/?key={key}"))


async def _server_error(key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(key.encode(), "500 Oops"))


async def _limited(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b"{}", "429 Slow Down", "Retry-After: 3600"))


async def _no_http(key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(f"{key} is not HTTP\r\n\r\n".encode())


async def _broken_off(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{")


async def _silent(_key: str, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def _stall(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"balance":')
    await asyncio.sleep(30)


async def _drip(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
    for _ in range(600):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _huge(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _bomb(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(_BOMB, "200 OK", "Content-Encoding: gzip"))


async def _deep(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b"[" * 500_000 + b"]" * 500_000))


async def _many(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b"[" + b"[]," * 340_000 + b"[]]"))


async def _long(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b'{"balance": ' + b"9" * 1_000_000 + b"}"))


async def _one(_key: str, writer: asyncio.StreamWriter) -> None:
    writer.write(_answer(b"[1]"))


BEHAVIOURS: dict[str, Behaviour] = {
    "ok": _ok,
    "echo-401": _echo_401,
    "echo-malformed": _echo_malformed,
    "echo-as-balance": _echo_as_balance,
    "page": _page,
    "redirect": _redirect,
    "server-error": _server_error,
    "limited": _limited,
    "no-http": _no_http,
    "broken-off": _broken_off,
    "silent": _silent,
    "stall": _stall,
    "drip": _drip,
    "huge": _huge,
    "bomb": _bomb,
    "deep": _deep,
    "many": _many,
    "long": _long,
    "one": _one,
}


#: How a conversation may end early; the last is the server's own end.
_ENDED = (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Behave as the first part of the path says; the key is in the query or a header."""
    try:
        with contextlib.suppress(*_ENDED):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            key = path.partition("key=")[2] or head.partition("Bearer ")[2].partition("\r")[0]
            await BEHAVIOURS[path.split("/")[1]](key, writer)
            await writer.drain()
    finally:
        writer.close()


@contextmanager
def misbehaving_server() -> Iterator[str]:
    """Serve in a thread; yield the base URL."""
    started = threading.Event()
    address: list[str] = []
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(_serve, "127.0.0.1", 0)
        address.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        started.set()
        await stopping.wait()
        server.close()
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await asyncio.sleep(0.05)  # let transports close

    stopping = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait(10)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()
