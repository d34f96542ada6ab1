"""The simulated providers speak the documented APIs."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.breakdown import read_breakdown
from balance_poller.exchange.provider import load_provider
from balancectl.localcloud.providers.accounts import (
    Account,
    Condition,
    Endpoint,
    Reply,
    Request,
    respond,
)
from balancectl.localcloud.providers.endpoints import ENDPOINTS
from shared.records.breakdown import Share

KEY = "sim-key-of-the-account"
BY_PROVIDER = {endpoint.provider: endpoint for endpoint in ENDPOINTS}
HEADERS = {
    "browser_use": {"x-browser-use-api-key": KEY},
    "mydisct_bbre": {"x-api-key": KEY},
}


def send(
    provider: str,
    *,
    condition: Condition = Condition.ACTIVE,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    path: str | None = None,
) -> Reply:
    endpoint = BY_PROVIDER[provider]
    account = Account("acme", provider, KEY, Decimal("12.75"), Decimal("7.25"), condition)
    default = HEADERS.get(provider, {"authorization": f"Bearer {KEY}"})
    request = Request(method, path or endpoint.paths[0], default if headers is None else headers)
    return respond(request, dict.fromkeys(endpoint.paths, endpoint), {KEY: account})


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("browser_use_v1", {"balance": "1275"}),
        ("firecrawl_v1", {"success": True, "data": {"remaining_credits": 12.75}}),
        ("firecrawl", {"success": True, "data": {"remainingCredits": 12.75}}),
        ("firecrawl_v1_tokens", {"success": True, "data": {"remaining_tokens": 12.75}}),
        ("firecrawl_tokens", {"success": True, "data": {"remainingTokens": 12.75}}),
        ("mydisct_bbre", {"success": True, "balance": 12.75}),
        ("openrouter", {"data": {"total_credits": 20.0, "total_usage": 7.25}}),
        ("openrouter_key", {"data": {"limit_remaining": 12.75}}),
        ("browser_use", {"totalCreditsBalanceUsd": 12.75}),
        ("openai_budget", {"object": "page", "has_more": False}),
        ("openai_ledger", {"object": "page", "has_more": False}),
    ],
)
def test_balance_has_the_documented_shape(provider: str, body: dict[str, object]) -> None:
    reply = send(provider)

    assert reply.status == 200
    body_sent = json.loads(reply.body)
    for name, value in body.items():
        if isinstance(value, dict):
            assert value.items() <= body_sent[name].items()
        else:
            assert body_sent[name] == value


@pytest.mark.parametrize(
    ("condition", "status", "code"),
    [
        (Condition.REVOKED, 403, "INVALID_API_KEY"),
        (Condition.SUSPENDED, 403, "ACCOUNT_SUSPENDED"),
        (Condition.UNBILLED, 403, "ACCOUNT_INACTIVE"),
        (Condition.DOWN, 500, "SERVICE_ERROR"),
    ],
)
def test_bbre_refuses_with_its_documented_codes(
    condition: Condition, status: int, code: str
) -> None:
    reply = send("mydisct_bbre", condition=condition)

    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (status, code)


def test_bbre_answers_post_as_it_answers_get() -> None:
    assert send("mydisct_bbre", method="POST") == send("mydisct_bbre")


def test_bbre_takes_its_key_from_no_other_header() -> None:
    reply = send("mydisct_bbre", headers={"authorization": f"Bearer {KEY}"})

    assert reply.status == 401
    assert json.loads(reply.body)["error"]["code"] == "API_KEY_REQUIRED"


@pytest.mark.parametrize(
    ("provider", "condition", "status"),
    [
        ("openrouter", Condition.RESTRICTED, 403),
        ("openrouter", Condition.REVOKED, 401),
        ("firecrawl", Condition.UNBILLED, 404),
        ("firecrawl", Condition.LIMITED, 429),
        ("firecrawl_v1", Condition.DOWN, 500),
        ("browser_use", Condition.REVOKED, 404),
    ],
)
def test_failure_has_the_documented_status(
    provider: str, condition: Condition, status: int
) -> None:
    assert send(provider, condition=condition).status == status


def test_simulated_costs_are_what_the_definition_reads() -> None:
    provider = load_provider("openai_budget", {})
    reply = send("openai_budget")

    reading = provider.read(Response(reply.status, "", reply.body), None)
    breakdown = provider.definition.breakdown
    assert breakdown is not None

    assert list((reading.costs or {}).values()) == [Decimal("7.25")]
    assert read_breakdown(breakdown, Response(reply.status, "", reply.body)) == (
        Share("key_batch", Decimal("5.4375")),
        Share("key_web", Decimal("1.8125")),
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.provider)
def test_every_condition_is_answered_and_no_answer_repeats_the_key(endpoint: Endpoint) -> None:
    replies = [send(endpoint.provider, condition=condition) for condition in Condition]

    assert all(KEY.encode() not in reply.body for reply in replies)
    assert {reply.status for reply in replies[1:]} & {200} == set()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.provider)
def test_unknown_key_is_refused_like_a_revoked_one(endpoint: Endpoint) -> None:
    headers = {name: value.replace(KEY, "other") for name, value in HEADERS.get(
        endpoint.provider, {"authorization": f"Bearer {KEY}"}
    ).items()}  # fmt: skip

    reply = send(endpoint.provider, headers=headers)

    assert reply == endpoint.errors[Condition.REVOKED]


def test_other_path_and_method_are_refused() -> None:
    assert send("openrouter", path="/api/v1/other").status == 404
    assert send("openrouter", method="POST").status == 405


def test_account_does_not_show_its_key() -> None:
    assert KEY not in repr(Account("acme", "openrouter", KEY, Decimal(1)))
