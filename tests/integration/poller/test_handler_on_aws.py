"""The whole function with real network, real adapters and an emulator, and a canary key."""

from __future__ import annotations

import json
import logging
import socket
import time
import traceback
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_localstack.session import RunningSession

from balance_poller import handler
from balance_poller.credentials.binding import origin_of
from balance_poller.credentials.reference import BOUND_TO
from balance_poller.handler import PollRunError, lambda_handler
from balance_poller.settings import SERVICE
from shared.aws import telemetry
from shared.aws.clients import cloudwatch, dynamodb, secretsmanager
from shared.aws.dynamo import decode
from tests.integration.poller.misbehaving import BEHAVIOURS, misbehaving_server

CANARY = "canary-9f27-do-not-show"
AT = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)

#: The outcome that each kind of misbehaviour must have.
OUTCOMES = {
    "ok": "ok",
    "echo-401": "invalid_key",
    "echo-malformed": "schema_changed",
    "echo-as-balance": "schema_changed",
    "page": "transient",
    "redirect": "schema_changed",
    "server-error": "transient",
    "limited": "rate_limited",
    "no-http": "schema_changed",
    "broken-off": "transient",
    "silent": "transient",
    "stall": "transient",
    "drip": "transient",
    "huge": "schema_changed",
    "bomb": "schema_changed",
    "deep": "schema_changed",
    "many": "schema_changed",
    "long": "schema_changed",
    "one": "schema_changed",
    "refused": "transient",
    "unresolvable": "transient",
    "newline-in-key": "bad_config",
}


