"""A schedule that fires every minute: close accounts are polled, the others cost nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from balance_poller import report as report_module
from balance_poller.event import PollEvent, parse_event
from balance_poller.polling import poll as poll_module
from balance_poller.polling.poll import poll
from balance_poller.report import RunReport, log_run
from shared.names import Metric
from shared.outcome import Outcome
from shared.times import format_time
from tests.unit.poller.fakes import AT, PROVIDERS, World, answer, entry, key_of

MINUTE = timedelta(minutes=1)


def scheduled(minute: float, *entries: Any, **fields: Any) -> PollEvent:
    at = AT + minute * MINUTE
    intervals = {"poll_interval_minutes": 5, "close_interval_minutes": 1}
    event = {"scheduled_at": format_time(at), "accounts": list(entries), "providers": PROVIDERS}
    return parse_event({**intervals, **event, **fields}, at)


def world_of(balances: dict[str, float]) -> World:
    """Return providers with these balances by account, which tests change."""
    return World(lambda sent: answer({"balance": balances[key_of(sent)[len("key of keys#") :]]}))


def run(world: World, event: PollEvent) -> RunReport:
    return poll(event, world.adapters, 100.0)


def polls(world: World) -> Counter[str]:
    return Counter(attempt.account for attempt in world.history.attempts)


def test_an_hour_when_one_account_is_close_then_it_is_polled_every_minute() -> None:
    world = world_of({"calm": 1000, "close": 110, "slow": 110})
    entries = (
        entry("calm", warning=100),
        entry("close", warning=100),
        entry("slow", warning=100, min_interval_seconds=120),
    )

    for minute in range(60):
        run(world, scheduled(minute, *entries))

    # Both are polled with the others, too: at minutes 0, 5, 10, …
    assert polls(world) == {"calm": 12, "close": 60, "slow": 30}
    assert {a.at for a in world.history.attempts if a.account == "calm"} == {
        AT + 5 * number * MINUTE for number in range(12)
    }


def test_an_account_when_no_longer_close_then_is_polled_with_the_others_again() -> None:
    balances: dict[str, float] = {"calm": 1000, "close": 110}
    world = world_of(balances)
    entries = (entry("calm", warning=100), entry("close", warning=100))
    for minute in range(8):
        run(world, scheduled(minute, *entries))
    balances["close"] = 1000  # topped up

    rows = {minute: len(run(world, scheduled(minute, *entries)).rows) for minute in range(8, 30)}

    assert {minute: count for minute, count in rows.items() if count} == {
        8: 1,  # the last one for itself, and two minutes later with the others
        10: 2,
        15: 2,
        20: 2,
        25: 2,
    }


def test_a_run_when_nobody_is_due_then_reads_marks_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a definition nor a key, and nothing is sent, written or logged above DEBUG."""
    world = world_of({"one": 1000})
    run(world, scheduled(0, entry("one", warning=100)))
    world.latest.reads.clear()

    def refuse(*_: object) -> Any:
        raise AssertionError

    monkeypatch.setattr(asyncio, "run", refuse)
    monkeypatch.setattr(poll_module, "Provider", refuse)

    report = run(world, scheduled(2, entry("one", provider="no such", warning=100)))

    assert report.is_idle
    assert report.counts == {"skipped": 0, "waiting": 1}
    assert world.latest.reads == [("marks", "one"), ("items",)]
    assert len(world.history.attempts) == 1


def test_an_idle_run_when_logged_then_only_for_whoever_debugs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []
    log = SimpleNamespace(info=written.append, debug=lambda *_, **__: written.append("debug"))
    monkeypatch.setattr(report_module, "logger", lambda _service: log)
    world = world_of({"one": 1000})
    run(world, scheduled(0, entry("one", warning=100)))

    idle = scheduled(1, entry("one", warning=100))
    log_run(idle, run(world, idle))

    assert written == ["debug"]


def test_an_event_when_it_comes_twice_then_is_polled_once() -> None:
    world = world_of({"close": 110})
    for minute in (0, 1, 1, 1):
        run(world, scheduled(minute, entry("close", warning=100)))

    assert polls(world) == {"close": 2}


