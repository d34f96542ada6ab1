"""Providers' OpenAPI documents drive one server, which the poller reads without special cases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from balance_poller.definitions.catalogue import list_providers, read_shipped
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.provider import Provider, load_provider
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from shared.outcome import Outcome
from shared.secret import seal
from tests.integration.providers.mock_server import Mock, serve
from tests.integration.providers.openapi import Document, Operation, load_documents
from tests.integration.providers.oracle import expected_balance
from tests.unit.providers.corpus import default_params, own_address, some_days

SEEDS: Final = range(40)
_SECONDS: Final = 5.0
#: What a documented status may mean; no other blames the key, the limit or the provider.
MEANINGS: Final = {
    401: {Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE, Outcome.ACCOUNT_BLOCKED},
    # An error without the API's own words or code may come from a firewall.
    403: {
        Outcome.INVALID_KEY,
        Outcome.INSUFFICIENT_SCOPE,
        Outcome.ACCOUNT_BLOCKED,
        Outcome.TRANSIENT,
    },
    429: {Outcome.RATE_LIMITED},
    500: {Outcome.TRANSIENT},
}


@dataclass(frozen=True)
class Pair:
    """A shipped provider, and the document that describes its request."""

    provider: Provider
    document: Document
    operation: Operation

    @property
    def secret(self) -> str | dict[str, str]:
        fields = self.provider.definition.secret_fields
        return {name: f"canary-{name}" for name in fields} if fields else "canary-key"

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset([self.secret] if isinstance(self.secret, str) else self.secret.values())

    @property
    def id(self) -> str:
        return f"{self.provider.name}-{self.document.name}"


def pairs() -> Iterator[Pair]:
    """Find a document for every provider that has one, by the address of its request."""
    documents = load_documents()
    for name in list_providers():
        provider = load_provider(name, {})
        fields = provider.definition.secret_fields
        secret = dict.fromkeys(fields, "x") if fields else "x"
        request = provider.prepare(
            seal(secret),
            default_params(provider),
            own_address(provider),
            allow_http_loopback=False,
            window=some_days(provider),
        )
        url = urlsplit(request.url)
        for document in documents:
            origin = f"{url.scheme}://{url.netloc}"
            operation = document.find(request.method, url.path, origin)
            if operation is not None:
                yield Pair(provider, document, operation)


PAIRS: Final = list(pairs())


@pytest.fixture
def mock(pair: Pair) -> Iterator[Mock]:
    with serve(pair.document, pair.secrets) as mock:
        yield mock


def poll(pair: Pair, mock: Mock, changes: list[dict[str, Any]]) -> list[tuple[bytes, Reading]]:
    """Poll once for each change of the server's settings, with the poller's own code."""

    async def run() -> list[tuple[bytes, Reading]]:
        found = []
        async with Fetcher(_SECONDS, AddressPolicy(loopback=True)) as fetcher:
            for change in changes:
                vars(mock).update(change)
                request = pair.provider.prepare(
                    seal(pair.secret), {}, mock.base_url, allow_http_loopback=True
                )
                answer = await fetcher.send(request, 0, _SECONDS)
                found.append((mock.body, pair.provider.read(answer, None)))
        return found

    return asyncio.run(run())


def test_every_document_is_what_some_provider_asks_for() -> None:
    used = {pair.document.name for pair in PAIRS}

    assert used == {document.name for document in load_documents()}
    assert len(PAIRS) >= 14


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
def test_generated_answer_when_read_then_is_the_generated_number_or_an_error(
    pair: Pair, mock: Mock
) -> None:
    definition = read_shipped(pair.provider.name)

    readings = poll(pair, mock, [{"seed": seed} for seed in SEEDS])

    assert mock.problems == []
    for body, reading in readings:
        expected = expected_balance(definition, body)
        if expected is None:
            assert reading.outcome is not Outcome.OK, body
            assert reading.reason
        else:
            assert reading.outcome is Outcome.OK, (body, reading.reason)
            assert reading.balance is not None
            assert (reading.balance.remaining, reading.balance.unit) == expected
    outcomes = [reading.outcome for _, reading in readings]
    assert outcomes.count(Outcome.OK) >= len(SEEDS) / 4
    assert len({body for body, _ in readings}) > len(SEEDS) / 2


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
def test_documented_error_when_answered_then_is_no_balance(pair: Pair, mock: Mock) -> None:
    statuses = [status for status in pair.operation.responses if status >= 400]
    changes = [{"status": status, "seed": seed} for status in statuses for seed in range(3)]

    readings = poll(pair, mock, changes)

    assert mock.problems == []
    for change, (_, reading) in zip(changes, readings, strict=True):
        assert reading.outcome is not Outcome.OK
        assert reading.outcome in MEANINGS.get(change["status"], set(Outcome))
        assert reading.reason
        assert not any(secret in repr(reading) for secret in pair.secrets)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
def test_request_when_it_breaks_the_document_then_is_refused_and_no_balance(
    pair: Pair, mock: Mock
) -> None:
    request = pair.provider.prepare(seal(pair.secret), {}, mock.base_url, allow_http_loopback=True)
    stray = copy(request)
    stray.url += f"?stray={next(iter(pair.secrets))}"

    async def run() -> Reading:
        async with Fetcher(_SECONDS, AddressPolicy(loopback=True)) as fetcher:
            answer = await fetcher.send(stray, 0, _SECONDS)
            return pair.provider.read(answer, None)

    reading = asyncio.run(run())

    assert mock.problems == ["a key in the query stray, which is not documented"]
    assert reading.outcome is Outcome.BAD_CONFIG
