"""The sinks against an AWS emulator: what they write can be read, and the newer value wins."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_localstack.session import RunningSession

from balance_poller.recording.account_metrics import DataPoint
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestTable
from shared.aws.clients import cloudwatch, dynamodb
from shared.aws.dynamo import decode
from shared.names import Metric
from shared.outcome import Outcome
from shared.records import Attempt, Latest, Thresholds, TopUp, Wallet
from tests.latest import make_latest

AT = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


def latest(account: str, at: datetime = AT, balance: str = "12.50") -> Latest:
    return make_latest(
        account=account,
        provider="openrouter",
        provider_title="OpenRouter",
        polled_at=at,
        outcome=Outcome.OK,
        thresholds=Thresholds(warning=Decimal(20), critical=Decimal("0.1")),
        balance=Decimal(balance),
        balance_at=at,
        unit="USD",
        wallet="credits",
        others={"bonus": Wallet(Decimal(3), "credits")},
        last_top_up=TopUp(at, Decimal("50.00")),
        burn=bytes(range(210)),
    )


def stored(table: str) -> list[dict[str, Any]]:
    return [decode(item) for item in dynamodb().scan(TableName=table)["Items"]]


def test_latest_when_written_then_is_read_back_unchanged(table: str) -> None:
    store = LatestTable(dynamodb, table)
    written = [latest(f"account-{n}") for n in range(130)]

    problems = store.write(written)
    read = store.read([*(f"account-{n}" for n in range(130)), "unknown"])

    assert not problems
    assert read.problem is None
    assert read.items == {item.account: item for item in written}


def test_latest_when_some_are_newer_then_only_the_others_are_written(table: str) -> None:
    store = LatestTable(dynamodb, table)
    store.write([latest("one", AT + MINUTE, "7.00"), latest("two", AT - MINUTE, "8.00")])

    problems = store.write([latest(name, AT, "1.00") for name in ("one", "two", "three")])

    assert not problems
    balances = {item["account"]: item["balance"] for item in stored(table)}
    assert balances == {"one": Decimal("7.00"), "two": Decimal("1.00"), "three": Decimal("1.00")}


def test_latest_when_others_wrote_meanwhile_then_is_replaced_only_where_it_is_unchanged(
    table: str,
) -> None:
    """Polls and pushes of pushed accounts write like this: neither may lose the other's values."""
    store = LatestTable(dynamodb, table)
    store.write([latest(name, AT, "9.00") for name in ("kept", "changed")])
    read = store.read(["kept", "changed", "made", "new"]).items
    store.write([latest("changed", AT + MINUTE, "8.00"), latest("made", AT - MINUTE, "7.00")])

    names = ("kept", "changed", "made", "new")
    problems, superseded = store.replace([latest(n, AT + 2 * MINUTE, "1.00") for n in names], read)

    assert not problems
    assert superseded == {"changed", "made"}
    assert {item["account"]: item["balance"] for item in stored(table)} == {
        "kept": 1,
        "changed": 8,
        "made": 7,
        "new": 1,
    }


def test_latest_when_the_same_run_writes_twice_then_the_first_stands(table: str) -> None:
    store = LatestTable(dynamodb, table)

    store.write([latest("one", AT, "7.00")])
    problems = store.write([latest("one", AT, "1.00")])

    assert not problems
    assert stored(table)[0]["balance"] == Decimal("7.00")


def test_latest_when_the_table_is_missing_then_is_a_problem_and_no_exception(
    aws: RunningSession,
) -> None:
    assert aws
    store = LatestTable(dynamodb, "no-such-table")

    read = store.read(["one"])
    problems = store.write([latest("one")])

    assert read.unknown == {"one"}
    assert "ResourceNotFoundException" in (read.problem or "")
    assert [problem.is_whole for problem in problems] == [True]


def test_history_when_written_then_holds_every_attempt_with_its_expiry(table: str) -> None:
    sink = HistoryTable(dynamodb, table, keep_days=90)
    wallet = Wallet(Decimal("12.345678901234567890"), "USD", used=Decimal(3), granted=Decimal(15))
    made = [
        Attempt(f"account-{n}", AT, "openrouter", Outcome.OK, wallet="credits", balance=wallet)
        for n in range(60)
    ]
    made.append(Attempt("failing", AT, "openrouter", Outcome.INVALID_KEY, "the key was rejected"))

    problems = sink.write(made)

    assert not problems
    items = {item["account"]: item for item in stored(table)}
    assert len(items) == 61
    assert items["account-7"]["balance"] == Decimal("12.345678901234567890")
    assert items["failing"]["reason"] == "the key was rejected"
    assert items["failing"]["expires_at"] == int((AT + timedelta(days=90)).timestamp())


def test_history_when_written_twice_then_converges(table: str) -> None:
    sink = HistoryTable(dynamodb, table, keep_days=90)
    attempt = Attempt("one", AT, "openrouter", Outcome.OK)

    sink.write([attempt])
    sink.write([attempt])

    assert len(stored(table)) == 1


@pytest.mark.usefixtures("aws")
def test_metrics_when_published_then_are_found_under_their_dimensions_and_time() -> None:
    namespace = f"Test{uuid.uuid4().hex[:8]}"
    points = [
        DataPoint(f"account-{n}", "openrouter", Metric.BALANCE, 12.5 + n, AT) for n in range(1200)
    ]

    problems = MetricPublisher(cloudwatch, namespace).write(points)

    assert not problems
    found = cloudwatch().get_metric_statistics(
        Namespace=namespace,
        MetricName="Balance",
        Dimensions=[
            {"Name": "Account", "Value": "account-7"},
            {"Name": "Provider", "Value": "openrouter"},
        ],
        StartTime=AT - MINUTE,
        EndTime=AT + MINUTE,
        Period=60,
        Statistics=["Minimum", "SampleCount"],
    )["Datapoints"]
    assert [(point["Minimum"], point["SampleCount"]) for point in found] == [(19.5, 1.0)]
    assert found[0]["Timestamp"].astimezone(UTC) == AT
