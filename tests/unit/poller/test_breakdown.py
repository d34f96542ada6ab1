"""Breakdowns by key: when they are requested, what is kept, and what they must never cost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st

from balance_poller.definitions.definition import parse_definition
from balance_poller.event import parse_event
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.breakdown import read_breakdown
from balance_poller.exchange.provider import load_provider
from balance_poller.exchange.request import PreparedRequest
from balance_poller.ledger.window import Window
from balance_poller.polling.poll import poll
from balance_poller.recording.tables.breakdown_table import BreakdownTable
from shared.records.breakdown import MOST_SHARES, Breakdown, Share, name_of
from shared.secret import Secret
from tests.unit.poller.fakes import AT, DEFINITION, World, answer, entry

KEYS: Final = {
    "keys": [
        {"name": "batch", "spent": 41.2},
        {"name": "ci", "spent": "3.50"},
        {"name": "web", "spent": 0.5},
        {"name": "batch", "spent": 1},
        {"name": "old", "spent": 0.25},
    ]
}
SPEC: Final[dict[str, Any]] = {
    "request": {"url": "/keys", "headers": {"Authorization": "Bearer {key}"}},
    "entries": "keys",
    "name": "name",
    "amount": "spent",
    "unit": "USD",
    "over": "today (UTC)",
}
SHARED: Final = DEFINITION | {"breakdown": SPEC}


class Service:
    """A provider with balances and keys."""

    def __init__(self, shares: object = KEYS) -> None:
        self.balance = 50
        self.shares = shares
        self.asked: list[str] = []

    def __call__(self, request: PreparedRequest) -> Response:
        self.asked.append(request.url.rpartition("/")[2])
        if not request.url.endswith("/keys"):
            return answer({"balance": self.balance, "bonus": 1})
        if isinstance(self.shares, Exception):
            raise self.shares
        return self.shares if isinstance(self.shares, Response) else answer(self.shares)


def run(world: World, minute: int, **fields: Any) -> list[str]:
    """Poll once; return the run's errors."""
    account = entry("one", provider="shared", warning=30, critical=10, **fields)
    at = AT.replace(minute=minute).isoformat()
    event = {"scheduled_at": at, "accounts": [account], "providers": {"shared": SHARED}}
    return list(poll(parse_event(event, AT), world.adapters, 900.0).errors)


def test_keys_are_requested_once_when_the_balance_falls_below_critical_and_last() -> None:
    service = Service()
    world = World(service)

    for minute, service.balance in enumerate((50, 20, 9, 8, 60, 5), start=10):
        run(world, minute)

    assert service.asked == ["balance"] * 3 + ["keys"] + ["balance"] * 3 + ["keys"]
    assert world.log[6:10] == ["metrics", "history", "latest", "breakdowns"]
    assert world.breakdowns.items[0] == Breakdown(
        "one",
        AT,
        "USD",
        "today (UTC)",
        (
            Share("batch", Decimal("42.2")),
            Share("ci", Decimal("3.50")),
            Share("web", Decimal("0.5")),
        ),
    )


@pytest.mark.parametrize(
    "shares",
    [
        RuntimeError("no"),
        answer(b"<html>", 502),
        answer({"keys": [{"name": "a", "spent": None}]}),
        answer({"keys": {}}),
        answer({"keys": [{"name": "a", "spent": 0}]}),
        answer(KEYS, 403),
    ],
    ids=["error", "page", "no amount", "no list", "nothing spent", "refused"],
)
def test_run_is_what_it_was_when_keys_cannot_be_read(shares: object) -> None:
    service = Service(shares)
    world = World(service)
    service.balance = 5

    errors = run(world, 10)

    assert errors == []
    assert world.breakdowns.items == []
    assert world.latest.items["one"].good.balance == 5


