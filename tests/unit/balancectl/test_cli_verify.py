"""``verify`` and ``provider check``: the poller's own code, from this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from balance_poller.fetching.transport.client import FetchError

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
Run = Callable[..., Result]
KEY = "sk-canary-7f3a9c51"
OPENROUTER = "https://openrouter.ai/api/v1/credits"
CREDITS = {"data": {"total_credits": 50, "total_usage": 46.8}}
CUSTOM = {
    "title": "Mine",
    "request": {
        "url": "https://api.example.com/v1/balance",
        "headers": {"X-Id": "{secret.id}", "X-Token": "{secret.token}"},
    },
    "wallets": {
        "main": {"unit": "USD", "remaining": "main"},
        "bonus": {"unit": "credits", "remaining": "bonus"},
    },
    "default_wallet": "main",
    "errors": [{"when": "error", "outcome": "invalid_key", "reason": "the key was rejected"}],
}


def custom(**changes: object) -> dict[str, Any]:
    return deepcopy(CUSTOM | changes)


def test_verify_when_key_is_in_the_environment_then_says_what_is_left(
    run: Run, providers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", f" {KEY}\n")
    providers.answer(OPENROUTER, CREDITS)

    result = run("verify", "openrouter", "--key-env", "OPENROUTER_API_KEY")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "openrouter: ok: 3.20 USD left"
    assert "3.20 USD left, 46.80 USD used, 50.00 USD granted" in result.stdout
    assert providers.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_verify_when_key_is_piped_then_needs_no_option(run: Run, providers: Any) -> None:
    providers.answer(OPENROUTER, CREDITS)

    assert run("verify", "openrouter", text=KEY).exit_code == 0
    assert run("verify", "openrouter", "--key-stdin", text=KEY).exit_code == 0


def cost_report(*amounts: str) -> dict[str, Any]:
    """Return OpenAI's report of one day for each amount."""
    first = int(NOW.replace(day=1, hour=0, minute=0, second=0).timestamp())
    days = [
        {
            "object": "bucket",
            "start_time": first + 86_400 * number,
            "end_time": first + 86_400 * (number + 1),
            "results": [{"amount": {"value": float(amount), "currency": "usd"}}],
        }
        for number, amount in enumerate(amounts)
    ]
    return {"object": "page", "data": days, "has_more": False, "next_page": None}


@pytest.mark.parametrize("provider", ["openai_ledger", "openai_budget"])
def test_verify_when_a_provider_reports_cost_then_shows_what_was_spent_this_month(
    run: Run, providers: Any, provider: str
) -> None:
    providers.answer("https://api.openai.com/v1/organization/costs", cost_report("1.5", "2.75"))

    result = run("verify", provider, "--explain", text="sk-admin-" + "a" * 40)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{provider}: ok: 4.25 USD spent this month")
    first = int(NOW.replace(day=1, hour=0, minute=0, second=0).timestamp())
    assert f"start_time={first}" in result.stdout


def test_verify_when_an_account_has_a_budget_then_shows_what_is_left_of_it(
    run: Run, providers: Any, tmp_path: Path
) -> None:
    providers.answer("https://api.openai.com/v1/organization/costs", cost_report("1.5", "2.75"))
    account = '{ provider = "openai_budget", budget = 200, warning = 20 }'
    (tmp_path / "a.tfvars").write_text(f"accounts = {{ ai = {account} }}")
    (tmp_path / "keys.env").write_text(f"ai=sk-admin-{'a' * 40}")

    result = run(
        "verify", "--file", str(tmp_path / "a.tfvars"), "--keys-file", str(tmp_path / "keys.env")
    )

    assert result.exit_code == 0, result.output
    assert "195.75 USD" in result.stdout


def test_verify_when_the_key_is_refused_then_exits_1_with_the_reason(
    run: Run, providers: Any
) -> None:
    providers.answer(OPENROUTER, {"error": {"code": 401, "message": KEY}}, status=401)

    result = run("verify", "openrouter", text=KEY)

    assert result.exit_code == 1
    assert result.stdout.startswith("openrouter: insufficient_scope: ")
    assert "HTTP 401" in result.stdout
    assert KEY not in result.output


