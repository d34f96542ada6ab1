"""``report``: reads the past of every account, and writes the page whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from typer.testing import Result

from balancectl.deployment.past import find_top_ups, read_past
from shared.names import AlarmKind
from shared.outcome import Outcome
from shared.records import DayTotals, Latest, TopUp
from status_page.series import Past, Point, Span
from tests.latest import make_latest

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
Run = Callable[..., Result]


def latest(account: str = "main", **changes: Any) -> Latest:
    fields: dict[str, Any] = {
        "account": account,
        "provider": "openrouter",
        "provider_title": "OpenRouter",
        "polled_at": NOW,
        "outcome": Outcome.OK,
        "balance": Decimal(30),
        "balance_at": NOW,
        "unit": "USD",
    }
    return make_latest(**fields | changes)


def test_read_past_reads_every_page_of_balances_alarms_and_days(cloud: Any) -> None:
    hours = [(NOW - timedelta(hours=back), 30.0 + back) for back in range(5, 0, -1)]
    cloud.cloudwatch.balances = {"main": hours, "other": hours[:1]}
    cloud.cloudwatch.changes = [
        (NOW - timedelta(days=9), "demo/main/warning", "OK"),
        (NOW - timedelta(days=3), "demo/main/critical", "ALARM"),
        (NOW - timedelta(days=2), "demo/main/critical", "INSUFFICIENT_DATA"),
        (NOW - timedelta(days=1), "demo/main/stale", "ALARM"),
        (NOW - timedelta(days=1), "elsewhere/main/stale", "ALARM"),
        (NOW - timedelta(days=1), "somebody's", "ALARM"),
    ]
    days = [DayTotals(date(2026, 11, day), topped_up=Decimal(day)) for day in (5, 20, 21, 22)]
    cloud.dynamo.tables["demo-balances"] = [day.to_day_item("main", "openrouter") for day in days]

    past = read_past(
        cloud.target(), {"main": latest(), "other": latest("other")}, NOW, namespace=None
    )

    assert past["main"].points == [Point(at, value) for at, value in hours]
    assert past["main"].spans == [
        Span(AlarmKind.WARNING, NOW - timedelta(days=14), NOW - timedelta(days=9)),
        Span(AlarmKind.CRITICAL, NOW - timedelta(days=3), NOW - timedelta(days=2)),
        Span(AlarmKind.STALE, NOW - timedelta(days=1), None),
    ]
    assert [top_up.amount for top_up in past["main"].top_ups] == [20, 21, 22]
    assert past["other"] == Past([Point(*hours[0])], [], [])
    assert cloud.cloudwatch.namespaces == {"BalanceMonitor/demo"}


def test_a_top_up_stands_where_it_was_recorded_else_where_the_balance_rose_else_at_noon() -> None:
    day = date(2026, 11, 21)
    nine = datetime(2026, 11, 21, 9, tzinfo=UTC)
    points = [Point(nine + timedelta(hours=n), b) for n, b in enumerate((5.0, 15.0, 14.0, 60.0))]
    totals = [DayTotals(day, topped_up=Decimal(56))]
    recorded = latest(last_top_up=TopUp(nine + timedelta(minutes=7), Decimal(46)))

    assert find_top_ups(totals, latest(), points) == [TopUp(nine + timedelta(hours=3), Decimal(56))]
    assert find_top_ups(totals, latest(), []) == [TopUp(nine.replace(hour=12), Decimal(56))]
    assert find_top_ups(totals, recorded, points)[0].at == nine + timedelta(minutes=7)
    assert find_top_ups([], latest(day=DayTotals(NOW.date(), topped_up=Decimal(8))), []) == [
        TopUp(NOW.replace(hour=12, minute=0), Decimal(8))
    ]


def test_report_writes_a_page_of_every_account(cloud: Any, run: Run, tmp_path: Path) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "new"}])
    cloud.dynamo.record(latest())
    page = tmp_path / "page.html"

    result = run("report", "-o", str(page))

    assert result.exit_code == 0
    assert result.stdout == f"{page}: 2 accounts\n"
    assert list(tmp_path.iterdir()) == [page]
    html = page.read_text("utf-8")
    assert "30.00" in html
    assert "never polled" in html
    assert "silence add main --for 2h --reason ... --name demo" in html


def test_report_of_some_accounts_reads_only_these(cloud: Any, run: Run, tmp_path: Path) -> None:
    cloud.scheduler.add(0, [{"id": "first"}, {"id": "other"}])
    page = tmp_path / "page.html"

    assert run("report", "other", "-o", str(page)).exit_code == 0
    html = page.read_text("utf-8")
    assert ("first" in html, "other" in html) == (False, True)
    refused = run("report", "othr", "-o", str(page))
    assert refused.exit_code == 2
    assert "did you mean 'other'?" in refused.stderr


def test_report_that_cannot_be_written_leaves_nothing(cloud: Any, run: Run, tmp_path: Path) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    (tmp_path / "page.html").mkdir()

    for file in (tmp_path / "no such folder" / "page.html", tmp_path / "page.html"):
        refused = run("report", "-o", str(file))
        assert refused.exit_code == 2
        assert "cannot be written" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
