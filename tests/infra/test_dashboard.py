"""The dashboard, read back from its body."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from status_page.widget.event import parse_event
from tests.infra.harness import ROOT
from tests.infra.stacks import ACCOUNT_ID, REGION, Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:"


def titles(stack: Stack) -> list[str]:
    """Return the widgets' titles in order."""
    return [widget["properties"]["title"] for widget in stack.widgets]


def properties(stack: Stack, title: str) -> dict[str, object]:
    """Return the properties of the widget with a title."""
    (found,) = [w["properties"] for w in stack.widgets if w["properties"]["title"] == title]
    return dict(found)


def test_an_account_shows_its_balance_and_thresholds(stacks: dict[str, Stack]) -> None:
    shown = properties(stacks["complete"], "openrouter-main")

    series = ["Account", "openrouter-main", "Provider", "openrouter"]
    assert shown == {
        "title": "openrouter-main",
        "view": "timeSeries",
        "region": REGION,
        "period": 600,
        "stat": "Minimum",
        "metrics": [
            ["BalanceMonitor", "Balance", *series],
            ["BalanceMonitor", "RunwayHours", *series, {"yAxis": "right"}],
        ],
        "yAxis": {"left": {"label": "USD", "showUnits": False}},
        "annotations": {
            "horizontal": [
                {"label": "critical", "value": 5, "color": "#d62728"},
                {"label": "warning", "value": 20, "color": "#ff7f0e"},
            ]
        },
    }


def test_the_monitor_comes_first_then_alarms_then_balances_then_runs(stack: Stack) -> None:
    assert titles(stack) == [
        "The monitor itself", "Alarms of the accounts", "openrouter-main",
        "Failures waiting", "Function errors", "Run duration",
        "Accounts polled", "Failed polls", "Faults", "Messages",
    ]  # fmt: skip
    assert properties(stack, "Alarms of the accounts")["alarms"] == [
        f"{ALARMS}balance-monitor/openrouter-main/{kind}"
        for kind in ("critical", "stale", "warning")
    ]


def test_only_the_first_hundred_are_shown(stacks: dict[str, Stack]) -> None:
    stack = stacks["many"]

    accounts = [title for title in titles(stack) if title.startswith("account-")]
    assert accounts == [f"account-{n:03}" for n in range(100)]
    alarms = [w["properties"]["alarms"] for w in stack.widgets if w["type"] == "alarm"][1:]
    assert [len(arns) for arns in alarms] == [100, 100]


def test_it_can_be_switched_off(stacks: dict[str, Stack]) -> None:
    stack = stacks["paused"]

    assert not stack.every("aws_cloudwatch_dashboard")
    assert stack.outputs["dashboard_url"] == ""


def test_log_queries_ask_for_what_the_functions_log(stack: Stack) -> None:
    """Each query names a message of the functions and their log groups."""
    queries = {
        widget["properties"]["title"]: widget["properties"]["query"]
        for widget in stack.widgets
        if widget["type"] == "log"
    }
    logged = "".join(path.read_text("utf-8") for path in (ROOT / "functions").rglob("*.py"))

    assert len(queries) == 4
    for query in queries.values():
        message = query.split("message = '")[1].split("'")[0]
        assert f'"{message}"' in logged
        assert "SOURCE '/aws/lambda/balance-monitor-" in query


def test_no_widget_covers_another(stacks: dict[str, Stack]) -> None:
    for stack in (stacks["minimal"], stacks["complete"], stacks["many"], stacks["granted"]):
        places = [(widget["x"], widget["y"]) for widget in stack.widgets]
        assert len(set(places)) == len(places)


def test_who_is_named_is_shown(stacks: dict[str, Stack]) -> None:
    assert [title for title in titles(stacks["granted"]) if title in ("main", "own", "arn")] == [
        "own"
    ]


def test_the_page_gets_its_accounts_from_the_widget(stacks: dict[str, Stack]) -> None:
    stack = stacks["granted"]
    (widget,) = [widget for widget in stack.widgets if widget["type"] == "custom"]

    assert titles(stack)[:3] == ["The monitor itself", "Alarms of the accounts", "Balances"]
    assert widget["properties"] == {
        "title": "Balances",
        "endpoint": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:granted-status-page",
        "updateOn": {"refresh": True, "resize": True, "timeRange": True},
        "params": {"accounts": {"own": 30}},
    }
    assert parse_event(widget["properties"]["params"]).accounts == {"own": timedelta(minutes=30)}
    assert stack.outputs["functions"]["status_page"] == "granted-status-page"


def test_without_the_page_nothing_of_it_is_there(stacks: dict[str, Stack]) -> None:
    for name in set(stacks) - {"granted"}:
        stack = stacks[name]
        assert not [at for at in stack.resources if "status_page" in at]
        assert stack.outputs["status_page_policy_json"] is None
        assert "status-page" not in stack.outputs["kms_key_policy_json"]
        if name != "paused":
            assert "custom" not in {widget["type"] for widget in stack.widgets}


def test_no_widget_overlaps_the_page(stacks: dict[str, Stack]) -> None:
    for stack in (stacks["granted"], stacks["complete"]):
        rows = sorted({(w["y"], w["height"]) for w in stack.widgets})
        assert all(a[0] + a[1] <= b[0] for a, b in pairwise(rows))