def test_verify_when_explained_then_shows_request_values_and_what_would_be_published(
    run: Run, providers: Any
) -> None:
    providers.answer(OPENROUTER, CREDITS)

    result = run("verify", "openrouter", "--explain", text=KEY)

    for words in (
        "GET https://openrouter.ai/api/v1/credits",
        "Authorization: Bearer ********",
        "200 application/json",
        "wallets.credits.remaining",
        "Balance = 3.2",
        "balance = 3.2",
    ):
        assert words in result.stdout
    assert KEY not in result.output


def test_verify_when_json_then_programs_read_it(run: Run, providers: Any) -> None:
    providers.answer(OPENROUTER, CREDITS)

    result = run("verify", "openrouter", "--json", "--explain", text=KEY)

    (found,) = json.loads(result.stdout)["accounts"]
    assert (found["outcome"], found["balance"], found["unit"]) == ("ok", "3.2", "USD")
    assert found["metrics"] == {"Balance": 3.2}
    assert found["evaluated"]["wallets.credits.remaining"] == "3.2"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["openruter"], "there is no provider 'openruter': did you mean 'openrouter'?"),
        (["openrouter", "--key-env", "NOT_SET"], "environment variable NOT_SET is not set"),
        (["openrouter", "--key-env", "A", "--key-stdin"], "use either"),
        (["openrouter", "--key-env", "A", "--key-env", "B=C"], "FIELD=VARIABLE for each part"),
        (["openrouter", "--param", "x"], "NAME=VALUE"),
        (["openrouter", "--keys-file", "x"], "need --file"),
        ([], "either a provider or --file"),
        (["--file", "x", "--key-stdin"], "with --file"),
        (["--file", "nowhere.tfvars"], "nowhere.tfvars cannot be read"),
    ],
)
def test_verify_when_used_wrongly_then_exits_2_with_a_reason(
    run: Run, args: list[str], words: str
) -> None:
    result = run("verify", *args, text=KEY)

    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("a\nb", "invisible"),
        ('{"sid": 3}', "is not a string"),
    ],
)
def test_verify_when_the_key_cannot_be_one_then_exits_2(run: Run, key: str, words: str) -> None:
    result = run("verify", "openrouter", text=key)

    assert result.exit_code == 2
    assert words in result.stderr


def test_verify_when_a_parameter_is_unknown_then_is_bad_config(run: Run) -> None:
    result = run("verify", "openrouter", "--param", "team=x", text=KEY)

    assert result.exit_code == 1
    assert "bad_config: params.team: there is no such parameter" in result.stdout


FILE = f"""
accounts = {{
  openrouter-main = {{ provider = "openrouter", warning = 20, critical = 5 }}
  mine            = {{ provider = "mine", wallet = "bonus" }}
  no-key          = {{ provider = "openrouter" }}
}}
custom_providers = {{ mine = {json.dumps(custom()).replace('": ', '" = ')} }}
"""


