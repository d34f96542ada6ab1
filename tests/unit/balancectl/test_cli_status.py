"""``status``, ``history`` and ``preflight``: what the records say, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import Result

from shared.outcome import Outcome
from shared.records import Attempt, Latest, Thresholds, TopUp, Wallet
from tests.latest import changed, make_latest

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSchedule")
Run = Callable[..., Result]


def latest(account: str = "main", balance: str | None = "30", **changes: Any) -> Latest:
    base = make_latest(
        account=account,
        provider="openrouter",
        provider_title="OpenRouter",
        polled_at=NOW - timedelta(minutes=3),
        outcome=Outcome.OK,
        balance=None if balance is None else Decimal(balance),
        balance_at=None if balance is None else NOW - timedelta(minutes=3),
        unit=None if balance is None else "USD",
        thresholds=Thresholds(warning=Decimal(20), critical=Decimal(5)),
    )
    return changed(base, **changes)


#: Read 3 minutes ago, lasting 31 hours at least from then on.
LASTING: dict[str, Any] = {
    "empty_at": NOW + timedelta(hours=44),
    "at_least_hours": Decimal(31),
    "at_most_hours": Decimal(60),
}
REJECTED = {
    "outcome": Outcome.INVALID_KEY,
    "reason": "the key was rejected: INVALID_API_KEY",
    "failing_since": NOW - timedelta(hours=3),
}


def test_status_when_accounts_differ_then_the_worst_comes_first(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "fine"}, {"id": "low"}, {"id": "new"}])
    cloud.scheduler.add(1, [{"id": "rejected"}])
    cloud.dynamo.record(latest("fine"), latest("low", "3.2"), latest("rejected", **REJECTED))
    cloud.dynamo.leave_over = 2

    result = run("status")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ACCOUNT", "low", "rejected", "new", "fine"]
    assert lines[1].endswith("critical: below 5.00 USD")
    assert "3.20 USD" in lines[1]
    assert lines[2].endswith("failing: the key was rejected: INVALID_API_KEY (for 3 h)")
    assert lines[3].endswith("not set up: never polled")
    assert "balancectl keys set new" in result.stderr


def test_status_when_all_is_well_then_exits_0(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.dynamo.record(latest())

    assert run("status").exit_code == 0


@pytest.mark.parametrize(
    ("minutes", "often"), [(1, "every minute"), (5, "every 5 minutes"), (None, None)]
)
def test_status_when_a_threshold_is_near_then_says_that_it_is_watched_closely(
    cloud: Any, run: Run, minutes: int | None, often: str | None
) -> None:
    intervals = {"poll_interval_minutes": 15, "close_interval_minutes": minutes}
    cloud.scheduler.add(0, [{"id": "main"}], **(intervals if minutes else {}))
    cloud.dynamo.record(latest(balance="21", is_close=True))

    text = run("status", "main").stdout
    (row,) = json.loads(run("status", "--json").stdout)["accounts"]

    assert ("ok: watched closely" in text) is (minutes is not None)
    assert (f"; {often} while a threshold is near" in text) is (minutes is not None)
    assert row["is_watched_closely"] is (minutes is not None)


@pytest.mark.parametrize(
    "changes", [{"is_close": False}, {"is_close": True, **REJECTED}], ids=["far", "failing"]
)
def test_status_when_polled_like_others_then_says_nothing_of_watching(
    cloud: Any, run: Run, changes: dict[str, Any]
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}], poll_interval_minutes=5, close_interval_minutes=1)
    cloud.dynamo.record(latest(**changes))

    assert "closely" not in run("status").stdout


def test_status_when_an_account_may_be_older_then_is_not_stale(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main", "stale_after_minutes": 180}])
    two_hours_ago = NOW - timedelta(hours=2)
    cloud.dynamo.record(latest(polled_at=two_hours_ago, balance_at=two_hours_ago))

    assert run("status").exit_code == 0


def test_status_when_one_account_is_named_then_shows_everything_of_it(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "other"}])
    cloud.dynamo.record(
        latest(
            wallet="credits",
            others={"bonus": Wallet(Decimal("1.5"), "USD")},
            empty_at=NOW + timedelta(hours=9),
            burn_per_day=Decimal("8.2"),
            burn_basis="profile",
            last_top_up=TopUp(NOW - timedelta(hours=5), Decimal(50)),
            top_up_url="https://example.com/pay",
        )
    )

    result = run("status", "main")

    assert result.exit_code == 0
    assert "other" not in result.stdout
    for words in (
        "wallet bonus    1.50 USD",
        "burn            8.20 USD a day (profile)",
        "empty           around 23:05 UTC",
        "last top-up     50.00 USD, 5 h ago",
        "top up at       https://example.com/pay",
    ):
        assert words in result.stdout


def test_status_when_json_then_amounts_are_exact_and_times_are_iso(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "new"}])
    cloud.dynamo.record(latest(balance="0.1234567890123456789"))

    result = run("status", "--json")

    main, new = sorted(json.loads(result.stdout)["accounts"], key=lambda each: each["account"])
    assert main["balance"] == "0.1234567890123456789"
    assert main["balance_at"] == "2026-11-23T14:02:00Z"
    assert main["condition"] == "critical"
    assert main["thresholds"] == {"warning": "20", "critical": "5"}
    assert new == {"account": "new", "condition": "not_set_up", "detail": "never polled"}


def test_status_when_account_is_unknown_then_names_the_nearest(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "openrouter-main"}])

    result = run("status", "opnrouter-main")

    assert result.exit_code == 2
    assert "did you mean 'openrouter-main'?" in result.stderr


def test_status_when_schedules_may_not_be_read_then_named_accounts_are_shown(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.error = DENIED
    cloud.dynamo.record(latest())

    named, unnamed = run("status", "main"), run("status")

    assert named.exit_code == 0
    assert "scheduler:GetSchedule" in named.stderr
    assert unnamed.exit_code == 2
    assert "credentials lack scheduler:GetSchedule" in unnamed.stderr


def test_status_when_polling_is_switched_off_then_says_so(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.scheduler.schedules["demo-poll-0"]["State"] = "DISABLED"
    cloud.dynamo.record(latest())

    assert "switched off" in run("status").stderr


def attempts() -> list[Attempt]:
    balances = ["10", "9.5", None, "59", "58.99"]
    return [
        Attempt(
            account="main",
            at=NOW - timedelta(minutes=5 * (len(balances) - n)),
            provider="openrouter",
            outcome=Outcome.OK if balance else Outcome.TRANSIENT,
            reason=None if balance else "the provider did not answer in time",
            balance=Wallet(Decimal(balance), "USD") if balance else None,
        )
        for n, balance in enumerate(balances)
    ]


def test_history_when_shown_then_newest_first_with_changes_over_gaps(cloud: Any, run: Run) -> None:
    cloud.dynamo.record(latest(), *attempts())

    result = run("history", "main", "-n", "4")

    lines = result.stdout.splitlines()[1:]
    assert [line.split()[-1] for line in lines] == ["ok", "ok", "time", "ok"]
    assert [line.split()[4] for line in lines if line.endswith("ok")] == [
        "-0.01",
        "+49.50",
        "-0.50",
    ]
    assert "the provider did not answer in time" in lines[2]


def test_history_when_a_forecast_was_made_then_shows_it_with_its_bound(
    cloud: Any, run: Run
) -> None:
    hours = {"runway_hours": Decimal("44.5"), "at_least_hours": Decimal(31)}
    known = [each._replace(**hours) for each in attempts() if each.outcome is Outcome.OK]
    cloud.dynamo.record(latest(), known[-1])

    (row,) = run("history", "main").stdout.splitlines()[1:]
    (found,) = json.loads(run("history", "main", "--json").stdout)["attempts"]

    assert ", at least 31 h" in row
    assert (found["runway_hours"], found["at_least_hours"]) == ("44.5", "31")


def test_history_when_json_then_has_every_attempt(cloud: Any, run: Run) -> None:
    cloud.dynamo.record(latest(), *attempts())

    found = json.loads(run("history", "main", "--json").stdout)["attempts"]

    assert [each["balance"] for each in found] == ["58.99", "59", None, "9.5", "10"]
    assert found[0]["at"] == "2026-11-23T14:00:00Z"


def test_status_when_a_forecast_is_known_then_says_at_least_and_between(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    limits = Thresholds(runway_warning_hours=Decimal(36))
    cloud.dynamo.record(latest(**LASTING, thresholds=limits))

    result = run("status", "main")

    assert result.exit_code == 1
    assert "empty in about 44 h, at least 30 h" in result.stdout
    assert "between Tue 24 Nov 21:02 UTC and Thu 26 Nov" in result.stdout


def test_history_when_there_is_none_then_exits_2(run: Run) -> None:
    assert run("history", "nobody").exit_code == 2


@pytest.mark.parametrize(
    ("changes", "args", "expected"),
    [
        ({}, ["--need", "12.50"], (0, "enough: 30.00 USD left, 12.50 USD needed")),
        ({}, ["--need", "30"], (0, "enough")),
        ({}, ["--need", "30.01"], (1, "not enough: 30.00 USD left, 30.01 USD needed")),
        ({}, ["--need", "1 USD"], (0, "enough")),
        ({}, ["--need", "1 credits"], (2, "the balance is in USD, not in credits")),
        ({"balance": Decimal(-3)}, ["--need", "0"], (1, "not enough: -3.00 USD left")),
        ({}, ["--need", "1", "--max-age", "2m"], (2, "3 min old, more than 2 min")),
        (REJECTED, ["--need", "1"], (2, "the last poll failed: the key was rejected")),
        ({"balance": None, "balance_at": None}, ["--need", "1"], (2, "was never read")),
        (LASTING, ["--for", "12h"], (0, "lasts at least")),
        (LASTING, ["--for", "36h"], (1, "lasts at least 1 d 6 h 57 min, 1 d 12 h needed")),
        ({"burn_basis": "steady"}, ["--for", "36h"], (0, "nothing is consumed, 1 d 12 h needed")),
        ({}, ["--for", "12h"], (2, "too little is known of its consumption")),
        (REJECTED, ["--for", "12h"], (2, "the last poll failed: the key was rejected")),
    ],
)
def test_preflight_when_asked_then_answers_by_exit_code_in_one_line(
    cloud: Any, run: Run, changes: dict[str, Any], args: list[str], expected: tuple[int, str]
) -> None:
    cloud.dynamo.record(latest(**changes))

    result = run("preflight", "main", *args)

    code, words = expected
    assert result.exit_code == code
    assert words in result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


def test_preflight_when_there_is_no_record_then_nobody_knows(run: Run) -> None:
    result = run("preflight", "nobody", "--need", "1")

    assert result.exit_code == 2
    assert "no record: never polled" in result.stdout


def test_preflight_when_live_then_polls_that_account_alone_first(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "other"}])
    cloud.scheduler.add(1, [{"id": "main"}, {"id": "third"}])
    cloud.dynamo.record(latest())
    cloud.functions.rows["main"] = {"outcome": "ok", "balance": "11.99", "unit": "USD"}

    result = run("preflight", "main", "--need", "12", "--live")

    assert result.exit_code == 1
    assert "11.99 USD left" in result.stdout
    (event,) = cloud.functions.events
    assert [account["id"] for account in event["accounts"]] == ["main"]
    assert (event["scheduled_at"], event["shard"]) == ("2026-11-23T14:05:00Z", 1)


def test_preflight_when_live_poll_was_made_by_another_then_takes_the_record(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.dynamo.record(latest(polled_at=NOW, balance_at=NOW))
    cloud.functions.rows["main"] = {"outcome": "ok", "skipped": True}

    assert run("preflight", "main", "--need", "30", "--live").exit_code == 0


def test_preflight_when_live_poll_fails_as_a_whole_then_nobody_knows(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.functions.error = {"errorType": "PollRunError", "errorMessage": "reading secrets failed"}

    result = run("preflight", "main", "--need", "1", "--live")

    assert result.exit_code == 2
    assert "the poller failed: reading secrets failed (PollRunError)" in result.stderr


def test_preflight_when_json_then_says_the_answer_and_why(cloud: Any, run: Run) -> None:
    cloud.dynamo.record(latest())

    result = run("preflight", "main", "--need", "31", "--json")

    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["answer"] == "not enough"
    assert (answer["balance"], answer["need"], answer["age_seconds"]) == ("30", "31", 180)
