"""Compute the monthly bill of Balance Monitor and keep the tables of docs/cost.md current.

    python scripts/docs_cost.py [--check]

List prices of us-east-1 without any free tier, read 2026-11 from the AWS price list and the
services' pricing pages. SMS is left out: its price depends on the country.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cost.md"

ACCOUNT_COUNTS = (10, 100, 1_000, 10_000)
MINUTES_PER_MONTH = 43_800
HOURS_PER_MONTH = 730
GB = 1024**3


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for one unit of what AWS counts."""

    metric_first_10k: Decimal = Decimal("0.30")
    metric_next_240k: Decimal = Decimal("0.10")
    put_metric_data: Decimal = Decimal("0.00001")
    alarm: Decimal = Decimal("0.10")
    dashboard: Decimal = Decimal("3.00")
    logs_gb: Decimal = Decimal("0.50")
    secret: Decimal = Decimal("0.40")
    secret_call: Decimal = Decimal("0.000005")
    write_unit: Decimal = Decimal("0.000000625")
    read_unit: Decimal = Decimal("0.000000125")
    storage_gb: Decimal = Decimal("0.25")
    recovery_gb: Decimal = Decimal("0.20")
    lambda_request: Decimal = Decimal("0.0000002")
    lambda_gb_second: Decimal = Decimal("0.0000133334")
    schedule_run: Decimal = Decimal("0.000001")
    queue_request: Decimal = Decimal("0.0000004")


@dataclass(frozen=True, slots=True)
class Setup:
    """A deployment, with the defaults of ``infra/terraform``."""

    accounts: int
    poll_interval_minutes: int = 5
    series_per_account: int = 1
    """Balance alone; one more for each of runway, drain and expiry."""
    alarms_per_account: int = 3
    """warning, critical and stale."""
    secrets: int | None = None
    """None: the shared JSON secret, which holds 400 accounts' keys."""
    history_days: int = 90
    shard_size: int = 500
    poller_memory_gb: Decimal = Decimal("0.5")

    @property
    def shards(self) -> int:
        """Schedules, and so poller runs per interval."""
        return math.ceil(self.accounts / self.shard_size)

    @property
    def polls(self) -> Decimal:
        """Intervals in a month."""
        return Decimal(MINUTES_PER_MONTH) / self.poll_interval_minutes

    @property
    def secret_count(self) -> int:
        """Secrets that the poller reads."""
        return self.secrets or math.ceil(self.accounts / 400)


#: Series of the functions' own figures that are published every hour.
RUN_SERIES = 8
#: The monitor's own alarms (infra/terraform/operations.tf), rounded up.
OPERATIONS_ALARMS = 20
#: Bytes of log and EMF of one poller run, and of one account that fails in it (one in a hundred).
RUN_LOG_BYTES = 2_500
FAILED_ACCOUNT_LOG_BYTES = 400
#: One history item is one write unit; LATEST is two (at most 2 KB), written in a transaction, which
#: costs double.
WRITE_UNITS_PER_POLL = 5
#: One eventually consistent read of LATEST, at most 4 KB.
READ_UNITS_PER_POLL = Decimal("0.5")
HISTORY_ITEM_BYTES = 350
#: A poller run: start, secrets and writes, and 100 requests at a time of half a second each.
RUN_SECONDS = Decimal("1.5")
REQUEST_SECONDS = Decimal("0.5")
IN_FLIGHT = 100
TICK_MINUTES = 5
TICK_SECONDS = Decimal("0.3")
ROUTER_MEMORY_GB = Decimal("0.25")
#: Lambda reads a queue with five long polls of 20 seconds side by side.
QUEUE_REQUESTS = MINUTES_PER_MONTH * 60 // 20 * 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill, US dollars a month."""

    what: str
    dollars: Decimal


def bill(setup: Setup, prices: Prices | None = None) -> list[Line]:
    """Return the monthly bill of ``setup``, line by line."""
    at = prices or Prices()
    runs = setup.polls * setup.shards
    polls = setup.polls * setup.accounts
    return [
        Line("metrics", metrics(setup, at)),
        Line("alarms", at.alarm * (setup.accounts * setup.alarms_per_account + OPERATIONS_ALARMS)),
        Line("secrets", at.secret * setup.secret_count),
        Line("secret reads", at.secret_call * max(runs, setup.polls * setup.secret_count)),
        Line(
            "DynamoDB requests",
            polls * (WRITE_UNITS_PER_POLL * at.write_unit + READ_UNITS_PER_POLL * at.read_unit),
        ),
        Line("DynamoDB storage", storage(setup) * (at.storage_gb + at.recovery_gb)),
        Line("Lambda", functions(setup, at)),
        Line("logs", logs(setup) * at.logs_gb),
        Line("PutMetricData, Scheduler, SQS", requests(setup, at)),
        Line("dashboard", at.dashboard),
    ]


def requests(setup: Setup, at: Prices) -> Decimal:
    """Return the price of metric calls (up to 1,000 data each), schedule runs and long polls."""
    runs = setup.polls * setup.shards
    data_per_run = min(setup.accounts, setup.shard_size) * setup.series_per_account
    return (
        runs * math.ceil(data_per_run / 1000) * at.put_metric_data
        + (runs + Decimal(MINUTES_PER_MONTH) / TICK_MINUTES) * at.schedule_run
        + QUEUE_REQUESTS * at.queue_request
    )


