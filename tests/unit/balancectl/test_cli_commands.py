"""Names, commands to paste, endpoints, renames: what all commands have in common."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from balancectl.cli.errors import CliError
from balancectl.commands.completion import complete_account, complete_provider, complete_wallet
from balancectl.deployment.endpoint import is_local
from balancectl.deployment.target import Target
from balancectl.keys.sources import key_warnings
from shared.outcome import Outcome
from shared.records import Attempt, LastGood, Latest, Wallet

Run = Callable[..., Result]
KEY = "sk-or-v1-canary-0123456789"


def latest_of(cloud: Any, account: str = "main") -> Latest:
    """Return the present state of an account with 12.50 USD."""
    return Latest(
        account=account,
        provider="openrouter",
        provider_title="OpenRouter",
        polled_at=cloud.now,
        outcome=Outcome.OK,
        good=LastGood(
            balance=Decimal("12.50"),
            balance_at=cloud.now,
            unit="USD",
            burn=b"packed",
            source_hash="12345678",
        ),
    )


@pytest.mark.parametrize(
    ("target", "environment", "expected"),
    [
        (Target(), {}, "balancectl poll main"),
        (Target("prod"), {}, "balancectl poll main --name prod"),
        (Target("prod"), {"BALANCE_MONITOR_NAME": "prod"}, "balancectl poll main"),
        (Target("balance-monitor"), {"BALANCE_MONITOR_NAME": "prod"},
         "balancectl poll main --name balance-monitor"),
        (Target(region="eu-west-1"), {}, "balancectl poll main --region eu-west-1"),
        (Target(region="eu-west-1"), {"AWS_REGION": "eu-west-1"}, "balancectl poll main"),
        (Target(region="eu-west-1"), {"AWS_REGION": "us-east-1"},
         "balancectl poll main --region eu-west-1"),
        (Target(profile="my own"), {}, "balancectl poll main --profile 'my own'"),
    ],
)  # fmt: skip
def test_command_when_printed_then_leads_to_the_same_deployment(
    target: Target, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert target.command("poll", "main") == expected


@pytest.mark.parametrize("is_on_path", [True, False])
def test_command_when_the_program_is_not_on_path_then_carries_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_on_path: bool
) -> None:
    program = tmp_path / "balancectl"
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(program), "status"])
    monkeypatch.setenv("PATH", str(tmp_path) if is_on_path else "/nowhere")

    expected = "balancectl" if is_on_path else str(program)
    assert Target().command("poll") == f"{expected} poll"


def test_wallet_when_unknown_then_is_refused_with_the_nearest(run: Run) -> None:
    result = run("verify", "browser_use", "--wallet", "aditional", text=KEY)

    assert result.exit_code == 2
    assert "has no wallet 'aditional': did you mean 'additional'?" in result.stderr


@pytest.mark.parametrize("word", ["a b", "$HOME", "it's", "*", "; rm -rf /"])
def test_command_when_a_word_is_odd_then_is_quoted(word: str) -> None:
    assert shlex.split(Target().command("poll", word)) == ["balancectl", "poll", word]


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:4566", True),
        ("http://127.0.0.1:4566", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:4566", True),
        ("https://localhost.localstack.localhost", True),
        ("https://sns.eu-central-1.amazonaws.com", False),
        ("https://vpce-1.sns.eu-central-1.vpce.amazonaws.com", False),
    ],
)
def test_endpoint_when_on_this_machine_then_is_recognised(url: str, local: bool) -> None:
    assert is_local(url) is local


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com",
        "http://10.0.0.5:4566",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[fe80::1]",
    ],
)
def test_endpoint_when_plain_http_elsewhere_then_is_refused(url: str) -> None:
    with pytest.raises(CliError, match="is not encrypted"):
        is_local(url)


def test_client_when_it_reaches_an_emulator_then_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    target = Target()

    assert target.dynamodb
    assert target.sns

    assert capsys.readouterr().err == "local cloud at http://127.0.0.1:4566\n"


def test_client_when_the_endpoint_is_plain_http_elsewhere_then_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://10.0.0.5:4566")

    with pytest.raises(CliError, match="is not encrypted"):
        _ = Target().dynamodb


@pytest.mark.parametrize(
    "args",
    [
        ("keys", "set", "mian"),
        ("silence", "mian", "--reason", "x"),
        ("silence", "add", "mian", "--reason", "x"),
        ("test-alert", "mian", "--wait", "1s"),
        ("poll", "mian"),
        ("status", "mian"),
    ],
    ids=" ".join,
)
def test_account_when_unknown_then_is_refused_with_the_nearest(
    cloud: Any, run: Run, args: tuple[str, ...]
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    result = run(*args, text=KEY)

    assert result.exit_code == 2
    assert "did you mean 'main'?" in result.stderr
    assert cloud.secrets.text() is None
    assert cloud.sns.published == []
    assert cloud.dynamo.tables["demo-alerts"] == []


@pytest.mark.parametrize(
    "words", [("add", "main"), ("main",)], ids=["with its name", "as it used to be"]
)
def test_silence_when_added_listed_and_removed_then_old_and_new_words_agree(
    cloud: Any, run: Run, words: tuple[str, ...]
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    added = run("silence", *words, "--reason", "moving house", "--for", "1h")
    (item,) = cloud.dynamo.tables["demo-alerts"]
    listed, old = run("silence", "list"), run("silences")
    removed = run("silence", "remove", item["id"][:8])

    assert {added.exit_code, listed.exit_code, old.exit_code, removed.exit_code} == {0}
    assert f"balancectl silence remove {item['id'][:8]} --name demo" in added.stderr
    assert listed.stdout == old.stdout
    assert "moving house" in listed.stdout
    assert cloud.dynamo.tables["demo-alerts"] == []


@pytest.mark.parametrize(
    "change",
    [{"until": None}, {"until": "tomorrow"}, {"pattern": None}, {"until": 5}, {"until": [1]}],
    ids=str,
)
def test_silences_when_one_is_unreadable_then_the_others_are_listed_and_it_can_be_removed(
    cloud: Any, run: Run, change: dict[str, Any]
) -> None:
    good = {
        "scope": "silence",
        "id": "good-1",
        "pattern": "main",
        "reason": "moving house",
        "by": "ada",
        "created_at": "2026-11-23T14:00:00Z",
        "until": "2026-11-23T18:00:00Z",
    }
    bad = {k: v for k, v in {**good, "id": "bad-1", **change}.items() if v is not None}
    cloud.dynamo.tables["demo-alerts"] += [bad, good]

    listed = run("silence", "list")
    ended = run("silence", "remove", "good-1")
    removed = run("silence", "remove", "bad")

    assert listed.exit_code == 0
    assert "moving house" in listed.stdout
    assert "silence bad-1 cannot be read" in listed.stderr
    assert "balancectl silence remove bad-1 --name demo" in listed.stderr
    assert (ended.exit_code, removed.exit_code) == (0, 0)
    assert cloud.dynamo.tables["demo-alerts"] == []


def test_keys_move_when_the_old_name_is_deployed_then_keeps_it_pollable(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.secrets.set(json.dumps({"main": KEY, "main@for": "openrouter", "main2": "other"}))
    past = [
        Attempt(
            "main",
            cloud.now - timedelta(minutes=5 * number),
            "openrouter",
            Outcome.OK,
            balance=Wallet(Decimal(number), "USD"),
        )
        for number in range(30)
    ]
    cloud.dynamo.record(latest_of(cloud), *past)

    moved = run("keys", "move", "main", "primary")

    assert moved.exit_code == 0, moved.output
    assert json.loads(cloud.secrets.text()) == {
        "main": KEY, "main@for": "openrouter", "main2": "other",
        "primary": KEY, "primary@for": "openrouter",
    }  # fmt: skip
    items = [i for i in cloud.dynamo.tables["demo-balances"] if i["account"] == "primary"]
    assert len(items) == 31
    (latest,) = [item for item in items if item["at"] == "LATEST"]
    assert (latest["balance"], latest["burn"]) == (Decimal("12.50"), b"packed")
    assert "source_hash" not in latest
    assert "balancectl keys remove main --name demo" in moved.stderr
    assert "canary" not in moved.output


def test_keys_move_when_the_new_name_is_deployed_then_moves_and_keeps_its_state(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "primary"}])
    cloud.secrets.set(json.dumps({"main": KEY}))
    newer = latest_of(cloud, "primary")._replace(reason="its own")
    cloud.dynamo.record(latest_of(cloud), newer)

    moved = run("keys", "move", "main", "primary")

    assert moved.exit_code == 0
    assert json.loads(cloud.secrets.text()) == {"primary": KEY}
    kept = [i for i in cloud.dynamo.tables["demo-balances"] if i["account"] == "primary"]
    assert [item.get("reason") for item in kept] == ["its own"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("nothing", "primary", "there is no key of 'nothing'"),
        ("main", "taken", "'taken' has another key already; pass --force to replace it"),
        ("main", "no spaces", "is not a valid account name"),
        ("main", "all", "is not a valid account name"),
    ],
)
def test_keys_move_when_it_makes_no_sense_then_changes_nothing(
    cloud: Any, run: Run, old: str, new: str, expected: str
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    text = json.dumps({"main": KEY, "taken": "another"})
    cloud.secrets.set(text)

    result = run("keys", "move", old, new)

    assert result.exit_code == 2
    assert expected in result.stderr
    assert cloud.secrets.text() == text


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("<your-api-key>", "placeholder"),
        ("YOUR_API_KEY", "placeholder"),
        ("your-key-here", "placeholder"),
        ("sk-...", "placeholder"),
        ("sk-or-v1-xxxxxxxxxxxxxxxx", "placeholder"),
        ("changeme", "placeholder"),
        ("${OPENROUTER_KEY}", "placeholder"),
        ("$OPENROUTER_KEY", "placeholder"),
        ("sk-or-v1-****", "placeholder"),
        ("aaaaaaaaaaaa", "placeholder"),
        ("api_key", "placeholder"),
        ("abc", "has only 3 characters"),
        ("x1" * 3000, "6,000 characters: was a whole file copied?"),
        ("two words and more", "contains a space"),
        ({"sid": "AC123", "token": "<token>"}, "part 'token' looks like a placeholder"),
    ],
)
def test_key_when_it_can_hardly_be_one_then_is_warned_of(
    cloud: Any, run: Run, key: str | dict[str, str], expected: str
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    result = run("keys", "set", "main", text=key if isinstance(key, str) else json.dumps(key))

    assert result.exit_code == 0
    assert expected in result.stderr
    if isinstance(key, str):
        assert key not in result.stderr


@pytest.mark.parametrize(
    "key",
    [
        "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",
        "fc-3d9f1c2b7a684e5f8d0c9b1a2e3f4d5c",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        {"sid": "AC0123456789abcdef0123456789abcdef", "token": "0123456789abcdef"},
    ],
)
def test_key_when_it_looks_like_one_then_nothing_is_said(key: Any) -> None:
    assert key_warnings(key) == []


def test_import_when_a_line_has_no_key_then_says_what_to_do(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}, {"id": "b"}])

    result = run("keys", "import", text=f"a={KEY}\nb=\n")

    assert result.exit_code == 2
    assert "line 2: b has no key after the equals sign" in result.stderr
    assert cloud.secrets.text() is None


def test_poll_when_a_scheduled_run_was_just_made_then_shows_its_balance(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "new"}])
    cloud.functions.rows = {
        "main": {"outcome": "ok", "skipped": True, "balance": None, "unit": None},
        "new": {"outcome": "ok", "skipped": True, "balance": None, "unit": None},
    }
    cloud.dynamo.record(latest_of(cloud))

    result = run("poll")

    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "12.50 USD" in lines["main"]
    assert " - " in lines["new"]


def test_help_when_a_command_is_named_then_is_its_help(run: Run) -> None:
    shown = run("help", "keys", "set")
    wrong = run("help", "keys", "sett")

    assert shown.exit_code == 0
    assert "Usage: balancectl keys set" in shown.stdout
    assert wrong.exit_code == 2
    assert "did you mean 'set'?" in wrong.stderr


class _Context:
    """As much of click's context as completion reads."""

    def __init__(self, target: Target | None, **params: str) -> None:
        self.target = target
        self.params = params

    def find_root(self) -> _Context:
        return self

    def find_object(self, _: type) -> Target | None:
        return self.target


def test_completion_when_names_are_known_then_offers_those_that_begin_so(cloud: Any) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "mail"}, {"id": "other"}])
    context: Any = _Context(cloud.target(), provider="browser_use")

    assert complete_account(context, "ma") == ["mail", "main"]
    assert "openrouter" in complete_provider("openr")
    assert "additional" in complete_wallet(context, "add")


def test_completion_when_aws_cannot_be_reached_then_offers_and_prints_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    context: Any = _Context(None)

    assert complete_account(context, "") == []
    assert complete_wallet(context, "") == []
    assert capsys.readouterr() == ("", "")
