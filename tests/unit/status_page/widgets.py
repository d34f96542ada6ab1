"""A dashboard's events, and what a widget reads, without AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.records import Latest
from status_page.chart import Window
from status_page.series import Past
from status_page.widget.event import parse_event
from status_page.widget.show import Points, Sources, show
from tests.unit.status_page.samples import NOW

Account = tuple[Latest | None, str, Past]


def event(accounts: Sequence[str], days: float = 0.125, **context: Any) -> dict[str, Any]:
    """Return what a dashboard sends, in the form that AWS documents (read 2026-11)."""
    params = {"accounts": dict.fromkeys(accounts, 30)}
    end = round(NOW.timestamp() * 1000)
    start = end - round(days * 86_400_000)
    return {
        **params,
        "widgetContext": {
            "dashboardName": "balance-monitor",
            "widgetId": "widget-16",
            "accountId": "012345678901",
            "locale": "en",
            "timezone": {"label": "UTC", "offsetISO": "+00:00", "offsetInMinutes": 0},
            "period": 300,
            "isAutoPeriod": True,
            "timeRange": {"mode": "relative", "start": start, "end": end},
            "theme": "light",
            "linkCharts": True,
            "title": "Balances",
            "forms": {"all": {}},
            "params": params,
            "width": 1150,
            "height": 369,
            **context,
        },
    }


class Store:
    """What a widget reads: accounts with their past. Counts the requests for the past."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.items: dict[str, Any] = {a: known.to_item() for known, a, _ in accounts if known}
        self.past = {account: past for _, account, past in accounts}
        self.asked: list[tuple[timedelta, int]] = []

    def records(self, accounts: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return items."""
        return {account: self.items[account] for account in accounts if account in self.items}

    def points(self, providers: Mapping[str, str], window: Window, step_hours: int) -> Points:
        """Return balances."""
        self.asked.append((window.behind, step_hours))
        return {account: self.past[account].points for account in providers}


def render(accounts: Sequence[Account], days: float = 0.125, **context: Any) -> str:
    """Return the widget of ``accounts``."""
    named = [(known, account, past) for known, account, past in accounts]
    return show_in(Store(named), event([account for _, account, _ in named], days, **context))


def show_in(store: Store, asked: Mapping[str, Any], now: datetime = NOW) -> str:
    """Return the widget that an event asks for."""
    return show(parse_event(asked), Sources(store.records, store.points), now)
