"""Every shipped definition, with the poller's own client, against every hostile answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from balance_poller.definitions.catalogue import list_providers
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.provider import Provider, load_provider
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError
from shared.secret import seal
from tests.integration.providers.hostile_answers import CATALOGUE, Hostile
from tests.unit.providers.corpus import canary_secret, default_params, some_days

_SECONDS = 20.0


@asynccontextmanager
async def hostile_server() -> AsyncIterator[str]:
    """Answer with the entry of the catalogue whose number the path begins with."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(CATALOGUE[int(head.split(b" ")[1].split(b"/")[1])].raw)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def poll(provider: Provider) -> list[tuple[Hostile, Reading]]:
    """Poll once for every answer, as the poller does."""
    found = []
    key = seal(canary_secret(provider))
    async with hostile_server() as url, Fetcher(_SECONDS, AddressPolicy(loopback=True)) as fetcher:
        for number, hostile in enumerate(CATALOGUE):
            request = provider.prepare(
                key,
                default_params(provider),
                f"{url}/{number}",
                allow_http_loopback=True,
                window=some_days(provider),
            )
            try:
                reading = provider.read(await fetcher.send(request, 0, _SECONDS), None)
            except FetchError as exc:
                reading = Reading(exc.outcome, str(exc))
            found.append((hostile, reading))
    return found


def test_the_catalogue_has_enough_of_every_kind() -> None:
    assert len(CATALOGUE) >= 60
    assert len({hostile.name for hostile in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("name", list_providers())
def test_a_definition_when_answered_hostilely_then_reads_no_balance_and_blames_no_key(
    name: str,
) -> None:
    wrong = [
        f"{hostile.name}: {reading.outcome.value} ({reading.reason})"
        for hostile, reading in asyncio.run(poll(load_provider(name, {})))
        if reading.outcome not in hostile.outcomes
        or (reading.balance, reading.burn_per_hour, reading.costs or None) != (None, None, None)
        or reading.others
    ]

    assert not wrong