def test_keys_are_not_requested_when_no_time_is_left() -> None:
    asked: list[str] = []

    def reply(request: PreparedRequest) -> Response:
        asked.append(request.url)
        world.clock.seconds = 901.0
        return answer({"balance": 5, "bonus": 1})

    world = World(reply)

    assert run(world, 10) == []

    assert len(asked) == 1
    assert world.latest.items["one"].good.is_alarming


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["keys", "name", "spent"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(body=JSON)
@example(body={"keys": [{"name": "a", "spent": "1e999999999"}]})
@example(body={"keys": [{"name": "a", "spent": 5}, 7]})
def test_whatever_is_answered_the_shares_are_few_positive_sorted_and_of_the_answer(
    body: object,
) -> None:
    spec = parse_definition(SHARED).breakdown
    assert spec is not None

    shares = read_breakdown(spec, Response(200, "", json.dumps(body).encode()))

    amounts = [share.amount for share in shares]
    assert len(shares) <= MOST_SHARES
    assert amounts == sorted(amounts, reverse=True)
    assert all(amount > 0 for amount in amounts)


#: As providers mask, show and name keys. The labels are those of OpenRouter's and LiteLLM's
#: documentation (openrouter.ai/docs/api/api-reference/api-keys/list, docs.litellm.ai, 2026-11).
KEYS_AND_PARTS: Final = [
    "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",
    "f01d52606dc8f0a8303a7b5cc3fa07109c2e346cec7c0a16b40de462992ce943",
    "sk-or-v1-0e6...c96",
    "sk-...Q4zA",
    "my sk-proj-abc",
    "AKIA1234567890abcdefghijklmnop",
    "Bearer abc",
    "xai-123",
    "pk_live_1",
    "ab***yz",
]


@pytest.mark.parametrize("text", KEYS_AND_PARTS)
def test_name_that_looks_like_a_key_is_none(text: str) -> None:
    assert name_of(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "My Production Key",
        "ci",
        "key_0a1B2c3D4e5F6g7H",
        "team-risk/backfill-2026-11",
        "desk-fan",
        "",
    ],
)
def test_name_that_is_one_is_kept(text: str) -> None:
    assert name_of(text) == text


@given(text=st.text(max_size=80))
def test_name_is_always_one_short_line(text: str) -> None:
    name = name_of(text)

    assert len(name) <= 40
    assert name.isprintable()


def test_item_when_written_and_read_back_is_the_same_and_cleaned() -> None:
    shares = (
        Share("ci", Decimal("3.5")),
        Share("a\nb", Decimal(1)),
        Share("sk-or-v1-x", Decimal(1)),
    )
    breakdown = Breakdown("one", AT, "USD", "today (UTC)", shares)

    found = Breakdown.from_item(breakdown.to_item(AT))

    assert found.shares == (
        Share("ci", Decimal("3.5")),
        Share("a b", Decimal(1)),
        Share("", Decimal(1)),
    )
    assert found.is_fresh(AT)
    assert not found.is_fresh(AT.replace(hour=15))


def test_table_reports_what_cannot_be_stored() -> None:
    class Client:
        def put_item(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": "Throttled"}}, "PutItem")

    table = BreakdownTable(Client, "balances")  # type: ignore[arg-type]

    assert table.write([Breakdown("one", AT, "USD", "today", ())]) == ["Throttled"]


#: As openrouter.ai/docs/api/api-reference/api-keys/list and OpenAI's reference have it (2026-11).
OPENROUTER: Final = {
    "data": [
        {
            "hash": "sk-or-v1-0e6f44",
            "name": "ci",
            "label": "sk-or-v1-0e6...c96",
            "usage_daily": 25.5,
        },
        {"hash": "f01d52606dc8f0", "name": "web", "label": "Production", "usage_daily": 0},
    ]
}
OPENAI: Final = {
    "data": [
        {"results": [{"amount": {"value": value, "currency": "usd"}, "api_key_id": "key_a1"}]}
        for value in (0.06, 0.04)
    ]
}
COSTS: Final = "https://api.openai.com/v1/organization/costs"


@pytest.mark.parametrize(
    ("name", "url", "body", "shares"),
    [
        (
            "openrouter",
            "https://openrouter.ai/api/v1/keys",
            OPENROUTER,
            (Share("ci", Decimal("25.5")),),
        ),
        (
            "openai_ledger",
            f"{COSTS}?start_time=1795305600&bucket_width=1d&limit=2&group_by=api_key_id",
            OPENAI,
            (Share("key_a1", Decimal("0.10")),),
        ),
    ],
    ids=["openrouter", "openai"],
)
def test_shipped_breakdowns_ask_and_read_as_documented(
    name: str, url: str, body: object, shares: tuple[Share, ...]
) -> None:
    provider = load_provider(name, {})
    window = Window(AT.date().replace(day=22), AT.date().replace(day=24))

    request = provider.prepare_breakdown(
        Secret("k"), {}, None, allow_http_loopback=False, window=window
    )

    spec = provider.definition.breakdown
    assert request is not None
    assert spec is not None
    assert request.url == url
    assert request.headers["Authorization"] == "Bearer k"
    assert read_breakdown(spec, answer(body)) == shares
