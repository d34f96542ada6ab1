"""A preceding request: sent once, its values kept while valid, and repeated when refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from balance_poller.credentials.binding import KeyPolicy
from balance_poller.credentials.reference import Keys, StoredKey
from balance_poller.event import parse_account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.fetching.plan import Plan, PlanRules, load_providers, make_plan
from balance_poller.fetching.request_group import KeptValues
from balance_poller.fetching.workers import fetch_all
from shared.outcome import Outcome
from shared.redactor import redactor
from shared.secret import Secret
from tests.unit.poller.fakes import Clock, FakeSecrets, FakeTransport, answer, limits

DEFINITION: dict[str, Any] = {
    "title": "Two steps",
    "before": {
        "request": {"url": "/token", "headers": {"Authorization": "Basic {key}"}},
        "take": {"token": "token"},
        "keep_seconds": "seconds",
    },
    "request": {
        "url": "https://api.example/balance",
        "headers": {"Authorization": "Bearer {before.token}"},
    },
    "wallets": {"main": {"unit": "USD", "remaining": "left"}},
}
TOKEN = "canary-token-0123456789"


def plan(
    definition: dict[str, Any] = DEFINITION, stored: StoredKey | None = None, **rules: Any
) -> Plan:
    accounts = [parse_account({"id": "a", "provider": "two", "secret": "s"})]
    keys = Keys({"s": stored or StoredKey(Secret("key of a"))}, {})
    providers = load_providers(accounts, {"two": definition})
    return make_plan(accounts, providers, keys, PlanRules(**rules))


class Service:
    """A service whose tokens are good for some requests."""

    def __init__(self, seconds: object = 600, good_for: int = 99) -> None:
        self.seconds, self.good_for = seconds, good_for
        self.asked: list[str] = []
        self.issued = 0
        self.left = 0

    def __call__(self, request: PreparedRequest) -> Response:
        self.asked.append(request.url.rpartition("/")[2])
        if request.url.endswith("/token"):
            self.issued += 1
            self.left = self.good_for
            return answer({"token": f"{TOKEN}-{self.issued}", "seconds": self.seconds})
        assert request.headers["Authorization"] == f"Bearer {TOKEN}-{self.issued}"
        self.left -= 1
        return answer({"left": 5}) if self.left >= 0 else answer({}, 401)


def fetch(
    made: Plan,
    reply: Callable[[PreparedRequest], Response],
    kept: KeptValues,
    clock: Clock | None = None,
) -> Reading:
    how = limits(clock)
    found = asyncio.run(fetch_all(made.groups, FakeTransport(reply), 1000.0, how, kept))
    return found["a"]


def test_token_when_it_lives_long_then_is_requested_once_and_masked() -> None:
    service, kept = Service(), KeptValues()

    readings = [fetch(plan(), service, kept) for _ in range(3)]

    assert [reading.outcome for reading in readings] == [Outcome.OK] * 3
    assert service.asked == ["token", "balance", "balance", "balance"]
    assert TOKEN not in redactor().clean(f"a log line with {TOKEN}-1")
    assert TOKEN not in repr(kept)


def test_token_when_a_later_run_needs_it_then_the_fetcher_still_has_it() -> None:
    service = Service()
    accounts = [parse_account({"id": "a", "provider": "two", "secret": "s"})]
    providers = load_providers(accounts, {"two": DEFINITION})
    keys = KeyPolicy("balance-monitor", frozenset({"https://api.example"}))
    fetcher = BalanceFetcher(FakeSecrets(), lambda: FakeTransport(service), limits(), keys)

    runs = [asyncio.run(fetcher.fetch(accounts, providers, {}, 1e9)) for _ in range(2)]

    assert [run.readings["a"].outcome for run in runs] == [Outcome.OK] * 2
    assert service.asked == ["token", "balance", "balance"]


@pytest.mark.parametrize("seconds", [None, 30, "600", 0])
def test_token_when_its_life_is_short_or_unknown_then_is_requested_in_every_run(
    seconds: object,
) -> None:
    service, kept = Service(seconds), KeptValues()

    for _ in range(2):
        fetch(plan(), service, kept)

    assert service.asked == ["token", "balance"] * 2


def test_token_when_its_life_is_over_then_is_requested_again() -> None:
    service, clock = Service(600), Clock()
    kept = KeptValues()
    fetch(plan(), service, kept, clock)
    clock.seconds += 541

    fetch(plan(), service, kept, clock)

    assert service.asked == ["token", "balance"] * 2


def test_token_when_it_ends_early_then_is_requested_once_more() -> None:
    service, kept = Service(good_for=1), KeptValues()

    readings = [fetch(plan(), service, kept) for _ in range(2)]

    assert [reading.outcome for reading in readings] == [Outcome.OK] * 2
    assert service.asked == ["token", "balance", "balance", "token", "balance"]


def test_fresh_token_when_it_is_refused_then_the_key_is_wrong_and_nothing_is_repeated() -> None:
    service = Service(good_for=0)

    reading = fetch(plan(), service, {})

    assert reading.outcome is Outcome.INVALID_KEY
    assert service.asked == ["token", "balance"]


def test_key_when_it_is_another_then_gets_a_token_of_its_own() -> None:
    service, kept = Service(), KeptValues()
    fetch(plan(), service, kept)

    fetch(plan(stored=StoredKey(Secret("key of b"))), service, kept)

    assert service.asked == ["token", "balance"] * 2


def test_first_request_when_it_is_refused_then_the_second_is_not_made() -> None:
    asked: list[str] = []

    def refuse(request: PreparedRequest) -> Response:
        asked.append(request.url)
        return answer({}, 401)

    reading = fetch(plan(), refuse, {})

    assert reading.outcome is Outcome.INVALID_KEY
    assert reading.reason == "before the balance: the key was rejected (HTTP 401)"
    assert asked == ["https://api.example/token"]


def test_first_request_when_the_service_is_down_then_is_retried() -> None:
    asked: list[str] = []

    def fail(request: PreparedRequest) -> Response:
        asked.append(request.url)
        return answer({}, 503, retry_after="1")

    reading = fetch(plan(), fail, {})

    assert reading.outcome is Outcome.TRANSIENT
    assert reading.retry_at is not None
    assert len(asked) > 1
    assert set(asked) == {"https://api.example/token"}


def test_another_host_when_the_key_was_not_stored_for_it_then_gets_nothing() -> None:
    """Somebody who may change a custom definition cannot have keys sent to a host of their own."""
    definition = DEFINITION | {
        "before": DEFINITION["before"]
        | {"request": {"url": "https://evil.example/token", "headers": {"X": "{key}"}}}
    }
    bound = StoredKey(Secret("key"), bound_to="https://api.example")
    both = StoredKey(Secret("key"), bound_to="https://api.example https://evil.example")
    keys = KeyPolicy("stack")

    refused = plan(definition, bound, keys=keys)

    assert refused.groups == []
    assert refused.readings["a"].outcome is Outcome.BAD_CONFIG
    assert "not for https://evil.example" in (refused.readings["a"].reason or "")
    assert len(plan(definition, both, keys=keys).groups) == 1
