"""Accounts in every condition, with two weeks of invented balances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from shared.names import AlarmKind
from shared.outcome import Outcome
from shared.records import Latest, Thresholds, TopUp
from status_page.account import AccountView, view
from status_page.chart import Window
from status_page.page import Page, page
from status_page.series import Past, Point, Span
from tests.latest import changed, make_latest

NOW = datetime(2026, 11, 26, 14, 10, tzinfo=UTC)
STALE_AFTER = timedelta(minutes=30)


def latest(account: str, provider: str = "OpenRouter", **changes: Any) -> Latest:
    """Return an account that is in order; ``changes`` go to the record or its last good poll."""
    read_at = NOW - timedelta(minutes=3)
    base = make_latest(
        account=account,
        provider=provider.lower(),
        provider_title=provider,
        polled_at=read_at,
        outcome=Outcome.OK,
        balance=Decimal(412),
        balance_at=read_at,
        unit="USD",
        burn_per_day=Decimal("11.2"),
        empty_at=NOW + timedelta(days=12),
        at_least_hours=Decimal(170),
        at_most_hours=Decimal(400),
        thresholds=Thresholds(warning=Decimal(20), critical=Decimal(5)),
        top_up_url="https://openrouter.example/credits",
    )
    return changed(base, **changes)


def sawtooth(top: float, bottom: float, days: float, end: float, hours: int = 336) -> list[Point]:
    """Return hourly balances that fall to ``bottom`` and are refilled; the last is ``end``."""
    per_hour = (top - bottom) / (days * 24)
    balance, points = end, []
    for back in range(hours):
        at = NOW.replace(minute=0) - timedelta(hours=back)
        points.append(Point(at, round(balance, 2)))
        balance += per_hour * (1 + 0.8 * math.sin(at.hour / 24 * math.tau))
        if balance > top:
            balance = bottom
    return points[::-1]


def top_ups(points: list[Point]) -> list[TopUp]:
    """Return the rises among ``points``."""
    pairs = pairwise(points)
    return [
        TopUp(after.at, Decimal(str(after.balance - before.balance)).quantize(Decimal("0.01")))
        for before, after in pairs
        if after.balance > before.balance
    ]


def typical() -> Iterator[tuple[Latest | None, str, Past]]:
    """Yield one account of every condition, with its past."""
    low = sawtooth(64, 3, 4.6, 3.2)
    critical = latest(
        "openrouter-main",
        balance=Decimal("3.20"),
        empty_at=NOW + timedelta(hours=8),
        at_least_hours=Decimal(4),
        at_most_hours=Decimal(11),
    )
    span = Span(AlarmKind.CRITICAL, NOW - timedelta(hours=9), None)
    earlier = Span(AlarmKind.WARNING, NOW - timedelta(days=6), NOW - timedelta(days=5, hours=12))
    yield critical, "openrouter-main", Past(low, top_ups(low), [earlier, span])
    gap = [p for p in sawtooth(180, 90, 20, 125.5) if not NOW - timedelta(days=3) < p.at < NOW]
    rejected = latest(
        "solver",
        "MyDisct Solver BBRE",
        balance=Decimal("125.5"),
        balance_at=NOW - timedelta(days=3),
        outcome=Outcome.INVALID_KEY,
        reason="the key was rejected: INVALID_API_KEY",
        failing_since=NOW - timedelta(days=3),
        empty_at=None,
        at_least_hours=None,
    )
    stale = Span(AlarmKind.STALE, NOW - timedelta(days=2, hours=23), None)
    yield rejected, "solver", Past(gap, (), [stale])
    crawl = sawtooth(60_000, 0, 15, 4200)
    crawler = latest(
        "firecrawl-crawler",
        "Firecrawl",
        balance=Decimal(4200),
        unit="credits",
        burn_per_day=Decimal(2950),
        empty_at=NOW + timedelta(hours=33),
        at_least_hours=Decimal(25),
        at_most_hours=Decimal(49),
        thresholds=Thresholds(warning=Decimal(5000), critical=Decimal(500)),
    )
    yield crawler, "firecrawl-crawler", Past(crawl, top_ups(crawl))
    yield None, "twilio-new", Past()
    for name, unit, start in (("openai-research", "USD", 700), ("twilio-prod", "EUR", 500)):
        fine = sawtooth(start, 380, 9, 412)
        yield latest(name, "OpenAI", unit=unit), name, Past(fine, top_ups(fine))


def view_of(known: Latest | None, account: str, past: Past) -> AccountView:
    """Return the account as the page shows it."""
    return view(account, known, past, Window(NOW), STALE_AFTER)


def page_of(accounts: list[tuple[Latest | None, str, Past]]) -> Page:
    """Return the page of ``accounts``."""
    views = [view_of(*account) for account in accounts]
    return page("Balances", NOW, views, [known for known, _, _ in accounts if known])
