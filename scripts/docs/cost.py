"""The monthly bill of Balance Monitor, line by line: at list prices, and within AWS's free tier.

List prices of us-east-1, read 2026-11 from the AWS price list and the services' pricing pages; the
free tier is the part without an end, for an AWS account in which nothing else uses it. SMS is left
out: its price depends on the country.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

MINUTES_PER_MONTH = 43_800
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
    customer_key: Decimal = Decimal("1.00")
    metric_read: Decimal = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class FreeTier:
    """How much of each unit AWS gives away every month, without an end.

    aws.amazon.com/cloudwatch/pricing, /lambda/pricing, /dynamodb/pricing, /sqs/pricing and
    /eventbridge/pricing, read 2026-11. DynamoDB's free requests are of provisioned capacity, which
    the tables do not use.
    """

    metric: int = 10
    alarm: int = 10
    dashboard: int = 3
    metric_call: int = 1_000_000
    logs_gb: int = 5
    storage_gb: int = 25
    lambda_request: int = 1_000_000
    lambda_gb_second: int = 400_000
    schedule_run: int = 14_000_000
    queue_request: int = 1_000_000


NOTHING_FREE = FreeTier(**dict.fromkeys(FreeTier.__slots__, 0))
AT = Prices()

#: The monitor's own alarms with e-mail alone; a test counts Terraform's.
OPERATIONS_ALARMS = 23
#: Each topic for one more form of message has these: failed, lost, unfiltered, misread.
ALARMS_PER_FORM = 4
#: The functions' one metric each is published only when something is wrong.
RUN_SERIES = 0
#: Bytes of log of one poller run, and of one account that fails in it (one in a hundred).
RUN_LOG_BYTES = 1_200
FAILED_ACCOUNT_LOG_BYTES = 400
#: One history item is one write unit; LATEST is two (at most 2 KB), written in a transaction, which
#: costs double.
WRITE_UNITS_PER_POLL = 5
#: One read of LATEST, at most 4 KB: consistent, or a repeated event would miss its own mark.
#: Reading whether an account is due costs half.
READ_UNITS_PER_POLL = 1
READ_UNITS_PER_LOOK = Decimal("0.5")
HISTORY_ITEM_BYTES = 350
#: An account's item for a completed day: one write unit, kept for 400 days.
DAY_ITEM_BYTES = 250
DAY_ITEM_DAYS = 400
#: A poller run: start, secrets and writes, and 100 requests at a time of half a second each.
RUN_SECONDS = Decimal("1.5")
REQUEST_SECONDS = Decimal("0.5")
IN_FLIGHT = 100
#: The same minutes later, for accounts that are close: the process is warm and has the keys.
CLOSE_RUN_SECONDS = Decimal("0.5")
#: A run that finds no account due: one read, and Lambda's own log lines.
IDLE_RUN_SECONDS = Decimal("0.05")
IDLE_RUN_LOG_BYTES = 400
ROUTER_INTERVAL_MINUTES = 5
ROUTER_RUN_SECONDS = Decimal("0.3")
ROUTER_MEMORY_GB = Decimal("0.25")
#: A refresh of the dashboard's widget: 512 MB for half a second, and one read of each record, which
#: is half a unit. CloudWatch's answer is kept for five minutes.
PAGE_SECONDS = Decimal("0.5")
PAGE_MEMORY_GB = Decimal("0.5")
PAGE_ACCOUNTS = 100
PAST_KEPT_MINUTES = 5
#: Lambda reads a queue with five long polls of 20 seconds side by side.
QUEUE_REQUESTS = MINUTES_PER_MONTH * 60 // 20 * 5


@dataclass(frozen=True, slots=True)
class Setup:
    """A deployment, with the module's defaults."""

    accounts: int
    poll_interval_minutes: int = 5
    close_interval_minutes: int = 1
    """How often the schedule fires; from the poll interval up, no account is polled more often."""
    close_share: Decimal = Decimal("0.05")
    """The share of the time that an account is close to a threshold: the last quarter above each of
    two thresholds, for an account that is filled to some five times its warning."""
    series_per_account: int = 1
    """Balance alone; one more for each of runway, drain and expiry."""
    alarms_per_account: int = 3
    """warning, critical and stale."""
    secrets: int | None = None
    """None: the shared JSON secret, which holds 400 accounts' keys."""
    history_days: int = 90
    shard_size: int = 500
    poller_memory_gb: Decimal = Decimal("0.5")
    forms: int = 0
    """Topics for further forms of message, besides e-mail's."""
    has_channels: bool = False
    """Whether a subscriber is a channel: one more secret, and one more queue to read."""
    has_dashboard: bool = True
    has_customer_key: bool = False
    has_heartbeat: bool = False
    page_hours: int = 0
    """Hours a month for which somebody watches the widget of ``status_page``, refreshed every
    minute, in a range of more than a day."""
    free: FreeTier = field(default=NOTHING_FREE)

    @property
    def shards(self) -> int:
        """Schedules, and so poller runs per interval."""
        return math.ceil(self.accounts / self.shard_size)

    @property
    def intervals(self) -> Decimal:
        """Poll intervals in a month."""
        return Decimal(MINUTES_PER_MONTH) / self.poll_interval_minutes

    @property
    def looks(self) -> Decimal:
        """Number of times a shard's schedule fires in a month."""
        minutes = min(self.close_interval_minutes, self.poll_interval_minutes)
        return Decimal(MINUTES_PER_MONTH) / minutes

    @property
    def polls(self) -> Decimal:
        """Polls of one account in a month: at its interval, and more often while it is close."""
        return self.intervals + (self.looks - self.intervals) * self.close_share

    @property
    def full_runs(self) -> Decimal:
        """Poller runs in a month that poll all of their accounts."""
        return self.intervals * self.shards

    @property
    def close_runs(self) -> Decimal:
        """Runs in between that poll close accounts.

        Accounts are close at different times, so among many some always are.
        """
        nobody = (1 - self.close_share) ** min(self.accounts, self.shard_size)
        return (self.looks - self.intervals) * self.shards * (1 - nobody)

    @property
    def idle_runs(self) -> Decimal:
        """Runs in between that find no account due."""
        return self.looks * self.shards - self.full_runs - self.close_runs

    @property
    def runs(self) -> Decimal:
        """Poller runs in a month that poll anybody."""
        return self.full_runs + self.close_runs

    @property
    def router_runs(self) -> Decimal:
        """Runs of the router's own schedule in a month."""
        return Decimal(MINUTES_PER_MONTH) / ROUTER_INTERVAL_MINUTES

    @property
    def secret_count(self) -> int:
        """Secrets that the poller reads."""
        return self.secrets or math.ceil(self.accounts / 400)