def test_verify_when_a_file_is_given_then_polls_its_accounts(
    run: Run, providers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tfvars").write_text(FILE)
    (tmp_path / "keys.env").write_text('mine={"id": "AC1", "token": "canary-token"}\nother=x\n')
    monkeypatch.setenv("BALANCE_KEY_OPENROUTER_MAIN", KEY)
    providers.answer(OPENROUTER, CREDITS)
    providers.answer("https://api.example.com/", {"main": 1, "bonus": "250"})

    result = run(
        "verify", "--file", str(tmp_path / "a.tfvars"), "--keys-file", str(tmp_path / "keys.env")
    )

    assert result.exit_code == 1
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "3.20 USD" in lines["openrouter-main"]
    assert lines["openrouter-main"].endswith("ok, below the critical threshold 5.00 USD")
    assert "250 credits" in lines["mine"]
    assert lines["no-key"].endswith("bad_config: no key: set BALANCE_KEY_NO_KEY")
    assert "has no account other" in result.stderr
    assert "canary" not in result.output


def test_verify_when_a_variable_stands_for_two_accounts_then_no_key_goes_anywhere(
    run: Run, providers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    entries = [
        {"id": name, "provider": provider, "secret": name}
        for name, provider in (("acme-main", "openrouter"), ("acme.main", "firecrawl"))
    ]
    path.write_text(json.dumps(entries))
    monkeypatch.setenv("BALANCE_KEY_ACME_MAIN", KEY)

    result = run("verify", "--file", str(path))

    assert result.exit_code == 2
    assert "stands for acme-main and acme.main" in result.stderr
    assert not providers.requests


def test_verify_when_two_accounts_of_one_secret_get_two_keys_then_no_key_goes_anywhere(
    run: Run, providers: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    entries = [{"id": name, "provider": "openrouter", "secret": "s#x"} for name in ("one", "two")]
    path.write_text(json.dumps(entries))

    result = run(
        "verify", "--file", str(path), "--keys-file", "-", text=f"one={KEY}\ntwo={KEY}-2\n"
    )

    assert result.exit_code == 2
    assert "was given another key" in result.stderr
    assert not providers.requests


def test_verify_when_one_account_of_a_file_is_named_then_asks_about_it_alone(
    run: Run, providers: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.tfvars").write_text(FILE)
    providers.answer(OPENROUTER, CREDITS)

    result = run(
        "verify", "-f", str(tmp_path / "a.tfvars"), "--account", "openrouter-main",
        "--keys-file", "-", text=f"openrouter-main={KEY}",
    )  # fmt: skip

    assert result.exit_code == 0
    assert len(providers.requests) == 1


def test_provider_check_when_valid_then_says_so_and_asks_for_no_key(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(custom()))

    result = run("provider", "check", str(path))

    assert result.exit_code == 0
    assert "mine: the definition is valid" in result.stdout


def test_provider_check_when_wrong_then_names_every_path(run: Run, tmp_path: Path) -> None:
    wrong = custom(title=3)
    wrong["wallets"]["main"]["remaining"] = "sum(x)"
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(wrong))

    result = run("provider", "check", str(path))

    assert result.exit_code == 1
    assert "mine: title: " in result.stdout
    assert "mine: wallets.main.remaining: " in result.stdout
    assert len(json.loads(run("provider", "check", str(path), "--json").stdout)["problems"]) == 2


def test_provider_check_when_tried_live_then_prints_what_each_expression_gave(
    run: Run, providers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(custom()))
    monkeypatch.setenv("MY_ID", "AC1-canary")
    monkeypatch.setenv("MY_TOKEN", "token-canary")
    providers.answer("https://api.example.com/", {"main": "12.75", "error": None})

    result = run(
        "provider", "check", str(path), "--key-env", "id=MY_ID", "--key-env", "token=MY_TOKEN"
    )

    assert result.exit_code == 0
    assert "X-Token: ********" in result.stdout
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines() if line.strip()]
    evaluated = {line[0]: line[1] for line in lines if len(line) == 2}
    assert evaluated["wallets.main.remaining"] == "12.75"
    assert evaluated["errors[0].when"] == "false"
    assert "wallets.bonus.remaining" in evaluated
    assert "canary" not in result.output


def test_provider_check_when_tfvars_has_several_then_one_must_be_chosen(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "a.tfvars"
    definition = json.dumps(custom()).replace('": ', '" = ')
    path.write_text(f"custom_providers = {{ a = {definition}, b = {definition} }}")

    all_valid = run("provider", "check", str(path))
    undecided = run("provider", "check", str(path), "--key-stdin", text="{}")
    unknown = run("provider", "check", str(path), "--key-stdin", "--provider", "c", text="{}")

    assert all_valid.exit_code == 0
    assert undecided.exit_code == unknown.exit_code == 2
    assert "choose with --provider" in undecided.stderr
    assert "has no provider 'c'" in unknown.stderr


def test_provider_check_when_something_is_null_then_takes_it_as_the_poller_does(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(custom(docs=None, params=None, guards=None)))

    assert run("provider", "check", str(path)).exit_code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openrouter", "a shipped provider has this name"),
        ("My-Own", "a name has up to 40 lowercase"),
        ("a" * 41, "a name has up to 40 lowercase"),
    ],
    ids=["shipped", "capitals", "long"],
)
def test_provider_check_when_a_plan_would_refuse_the_name_then_says_so(
    run: Run, tmp_path: Path, name: str, words: str
) -> None:
    path = tmp_path / "a.tfvars.json"
    path.write_text(json.dumps({"custom_providers": {name: custom()}}))

    result = run("provider", "check", str(path))

    assert result.exit_code == 1
    assert f"{name}: {words}" in result.stdout


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"url": "https://api.example.com/x"}, "mine: the request sends no key"),
        ({"url": "http://127.0.0.1:8/x", "query": {"k": "{key}"}}, "mine: plain http works only"),
    ],
    ids=["no key", "plain http"],
)
def test_provider_check_when_valid_but_seldom_meant_then_remarks(
    run: Run, tmp_path: Path, request_: dict[str, Any], words: str
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(custom(request=request_)))

    result = run("provider", "check", str(path))

    assert result.exit_code == 0
    assert words in result.stderr


