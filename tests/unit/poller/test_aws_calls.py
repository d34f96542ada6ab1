"""What a run of 1,000 accounts costs in AWS calls, and what its items weigh; boto3 to the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from balance_poller.credentials.store import SecretStore
from balance_poller.event import PollEvent, parse_event
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.polling.poll import Adapters, poll
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestTable
from bench.wire_aws import WireAws
from shared.aws import clients
from tests.unit.poller.fakes import AT, PROVIDERS, World, answer, entry

ACCOUNTS = 1000
#: They fall, and once rise.
BALANCES = iter([1234.56789 - 3.21 * n + (500 if n > 6 else 0) for n in range(14)])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[WireAws]:
    """Response for AWS from memory: one secret with all keys, and forty with one each."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    keys = {f"account-{n}": f"key-{n}" for n in range(ACCOUNTS)}
    made = WireAws({"keys": json.dumps(keys)} | {f"own-{n}": f"key-{n}" for n in range(40)})
    made.attach()
    yield made
    clients.forget_clients()


def adapters(balance: float = 1234.56789) -> Adapters:
    """Return the real adapters, and a network that answers at once."""

    def reply(_request: PreparedRequest) -> Response:
        return answer({"balance": balance, "bonus": 250})

    world = World(reply)
    return world.adapters._replace(
        fetcher=BalanceFetcher(
            SecretStore(clients.secretsmanager, 300),
            lambda: world.transport,
            world.limits,
            world.keys,
        ),
        latest=LatestTable(clients.dynamodb, "balances"),
        history=HistoryTable(clients.dynamodb, "balances", 90),
        metrics=MetricPublisher(clients.cloudwatch, "Mine"),
    )


def event(run: int, secrets: int = 1, count: int = ACCOUNTS, **fields: Any) -> PollEvent:
    def secret(n: int) -> str:
        return f"keys#account-{n}" if secrets == 1 else f"own-{n % secrets}"

    return parse_event(
        {
            "scheduled_at": (AT + run * timedelta(minutes=5)).isoformat(),
            "accounts": [
                entry(f"account-{n}", secret=secret(n), params={"host": "a.example"}, **fields)
                for n in range(count)
            ],
            "providers": PROVIDERS,
        },
        AT,
    )


def test_a_run_of_a_thousand_accounts_then_costs_few_calls(aws: WireAws) -> None:
    report = poll(event(0, warning=20, critical=5), adapters(), 1e9)

    assert report.counts == {"ok": ACCOUNTS, "skipped": 0}
    assert report.errors == ()
    assert aws.calls == {
        "BatchGetSecretValue": 1,
        "BatchGetItem": 10,
        "PutMetricData": 1,
        "BatchWriteItem": 40,
        "TransactWriteItems": 10,
    }
    assert aws.points == ACCOUNTS
    assert len(aws.items) == 2 * ACCOUNTS


def test_a_run_when_secrets_are_many_then_costs_one_call_per_twenty(aws: WireAws) -> None:
    poll(event(0, secrets=40), adapters(), 1e9)

    assert aws.calls["BatchGetSecretValue"] == 2


def test_a_run_when_repeated_then_costs_reads_only(aws: WireAws) -> None:
    poll(event(0), adapters(), 1e9)
    aws.calls.clear()

    report = poll(event(0), adapters(), 1e9)

    assert report.counts == {"skipped": ACCOUNTS}
    assert aws.calls == {"BatchGetItem": 10}


def test_items_when_everything_is_watched_then_stay_within_their_write_units(aws: WireAws) -> None:
    watched: dict[str, Any] = {
        "warning": 20,
        "critical": 5.5,
        "runway_warning_hours": 48,
        "runway_critical_hours": 12,
        "max_burn_per_day": 100,
        "drain_sensitivity": 2,
        "expiry_warning_days": 14,
        "top_up_url": "https://provider.example/settings/billing/credits",
    }
    for run in range(14):
        poll(event(run, count=9, **watched), adapters(next(BALANCES)), 1e9)

    sizes = {key: size(item) for key, item in aws.items.items()}

    latest = aws.items["account-0", "LATEST"]
    assert {
        "runway_hours",
        "at_least_hours",
        "runway_level",
        "empty_at",
        "burn_per_day",
        "top_up_at",
        "burn",
    } <= set(latest)
    assert max(s for (_, at), s in sizes.items() if at == "LATEST") <= 2 * 1024
    assert max(s for (_, at), s in sizes.items() if at != "LATEST") <= 1024


def size(item: dict[str, Any]) -> int:
    """Return an item's size as DynamoDB counts it, from its wire form.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(tagged: dict[str, Any]) -> int:
    ((kind, value),) = tagged.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(value.strip("-0").replace(".", "")) // 2 + 2
        case "B":
            return len(value) * 3 // 4
        case "BOOL":
            return 1
        case "M":
            return 3 + sum(len(k) + 1 + value_size(v) for k, v in value.items())
        case _:
            raise AssertionError(kind)
