"""``poll`` invokes the deployed poller with its schedules' own accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import Result

from balance_poller.event import parse_event
from balancectl.cli.errors import CliError
from balancectl.deployment.polls.polling import parse_report

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
Run = Callable[..., Result]


def test_poll_when_all_are_ok_then_prints_balances_and_exits_0(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}], providers={"mine": {"title": "Mine"}})
    cloud.scheduler.add(1, [{"id": "b", "warning": 0.1}])

    result = run("poll")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["a", "openrouter", "12.50", "USD", "ok"]
    events = sorted(cloud.functions.events, key=lambda event: event["shard"])
    assert {event["scheduled_at"] for event in events} == {"2026-11-23T14:05:00Z"}
    assert events[0]["providers"] == {"mine": {"title": "Mine"}}
    assert events[1]["accounts"][0]["warning"] == 0.1


def test_poll_when_some_fail_then_they_come_first_and_it_exits_1(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}, {"id": "b"}, {"id": "c"}])
    cloud.functions.rows |= {
        "b": {"outcome": "invalid_key", "reason": "the key was rejected: X"},
        "c": {"outcome": "ok", "skipped": True},
    }

    result = run("poll")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1].startswith("b ")
    assert lines[1].endswith("the key was rejected: X")
    assert lines[3].endswith("ok (polled by another run in the same second)")
    assert "3 accounts in 1.2 s" in result.stderr


def test_poll_when_an_account_is_named_then_only_its_schedule_is_run(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])
    cloud.scheduler.add(1, [{"id": "b"}, {"id": "c"}])

    result = run("poll", "c", "--json")

    (event,) = cloud.functions.events
    assert [account["id"] for account in event["accounts"]] == ["c"]
    assert json.loads(result.stdout)["accounts"][0]["balance"] == "12.50"


def test_poll_when_accounts_have_intervals_then_polls_them_whether_due_or_not(
    cloud: Any, run: Run
) -> None:
    intervals = {"poll_interval_minutes": 5, "close_interval_minutes": 1}
    cloud.scheduler.add(0, [{"id": "a", "min_interval_seconds": 120}], **intervals)

    assert run("poll").exit_code == 0

    (event,) = cloud.functions.events
    assert parse_event(event, NOW).intervals is None
    assert parse_event(event | intervals, NOW).intervals is not None


def test_poll_when_part_of_the_run_failed_then_says_so_and_exits_2(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])
    cloud.functions.run_errors = ["2 records were not written"]

    result = run("poll")

    assert result.exit_code == 2
    assert "warning: 2 records were not written" in result.stderr


def test_poll_when_the_function_fails_then_quotes_its_words(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])
    cloud.functions.error = {"errorType": "PollRunError", "errorMessage": "writing metrics failed"}

    result = run("poll")

    assert result.exit_code == 2
    assert "the poller failed: writing metrics failed (PollRunError)" in result.stderr
    assert "/aws/lambda/demo-balance-poller" in result.stderr


def test_poll_when_schedule_was_edited_by_hand_then_says_so(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])
    cloud.scheduler.schedules["demo-poll-0"]["Target"]["Input"] = "not json"

    result = run("poll")

    assert result.exit_code == 2
    assert "the input of schedule demo-poll-0 is not JSON" in result.stderr


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"{}", b'{"accounts": [{"account": "a"}]}',
     b'{"accounts": [{"account": "a", "outcome": "odd"}]}',
     b'{"accounts": [{"account": "a", "outcome": "ok", "balance": "NaN"}]}'],
)  # fmt: skip
def test_parse_report_when_it_is_none_then_says_so(payload: bytes) -> None:
    with pytest.raises(CliError, match="not a report"):
        parse_report(payload)
