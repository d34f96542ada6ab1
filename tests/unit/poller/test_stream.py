"""A connection's bytes: kept until read, within limits; its end and errors come last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpcore
import pytest

from balance_poller.fetching.transport.errors import Received
from balance_poller.fetching.transport.stream import Stream

MIB = 1024 * 1024


class Transport(asyncio.Transport):
    """An asyncio transport without a socket."""

    def __init__(self, stream: Stream) -> None:
        super().__init__({"socket": 0})
        self.sent = b""
        self.is_closed = False
        self.is_paused = False
        stream.connection_made(self)

    def write(self, data: Any) -> None:
        self.sent += data

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True


def on_stream(scenario: Callable[[Stream, Transport], Coroutine[Any, Any, Any]]) -> Any:
    """Run a scenario on a fresh stream; what never ends fails."""

    async def run() -> Any:
        stream = Stream(Received())
        stream.allow(10 * MIB)
        return await asyncio.wait_for(scenario(stream, Transport(stream)), 5)

    return asyncio.run(run())


async def read_all(stream: Stream, most: int = 10) -> list[bytes]:
    """Read up to the end."""
    parts = []
    while data := await stream.read(most):
        parts.append(data)
    return parts


def test_bytes_when_they_come_in_any_parts_then_are_read_in_order_to_the_end() -> None:
    async def scenario(stream: Stream, _transport: Transport) -> list[bytes]:
        reading = asyncio.create_task(read_all(stream, most=4))
        await asyncio.sleep(0)
        stream.data_received(b"one")
        await asyncio.sleep(0)
        stream.data_received(b"two")
        stream.data_received(b"three")
        stream.eof_received()
        return await reading

    assert on_stream(scenario) == [b"one", b"twot", b"hree"]


def test_a_sender_when_faster_than_the_reader_then_waits() -> None:
    async def scenario(stream: Stream, transport: Transport) -> list[bool]:
        stream.data_received(b"x" * MIB)
        paused = [transport.is_paused]
        await stream.read(MIB - 1)
        paused.append(transport.is_paused)
        await stream.read(MIB)
        return [*paused, transport.is_paused]

    assert on_stream(scenario) == [True, True, False]


def test_what_arrived_when_the_connection_then_breaks_is_read_before_the_error() -> None:
    async def scenario(stream: Stream, _transport: Transport) -> bytes:
        stream.data_received(b"HTTP/1.1 413")
        stream.connection_lost(ConnectionResetError())
        arrived = await stream.read(MIB)
        with pytest.raises(httpcore.ReadError) as raised:
            await stream.read(MIB)
        assert isinstance(raised.value.__cause__, ConnectionResetError)
        return arrived

    assert on_stream(scenario) == b"HTTP/1.1 413"


def test_a_reader_when_the_connection_breaks_then_waits_no_longer() -> None:
    async def scenario(stream: Stream, _transport: Transport) -> None:
        reading = asyncio.create_task(stream.read(MIB))
        await asyncio.sleep(0)
        stream.connection_lost(ConnectionResetError())
        with pytest.raises(httpcore.ReadError):
            await reading

    on_stream(scenario)


def test_a_write_when_too_much_is_unsent_then_waits() -> None:
    async def scenario(stream: Stream, transport: Transport) -> bytes:
        stream.pause_writing()
        writing = asyncio.create_task(stream.write(b"body"))
        await asyncio.sleep(0.01)
        assert not writing.done()
        stream.resume_writing()
        await writing
        return transport.sent

    assert on_stream(scenario) == b"body"


def test_a_write_when_the_connection_breaks_then_fails_and_waits_no_longer() -> None:
    async def scenario(stream: Stream, _transport: Transport) -> None:
        stream.pause_writing()
        writing = asyncio.create_task(stream.write(b"body"))
        await asyncio.sleep(0)
        stream.connection_lost(BrokenPipeError())
        with pytest.raises(httpcore.WriteError):
            await writing

    on_stream(scenario)


def test_a_write_when_the_connection_is_closed_then_fails() -> None:
    async def scenario(stream: Stream, transport: Transport) -> bytes:
        await stream.aclose()
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"body")
        return transport.sent

    assert on_stream(scenario) == b""


@pytest.mark.parametrize(
    "happen",
    [
        pytest.param(lambda stream: stream.data_received(b"x"), id="bytes"),
        pytest.param(lambda stream: stream.eof_received(), id="the end"),
        pytest.param(lambda stream: stream.connection_lost(None), id="a loss"),
    ],
)
def test_a_stream_when_something_happened_to_it_then_is_readable(
    happen: Callable[[Stream], None],
) -> None:
    async def scenario(stream: Stream, _transport: Transport) -> Any:
        happen(stream)
        return stream.get_extra_info("is_readable")

    assert on_stream(scenario) is True


def test_an_address_when_the_other_side_is_gone_already_then_is_an_error_of_the_network() -> None:
    async def scenario(stream: Stream, _transport: Transport) -> None:
        with pytest.raises(ConnectionResetError):
            _ = stream.peer_address

    on_stream(scenario)


def test_a_stream_when_more_comes_than_is_allowed_then_breaks_the_rules_of_http() -> None:
    async def scenario(stream: Stream, _transport: Transport) -> bytes:
        stream.allow(5)
        stream.data_received(b"five.")
        allowed = await stream.read(MIB)
        stream.data_received(b"x")
        with pytest.raises(httpcore.RemoteProtocolError):
            await stream.read(MIB)
        return allowed

    assert on_stream(scenario) == b"five."