PROVIDERS = {
    "in_query": {
        "title": "In the query",
        "docs": "https://plain.example/docs",
        "request": {"url": "https://plain.example/balance", "query": {"key": "{key}"}},
        "wallets": {"main": {"unit": "USD", "remaining": "balance"}},
    },
    "in_header": {
        "title": "In a header",
        "docs": "https://plain.example/docs",
        "request": {
            "url": "https://plain.example/balance",
            "headers": {"Authorization": "Bearer {key}"},
        },
        "wallets": {"main": {"unit": "USD", "remaining": "balance"}},
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Serve every kind of answer."""
    with misbehaving_server() as url:
        yield url


@pytest.fixture
def stack(
    aws: RunningSession, table: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """Deploy nothing, but set up everything that the deployed function finds."""
    assert aws
    name = f"stack-{uuid.uuid4().hex[:8]}"
    environment = {
        "BALANCE_MONITOR_NAME": name,
        "BALANCES_TABLE": table,
        "METRIC_NAMESPACE": name,
        "ALLOW_HTTP_LOOPBACK": "true",
        "REQUEST_TIMEOUT_SECONDS": "1.5",
    }
    for variable, text in environment.items():
        monkeypatch.setenv(variable, text)
    for noisy in ("", "httpx", "httpcore", "botocore", "boto3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.DEBUG)
    forget_process()
    yield SimpleNamespace(name=name, table=table)
    logging.getLogger().setLevel(logging.WARNING)
    forget_process()


def forget_process() -> None:
    """Make the next invocation a cold start."""
    handler._adapters.cache_clear()
    telemetry.logger.cache_clear()
    logging.Logger.manager.loggerDict.pop(SERVICE, None)


def context(seconds: float = 60) -> Any:
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: int(seconds * 1000), invoked_function_arn=""
    )


def event(*accounts: dict[str, Any]) -> dict[str, Any]:
    return {
        "scheduled_at": AT.isoformat(),
        "shard": 0,
        "accounts": list(accounts),
        "providers": PROVIDERS,
    }


def records(table: str) -> list[dict[str, Any]]:
    return [decode(item) for item in dynamodb().scan(TableName=table)["Items"]]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accounts(server: str, secret: str) -> list[dict[str, Any]]:
    bases = {kind: f"{server}/{kind}" for kind in BEHAVIOURS}
    bases["refused"] = f"http://127.0.0.1:{closed_port()}"
    bases["unresolvable"] = "https://no-such-host.invalid"
    bases["newline-in-key"] = f"{server}/ok"
    return [
        {
            "id": f"{kind}.{provider}",
            "provider": provider,
            "secret": f"{secret}#{'newline' if kind == 'newline-in-key' else 'key'}",
            "base_url": base,
        }
        for kind, base in bases.items()
        for provider in PROVIDERS
        if (kind, provider) != ("newline-in-key", "in_query")  # a query can hold anything
    ]


def store_keys(stack: SimpleNamespace, *watched: dict[str, Any]) -> None:
    """Store the canary, intact and spoilt, bound to the addresses of the accounts."""
    origins = " ".join(sorted({origin_of(account["base_url"]) for account in watched}))
    keys = {"key": CANARY, "newline": f"{CANARY}\nX-Injected: yes"}
    notes = {f"{name}{BOUND_TO}": origins for name in keys}
    secretsmanager().create_secret(Name=stack.name, SecretString=json.dumps(keys | notes))


def test_a_canary_key_when_put_through_every_failure_then_is_seen_nowhere(
    stack: SimpleNamespace,
    server: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = accounts(server, stack.name)
    store_keys(stack, *watched)

    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        report = lambda_handler(event(*watched), context())

    outcomes = {row["account"]: row["outcome"] for row in report["accounts"]}
    assert outcomes == {account: OUTCOMES[account.split(".")[0]] for account in outcomes}
    seen = {
        "standard output": capsys.readouterr().out,
        "log records": repr([vars(r) | {"text": r.getMessage()} for r in caplog.records]),
        "report": json.dumps(report),
        "records": repr(records(stack.table)),
    }
    assert len(records(stack.table)) == 2 * len(outcomes)
    for where, text in seen.items():
        assert CANARY not in text, where
        assert "9f27" not in text, where


def test_a_canary_key_when_the_run_fails_as_a_whole_then_is_not_in_the_exception(
    stack: SimpleNamespace, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = accounts(server, stack.name)[:6]
    store_keys(stack, *watched)
    monkeypatch.setenv("BALANCES_TABLE", "no-such-table")

    with pytest.raises(PollRunError) as raised:
        lambda_handler(event(*watched), context())

    shown = "".join(traceback.format_exception(raised.value))
    assert "ResourceNotFoundException" in str(raised.value)
    assert CANARY not in shown


def test_a_run_when_repeated_then_adds_nothing(stack: SimpleNamespace, server: str) -> None:
    one = {
        "id": "one",
        "provider": "in_header",
        "secret": f"{stack.name}#key",
        "base_url": f"{server}/ok",
    }
    store_keys(stack, one)

    first = lambda_handler(event(one), context())
    before = records(stack.table)
    second = lambda_handler(event(one), context())

    assert first["counts"] == {"ok": 1, "skipped": 0}
    assert second["counts"] == {"skipped": 1}
    assert records(stack.table) == before
    statistics = cloudwatch().get_metric_statistics(
        Namespace=stack.name,
        MetricName="Balance",
        Dimensions=[
            {"Name": "Account", "Value": "one"},
            {"Name": "Provider", "Value": "in_header"},
        ],
        StartTime=AT - timedelta(minutes=1),
        EndTime=AT + timedelta(minutes=1),
        Period=60,
        Statistics=["SampleCount"],
    )["Datapoints"]
    assert [point["SampleCount"] for point in statistics] == [1.0]


def test_a_run_when_time_is_short_then_what_was_gathered_is_written(
    stack: SimpleNamespace, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT_SECONDS", "20")
    both = [
        {
            "id": kind,
            "provider": "in_header",
            "secret": f"{stack.name}#key",
            "base_url": f"{server}/{kind}",
        }
        for kind in ("ok", "silent")
    ]
    store_keys(stack, *both)

    started = time.monotonic()
    report = lambda_handler(event(*both), context(seconds=6))
    duration = time.monotonic() - started

    assert {row["account"]: row["outcome"] for row in report["accounts"]} == {
        "ok": "ok",
        "silent": "transient",
    }
    assert "ran out of time" in report["accounts"][1]["reason"]
    assert duration < 6
    assert len(records(stack.table)) == 4
