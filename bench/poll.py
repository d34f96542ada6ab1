"""How fast the poller polls, compared with other ways to make the same requests, in the same run.

    python bench/poll.py [--quick] [--latency SECONDS]

A local server answers after 100 ms. The whole poller runs: settings, definitions, fetching,
reading, records, boto3 down to the wire (where the answers come from memory). It is compared, for
the same number of requests with 100 in flight, with a sequential loop, one large httpx pool,
several small ones, aiohttp (from requirements/bench.txt; left out if it is not installed), and the
ideal.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))

import httpx

from balance_poller.credentials.binding import KeyPolicy, origin_of
from balance_poller.credentials.store import SecretStore
from balance_poller.event import PollEvent, parse_event
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.fetching.plan import PlanRules, load_providers, make_plan
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.workers import FetchLimits, fetch_all
from balance_poller.polling.poll import Adapters, poll
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.tables.breakdown_table import BreakdownTable
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestTable
from balance_poller.recording.tables.ledger_table import LedgerTable
from balance_poller.report import RunReport
from bench.slow_server import Server, slow_server
from bench.wire_aws import WireAws
from shared.aws import clients

# Bare httpx at its best: httpcore tries to import sniffio for every lock, and Python searches the
# whole path for a module that is not installed. The poller uses none of these locks.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # "known to be missing"

IN_FLIGHT = 100
HOSTS = 20
POOLS = 10
REPEATS = 3
#: CPU times vary more, as caches and the clock's rate are shared.
CPU_REPEATS = 7
SHARD = 500
#: A secret that ``keys set`` does not write: ORIGINS alone says where its keys may go.
KEYS = "elsewhere/api-keys"
TABLE = "bench-balances"
DEFINITION = {
    "title": "Bench",
    "docs": "https://bench.example/docs",
    "request": {
        "url": "https://bench.example/v1/balance",
        "headers": {"Authorization": "Bearer {key}"},
    },
    "wallets": {"main": {"unit": "USD", "remaining": "balance", "used": "used"}},
}
START = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that must hold, and what was measured."""

    words: str
    measured: float
    limit: float

    @property
    def is_met(self) -> bool:
        """Whether it holds."""
        return self.measured <= self.limit


def main() -> int:
    """Print the tables and whether each goal is met; exit 1 when one is not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 1,000 accounts, no shards")
    parser.add_argument("--latency", type=float, default=0.1, metavar="SECONDS")
    parser.add_argument("--whole-run", type=int, metavar="ACCOUNTS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.whole_run:
        print(json.dumps(measure_whole_run(options.whole_run, options.latency)))
        return 0
    sizes = [10, 100, 1000] if options.quick else [10, 100, 500, 1000, 5000, 10_000]
    fetch = {}
    with slow_server(options.latency, HOSTS) as server:
        for hosts in (1, HOSTS):
            fetch[hosts] = fetch_table(server, sizes, hosts, options.latency)
    goals = fetch_goals(fetch[1], options.latency)
    goals += whole_run_goals(options.latency)
    down_provider_table(options.latency)
    if not options.quick:
        goals.append(scaling_goal(fetch[1]))
        shards_table(options.latency)
    return report_goals(goals)


def report_goals(goals: list[Goal]) -> int:
    """Print each goal; return 1 when one is missed."""
    print("\ngoals")
    for goal in goals:
        verdict = "met   " if goal.is_met else "MISSED"
        print(f"  {verdict} {goal.words}: {goal.measured:.2f} (at most {goal.limit:.2f})")
    return int(not all(goal.is_met for goal in goals))


# --- the poller -----------------------------------------------------------------------------


def make_event(server: Server, accounts: int, hosts: int, run: int = 0) -> PollEvent:
    """Return the event of one run; every account has its own key."""
    ORIGINS.update(origin_of(server.base_url(host)) for host in range(hosts))
    return parse_event(
        {
            "scheduled_at": (START + run * timedelta(minutes=5)).isoformat(),
            "accounts": [
                {
                    "id": f"account-{n}",
                    "provider": "bench",
                    "secret": f"{KEYS}#account-{n}",
                    "base_url": server.base_url(n % hosts),
                    "warning": 20,
                    "critical": 5,
                    "runway_warning_hours": 48,
                }
                for n in range(accounts)
            ],
            "providers": {"bench": DEFINITION},
        },
        START,
    )


def secrets(accounts: int) -> dict[str, str]:
    """Return the one secret that holds every account's key."""
    return {KEYS: json.dumps({f"account-{n}": f"sk-{n:040}" for n in range(accounts)})}