def test_a_late_event_when_later_ones_ran_then_polls_nobody() -> None:
    world = world_of({"close": 110, "calm": 1000})
    entries = (entry("close", warning=100), entry("calm", warning=100))
    for minute in (0, 5, 6):
        run(world, scheduled(minute, *entries))

    report = run(world, scheduled(3, *entries))

    assert report.is_idle
    assert world.latest.items["close"].polled_at == AT + 6 * MINUTE


def test_a_stale_mark_when_read_then_the_item_itself_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Marks are eventually consistent: an account that only seems due is not polled twice."""
    world = world_of({"close": 110})
    run(world, scheduled(0, entry("close", warning=100)))
    stale = world.latest.read_marks(["close"])
    run(world, scheduled(1, entry("close", warning=100)))
    monkeypatch.setattr(world.latest, "read_marks", lambda _accounts: stale)

    report = run(world, scheduled(1, entry("close", warning=100)))

    assert report.counts == {"skipped": 1}
    assert polls(world) == {"close": 2}


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_runs_when_they_overlap_then_the_newest_stands_and_nothing_is_counted_twice(
    first_ends_first: bool,
) -> None:
    """Two runs of different minutes read the same records; each writes what it found."""
    balances: dict[str, float] = {"close": 130}
    world = world_of(balances)
    run(world, scheduled(0, entry("close", warning=110)))
    before = world.latest.items["close"]
    ends = {}
    for minute, balance in ((1, 125), (2, 118)):
        balances["close"] = balance
        world.latest.items["close"] = before
        run(world, scheduled(minute, entry("close", warning=110)))
        ends[minute] = world.latest.items["close"]
    world.latest.items["close"] = before

    for minute in (1, 2) if first_ends_first else (2, 1):
        world.latest.write([ends[minute]])

    latest = world.latest.items["close"]
    assert (latest.polled_at, latest.good.balance) == (AT + 2 * MINUTE, Decimal(118))
    assert latest.day is not None
    assert latest.day.spent == 12
    assert [(p.at - AT) / MINUTE for p in world.metrics.points if p.metric is Metric.BALANCE] == [
        0,
        1,
        2,
    ]


def test_a_forced_run_when_without_intervals_then_polls_all_that_it_names() -> None:
    world = world_of({"calm": 1000})
    run(world, scheduled(0, entry("calm", warning=100)))

    report = run(world, scheduled(1, entry("calm", warning=100), close_interval_minutes=None))

    assert report.counts == {"ok": 1, "skipped": 0}


def test_bad_entries_when_among_others_then_are_recorded_at_the_interval_only() -> None:
    world = world_of({"one": 1000})
    entries = (entry("one", warning=100), entry("bad", warning="x"), {"id": "no spaces please"})

    reports = [run(world, scheduled(minute, *entries)) for minute in range(10)]

    assert [len(report.rows) for report in reports] == [3, 0, 0, 0, 0] * 2
    assert polls(world) == {"one": 2, "bad": 2}


def test_a_close_account_when_its_key_is_refused_then_is_polled_at_the_usual_interval() -> None:
    world = world_of({"close": 110})
    run(world, scheduled(0, entry("close", warning=100)))
    world.transport.reply = lambda _sent: answer({}, status=401)

    for minute in range(1, 12):
        run(world, scheduled(minute, entry("close", warning=100)))

    assert [(a.at - AT) / MINUTE for a in world.history.attempts] == [0, 1, 6, 11]
    assert world.latest.items["close"].outcome is Outcome.INVALID_KEY


def test_the_table_when_it_cannot_be_read_then_requests_do_not_multiply() -> None:
    world = world_of({"one": 1000})
    world.latest.unknown = frozenset({"one"})
    world.latest.problem = "latest balances not read: Throttled"

    reports = [run(world, scheduled(minute, entry("one", warning=100))) for minute in range(10)]

    assert polls(world) == {"one": 2}
    assert [bool(report.failed_parts) for report in reports] == ([True] + [False] * 4) * 2
