"""``keys``: names, prompts and refusals; what the secret then holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from balancectl.keys import sources

Run = Callable[..., Result]
KEY = "sk-canary-7f3a9c51"


def keys(cloud: Any) -> Any:
    """Return the stored keys without the notes beside them."""
    stored = json.loads(cloud.secrets.text() or "{}")
    return {name: key for name, key in stored.items() if "@" not in name}


def test_set_when_piped_then_is_trimmed_and_reported(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    added = run("keys", "set", "main", text=f" {KEY}\r\n")
    unchanged = run("keys", "set", "main", "--stdin", text=KEY)
    changed = run("keys", "set", "main", text="sk-another-key")

    assert [r.exit_code for r in (added, unchanged, changed)] == [0, 0, 0]
    words = [r.stdout.split()[2] for r in (added, unchanged, changed)]
    assert words == ["added", "unchanged", "changed"]
    assert keys(cloud) == {"main": "sk-another-key"}
    assert len(cloud.secrets.secrets["demo/api-keys"]) == 2
    for result in (added, unchanged, changed):
        assert KEY not in result.output


def test_set_when_account_is_unknown_then_refuses_unless_forced(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "openrouter-main"}])
    hint = "no account 'openrouter-mian' is configured; did you mean 'openrouter-main'?"

    refused = run("keys", "set", "openrouter-mian", text=KEY)
    before = cloud.secrets.text()
    forced = run("keys", "set", "openrouter-mian", "--force", text=KEY)

    assert (refused.exit_code, forced.exit_code) == (2, 0)
    assert f"error: {hint}; pass --force to accept it" in refused.stderr
    assert before is None
    assert f"warning: {hint}" in forced.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the key on standard input is empty"),
        ("\n \n", "is empty"),
        (f"{KEY}\n{KEY}", "invisible character"),
        (f"{KEY}\u200b", "invisible character at position 19 (U+200B)"),
        (f'"{KEY}"', "in quotation marks"),
        (f"Bearer {KEY}", "store only what follows Bearer"),
        (f"ACME_API_KEY={KEY}", "a variable's name"),
        ("{nonsense", "starts with '{' but is not a JSON object"),
        ("{}", "is an empty"),
        ('{"sid": "", "token": "x"}', "part 'sid' is empty"),
    ],
)
def test_set_when_it_cannot_be_a_key_then_nothing_is_saved(
    cloud: Any, run: Run, text: str, words: str
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    result = run("keys", "set", "main", text=text)

    assert result.exit_code == 2
    assert words in result.stderr
    assert KEY not in result.output
    assert cloud.secrets.text() is None


def test_set_when_on_a_terminal_then_asks_without_showing(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    asked: list[tuple[str, bool]] = []

    def prompt(label: str, *, hide_input: bool, **_: object) -> str:
        asked.append((label, hide_input))
        return f"{KEY}-{len(asked)}"

    monkeypatch.setattr(sources, "is_piped", lambda: False)
    monkeypatch.setattr(sources.typer, "prompt", prompt)

    single = run("keys", "set", "main")
    parts = run("keys", "set", "main", "--field", "sid", "--field", "token")

    assert (single.exit_code, parts.exit_code) == (0, 0)
    assert asked == [
        ("Key of main (not shown)", True),
        ("main, sid (not shown)", True),
        ("main, token (not shown)", True),
    ]
    assert keys(cloud) == {"main": {"sid": f"{KEY}-2", "token": f"{KEY}-3"}}
    assert KEY not in single.output + parts.output


def test_set_when_the_provider_wants_parts_then_asks_for_them(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = {
        "title": "Mine",
        "request": {
            "url": "https://api.example.com/v1",
            "basic": ["{secret.sid}", "{secret.token}"],
        },
        "wallets": {"main": {"unit": "USD", "remaining": "balance"}},
    }
    cloud.scheduler.add(0, [{"id": "mine", "provider": "mine"}], providers={"mine": definition})
    monkeypatch.setattr(sources, "is_piped", lambda: False)
    monkeypatch.setattr(sources.typer, "prompt", lambda label, **_: label.split()[1])

    assert run("keys", "set", "mine").exit_code == 0
    assert keys(cloud) == {"mine": {"sid": "sid", "token": "token"}}
    piped = run("keys", "set", "mine", "--stdin", text=KEY)
    assert piped.exit_code == 2
    assert "needs a JSON object" in piped.stderr


def test_set_when_verified_and_refused_then_is_not_saved(
    cloud: Any, run: Run, providers: Any
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    providers.answer("https://openrouter.ai/", {"error": {"code": 401}}, status=401)

    result = run("keys", "set", "main", "--verify", text=KEY)

    assert result.exit_code == 1
    assert "not saved" in result.stderr
    assert cloud.secrets.text() is None


def test_set_when_verified_and_right_then_is_saved(cloud: Any, run: Run, providers: Any) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    providers.answer("https://openrouter.ai/", {"data": {"total_credits": 50, "total_usage": 46.8}})

    result = run("keys", "set", "main", "--verify", text=KEY)

    assert result.exit_code == 0
    assert "main: ok: 3.20 USD left" in result.stdout
    assert keys(cloud) == {"main": KEY}


def test_import_when_accounts_share_a_key_then_it_is_one(cloud: Any, run: Run) -> None:
    shared = {"secret": "demo/api-keys#team"}
    cloud.scheduler.add(0, [{"id": "a", **shared}, {"id": "b", **shared}])

    same = run("keys", "import", text=json.dumps({"a": KEY, "b": KEY}))
    different = run("keys", "import", text=json.dumps({"a": "sk-1-key", "b": "sk-2-key"}))

    assert same.exit_code == 0
    assert keys(cloud) == {"team": KEY}
    assert different.exit_code == 2
    assert "share one key" in different.stderr


def test_import_when_a_whole_secret_has_named_keys_too_then_refuses(cloud: Any, run: Run) -> None:
    cloud.secrets.set("{}", "other")
    cloud.scheduler.add(0, [{"id": "a", "secret": "other"}, {"id": "b", "secret": "other#b"}])

    result = run("keys", "import", text=json.dumps({"a": "key-of-a", "b": "key-of-b"}))

    assert result.exit_code == 2
    assert "uses a whole secret" in result.stderr
    assert cloud.secrets.text("other") == "{}"


def test_import_when_names_are_unknown_then_they_are_saved_only_when_requested(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])
    text = "a=key-of-a\nDATABASE_URL=postgres://user:canary@host\n"

    first = run("keys", "import", text=text)

    assert first.exit_code == 1
    assert keys(cloud) == {"a": "key-of-a"}
    assert "not saved: DATABASE_URL" in first.stderr
    assert "canary" not in first.output
    second = run("keys", "import", "--unknown", text=text)
    assert second.exit_code == 0
    assert set(keys(cloud)) == {"a", "DATABASE_URL"}


def test_import_when_the_accounts_cannot_be_read_then_nothing_is_saved_without_unknown(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("balancectl.commands.keys_set.known_stack", lambda _target: None)
    before = keys(cloud)

    refused = run("keys", "import", text="DATABASE_URL=postgres://user:canary@host\n")
    variable = run("keys", "import", "--unknown", text="BALANCE_KEY_A_B=canary-key\n")

    assert (refused.exit_code, variable.exit_code) == (2, 2)
    assert "scheduler:GetSchedule" in refused.stderr
    assert "use account names" in variable.stderr
    assert keys(cloud) == before
    assert "canary" not in refused.output + variable.output


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 130)])
def test_remove_when_asked_on_a_terminal_then_follows_the_answer(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])
    cloud.secrets.set(json.dumps({"a": KEY}))
    monkeypatch.setattr(sources, "is_piped", lambda: False)

    result = run("keys", "remove", "a", text=answer)

    assert result.exit_code == code
    assert keys(cloud) == ({} if code == 0 else {"a": KEY})
    assert KEY not in result.output


def test_remove_when_the_secret_is_the_accounts_alone_then_says_how_to_delete_it(
    cloud: Any, run: Run
) -> None:
    cloud.secrets.set(KEY, "own")
    cloud.scheduler.add(0, [{"id": "a", "secret": "own"}])

    result = run("keys", "remove", "a", "--yes")

    assert result.exit_code == 2
    assert "delete-secret --secret-id own" in result.stderr
