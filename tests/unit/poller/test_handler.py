"""The Lambda entry: time is kept, the report returned, whole failures raised, keys never seen."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from balance_poller import handler
from balance_poller.event import EventError
from balance_poller.handler import PollRunError, lambda_handler
from balance_poller.polling.poll import Adapters
from balance_poller.recording.tables.writer import Target
from balance_poller.settings import SERVICE, Settings
from shared.aws import telemetry
from tests.unit.poller.fakes import PROVIDERS, World, answer, entry, problem


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give every test its own environment, logger and metrics."""
    monkeypatch.setenv("BALANCE_MONITOR_NAME", "stack")
    forget_telemetry()
    yield
    forget_telemetry()


def forget_telemetry() -> None:
    """Drop what Powertools keeps per process; its log handler holds on to one test's stdout."""
    telemetry.logger.cache_clear()
    logging.Logger.manager.loggerDict.pop(SERVICE, None)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Replace everything outside the function."""
    world = World(lambda _request: answer({"balance": 12.5, "bonus": 3}))

    def adapters(_settings: Settings) -> Adapters:
        world.limits = world.limits._replace(monotonic=lambda: 0.0)
        return world.adapters

    monkeypatch.setattr(handler, "_adapters", adapters)
    return world


FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:stack-balance-poller"


def context(seconds: float = 60, arn: str = FUNCTION_ARN) -> Any:
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: int(seconds * 1000), invoked_function_arn=arn
    )


def event(*entries: Any, **fields: Any) -> dict[str, Any]:
    return {
        "scheduled_at": "2026-11-23T14:05:00Z",
        "shard": 0,
        "accounts": list(entries),
        "providers": PROVIDERS,
    } | fields


@pytest.fixture(autouse=True)
def _near_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's date count as near."""
    from datetime import timedelta  # noqa: PLC0415 -- only here

    from balance_poller import event as event_module  # noqa: PLC0415 -- only here

    monkeypatch.setattr(event_module, "MAX_BEHIND", timedelta(days=36_500))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def faults(written: list[dict[str, Any]]) -> dict[str, int]:
    """Return the logged faults by kind."""
    return {line["fault"]: line["count"] for line in written if line.get("message") == "fault"}


def test_a_run_when_all_is_well_then_returns_the_report(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    report = lambda_handler(event(entry("one")), context())

    assert report["counts"] == {"ok": 1, "skipped": 0}
    assert report["scheduled_at"] == "2026-11-23T14:05:00Z"
    assert report["duration_ms"] >= 0
    json.dumps(report)
    written = lines(capsys)
    assert not [line for line in written if "_aws" in line]
    assert [line["message"] for line in written if "message" in line] == ["run finished"]
    assert len(world.history.attempts) == 1


def test_a_time_when_it_is_none_then_is_logged_and_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    lambda_handler(event(entry("one"), scheduled_at="<aws.scheduler.scheduled-time>"), context())

    written = lines(capsys)
    assert faults(written) == {"invalid scheduled time": 1}
    (emf,) = [line for line in written if "_aws" in line]
    assert emf["Faults"] == [1.0]
    assert emf["service"] == "balance_poller"
    assert emf["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "BalanceMonitor/Runs"
    assert any(
        line.get("level") == "WARNING" and "scheduled_at" in line["message"] for line in written
    )
    assert len(world.history.attempts) == 1


def test_a_sink_when_failing_as_a_whole_then_the_run_fails_after_everything_was_done(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.metrics.problems.append(problem(Target.METRICS))

    with pytest.raises(PollRunError, match=r"writing metrics failed: metrics of 1 accounts"):
        lambda_handler(event(entry("one")), context())

    assert world.log == ["metrics", "history", "latest"]
    written = lines(capsys)
    assert faults(written) == {"not written": 1}
    assert any(line.get("level") == "ERROR" for line in written)


def test_one_entry_when_refused_then_the_run_does_not_fail(world: World) -> None:
    world.metrics.problems.append(problem(Target.METRICS, is_whole=False))

    report = lambda_handler(event(entry("one")), context())

    assert report["errors"] == ["metrics of one refused: AccessDenied"]


def test_an_event_when_it_is_none_then_is_refused(world: World) -> None:
    with pytest.raises(EventError):
        lambda_handler({"accounts": None}, context())
    assert not world.log


@pytest.mark.parametrize(
    ("seconds_left", "accounts", "expected"),
    [(300, 0, 290), (300, 1000, 280), (12, 0, 6), (0, 0, 0)],
)
def test_the_time_to_ask_when_computed_then_leaves_enough_to_write(
    seconds_left: float, accounts: int, expected: float
) -> None:
    parsed = SimpleNamespace(accounts=range(accounts))

    assert handler._seconds_to_fetch(seconds_left, parsed) == expected  # type: ignore[arg-type]


def test_the_adapters_when_built_then_no_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.session  # noqa: PLC0415 -- only here

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a client was made")

    monkeypatch.setattr(botocore.session.Session, "create_client", refuse)

    adapters = handler._adapters(Settings("stack", "stack-balances"))

    assert adapters is handler._adapters(Settings("stack", "stack-balances"))


def test_the_alias_push_when_an_event_polls_then_refuses_it_and_requests_nothing(
    world: World,
) -> None:
    polling: list[Any] = [event(entry("one")), event(), {"kind": "push"}, {}, []]
    for one in polling:
        with pytest.raises(EventError, match="accepts only"):
            lambda_handler(one, context(arn=f"{FUNCTION_ARN}:push"))

    assert world.log == []
    assert world.transport.sent == []


def test_the_alias_push_when_a_balance_comes_then_it_is_recorded(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    lambda_handler(event({"id": "ads", "provider": "pushed", "unit": "USD"}), context())
    assert world.latest.items["ads"].good.balance is None

    report = lambda_handler(
        {"pushes": [{"account": "ads", "balance": 41.2}, {"account": "x", "balance": 1}]},
        context(arn=f"{FUNCTION_ARN}:push"),
    )

    (pushed,), (refused,) = report["pushed"], report["refused"]
    assert (pushed["account"], pushed["balance"], pushed["unit"]) == ("ads", "41.2", "USD")
    assert refused["account"] == "x"
    messages = [line.get("message") for line in lines(capsys)]
    assert {"balance pushed", "push refused"} <= set(messages)


@pytest.mark.parametrize("qualifier", ["", ":$LATEST", ":1", ":pushed", ":push2"])
def test_the_function_itself_when_pushes_come_then_takes_none(world: World, qualifier: str) -> None:
    with pytest.raises(EventError, match="no list of accounts"):
        lambda_handler(
            {"pushes": [{"account": "ads", "balance": 1}]},
            context(arn=f"{FUNCTION_ARN}{qualifier}"),
        )

    assert world.log == []
