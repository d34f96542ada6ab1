"""What a cold start costs: importing each deployed zip, and the first poll, in fresh interpreters.

    python bench/cold_start.py [--runs N]

Each zip of dist/ (`make build`) is unpacked as Lambda does it, and imported beside the same boto3.
The measure is the import of boto3, httpx and Powertools alone; runs alternate, the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"

_TIMED = """
import time
started = time.perf_counter()
{imports}
print(time.perf_counter() - started)
"""
BARE = _TIMED.format(
    imports="import boto3, httpx\nfrom aws_lambda_powertools import Logger, Metrics"
)
#: Handlers import boto3 and httpx when they first need them: beside the goal's figure, the one
#: with these is shown.
IMPORTS = {
    "balance_poller": _TIMED.format(imports="import balance_poller.handler"),
    "balance_poller, loaded": _TIMED.format(imports="import balance_poller.handler, boto3, httpx"),
    "alert_router": _TIMED.format(imports="import alert_router.handler"),
    "alert_router, loaded": _TIMED.format(imports="import alert_router.handler, boto3"),
}
GOALS = {"balance_poller": 1.25, "alert_router": 1.15}

#: The first invocation, with AWS and the provider answered from memory; it notes which provider
#: definitions are opened.
FIRST_POLL = """
import json, os, sys, time
from types import SimpleNamespace

opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
started = time.perf_counter()
import balance_poller.handler as handler
imported = time.perf_counter()
from bench.wire_aws import WireAws
from bench.slow_server import slow_server

with slow_server(0) as server:
    WireAws({"keys": "sk-bench-key"}).attach()
    os.environ |= {"BALANCE_MONITOR_NAME": "bench", "ALLOW_HTTP_LOOPBACK": "true"}
    account = {"id": "one", "provider": "openrouter", "secret": "keys",
               "base_url": server.base_url()}
    event = {"scheduled_at": "", "accounts": [account]}
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60000)
    begun = time.perf_counter()
    handler.lambda_handler(event, context)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    handler.lambda_handler(event, context)
    second = time.perf_counter() - begun
definitions = {os.path.basename(name) for name in opened if "/providers/" in name}
print(json.dumps({"import": imported - started, "first": first, "second": second,
                  "definitions": sorted(definitions)}))
"""


def main() -> int:
    """Print the table; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    runs: int = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        stages = {name: unpack(name, Path(folder)) for name in GOALS}
        seconds = measure(stages, runs)
        first = json.loads(run(FIRST_POLL, stages["balance_poller"], ROOT).splitlines()[-1])
    return report(seconds, first)


def unpack(function: str, folder: Path) -> Path:
    """Unpack a function's zip; return where."""
    archive = DIST / f"{function}.zip"
    if not archive.is_file():
        raise SystemExit(f"{archive.relative_to(ROOT)} is missing: run `make build`")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder / function)
    return folder / function


def measure(stages: dict[str, Path], runs: int) -> dict[str, float]:
    """Return the median seconds of the bare imports and of each handler's."""
    samples: dict[str, list[float]] = {name: [] for name in ("bare", *IMPORTS)}
    for attempt in range(runs + 1):
        for name, found in samples.items():
            stage = stages.get(name.partition(",")[0], stages["balance_poller"])
            seconds = float(run(IMPORTS.get(name, BARE), stage))
            if attempt:  # the first compiles
                found.append(seconds)
    return {name: statistics.median(found) for name, found in samples.items()}


def run(code: str, *path: Path) -> str:
    """Run ``code`` in a fresh interpreter with ``path`` in front; return what it prints."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=path[0],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def report(seconds: dict[str, float], first: dict[str, object]) -> int:
    """Print what was measured; return 1 when a goal is missed."""
    bare = seconds.pop("bare")
    print(f"{'boto3, httpx, Powertools':24}{bare * 1000:5.0f} ms")
    is_met = True
    for name, taken in seconds.items():
        ratio, goal = taken / bare, GOALS.get(name)
        verdict = ""
        if goal is not None:
            is_met &= ratio <= goal
            verdict = f"(at most {goal}): {'met' if ratio <= goal else 'MISSED'}"
        print(f"{name:24}{taken * 1000:5.0f} ms {ratio:6.2f} x {verdict}")
    print(f"first poll {ms(first['first'])}, second {ms(first['second'])}, of one account")
    used = first["definitions"] == ["openrouter.json"]
    print(f"definitions read: {first['definitions']}: {'met' if used else 'MISSED'}")
    return int(not (is_met and used))


def ms(seconds: object) -> str:
    """Return seconds as milliseconds for the table."""
    return f"{float(str(seconds)) * 1000:.0f} ms"


if __name__ == "__main__":
    raise SystemExit(main())
