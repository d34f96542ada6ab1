"""``doctor``: one line for every check, whatever makes another check fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from balancectl.app import app
from balancectl.views.checks import FAILURE_QUEUES
from shared.outcome import Outcome
from shared.version import VERSION
from tests.latest import make_latest

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@dataclass
class FakeQueues:
    """SQS: how many messages each queue holds; one that is not named does not exist."""

    messages: dict[str, int] = field(default_factory=dict)

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 -- AWS's names
        if QueueName not in self.messages:
            error = {"Error": {"Code": "QueueDoesNotExist", "Message": "no"}}
            raise ClientError(error, "GetQueueUrl")
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, QueueUrl: str, **_: object) -> dict[str, Any]:  # noqa: N803
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.messages[QueueUrl])}}


@dataclass
class FakeAlarms:
    """CloudWatch: the alarms that are open."""

    names: list[str] = field(default_factory=list)
    is_denied: bool = False

    def get_paginator(self, _operation: str) -> FakeAlarms:
        return self

    def paginate(self, AlarmNamePrefix: str, **_: object) -> Iterator[dict[str, Any]]:  # noqa: N803
        if self.is_denied:
            error = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(error, "DescribeAlarms")
        for name in self.names:
            if name.startswith(AlarmNamePrefix):
                yield {"MetricAlarms": [{"AlarmName": name}]}


@dataclass
class Ward:
    """A stack with everything that the doctor looks at."""

    cloud: Any
    queues: FakeQueues = field(default_factory=FakeQueues)
    alarms: FakeAlarms = field(default_factory=FakeAlarms)

    def run(self, *args: str) -> Result:
        target = self.cloud.target()
        vars(target).update(sqs=self.queues, cloudwatch=self.alarms)
        return CliRunner().invoke(app, ["doctor", *args], obj=target)

    def lines(self) -> dict[str, Any]:
        found = json.loads(self.run("--json").stdout)["checks"]
        return {line["check"]: line for line in found}


@pytest.fixture
def ward(cloud: Any) -> Ward:
    """A stack in perfect health."""
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.secrets.set('{"main": "key-of-main"}')
    cloud.dynamo.record(
        make_latest(
            account="main",
            provider="openrouter",
            provider_title="OpenRouter",
            polled_at=NOW - timedelta(minutes=2),
            outcome=Outcome.OK,
            balance=Decimal(30),
            balance_at=NOW - timedelta(minutes=2),
            unit="USD",
            version=VERSION,
        )
    )
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com")
    cloud.sns.subscribe("demo-operations", "email", "ops@example.com")
    return Ward(cloud)


def test_doctor_when_all_is_good_then_exits_0(ward: Ward) -> None:
    result = ward.run()

    assert result.exit_code == 0, result.output
    assert {line["finding"] for line in ward.lines().values()} == {"good"}
    assert ward.lines()["polling"]["detail"] == (
        "1 account on 1 schedule, rate(5 minutes); last run 2 min ago"
    )


def test_doctor_when_something_is_wrong_then_names_it_and_goes_on(ward: Ward) -> None:
    ward.cloud.scheduler.add(1, [{"id": "new"}])
    ward.cloud.sns.subscribe("demo-operations", "email", "x@example.com", "PendingConfirmation")
    ward.queues.messages |= {"demo-failures": 3, "demo-alarms-dead-letters": 0}
    ward.alarms.names += ["demo/main/critical", "demo-operations/poller-errors", "demo2/x/y"]

    result, lines = ward.run(), ward.lines()

    assert result.exit_code == 1
    assert lines["accounts"]["detail"] == "1 in order; not set up: new"
    assert lines["keys"]["detail"] == "missing: new"
    assert lines["operations"]["detail"] == "1 confirmed, 1 not"
    assert (
        lines["failures"]["detail"]
        == "3 in failures: runs, events or messages that failed for good"
    )
    assert lines["failures"]["remedy"] == "docs/runbook.md#failures"
    assert lines["alarms"]["detail"] == "open: main/critical"
    assert lines["monitor"]["detail"] == "open: poller-errors"


def test_doctor_when_the_last_run_is_long_ago_then_polling_is_bad(ward: Ward) -> None:
    ward.cloud.now = NOW + timedelta(hours=2)

    assert ward.lines()["polling"]["finding"] == "bad"
    assert "last run 2 h ago" in ward.lines()["polling"]["detail"]


@pytest.mark.parametrize(("version", "named"), [("9.1.0", "9.1.0"), (None, "older than 0.2.0")])
def test_doctor_when_the_functions_are_of_another_version_then_names_both(
    ward: Ward, version: str | None, named: str
) -> None:
    (item,) = ward.cloud.dynamo.tables["demo-balances"]
    item.pop("version")
    item |= {"version": version} if version else {}

    line = ward.lines()["version"]

    assert (line["finding"], line["remedy"]) == ("bad", "docs/upgrading.md")
    assert line["detail"] == f"functions: {named}; balancectl: {VERSION}"


def test_doctor_when_polling_is_switched_off_then_says_so(ward: Ward) -> None:
    ward.cloud.scheduler.schedules["demo-poll-0"]["State"] = "DISABLED"

    assert ward.lines()["polling"]["detail"] == "switched off"


def test_doctor_when_something_may_not_be_read_then_exits_2_and_names_the_action(
    ward: Ward,
) -> None:
    ward.alarms.is_denied = True

    result = ward.run()

    assert result.exit_code == 2
    assert "cloudwatch:DescribeAlarms" in result.stdout


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_doctor_when_a_queue_holds_failures_points_to_a_heading_of_the_runbook(queue: str) -> None:
    runbook = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"

    _, heading = FAILURE_QUEUES[queue]

    assert f"\n### {heading}\n" in runbook.read_text(encoding="utf-8")
