"""Fifty good accounts in one run with the worst definitions, answers and servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from balance_poller.credentials.binding import KeyPolicy
from balance_poller.event import parse_event
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.workers import FetchLimits
from balance_poller.polling.poll import Adapters, poll
from shared.outcome import Outcome
from tests.integration.poller.misbehaving import misbehaving_server
from tests.unit.poller.fakes import (
    AT,
    DEFINITION,
    PROVIDERS,
    FakeBreakdowns,
    FakeHistory,
    FakeLatest,
    FakeLedgers,
    FakeMetrics,
    FakeSecrets,
    entry,
)
from tests.unit.providers.test_evaluation import DOUBLED, NESTED

TIMEOUT_SECONDS: Final = 3.0
RUN_SECONDS: Final = 60.0
GOOD: Final = 50
#: The number of accounts of each hostile definition, answer and server.
EACH: Final = 3


def with_pattern(pattern: str) -> dict[str, Any]:
    """Return a definition whose ``host`` must match ``pattern``."""
    host = {"description": "The host.", "pattern": pattern}
    return DEFINITION | {"params": {"host": host}}


def with_amount(expression: str) -> dict[str, Any]:
    """Return a definition that reads the balance with ``expression``."""
    wallets = {"main": {"unit": "USD", "remaining": {"sum": [expression]}}}
    return DEFINITION | {"wallets": wallets, "default_wallet": "main"}


def wallet(expression: str) -> dict[str, Any]:
    """Return a wallet whose balance is ``expression``."""
    return {"unit": "USD", "remaining": {"sum": [expression]}}


def guard(expression: str) -> dict[str, Any]:
    """Return a guard on ``expression``."""
    return {"when": f"length({expression}) == `0`", "outcome": "unverified", "reason": "it holds"}


def before(url: str, taken: str) -> dict[str, Any]:
    """Return a definition that first needs a value from another request."""
    request = DEFINITION["request"] | {"headers": {"Authorization": "Bearer {before.token}"}}
    first = {"url": url, "headers": {"Authorization": "Bearer {key}"}}
    return DEFINITION | {
        "request": request,
        "before": {"request": first, "take": {"token": taken}},
    }


FIRST_OF_20: Final = {"default_wallet": "w0"}
SPEND: Final[dict[str, Any]] = {
    "title": "Costs",
    "request": {
        "url": "https://a.example/costs",
        "query": {"from": "{window.start_iso}"},
        "headers": {"Authorization": "Bearer {key}"},
    },
    "spend": {
        "unit": "USD",
        "counts_from": "anchor",
        "days": "data",
        "day": "day",
        "amount": "amount",
    },
}
SHARES: Final[dict[str, Any]] = {
    "request": {"url": "/keys", "headers": {"Authorization": "Bearer {key}"}},
    "entries": "[@, @, @][]",
    "name": "@",
    "amount": "balance",
    "unit": "USD",
    "over": "today (UTC)",
}
#: Every hostile account is critical, so that breakdowns are requested as well.
BREAKDOWN: Final = DEFINITION | {"breakdown": SHARES}

#: Definitions by name, with the server's answer and the outcome.
DEFINITIONS: Final[dict[str, tuple[object, str, Outcome]]] = {
    "nested_repetition": (with_pattern("(a+)+b"), "ok", Outcome.BAD_CONFIG),
    "alternatives": (with_pattern("(a|a)*b"), "ok", Outcome.BAD_CONFIG),
    "optional_parts": (with_pattern("(?:a?){30}a{30}"), "ok", Outcome.BAD_CONFIG),
    "slow_sequence": (with_pattern("a{0,60}" * 8 + "b"), "ok", Outcome.BAD_CONFIG),
    "doubling": (with_amount(DOUBLED), "one", Outcome.SCHEMA_CHANGED),
    "nesting": (with_amount(f"({NESTED}) == ({NESTED})"), "one", Outcome.SCHEMA_CHANGED),
    "success": (DEFINITION | {"success": DOUBLED}, "one", Outcome.SCHEMA_CHANGED),
    "unbalanced": (with_amount("(" * 400), "one", Outcome.BAD_CONFIG),
    "text_pattern": (
        DEFINITION | {"text": "(?P<left>.*)" + ".*" * 60 + "b"},
        "ok",
        Outcome.SCHEMA_CHANGED,
    ),
    "text_of_groups": (DEFINITION | {"text": "(?P<a>(x|x)*)*y"}, "ok", Outcome.BAD_CONFIG),
    "guards": (
        DEFINITION | {"guards": [guard(DOUBLED) for _ in range(50)]},
        "one",
        Outcome.SCHEMA_CHANGED,
    ),
    "wallets": (
        DEFINITION | {"wallets": {f"w{n}": wallet(DOUBLED) for n in range(20)}, **FIRST_OF_20},
        "one",
        Outcome.SCHEMA_CHANGED,
    ),
    "headers": (
        DEFINITION | {"headers": [f"x-{n}-{'y' * 50}" for n in range(10)]},
        "ok",
        Outcome.SCHEMA_CHANGED,
    ),
    "too_many_headers": (
        DEFINITION | {"headers": [f"x-{n}" for n in range(10_000)]},
        "ok",
        Outcome.BAD_CONFIG,
    ),
    "before_gives_nothing": (before("/token", "nothing"), "ok", Outcome.SCHEMA_CHANGED),
    "before_in_steps": (before("/token", DOUBLED), "one", Outcome.SCHEMA_CHANGED),
    "before_itself": (before("/{before.token}", "token"), "ok", Outcome.BAD_CONFIG),
    "spend": (SPEND | {"spend": SPEND["spend"] | {"days": DOUBLED}}, "one", Outcome.BAD_CONFIG),
    "breakdown": (BREAKDOWN | {"breakdown": SHARES | {"entries": DOUBLED}}, "ok", Outcome.OK),
    "breakdown_of_anything": (BREAKDOWN, "ok", Outcome.OK),
    "no_definition": (["request"] * 50, "ok", Outcome.BAD_CONFIG),
    "deep_definition": ({"request": {"json": {"a": {"a": {"a": {}}}}}}, "ok", Outcome.BAD_CONFIG),
}
PARAMS: Final = {name: {"host": "a" * 42} for name in list(DEFINITIONS)[:4]}
ANSWERS: Final = dict.fromkeys(
    ("deep", "many", "long", "huge", "bomb", "no-http", "echo-malformed"), Outcome.SCHEMA_CHANGED
)
SERVERS: Final = dict.fromkeys(("silent", "stall", "drip"), Outcome.TRANSIENT)


@pytest.fixture
def urls() -> Iterator[list[str]]:
    """Return the addresses of three servers, because the poller gives up on a slow host."""
    with ExitStack() as stack:
        yield [stack.enter_context(misbehaving_server()) for _ in range(3)]


def hostile_entries(answers: str, slow: str) -> dict[str, tuple[dict[str, Any], Outcome]]:
    """Return the hostile accounts by id, each with the outcome that it must have."""
    kinds = {
        name: (name, f"{answers}/{behaviour}", outcome)
        for name, (_, behaviour, outcome) in DEFINITIONS.items()
    }
    kinds |= {name: ("plain", f"{answers}/{name}", outcome) for name, outcome in ANSWERS.items()}
    kinds |= {name: ("plain", f"{slow}/{name}", outcome) for name, outcome in SERVERS.items()}
    return {
        f"{kind}.{n}": (
            entry(
                f"{kind}.{n}",
                provider=provider,
                base_url=url,
                params=PARAMS.get(provider, {}),
                critical=1000,
            ),
            outcome,
        )
        for kind, (provider, url, outcome) in kinds.items()
        for n in range(EACH)
    }


def test_good_accounts_when_beside_hostile_ones_then_are_all_polled_in_time(
    urls: list[str],
) -> None:
    good = [entry(f"good{n}", base_url=f"{urls[0]}/ok") for n in range(GOOD)]
    hostile = hostile_entries(urls[1], urls[2])
    definitions = {name: definition for name, (definition, _, _) in DEFINITIONS.items()}
    event = parse_event(
        {
            "scheduled_at": AT.isoformat(),
            "accounts": [*(found for found, _ in hostile.values()), *good],
            "providers": PROVIDERS | definitions,
        },
        AT,
    )
    log: list[str] = []
    fetcher = BalanceFetcher(
        FakeSecrets(),
        lambda: Fetcher(TIMEOUT_SECONDS, AddressPolicy(loopback=True)),
        FetchLimits(100, TIMEOUT_SECONDS),
        KeyPolicy("balance-monitor", frozenset(urls)),
        allow_http_loopback=True,
    )
    adapters = Adapters(
        fetcher,
        FakeLatest(log),
        FakeHistory(log),
        FakeMetrics(log),
        FakeLedgers,
        lambda: FakeBreakdowns(log),
    )

    report = poll(event, adapters, time.monotonic() + RUN_SECONDS)

    outcomes = {row.account: row.outcome for row in report.rows}
    assert outcomes == {
        **{account: outcome for account, (_, outcome) in hostile.items()},
        **{account["id"]: Outcome.OK for account in good},
    }
    assert all(row.reason for row in report.rows if row.outcome is not Outcome.OK)