#: Where the benchmark's keys may go: its own servers.
ORIGINS: set[str] = set()


def make_adapters(timeout_seconds: float = 15) -> Adapters:
    """Return the adapters as the handler builds them."""
    return Adapters(
        fetcher=BalanceFetcher(
            secrets=SecretStore(clients.secretsmanager, 300),
            transport=lambda: Fetcher(timeout_seconds, AddressPolicy(loopback=True)),
            limits=FetchLimits(IN_FLIGHT, timeout_seconds),
            keys=KeyPolicy("bench", frozenset(ORIGINS)),
            allow_http_loopback=True,
        ),
        latest=LatestTable(clients.dynamodb, TABLE),
        history=HistoryTable(clients.dynamodb, TABLE, 90),
        metrics=MetricPublisher(clients.cloudwatch, "Bench"),
        ledgers=lambda: LedgerTable(clients.dynamodb, TABLE),
        breakdowns=lambda: BreakdownTable(clients.dynamodb, TABLE),
    )


def fetch_phase(event: PollEvent) -> float:
    """Return the seconds that the poller's fetch phase takes: requests, answers, readings."""
    fetcher = make_adapters().fetcher
    providers = load_providers(event.accounts, event.providers)
    keys = fetcher.secrets.read([account.secret for account in event.accounts])
    plan = make_plan(event.accounts, providers, keys, PlanRules(allow_http_loopback=True))

    async def run() -> int:
        async with fetcher.transport() as transport:
            deadline = time.monotonic() + 900
            readings = await fetch_all(plan.groups, transport, deadline, fetcher.limits)
        return sum(reading.balance is not None for reading in readings.values())

    started = time.perf_counter()
    read = asyncio.run(run())
    seconds = time.perf_counter() - started
    if read != len(event.accounts):
        raise SystemExit(f"only {read} of {len(event.accounts)} accounts were read")
    return seconds


def whole_run(event: PollEvent, timeout_seconds: float = 15) -> RunReport:
    """Run the poller once."""
    return poll(event, make_adapters(timeout_seconds), time.monotonic() + 900)


# --- other ways to make the same requests ---------------------------------------------------


def sequential(urls: list[str]) -> float:
    """Send one request after another, as most scripts do; measured on 20 and scaled up."""
    sample = urls[:20]
    started = time.perf_counter()
    with httpx.Client(headers={"Authorization": "Bearer key"}) as client:
        for url in sample:
            client.get(url).raise_for_status().json()
    return (time.perf_counter() - started) * len(urls) / len(sample)


def one_pool(urls: list[str]) -> float:
    """Send the requests through one AsyncClient with 100 connections."""

    async def run() -> None:
        limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
        headers = {"Authorization": "Bearer key"}
        async with httpx.AsyncClient(limits=limits, headers=headers, timeout=60) as client:
            await in_parallel(urls, lambda _place, url: get(client, url))

    return timed(run)


