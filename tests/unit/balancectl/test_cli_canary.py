"""No command's output contains a key, whatever fails and however the failure is worded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import Result

from balance_poller.fetching.transport.client import FetchError

Run = Callable[..., Result]
KEY = "sk-quokka/7f3a+9c51=="
AS_IN_A_URL = "sk-quokka%2F7f3a%2B9c51%3D%3D"
CREDITS = {"data": {"total_credits": 50, "total_usage": 46.8}}
IN_QUERY = {
    "title": "Mine",
    "request": {"url": "https://api.example.com/v1/balance", "query": {"api_key": "{key}"}},
    "wallets": {"main": {"unit": "USD", "remaining": "balance"}},
}


def is_hidden(output: str) -> bool:
    """Whether neither the key nor a part of it, as it is or as in a URL, is in ``output``."""
    return not any(part in output for part in (KEY, AS_IN_A_URL, "quokka", "7f3a"))


@pytest.fixture(params=[False, True], ids=["plain", "debug"], autouse=True)
def _debugging(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run everything with BALANCE_MONITOR_DEBUG, too."""
    if request.param:
        monkeypatch.setenv("BALANCE_MONITOR_DEBUG", "1")


@pytest.mark.parametrize(
    "answer",
    [
        (CREDITS, 200, "application/json"),
        ({"error": KEY}, 401, "application/json"),
        ({"data": {"total_credits": KEY, "total_usage": KEY}}, 200, "application/json"),
        ({"balance": KEY, "unit": KEY, "code": KEY}, 200, "application/json"),
        (KEY.encode(), 200, "application/json"),
        (f"<html>{KEY}</html>".encode(), 403, "text/html"),
        (b"", 302, KEY),
        ({"error": KEY}, 500, "application/json"),
    ],
    ids=["ok", "refused", "echoed", "everywhere", "not json", "page", "redirect", "down"],
)
@pytest.mark.parametrize("flags", [[], ["--explain"], ["--json", "--explain"]], ids=str)
def test_verify_when_the_answer_echoes_the_key_then_no_output_has_it(
    run: Run, providers: Any, flags: list[str], answer: tuple[object, int, str]
) -> None:
    providers.answer("https://", *answer)

    result = run("verify", "openrouter", "--key-stdin", *flags, text=KEY)

    assert is_hidden(result.output)


@pytest.mark.parametrize(
    "error",
    [FetchError("the provider did not answer in time"), RuntimeError(f"GET ?key={KEY}")],
    ids=["timeout", "unforeseen"],
)
def test_provider_check_when_the_key_is_in_the_query_then_no_output_has_it(
    run: Run, providers: Any, tmp_path: Path, error: Exception
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(IN_QUERY))
    providers.answers["https://"] = error

    failed = run("provider", "check", str(path), "--key-stdin", text=KEY)
    providers.answer("https://", {"balance": 3, "echo": KEY})
    fine = run("provider", "check", str(path), "--key-stdin", text=KEY)

    assert "api_key=********" in fine.stdout
    assert is_hidden(failed.output + fine.output)
    assert AS_IN_A_URL in providers.requests[-1].url


@pytest.mark.parametrize("operation", ["get_secret_value", "put_secret_value", "describe_secret"])
@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": KEY}}, "PutSecretValue"),
        ClientError({"Error": {"Code": "Odd", "Message": f"bad {KEY}"}}, "PutSecretValue"),
        EndpointConnectionError(endpoint_url=f"https://{AS_IN_A_URL}"),
        KeyError(KEY),
        ValueError(f"cannot store {KEY!r}"),
    ],
    ids=["denied", "odd", "unreachable", "key error", "value error"],
)
def test_keys_when_secrets_manager_fails_then_no_output_has_the_key(
    cloud: Any, run: Run, operation: str, error: Exception
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    def fails(**_: object) -> None:
        raise error

    setattr(cloud.secrets, operation, fails)
    outputs = [
        run("keys", "set", "main", text=KEY).output,
        run("keys", "import", text=f"main={KEY}").output,
        run("keys", "import", text=json.dumps({"main": {"sid": "AC12345", "token": KEY}})).output,
    ]

    assert is_hidden("".join(outputs))


def test_keys_when_everything_works_then_no_output_has_a_key(
    cloud: Any, run: Run, providers: Any
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "other"}])
    providers.answer("https://", {"error": {"code": 401, "message": KEY}}, status=401)

    results = [
        run("keys", "set", "main", text=KEY),
        run("keys", "set", "main", "--verify", text=KEY),
        run("keys", "import", text=f"main={KEY}\n{KEY}"),
        run("keys", "import", text=f'{{"main": "{KEY}", "nope": "{KEY}"'),
        run("keys", "list"),
        run("keys", "list", "--json"),
        run("keys", "remove", "main", "--yes"),
    ]

    assert is_hidden("".join(result.output for result in results))


def test_status_when_a_record_repeats_a_key_that_was_read_then_it_is_masked(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.functions.error = {"errorType": "PollRunError", "errorMessage": f"cannot use {KEY}"}
    run("keys", "set", "main", text=KEY)

    assert is_hidden(run("poll").output)


@pytest.mark.parametrize("command", [["verify", "openrouter", "--key"], ["keys", "set", "main"]])
def test_arguments_when_a_key_is_put_there_then_no_command_takes_it(
    cloud: Any, run: Run, command: list[str]
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    result = run(*command, KEY, text="")

    assert result.exit_code == 2
    assert cloud.secrets.text() is None


def test_process_when_it_fails_before_anything_then_shows_no_traceback() -> None:
    """As users run it, with a key in the environment and on standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "balancectl", "verify", "nope", "--key-env", "SOME_KEY"],
        input=KEY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"SOME_KEY": KEY, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert is_hidden(done.stdout + done.stderr)
