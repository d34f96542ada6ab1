"""Providers are found by common names, and a live answer becomes an anonymous fixture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from balance_poller.definitions.catalogue import FOLDER
from balancectl.local.masking import mask, mask_unread, mask_word
from tests.unit.providers.corpus import Case, all_cases

Run = Callable[..., Any]

KEY = "sk-canary-recorded"


def names(result: Any) -> list[str]:
    """Return the providers of a printed list."""
    return [each["name"] for each in json.loads(result.stdout)["providers"]]


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        ("sms", {"twilio", "vonage", "telnyx", "clicksend"}, {"sendgrid", "deepseek"}),
        ("SCRAPING", {"firecrawl", "scrapingbee", "bright_data"}, {"twilio"}),
        ("captcha", {"anticaptcha", "mydisct_bbre"}, {"tavily"}),
        ("kimi", {"moonshot", "moonshot_cn"}, {"deepseek"}),
        ("nexmo", {"vonage"}, {"twilio"}),
        ("xno", {"nanogpt"}, {"poe"}),
        ("kimi china", {"moonshot_cn"}, {"moonshot"}),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_provider_list_when_searched_then_has_those_that_are_called_so(
    run: Run, text: str, there: set[str], not_there: set[str]
) -> None:
    found = set(names(run("provider", "list", "--search", text, "--json")))

    assert there <= found
    assert not not_there & found


def test_provider_list_when_nothing_matches_then_says_how_to_begin_one(run: Run) -> None:
    result = run("provider", "list", "--search", "nosuchthing")

    assert result.exit_code == 0
    assert "no provider matches 'nosuchthing'" in result.output
    assert names(run("provider", "list", "--search", "nosuchthing", "--json")) == []


def test_provider_show_names_the_least_key_and_where_it_is_made(run: Run) -> None:
    result = run("provider", "show", "elevenlabs")

    assert "user_read" in result.stdout
    assert "https://elevenlabs.io/app/settings/api-keys" in result.stdout


ANSWER = {
    "account": {
        "id": "acct_7f3a9c21",
        "email": "ada@example.org",
        "balance": "41.37",
        "currency": "EUR",
        "renews": "2026-12-01T00:00:00Z",
        "is_active": True,
        "note": None,
    },
    "members": {"ada@example.org": {"spent": 9876.5}, "team": [{"name": "Ada"}]},
    "api_key": KEY,
}
DEFINITION = {
    "title": "Acme",
    "params": {"team": {"description": "the team", "pattern": "[a-z]+-[0-9]{1,4}"}},
    "request": {
        "url": "https://api.acme.example/v1/{param.team}/balance",
        "headers": {"Authorization": "Bearer {key}"},
    },
    "guards": [
        {"when": "account.is_active == `false`", "outcome": "account_blocked", "reason": "inactive"}
    ],
    "wallets": {
        "main": {
            "unit": {"path": "account.currency"},
            "remaining": "account.balance",
            "resets_at": "account.renews",
        }
    },
}


def record(run: Run, providers: Any, path: Path, answer: object, **options: Any) -> Any:
    definition = path.with_name("acme.json")
    definition.write_text(json.dumps(DEFINITION))
    providers.answer("https://api.acme.example/", answer, **options)
    arguments = ("--key-stdin", "--param", "team=ada-42", "--record", str(path))
    return run("provider", "check", str(definition), *arguments, text=KEY)


def test_recorded_fixture_reads_alike_and_has_nothing_of_the_account(
    run: Run, providers: Any, tmp_path: Path
) -> None:
    path = tmp_path / "fixture.json"

    result = record(run, providers, path, ANSWER)

    text = path.read_text()
    fixture = json.loads(text)
    assert result.exit_code == 0
    assert f"wrote {path}" in result.output
    assert not re.search(r"ada|acct|7f3a|41\.37|9876|canary", text, re.IGNORECASE)
    assert fixture["request"] == {
        "method": "GET",
        "url": "https://api.acme.example/v1/aaa-11/balance",
        "headers": {"Authorization": "Bearer {key}"},
    }
    assert fixture["account"] == {"params": {"team": "aaa-11"}}
    assert fixture["body"]["account"] == {
        "id": "x",
        "email": "x",
        "balance": "12.34",
        "currency": "EUR",
        "renews": "2026-12-01T00:00:00Z",
        "is_active": True,
        "note": None,
    }
    assert fixture["expect"] == {
        "outcome": "ok",
        "wallet": "main",
        "balance": "12.34",
        "unit": "EUR",
        "resets_at": "2026-12-01T00:00:00Z",
        "others": {},
    }


def test_recorded_refusal_keeps_the_reason(run: Run, providers: Any, tmp_path: Path) -> None:
    path = tmp_path / "fixture.json"

    result = record(run, providers, path, {"message": f"no access for {KEY}"}, status=401)

    fixture = json.loads(path.read_text())
    assert result.exit_code == 1
    assert fixture["status"] == 401
    assert fixture["body"] == {"message": "x"}
    assert fixture["expect"]["outcome"] == "invalid_key"


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"<html>", "not JSON"), (b"", "not JSON")],
    ids=["page", "empty"],
)
def test_record_when_the_answer_is_no_json_then_says_so_and_writes_nothing(
    run: Run, providers: Any, tmp_path: Path, answer: bytes, words: str
) -> None:
    path = tmp_path / "fixture.json"

    result = record(run, providers, path, answer)

    assert result.exit_code == 2
    assert words in result.stderr
    assert not path.exists()


def test_record_when_the_file_is_there_then_leaves_it_alone(
    run: Run, providers: Any, tmp_path: Path
) -> None:
    path = tmp_path / "fixture.json"
    path.write_text("mine")

    result = record(run, providers, path, ANSWER)

    assert result.exit_code == 2
    assert path.read_text() == "mine"


def test_record_without_a_key_is_refused(run: Run, tmp_path: Path) -> None:
    path = FOLDER / "poe.json"

    result = run("provider", "check", str(path), "--record", str(tmp_path / "f.json"))

    assert result.exit_code == 2
    assert "--record needs a key" in result.stderr


def test_check_when_an_amount_falls_back_to_another_then_remarks_on_it(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    wallets = {"main": {"unit": "USD", "remaining": {"first": ["total", "paid"]}}}
    path.write_text(json.dumps(DEFINITION | {"wallets": wallets}))

    result = run("provider", "check", str(path))

    assert result.exit_code == 0
    assert "make sure that all of them mean the same" in result.output


@pytest.mark.parametrize(
    ("node", "masked"),
    [
        (41.37, 12.34),
        (-1000, -1000),
        (0, 0),
        (20.5, 10.2),
        (1e-7, 1e-7),
        ("0012.50", "0012.30"),
        ("2026-12-01", "x"),
        ("", ""),
        ({"a@b": 1, "id_123456": [2]}, {"name_0": 1, "name_1": [1]}),
    ],
)
def test_mask_keeps_the_form(node: object, masked: object) -> None:
    assert mask(node) == masked


def test_mask_word_keeps_the_form() -> None:
    assert mask_word("Ab-30_é") == "Aa-10_é"


CASES = [case for case in all_cases() if isinstance(case.data.get("body"), dict)]


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case.id)
def test_masked_fixture_of_any_provider_ends_alike(case: Case) -> None:
    def outcome(body: object) -> object:
        answer = case.response
        twin = type(answer)(answer.status, answer.content_type, json.dumps(body).encode())
        reading = case.provider.read(twin, case.wallet)
        return reading.outcome, reading.reason

    masked = mask_unread(case.data["body"], outcome)

    assert outcome(masked) == outcome(case.data["body"])