def small_pools(urls: list[str]) -> float:
    """Send the requests through ten AsyncClients of ten connections: bare httpx at its best."""

    async def run() -> None:
        limits = httpx.Limits(max_connections=POOLS, max_keepalive_connections=POOLS)
        headers = {"Authorization": "Bearer key"}
        pools = [
            httpx.AsyncClient(limits=limits, headers=headers, timeout=60) for _ in range(POOLS)
        ]
        await in_parallel(urls, lambda place, url: get(pools[place // POOLS], url))
        for pool in pools:
            await pool.aclose()

    return timed(run)


async def get(client: httpx.AsyncClient, url: str) -> None:
    """Make one request and parse its answer."""
    (await client.get(url)).raise_for_status().json()


def with_aiohttp(urls: list[str]) -> float | None:
    """Send the requests through aiohttp, whose parser is compiled; None if not installed."""
    try:
        import aiohttp  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 -- an option
    except ImportError:
        return None

    async def run() -> None:
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
        headers = {"Authorization": "Bearer key"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def ask_one(_place: int, url: str) -> None:
                async with session.get(url) as response:
                    await response.json()

            await in_parallel(urls, ask_one)

    return timed(run)


async def in_parallel(urls: list[str], ask_one: Callable[[int, str], Awaitable[Any]]) -> None:
    """Request every URL with 100 workers."""
    queue = iter(urls)

    async def work(place: int) -> None:
        for url in queue:
            await ask_one(place, url)

    await asyncio.gather(*(work(place) for place in range(min(IN_FLIGHT, len(urls)))))


def timed(run: Callable[[], Any]) -> float:
    """Return the seconds that a coroutine takes."""
    started = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - started


# --- tables ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FetchRow:
    """Seconds for one number of accounts."""

    accounts: int
    poller: float
    small_pools: float
    ideal: float


def fetch_table(
    server: Server, sizes: list[int], hosts: int, latency: float
) -> dict[int, FetchRow]:
    """Measure and print the fetch phase and the other ways."""
    where = "one host" if hosts == 1 else f"{hosts} hosts"
    print(f"\nfetch phase over {where}, {latency * 1000:.0f} ms, {IN_FLIGHT} in flight (seconds)")
    heads = ("accounts", "ideal", "poller", "httpx 10x10", "aiohttp", "httpx 1x100", "sequential")
    print("".join(f"{head:>13}" for head in heads))
    rows = {}
    for accounts in sizes:
        event = make_event(server, accounts, hosts)
        urls = [f"{account.base_url}/v1/balance" for account in event.accounts]
        WireAws(secrets(accounts)).attach()
        repeats = REPEATS if accounts <= 1000 else 1
        poller, pools = best(repeats, partial(fetch_phase, event), partial(small_pools, urls))
        fastest = with_aiohttp(urls)
        large = one_pool(urls) if accounts <= 1000 else None
        ideal = -(-accounts // IN_FLIGHT) * latency
        rows[accounts] = FetchRow(accounts, poller, pools, ideal)
        cells = [ideal, poller, pools, fastest, large, sequential(urls)]
        print(f"{accounts:>13,}" + "".join(f"{cell(value):>13}" for value in cells))
    return rows


def best(times: int, *measures: Callable[[], float]) -> list[float]:
    """Repeat the measurements in turns, and return the least of each.

    Other work on the machine only adds time, and may do so for minutes.
    """
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(times):
        for measure, figures in zip(measures, found, strict=True):
            gc.collect()
            figures.append(measure())
    return [min(figures) for figures in found]


def cell(seconds: float | None) -> str:
    """Return a table's cell."""
    return "-" if seconds is None else f"{seconds:.2f}"


def fetch_goals(rows: dict[int, FetchRow], latency: float) -> list[Goal]:
    """Return the goals of the fetch phase at 1,000 accounts."""
    row = rows[1000]
    where = f"fetch phase, 1,000 accounts, {latency * 1000:.0f} ms"
    return [
        Goal(f"{where}, over bare httpx pools", row.poller / row.small_pools, 0.90),
        Goal(f"{where}, over the ideal", row.poller / row.ideal, 1.20),
    ]


def scaling_goal(rows: dict[int, FetchRow]) -> Goal:
    """Return the goal that large runs take no longer per account than small ones."""
    per_account = {n: rows[n].poller / n for n in (500, 5000)}
    return Goal("time per account, 5,000 over 500", per_account[5000] / per_account[500], 1.10)


def measure_whole_run(accounts: int, latency: float) -> dict[str, float]:
    """Run the poller in this process, then in turns with bare httpx; return the least of each.

    The first run is a warm-up: a function that is called every few minutes is warm.
    """
    with slow_server(latency) as server:
        aws = WireAws(secrets(accounts))
        aws.attach()
        numbers = itertools.count()

        def run() -> RunCost:
            return cost_of_run(make_event(server, accounts, 1, run=next(numbers)), aws)

        run()
        (seconds,) = best(REPEATS, lambda: run().seconds)
        memory_mib = peak_memory_mib()
        urls = [f"{server.base_url()}/v1/balance"] * accounts
        bare = partial(cpu_of, partial(small_pools, urls))
        cpu, bare_cpu = best(CPU_REPEATS, lambda: run().cpu_seconds, bare)
    return {
        "accounts": accounts,
        "seconds": seconds,
        "cpu_ms": cpu / accounts * 1000,
        "bare_cpu_ms": bare_cpu / accounts * 1000,
        "memory_mib": memory_mib,
        "aws_calls": sum(aws.calls.values()),
    }


@dataclass(frozen=True, slots=True)
class RunCost:
    """The cost of one run of the poller, without the work of AWS and the provider."""

    seconds: float
    cpu_seconds: float


def cost_of_run(event: PollEvent, aws: WireAws) -> RunCost:
    """Run the poller once and measure it."""
    aws.calls.clear()
    of_aws, cpu, started = aws.cpu_seconds, time.process_time(), time.perf_counter()
    report = whole_run(event)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if report.counts != {"ok": len(event.accounts), "skipped": 0}:
        raise SystemExit(f"the run went wrong: {report.counts}")
    return RunCost(seconds, cpu - (aws.cpu_seconds - of_aws))


def cpu_of(measure: Callable[[], object]) -> float:
    """Return the CPU seconds that something takes."""
    started = time.process_time()
    measure()
    return time.process_time() - started


def peak_memory_mib() -> float:
    """Return this process's peak memory. getrusage would include the parent's at the fork."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def whole_run_goals(latency: float) -> list[Goal]:
    """Measure and print whole runs, each in a separate process."""
    print("\nwhole run (AWS answers from memory), each in a fresh process; beside it, the CPU of")
    print("bare httpx 10x10 for the requests alone, without keys, records or AWS")
    heads = ("accounts", "seconds", "CPU ms/account", "bare httpx", "peak MiB", "AWS calls")
    print("".join(f"{head:>16}" for head in heads))
    rows = {}
    for accounts in (10, 100, 1000):
        done = subprocess.run(
            [sys.executable, __file__, "--whole-run", str(accounts), "--latency", str(latency)],
            check=True,
            capture_output=True,
            text=True,
        )
        row = rows[accounts] = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{accounts:>16,}{row['seconds']:>16.2f}{row['cpu_ms']:>16.2f}"
            f"{row['bare_cpu_ms']:>16.2f}{row['memory_mib']:>16.0f}{row['aws_calls']:>16}"
        )
    return [
        Goal(
            "CPU of a whole run of 1,000 accounts, over bare httpx pools",
            rows[1000]["cpu_ms"] / rows[1000]["bare_cpu_ms"],
            1.00,
        ),
        Goal("peak memory at 1,000 accounts, MiB", rows[1000]["memory_mib"], 128),
    ]


def down_provider_table(latency: float) -> None:
    """Measure and print how much a provider that never answers delays the others."""
    timeout = 2.0
    with slow_server(latency) as well, slow_server(-1) as silent:
        WireAws(secrets(1000)).attach()
        event = make_event(well, 1000, 1)
        ORIGINS.add(origin_of(silent.base_url()))
        healthy = timed_run(event, timeout)
        mixed = event._replace(
            accounts=tuple(
                account._replace(base_url=silent.base_url()) if n % 5 == 0 else account
                for n, account in enumerate(event.accounts)
            ),
        )
        WireAws(secrets(1000)).attach()
        ill = timed_run(mixed, timeout)
    print(f"\n1,000 accounts, 200 of them at a provider that is silent (timeout {timeout:.0f} s)")
    print(f"  all answer: {healthy[0]:.2f} s; with the silent one: {ill[0]:.2f} s, {ill[1]}")


def timed_run(event: PollEvent, timeout_seconds: float) -> tuple[float, dict[str, int]]:
    """Return the seconds and the counts of one whole run."""
    started = time.perf_counter()
    counts = whole_run(event, timeout_seconds).counts
    return time.perf_counter() - started, counts


def shards_table(latency: float) -> None:
    """Measure and print 10,000 accounts as they are deployed: twenty runs of 500."""
    shards = 10_000 // SHARD
    with slow_server(latency, HOSTS) as server:
        WireAws(secrets(SHARD)).attach()
        cpu = time.process_time()
        seconds = [timed_run(make_event(server, SHARD, HOSTS, run), 15)[0] for run in range(shards)]
        cpu = time.process_time() - cpu
    print(f"\n10,000 accounts as {shards} runs of {SHARD} (on AWS they run side by side)")
    print(
        f"  each {min(seconds):.2f} to {max(seconds):.2f} s, together {sum(seconds):.1f} s,"
        f" CPU {cpu / 10_000 * 1000:.2f} ms per account"
    )


if __name__ == "__main__":
    raise SystemExit(main())
