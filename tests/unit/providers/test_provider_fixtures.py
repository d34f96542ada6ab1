"""Every documented answer of every provider gives the outcome that its fixture states."""

from __future__ import annotations

import base64
import json
from decimal import Decimal

from balance_poller.definitions.catalogue import read_shipped
from balance_poller.exchange.provider import Provider
from shared.outcome import Outcome
from shared.records import Wallet
from shared.secret import seal
from shared.times import format_time
from tests.unit.providers.corpus import Case, cases_of, figures, own_address, respond

AMOUNTS = ("used", "granted")
TIMES = ("resets_at", "expires_at")


def test_reading_of_a_documented_answer_is_what_the_fixture_expects(case: Case) -> None:
    expect = case.expect

    reading = case.read()

    assert reading.outcome is Outcome(expect["outcome"])
    assert expect.get("reason_contains", "") in (reading.reason or "")
    assert (reading.reason is None) == (reading.outcome is Outcome.OK)
    assert (figures(reading) is None) == (reading.outcome is not Outcome.OK)
    if reading.costs is not None:
        days = {day.isoformat(): cost for day, cost in reading.costs.items()}
        assert days == {day: Decimal(cost) for day, cost in expect["costs"].items()}
    if reading.balance is not None:
        assert_figures(expect, reading.balance)
    assert reading.wallet == expect.get("wallet", reading.wallet)
    assert reading.burn_per_hour == decimal(expect.get("burn_per_hour"))
    if "others" in expect:
        assert {n: f"{w.remaining} {w.unit}" for n, w in reading.others.items()} == expect["others"]


def assert_figures(expect: dict[str, str], balance: Wallet) -> None:
    assert (balance.remaining, balance.unit) == (Decimal(expect["balance"]), expect["unit"])
    for name in AMOUNTS:
        if name in expect:
            assert getattr(balance, name) == decimal(expect[name]), name
    for name in TIMES:
        if name in expect:
            assert format_time(getattr(balance, name)) == expect[name], name


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_request_of_a_fixture_is_as_the_provider_documents_it(case: Case) -> None:
    expect = case.expected_request
    if expect is None:
        return
    headers = dict(expect.get("headers", {}))
    if "basic" in expect:
        credentials = base64.b64encode(":".join(expect["basic"]).encode()).decode()
        headers["Authorization"] = f"Basic {credentials}"

    request = case.provider.prepare(
        seal(case.secret),
        case.params,
        own_address(case.provider),
        allow_http_loopback=False,
        window=case.window,
    )

    assert (request.method, request.url) == (expect["method"], expect["url"])
    assert headers.items() <= request.headers.items()
    assert expect.get("json") == (json.loads(request.content) if request.content else None)


def test_fixture_says_what_it_shows_and_where_it_comes_from(case: Case) -> None:
    assert case.data["title"]
    assert case.data["source"]


def test_provider_has_fixtures_of_a_good_answer_with_its_request_and_of_errors(
    provider: Provider,
) -> None:
    cases = cases_of(provider.name)

    outcomes = [case.expect["outcome"] for case in cases]

    assert "ok" in outcomes
    assert set(outcomes) - {"ok"}
    assert any("request" in case.data for case in cases)
    assert any(case.expect["outcome"] == "schema_changed" for case in cases)


def test_every_error_and_guard_of_a_provider_decides_a_fixture(provider: Provider) -> None:
    definition = read_shipped(provider.name)
    reasons = {case.read().reason or "" for case in cases_of(provider.name)}

    for rule in (*definition.get("errors", ()), *definition.get("guards", ())):
        assert any(reason.startswith(rule["reason"]) for reason in reasons), rule


def test_every_wallet_of_a_provider_is_read_in_a_fixture(provider: Provider) -> None:
    readings = [case.read() for case in cases_of(provider.name)]

    seen = {r.wallet for r in readings if figures(r) is not None} | {
        n for r in readings for n in r.others
    }

    assert seen >= provider.definition.wallets.keys()


def test_fixture_without_its_amount_is_never_read_as_zero(provider: Provider) -> None:
    reading = provider.read(respond(200, {}), None)

    assert reading.outcome is not Outcome.OK
    assert reading.balance is None
