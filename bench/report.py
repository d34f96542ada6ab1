"""How long it takes to draw a page of many accounts, and how large it is.

    python bench/report.py

Prints, for 100 and 1,000 accounts with two weeks of hourly balances, the page's size and the time
to draw it, also as a multiple of the time to parse the same balances from JSON in the same run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))

from shared.outcome import Outcome
from shared.records import LastGood, Latest, Thresholds
from status_page.account import view
from status_page.chart import Window
from status_page.page import page, render_report
from status_page.series import Past, Point

NOW = datetime(2026, 11, 26, 14, 10, tzinfo=UTC)
HOURS = 14 * 24
LIMIT = 3_000_000


def main() -> int:
    """Print the table; exit 1 when 1,000 accounts need more than 3 MB."""
    print("accounts    page, KB    seconds    times parsing its balances")
    size = 0
    for count in (100, 1_000):
        series = json.dumps([[b + 0.01 * n for n in range(HOURS)] for b in range(count)])
        parsing, _ = timed(partial(parse, series))
        drawing, html = timed(partial(draw, count))
        size = len(html.encode())
        print(f"{count:8,}{size / 1000:12,.0f}{drawing:11.2f}{drawing / parsing:12.0f}")
    return int(size >= LIMIT)


def parse(text: str) -> str:
    """Parse balances as a server might have sent them."""
    return f"{len(json.loads(text))} accounts"


def draw(count: int) -> str:
    """Return a page of ``count`` accounts."""
    latest = [account(number) for number in range(count)]
    views = [
        view(each.account, each, past(number), Window(NOW), timedelta(minutes=30))
        for number, each in enumerate(latest)
    ]
    return render_report(
        page("Balances", NOW, views, latest), lambda name: f"balancectl silence add {name}"
    )


def account(number: int) -> Latest:
    """Return an account with a forecast."""
    return Latest(
        account=f"account-{number}",
        provider="openrouter",
        provider_title="OpenRouter",
        polled_at=NOW,
        outcome=Outcome.OK,
        thresholds=Thresholds(warning=Decimal(20), critical=Decimal(5)),
        top_up_url="https://openrouter.example/credits",
        good=LastGood(
            balance=Decimal(400),
            balance_at=NOW,
            unit="USD",
            burn_per_day=Decimal(24),
            empty_at=NOW + timedelta(hours=400),
            at_least_hours=Decimal(300),
            at_most_hours=Decimal(500),
        ),
    )


def past(number: int) -> Past:
    """Return two weeks of a balance that falls unevenly and is refilled every few days."""
    period = 60 + number % 40
    return Past(
        [
            Point(NOW - timedelta(hours=back), 400.0 + (back % period) * (1 + (back % 24) / 24))
            for back in range(HOURS, 0, -1)
        ]
    )


def timed(call: Callable[[], str]) -> tuple[float, str]:
    """Return how many seconds a call takes, and its result."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


if __name__ == "__main__":
    raise SystemExit(main())