def test_provider_check_when_the_variables_have_no_definition_then_exits_2(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "a.tfvars.json"
    path.write_text('{"accounts": {"main": {"provider": "openrouter"}}}')

    result = run("provider", "check", str(path))

    assert result.exit_code == 2
    assert "has no custom_providers" in result.stderr


def test_verify_when_the_provider_is_not_shipped_then_says_how_to_try_an_own_one(run: Run) -> None:
    result = run("verify", "mine", "--key-stdin", text="key")

    assert result.exit_code == 2
    assert "provider check FILE" in result.stderr


def test_provider_check_when_the_service_is_down_then_exits_1(
    run: Run, providers: Any, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(custom()))
    providers.answers["https://"] = FetchError("the provider's host name could not be resolved")

    result = run("provider", "check", str(path), "--key-stdin", text='{"id": "a", "token": "b"}')

    assert result.exit_code == 1
    assert "could not be resolved" in result.stdout


def test_provider_new_when_written_then_is_valid_and_never_overwrites(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "acme.json"

    first = run("provider", "new", "acme", "-o", str(path))
    again = run("provider", "new", "acme", "-o", str(path))
    forced = run("provider", "new", "acme", "-o", str(path), "--force")

    assert (first.exit_code, again.exit_code, forced.exit_code) == (0, 2, 0)
    assert "already exists" in again.stderr
    assert run("provider", "check", str(path)).exit_code == 0


def test_provider_new_when_the_name_cannot_be_one_then_refuses(run: Run) -> None:
    assert run("provider", "new", "Acme Inc").exit_code == 2


def test_provider_new_when_the_name_is_shipped_then_refuses_as_a_plan_does(run: Run) -> None:
    result = run("provider", "new", "openrouter")

    assert result.exit_code == 2
    assert "choose another name" in result.stderr


def test_provider_list_when_shown_then_has_every_shipped_one(run: Run) -> None:
    table, listed = run("provider", "list"), run("provider", "list", "--json")

    assert table.exit_code == listed.exit_code == 0
    names = [each["name"] for each in json.loads(listed.stdout)["providers"]]
    assert "openrouter" in names
    assert len(table.stdout.splitlines()) == len(names) + 1


def test_provider_show_when_requested_then_shows_what_it_needs(run: Run) -> None:
    assert "wallet credits" in run("provider", "show", "openrouter").stdout
    definition = json.loads(run("provider", "show", "openrouter", "--json").stdout)
    assert definition["title"] == "OpenRouter"
    assert run("provider", "show", "nope").exit_code == 2
