"""``push`` reports balances, and no command asks for a pushed account's key."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import Result

from shared.outcome import Outcome
from shared.records import LastGood, Latest
from tests.unit.balancectl.conftest import NOW, failure

Run = Callable[..., Result]
CALLER = "arn:aws:iam::123456789012:user/alice"


@pytest.fixture
def stack(cloud: Any) -> Any:
    """A deployment with a pushed account, and one that is asked for."""
    cloud.scheduler.add(
        0, [{"id": "ads", "provider": "pushed", "unit": "USD", "secret": None}, {"id": "a"}]
    )
    return cloud


def answer(pushed: list[dict[str, str]], refused: dict[str, str] | None = None) -> dict[str, Any]:
    reasons = (refused or {}).items()
    return {
        "pushed": pushed,
        "refused": [{"account": name, "reason": reason} for name, reason in reasons],
        "errors": [],
    }


ADS = {"account": "ads", "balance": "41.20", "unit": "USD", "at": "2026-11-23T14:05:00Z"}


def test_push_when_taken_then_prints_it_and_says_who_pushed(stack: Any, run: Run) -> None:
    stack.functions.answer = answer([ADS])

    result = run("push", "ads", "41.20", "--unit", "USD", "--at", "2026-11-23T15:05:00+01:00")

    assert result.exit_code == 0
    assert result.stdout == "ads: 41.20 USD at 14:05 UTC\n"
    assert stack.functions.qualifiers == ["push"]
    (event,) = stack.functions.events
    assert event["pushes"] == [ADS]
    assert event["by"].startswith("arn:aws:")


def test_push_when_several_then_one_call_and_the_refused_one_says_why(stack: Any, run: Run) -> None:
    stack.functions.answer = answer([ADS], {"x": "no pushed account of this name was polled yet"})

    result = run("push", "ads", "41.20", "x", "-3")

    assert result.exit_code == 1
    assert "x: no pushed account of this name" in result.stderr
    (event,) = stack.functions.events
    assert event["pushes"] == [
        {"account": "ads", "balance": "41.20"},
        {"account": "x", "balance": "-3"},
    ]


def test_push_when_json_then_prints_both_lists(stack: Any, run: Run) -> None:
    stack.functions.answer = answer([ADS], {"x": "why"})

    result = run("push", "ads", "41.20", "x", "1", "--json")

    assert json.loads(result.stdout) == {"pushed": [ADS], "refused": {"x": "why"}}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["ads"], "has no amount"),
        (["ads", "1,250.00"], "not an amount"),
        (["ads", "nan"], "not an amount"),
        (["ads", "41.20 USD"], "not an amount"),
        (["no name", "1"], "not an account's name"),
        (["--untt", "USD", "ads", "1"], "not an account's name"),
        (["ads", "1", "ads", "2"], "is given twice"),
        (["ads", "1", "--at", "yesterday"], "is not a time"),
        (["ads", "1", "--at", "2026-11-23T14:05:00"], "is not a time"),
    ],
)
def test_push_when_something_is_wrong_then_nothing_is_sent(
    stack: Any, run: Run, words: list[str], problem: str
) -> None:
    result = run("push", *words)

    assert result.exit_code == 2
    assert problem in " ".join(result.stderr.replace("│", " ").split())
    assert stack.functions.events == []


def test_push_when_there_is_no_alias_then_says_what_makes_one(stack: Any, run: Run) -> None:
    stack.functions.refusal = failure("Invoke", "ResourceNotFoundException")

    result = run("push", "ads", "1")

    assert result.exit_code == 2
    assert 'declare an account with provider = "pushed" and deploy' in result.stderr


@pytest.mark.parametrize("payload", [{"accounts": []}, [], "text"])
def test_push_when_the_answer_is_another_then_says_so(stack: Any, run: Run, payload: Any) -> None:
    stack.functions.answer = payload

    result = run("push", "ads", "1")

    assert result.exit_code == 2
    assert "different versions" in result.stderr


@pytest.mark.parametrize(
    "words",
    [("keys", "set", "ads", "--stdin"), ("keys", "remove", "ads", "-y"), ("keys", "bind", "ads")],
)
def test_keys_when_the_account_is_pushed_then_says_how_to_push(
    stack: Any, run: Run, words: tuple[str, ...]
) -> None:
    before = stack.secrets.text()

    result = run(*words, text="sk-canary-key")

    assert stack.secrets.text() == before

    assert result.exit_code == 2
    assert "has no key, because its balance is pushed: balancectl push ads AMOUNT" in result.stderr


def test_keys_list_when_an_account_is_pushed_then_it_is_not_there(stack: Any, run: Run) -> None:
    stack.secrets.set(json.dumps({"a": "sk-test-canary"}))

    result = run("keys", "list", "--json")

    assert result.exit_code == 0
    assert [each["account"] for each in json.loads(result.stdout)["accounts"]] == ["a"]


def test_status_when_a_balance_was_pushed_then_says_by_whom(stack: Any, run: Run) -> None:
    good = LastGood(
        balance=Decimal(41), balance_at=NOW - timedelta(hours=5), unit="USD", pushed_by=CALLER
    )
    stack.dynamo.record(Latest("ads", "pushed", "Pushed", NOW, Outcome.OK, good=good))

    result = run("status", "ads")

    assert f"{CALLER}, as the caller says" in " ".join(result.stdout.split())


def test_verify_when_an_account_is_pushed_then_nothing_is_requested(
    run: Run, tmp_path: Any, providers: Any
) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps({"ads": {"provider": "pushed", "unit": "USD", "warning": 5}}))

    result = run("verify", "--file", str(file))

    assert "nothing to poll for ads: the balance is pushed" in result.stderr
    assert providers.requests == []
