"""``--explain`` shows what the poller reads for each expression, and nothing else of the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.explain import explain_response
from balance_poller.exchange.provider import load_provider
from tests.unit.providers.corpus import all_names, cases_of, respond

DEFINITION: Final[dict[str, Any]] = {
    "title": "Example",
    "request": {"url": "https://api.example.com/balance", "query": {"key": "{key}"}},
    "success": "ok == `true`",
    "error_code": "code",
    "errors": [
        {"status": 403, "when": "code == 'SCOPE'", "outcome": "insufficient_scope", "reason": "no"},
        {"when": "frozen", "outcome": "account_blocked", "reason": "frozen"},
        {"status": 404, "when": "team", "outcome": "bad_config", "reason": "no such team"},
    ],
    "guards": [{"when": "left == `0`", "outcome": "unverified", "reason": "zero"}],
    "wallets": {
        "main": {
            "unit": {"path": "currency"},
            "remaining": {"subtract": [{"sum": ["packs[].left", "bonus"]}, "used"]},
            "granted": {"first": ["limit", "quota"]},
            "scale": 0.01,
            "expires_at": "until",
        }
    },
}
GOOD: Final[dict[str, Any]] = {
    "ok": True,
    "currency": "eur",
    "packs": [{"left": 100}, {"left": "250"}],
    "bonus": 50,
    "used": 150,
    "quota": 400,
    "until": "2026-12-01",
}


def explain(body: object, status: int = 200) -> dict[str, object]:
    provider = load_provider("explained", {"explained": DEFINITION})
    return explain_response(provider.definition, respond(status, body))


def test_good_answer_shows_each_expression_with_the_parts_of_amounts_before_them() -> None:
    assert list(explain(GOOD).items()) == [
        ("errors[1].when", False),
        ("error_code", "code is missing"),
        ("success", True),
        ("guards[0].when", False),
        ("wallets.main.remaining.subtract[0].sum[0]", Decimal(350)),
        ("wallets.main.remaining.subtract[0].sum[1]", Decimal(50)),
        ("wallets.main.remaining.subtract[0]", Decimal(400)),
        ("wallets.main.remaining.subtract[1]", Decimal(150)),
        ("wallets.main.remaining", Decimal("2.50")),
        ("wallets.main.granted.first[0]", "limit is missing"),
        ("wallets.main.granted.first[1]", Decimal(400)),
        ("wallets.main.granted", Decimal(4)),
        ("wallets.main.unit", "EUR"),
        ("wallets.main.expires_at", datetime(2026, 12, 1, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("body", "status", "path", "words"),
    [
        (GOOD | {"until": "next week"}, 200, "wallets.main.expires_at", "until is text, not a t"),
        ({}, 200, "wallets.main.expires_at", "until is missing"),
        (GOOD | {"currency": 7}, 200, "wallets.main.unit", "currency is a number, not a unit"),
        (GOOD | {"packs": [{}]}, 200, "wallets.main.remaining", "packs[].left has an element that"),
        (GOOD | {"used": None}, 200, "wallets.main.remaining.subtract[1]", "used is null"),
        ({"code": "SCOPE"}, 403, "error_code", "SCOPE"),
        ({"code": 31}, 403, "error_code", "31"),
        ({"code": "sk-1234567890"}, 403, "error_code", "code is text that is not a plain code"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_value(
    body: dict[str, Any], status: int, path: str, words: str
) -> None:
    found = str(explain(body, status)[path])

    assert words in found
    assert "next week" not in found
    assert "sk-" not in found


def test_conditions_of_other_statuses_are_left_out() -> None:
    assert "errors[0].when" in explain({}, 403)
    assert "errors[0].when" not in explain({}, 401)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "text/plain, 0 bytes"),
        (b"<html>", 'text/plain, 6 bytes, written like "<aaaa>"'),
        (
            b"ACCESS_BALANCE:12.50\n",
            'text/plain, 21 bytes, written like "aaaaaa_aaaaaaa:99.99"',
        ),
        ("Schlüssel sk-0aé".encode(), 'text/plain, 18 bytes, written like "aaaaaaaaa aa'),
        (b"\xff\xfe\x00", "text/plain, 3 bytes"),
    ],
)
def test_answer_that_is_not_json_is_outlined_with_its_letters_and_digits_masked(
    body: bytes, words: str
) -> None:
    provider = load_provider("explained", {"explained": DEFINITION})

    explained = explain_response(provider.definition, Response(200, "text/plain", body))

    assert list(explained) == ["answer"]
    assert str(explained["answer"]).startswith(words)


def test_answer_that_lacks_something_is_outlined_by_names_and_types() -> None:
    body = {"data": {"balance": "12.50", "sk-0123456789": [{"x": None}]}, "left": [], "n": {}}

    assert explain(body)["answer"] == (
        "an object with data (an object with balance (text), … (a list)),"
        " left (an empty list), n (an empty object)"
    )
    assert explain([{"left": 1}])["answer"] == (
        "a list of 1, the first an object with left (a number)"
    )
    assert "and 8 more" in str(explain(dict.fromkeys(map(str, range(20)), 1))["answer"])


def test_answer_that_lacks_nothing_is_not_outlined() -> None:
    assert "answer" not in explain(GOOD)


@pytest.mark.parametrize("name", all_names())
def test_explanation_of_each_documented_answer_agrees_with_its_reading(name: str) -> None:
    for case in cases_of(name):
        provider = load_provider(name, {})

        explained = explain_response(provider.definition, case.response)

        reading = provider.read(case.response, case.wallet)
        if reading.balance is not None:
            path = f"wallets.{reading.wallet}"
            assert explained[f"{path}.remaining"] == reading.balance.remaining
            assert explained[f"{path}.unit"] == reading.balance.unit