def metrics(setup: Setup, at: Prices) -> Decimal:
    """Return the custom metrics' price: tiered, and by the hour for a series polled less often."""
    series = setup.accounts * setup.series_per_account + RUN_SERIES
    first = min(series, 10_000)
    full = first * at.metric_first_10k + (series - first) * at.metric_next_240k
    return full * min(Decimal(1), Decimal(60) / setup.poll_interval_minutes)


def storage(setup: Setup) -> Decimal:
    """Return the GB of history that is kept."""
    polls_a_day = Decimal(24 * 60) / setup.poll_interval_minutes
    items = polls_a_day * setup.history_days * setup.accounts
    return items * HISTORY_ITEM_BYTES / GB


def functions(setup: Setup, at: Prices) -> Decimal:
    """Return the price of both Lambda functions on arm64."""
    runs = setup.polls * setup.shards
    per_shard = Decimal(min(setup.accounts, setup.shard_size))
    seconds = RUN_SECONDS + math.ceil(per_shard / IN_FLIGHT) * REQUEST_SECONDS
    ticks = Decimal(MINUTES_PER_MONTH) / TICK_MINUTES
    gb_seconds = runs * seconds * setup.poller_memory_gb + ticks * TICK_SECONDS * ROUTER_MEMORY_GB
    return (runs + ticks) * at.lambda_request + gb_seconds * at.lambda_gb_second


def logs(setup: Setup) -> Decimal:
    """Return the GB of logs, one account in a hundred failing at every poll."""
    runs = setup.polls * setup.shards
    failures = setup.polls * setup.accounts / 100
    return (runs * RUN_LOG_BYTES + failures * FAILED_ACCOUNT_LOG_BYTES) / GB


def total(setup: Setup) -> Decimal:
    """Return the monthly total of ``setup``."""
    return sum((line.dollars for line in bill(setup)), Decimal(0))


def bill_table() -> str:
    """Return the bill of each account count side by side."""
    bills = [bill(Setup(accounts=count)) for count in ACCOUNT_COUNTS]
    rows = [
        "| US dollars a month | " + " | ".join(f"{count:,} accounts" for count in ACCOUNT_COUNTS),
        "|---|" + "---:|" * len(ACCOUNT_COUNTS),
    ]
    for number, line in enumerate(bills[0]):
        cells = (f"{lines[number].dollars:,.2f}" for lines in bills)
        rows.append(f"| {line.what} | " + " | ".join(cells))
    totals = [total(Setup(accounts=count)) for count in ACCOUNT_COUNTS]
    rows.append("| **total** | " + " | ".join(f"**{value:,.2f}**" for value in totals))
    each = (value / count for value, count in zip(totals, ACCOUNT_COUNTS, strict=True))
    rows.append("| per account | " + " | ".join(f"{value:,.2f}" for value in each))
    return "\n".join(row if row.endswith("|") else row + " |" for row in rows)


def options_table() -> str:
    """Return what each option changes in the total, for each account count."""
    options: dict[str, Callable[[Setup], Setup]] = {
        "poll every minute": lambda s: replace(s, poll_interval_minutes=1),
        "poll every 15 minutes": lambda s: replace(s, poll_interval_minutes=15),
        "poll every 6 hours": lambda s: replace(s, poll_interval_minutes=360),
        "runway watched too (one series, two alarms)": lambda s: replace(
            s, series_per_account=2, alarms_per_account=5
        ),
        "one threshold and stale only (two alarms)": lambda s: replace(s, alarms_per_account=2),
        "one secret per account": lambda s: replace(s, secrets=s.accounts),
        "history of 14 days": lambda s: replace(s, history_days=14),
    }
    rows = [
        "| change | " + " | ".join(f"{count:,} accounts" for count in ACCOUNT_COUNTS) + " |",
        "|---|" + "---:|" * len(ACCOUNT_COUNTS),
    ]
    for name, change in options.items():
        cells = []
        for count in ACCOUNT_COUNTS:
            base = Setup(accounts=count)
            cells.append(f"{total(change(base)) - total(base):+,.2f}")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def prices_table() -> str:
    """Return the unit prices that the tables are made from."""
    at = Prices()
    rows = ["| unit | US dollars |", "|---|---:|"]
    rows += [f"| {name.replace('_', ' ')} | {getattr(at, name)} |" for name in Prices.__slots__]
    return "\n".join(rows)


def render(text: str) -> str:
    """Return ``text`` with the tables between its markers made anew."""
    for name, table in (
        ("bill", bill_table()),
        ("options", options_table()),
        ("prices", prices_table()),
    ):
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{table}\n{end}{tail}"
    return text


def main() -> int:
    """Write docs/cost.md, or with --check say whether it is current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text = PAGE.read_text(encoding="utf-8")
    rendered = render(text)
    if check and rendered != text:
        print("docs/cost.md is not current; run `make docs`", file=sys.stderr)
        return 1
    if not check:
        PAGE.write_text(rendered, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