def beyond(amount: Decimal | int, free: int) -> Decimal:
    """Return the part of an amount above the free tier."""
    return max(Decimal(0), Decimal(amount) - free)


def metrics(setup: Setup) -> Decimal:
    """Return the custom metrics' price: tiered, and by the hour for a series polled less often."""
    share = min(Decimal(1), Decimal(60) / setup.poll_interval_minutes)
    series = setup.accounts * setup.series_per_account + RUN_SERIES
    billed = beyond(series * share, setup.free.metric)
    first = min(billed, 10_000 * share)
    return first * AT.metric_first_10k + (billed - first) * AT.metric_next_240k


def alarms(setup: Setup) -> Decimal:
    """Return the alarms' price: the accounts', and the monitor's own."""
    own = OPERATIONS_ALARMS + ALARMS_PER_FORM * setup.forms
    return AT.alarm * beyond(setup.accounts * setup.alarms_per_account + own, setup.free.alarm)


def secret_reads(setup: Setup) -> Decimal:
    """Return the price of reading secrets, counted as one call each.

    They are kept for five minutes, so the runs in between read none.
    """
    return AT.secret_call * max(setup.full_runs, setup.intervals * setup.secret_count)


def table_requests(setup: Setup) -> Decimal:
    """Return the price of DynamoDB's reads and writes, on demand."""
    per_poll = WRITE_UNITS_PER_POLL * AT.write_unit + READ_UNITS_PER_POLL * AT.read_unit
    looks = setup.looks if setup.looks > setup.intervals else 0
    days = Decimal(MINUTES_PER_MONTH) / (24 * 60)
    per_account = (
        setup.polls * per_poll + looks * READ_UNITS_PER_LOOK * AT.read_unit + days * AT.write_unit
    )
    return setup.accounts * per_account


