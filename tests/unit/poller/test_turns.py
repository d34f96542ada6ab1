"""Answers that take long to read: other requests continue between them."""

from __future__ import annotations

import asyncio

import pytest

from balance_poller.event import parse_account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching import turns
from balance_poller.fetching.plan import PlanRules, load_providers, make_plan
from balance_poller.fetching.request_group import RequestGroup
from balance_poller.fetching.workers import fetch_all
from shared.outcome import Outcome
from tests.unit.poller.fakes import (
    DEFINITION,
    PROVIDERS,
    Clock,
    FakeSecrets,
    FakeTransport,
    answer,
    entry,
    host_of,
    limits,
)

LONG = 0.4
OTHERS = 30
#: Of the event loop, for one request.
ROUND_TRIPS = 8


def groups(hostile: int) -> list[RequestGroup]:
    """Return requests of a definition that takes long, and of good accounts elsewhere."""
    accounts = [
        parse_account(entry(f"{name}{n}", provider=provider, params={"host": f"{name}.example"}))
        for name, provider, count in (("a", "hostile", hostile), ("b", "plain", OTHERS))
        for n in range(count)
    ]
    providers = load_providers(accounts, PROVIDERS | {"hostile": DEFINITION})
    keys = FakeSecrets().read([account.secret for account in accounts])
    return make_plan(accounts, providers, keys, PlanRules()).groups


@pytest.mark.parametrize("size", [10, 100_000], ids=["expensive expression", "huge answer"])
def test_answers_when_they_take_long_to_read_then_others_wait_for_a_few_at_most(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    answered: dict[str, float] = {}

    def read_slowly(group: RequestGroup, *_: object) -> dict[str, Reading]:
        (account,) = group.accounts
        clock.seconds += LONG if group.provider.name == "hostile" else 0.0001
        answered[account.id] = clock.seconds
        return {account.id: Reading(Outcome.OK)}

    async def reply(request: PreparedRequest) -> Response:
        is_hostile = host_of(request) == "a.example"
        for _ in range(1 if is_hostile else ROUND_TRIPS):
            await asyncio.sleep(0)
        return answer(b" " * size if is_hostile else {"balance": 5})

    monkeypatch.setattr(turns, "read_answer", read_slowly)
    asyncio.run(fetch_all(groups(200), FakeTransport(reply), 1e9, limits(clock, max_in_flight=40)))

    slowest = max(at for account, at in answered.items() if account.startswith("b"))
    assert len(answered) == 200 + OTHERS
    assert slowest < 0.5 * max(answered.values())
