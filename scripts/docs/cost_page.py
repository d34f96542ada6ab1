"""Keep the tables of docs/cost.md and the figures of README.md current.

python scripts/docs/cost_page.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from cost import AT, NOTHING_FREE, FreeTier, Prices, Setup, bill, total

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT_COUNTS = (3, 10, 100, 1_000, 10_000)
FREE = FreeTier()


def summary_table() -> str:
    """Return both totals of each account count."""
    rows = ["| accounts | list price | within the free tier | list price per account |",
            "|---:|---:|---:|---:|"]  # fmt: skip
    for count in ACCOUNT_COUNTS:
        listed = total(Setup(count))
        free = total(Setup(count, free=FREE))
        rows.append(f"| {count:,} | {listed:,.2f} | {free:,.2f} | {listed / count:,.2f} |")
    return "\n".join(rows)


def bill_table(free: FreeTier) -> str:
    """Return the bill of each account count side by side."""
    setups = [Setup(count, free=free) for count in ACCOUNT_COUNTS]
    bills = [bill(setup) for setup in setups]
    rows = [heading("US dollars a month")]
    rows += [
        row(what, [f"{lines[what]:,.2f}" for lines in bills])
        for what in bills[0]
        if any(lines[what] for lines in bills)
    ]
    rows.append(row("**total**", [f"**{total(setup):,.2f}**" for setup in setups]))
    return "\n".join(rows)


def alike(setup: Setup) -> Setup:
    """Return the setup without closer polls."""
    return replace(setup, close_interval_minutes=setup.poll_interval_minutes)


def closer_table() -> str:
    """Return what closer polls add to the list price, by how many accounts are close."""
    rows = [heading("close to a threshold")]
    for title, share in CLOSE_SHARES.items():
        cells = []
        for count in ACCOUNT_COUNTS:
            setup = Setup(count, close_share=share(count))
            cells.append(f"{total(setup) - total(alike(setup)):+,.2f}")
        rows.append(row(title, cells))
    return "\n".join(rows)


CLOSE_SHARES: dict[str, Callable[[int], Decimal]] = {
    "none": lambda _: Decimal(0),
    "one account in twenty (as in the tables above)": lambda _: Setup(1).close_share,
    "one account in five": lambda _: Decimal("0.2"),
    "all": lambda _: Decimal(1),
}

OPTIONS: dict[str, Callable[[Setup], Setup]] = {
    "poll every minute": lambda s: replace(s, poll_interval_minutes=1),
    "poll every 15 minutes": lambda s: replace(s, poll_interval_minutes=15),
    "poll every 6 hours": lambda s: replace(
        s, poll_interval_minutes=360, close_interval_minutes=360
    ),
    "poll all alike (`close_interval_minutes = 0`)": alike,
    "runway watched too (one series, two alarms)": lambda s: replace(
        s, series_per_account=2, alarms_per_account=5
    ),
    "one threshold and stale only (two alarms)": lambda s: replace(s, alarms_per_account=2),
    "one secret per account": lambda s: replace(s, secrets=s.accounts),
    "history of 14 days": lambda s: replace(s, history_days=14),
    "a topic for one more form of message": lambda s: replace(s, forms=1),
    "channels (Slack, PagerDuty and others), however many": lambda s: replace(s, has_channels=True),
    "no dashboard (`enable_dashboard = false`)": lambda s: replace(s, has_dashboard=False),
    "a heartbeat (`heartbeat = true`)": lambda s: replace(s, has_heartbeat=True),
    "the page in the dashboard (`status_page`), looked at for 40 hours": lambda s: replace(
        s, page_hours=40
    ),
    "a key of your own (`kms_key_arn`), without its requests": lambda s: replace(
        s, has_customer_key=True
    ),
}


def options_table() -> str:
    """Return what each option changes in the list price, for each account count."""
    rows = [heading("change")]
    for name, change in OPTIONS.items():
        cells = [total(change(Setup(count))) - total(Setup(count)) for count in ACCOUNT_COUNTS]
        rows.append(row(name, [f"{cell:+,.2f}" for cell in cells]))
    return "\n".join(rows)


def prices_table() -> str:
    """Return the unit prices, and how much of each is free."""
    names = {"metric_first_10k": "metric", "put_metric_data": "metric_call"}
    rows = ["| unit | US dollars | free every month |", "|---|---:|---:|"]
    for name in Prices.__slots__:
        free = getattr(FREE, names.get(name, name), 0)
        given = f"{free:,}" if free else "-"
        rows.append(f"| {name.replace('_', ' ')} | {getattr(AT, name)} | {given} |")
    return "\n".join(rows)


def sentence() -> str:
    """Return the README's sentence."""
    at = {count: (total(Setup(count)), total(Setup(count, free=FREE))) for count in ACCOUNT_COUNTS}
    return (
        f"About {dollars(at[3][0])} US dollars a month for 3 accounts ({dollars(at[3][1])} within "
        f"AWS's free tier), {dollars(at[10][0])} for 10, {dollars(at[100][0])} for 100 and "
        f"{dollars(at[1_000][0])} for 1,000, at a poll every five minutes with three alarms per "
        "account."
    )


def dollars(amount: Decimal) -> str:
    """Return an amount without cents."""
    return f"{amount:,.0f}"


def heading(first: str) -> str:
    """Return a table's head, with a column for each account count."""
    columns = " | ".join(f"{count:,} accounts" for count in ACCOUNT_COUNTS)
    return f"| {first} | {columns} |\n|---|" + "---:|" * len(ACCOUNT_COUNTS)


def row(first: str, cells: list[str]) -> str:
    """Return a table's row."""
    return f"| {first} | " + " | ".join(cells) + " |"


PAGES: dict[Path, dict[str, Callable[[], str]]] = {
    ROOT / "docs" / "cost.md": {
        "summary": summary_table,
        "bill": lambda: bill_table(NOTHING_FREE),
        "free": lambda: bill_table(FREE),
        "options": options_table,
        "closer": closer_table,
        "prices": prices_table,
    },
    ROOT / "README.md": {"cost": sentence},
}


def render(text: str, parts: dict[str, Callable[[], str]]) -> str:
    """Return a page with the parts between its markers regenerated."""
    for name, part in parts.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{part()}\n{end}{tail}"
    return text


def main() -> int:
    """Write the pages, or with --check report those that are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = 0
    for page, parts in PAGES.items():
        text = page.read_text(encoding="utf-8")
        rendered = render(text, parts)
        if check and rendered != text:
            print(f"{page.relative_to(ROOT)} is not current; run `make docs`", file=sys.stderr)
            stale = 1
        elif not check:
            page.write_text(rendered, encoding="utf-8")
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