def storage(setup: Setup) -> Decimal:
    """Return the price of the stored history and of point-in-time recovery."""
    polls_a_day = setup.polls * 24 * 60 / MINUTES_PER_MONTH
    per_account = (
        polls_a_day * setup.history_days * HISTORY_ITEM_BYTES + DAY_ITEM_DAYS * DAY_ITEM_BYTES
    )
    gigabytes = setup.accounts * per_account / GB
    return beyond(gigabytes, setup.free.storage_gb) * AT.storage_gb + gigabytes * AT.recovery_gb


def functions(setup: Setup) -> Decimal:
    """Return the price of both Lambda functions on arm64."""
    per_shard = min(setup.accounts, setup.shard_size)
    poller_seconds = (
        setup.full_runs * (RUN_SECONDS + _request_seconds(Decimal(per_shard)))
        + setup.close_runs * (CLOSE_RUN_SECONDS + _request_seconds(per_shard * setup.close_share))
        + setup.idle_runs * IDLE_RUN_SECONDS
    )
    gb_seconds = (
        poller_seconds * setup.poller_memory_gb
        + setup.router_runs * ROUTER_RUN_SECONDS * ROUTER_MEMORY_GB
    )
    invocations = setup.looks * setup.shards + setup.router_runs
    return (
        beyond(invocations, setup.free.lambda_request) * AT.lambda_request
        + beyond(gb_seconds, setup.free.lambda_gb_second) * AT.lambda_gb_second
    )


def _request_seconds(accounts: Decimal) -> Decimal:
    """Return how long the requests for this many accounts take."""
    return math.ceil(accounts / IN_FLIGHT) * REQUEST_SECONDS


def logs(setup: Setup) -> Decimal:
    """Return the price of the logs, one account in a hundred failing at every poll."""
    failures = setup.polls * setup.accounts / 100
    size = (
        setup.runs * RUN_LOG_BYTES
        + setup.idle_runs * IDLE_RUN_LOG_BYTES
        + failures * FAILED_ACCOUNT_LOG_BYTES
    )
    return beyond(size / GB, setup.free.logs_gb) * AT.logs_gb


def requests(setup: Setup) -> Decimal:
    """Return the price of metric calls (up to 1,000 data each), schedule runs and long polls."""
    data_per_run = min(setup.accounts, setup.shard_size) * setup.series_per_account
    calls = setup.full_runs * math.ceil(data_per_run / 1000) + setup.close_runs
    schedule_runs = setup.looks * setup.shards + setup.router_runs
    polls = QUEUE_REQUESTS * (1 + setup.has_channels)
    return (
        beyond(calls, setup.free.metric_call) * AT.put_metric_data
        + beyond(schedule_runs, setup.free.schedule_run) * AT.schedule_run
        + beyond(polls, setup.free.queue_request) * AT.queue_request
    )


def page_refresh(accounts: int) -> tuple[Decimal, Decimal]:
    """Return what a refresh of the widget costs, and what reading CloudWatch adds to one."""
    shown = min(accounts, PAGE_ACCOUNTS)
    run = PAGE_SECONDS * PAGE_MEMORY_GB * AT.lambda_gb_second + AT.lambda_request
    return run + shown * Decimal("0.5") * AT.read_unit, shown * AT.metric_read


def page(setup: Setup) -> Decimal:
    """Return the price of watching the widget."""
    refresh, past = page_refresh(setup.accounts)
    minutes = setup.page_hours * 60
    return minutes * refresh + minutes / Decimal(PAST_KEPT_MINUTES) * past


LINES: dict[str, Callable[[Setup], Decimal]] = {
    "metrics": metrics,
    "alarms": alarms,
    "secrets": lambda s: AT.secret * (s.secret_count + s.has_channels + s.has_heartbeat),
    "secret reads": secret_reads,
    "DynamoDB requests": table_requests,
    "DynamoDB storage": storage,
    "Lambda": functions,
    "logs": logs,
    "PutMetricData, Scheduler, SQS": requests,
    "dashboard": lambda s: AT.dashboard * (s.has_dashboard and not s.free.dashboard),
    "customer managed key": lambda setup: AT.customer_key * setup.has_customer_key,
    "page in the dashboard": page,
}


def bill(setup: Setup) -> dict[str, Decimal]:
    """Return the monthly bill of ``setup`` by line, US dollars."""
    return {what: Decimal(price(setup)) for what, price in LINES.items()}


def total(setup: Setup) -> Decimal:
    """Return the monthly total of ``setup``."""
    return sum(bill(setup).values(), Decimal(0))
