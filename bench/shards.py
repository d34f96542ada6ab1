"""Apply many accounts to the local cloud: how long it takes, and into how many schedules.

    python bench/shards.py [--accounts N]

The default is 1,000 accounts with three alarms each, which makes two schedules of 500 with the
default settings. Then the deployed function polls every shard once, with its schedule's own input,
against a simulated provider.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))

from balancectl.localcloud.deploy.deployment import Deployment
from balancectl.localcloud.deploy.repository import LOCAL, build_packages
from balancectl.localcloud.deploy.terraform import Progress
from balancectl.localcloud.emulator.process import start_emulator
from balancectl.localcloud.providers.accounts import Account
from balancectl.localcloud.providers.servers import SimulatedProviders

FOLDER = LOCAL / "bench-shards"
#: The most accounts that the plan admits on one secret, which holds 64 KiB.
KEYS_IN_A_SECRET = 400


def main() -> int:
    """Apply, poll and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=int, default=1_000)
    number: int = parser.parse_args().accounts
    build_packages()
    shutil.rmtree(FOLDER, ignore_errors=True)
    accounts = [
        Account(f"account-{index:05}", "openrouter", f"sk-or-{index:05}-b3nch", Decimal(50))
        for index in range(number)
    ]
    emulator = start_emulator(FOLDER, hold_schedules=True)
    try:
        with SimulatedProviders(accounts) as providers:
            measure(Deployment(emulator, FOLDER), providers)
    finally:
        emulator.stop()
    return 0


def measure(deployment: Deployment, providers: SimulatedProviders) -> None:
    """Apply all accounts, poll each shard, and print how long it took."""
    resources: list[Progress] = []
    variables = FOLDER / "bench.tfvars.json"
    variables.write_text(json.dumps(terraform_variables(providers)))
    store_keys(deployment, providers)
    seconds = timed(lambda: deployment.apply([variables], resources.append))
    print(f"{len(providers.accounts()):,} accounts: {len(resources):,} resources applied")
    print(f"  terraform init and apply  {seconds:8.1f} s")
    seconds = timed(lambda: deployment.plan([variables]))
    print(f"  terraform plan            {seconds:8.1f} s")
    for event in deployment.poll_events(datetime.now(UTC)):
        size = len(json.dumps(event, separators=(",", ":")).encode())
        accounts = len(event["accounts"])
        print(f"  shard {event['shard']}: {accounts} accounts, {size:,} bytes of input")
    now = datetime.now(UTC).replace(microsecond=0)
    seconds = timed(lambda: print_reports(deployment.poll(now)))
    print(f"  all shards, one by one    {seconds:8.1f} s")


def store_keys(deployment: Deployment, providers: SimulatedProviders) -> None:
    """Put the keys into as many secrets as they need."""
    secrets: dict[str, dict[str, str]] = {}
    for index, (account, key) in enumerate(providers.keys().items()):
        secrets.setdefault(secret_name(index), {})[account] = key
    client = deployment.emulator.client("secretsmanager")
    for name, keys in secrets.items():
        client.create_secret(Name=name, SecretString=json.dumps(keys))


def terraform_variables(providers: SimulatedProviders) -> dict[str, Any]:
    """Return the variables that a team with that many accounts would set."""
    someone = {"protocol": "email", "endpoint": "team@example.com"}
    return {
        "accounts": {
            account.name: {
                "provider": account.provider,
                "base_url": providers.base_url(account.provider),
                "secret": f"{secret_name(index)}#{account.name}",
                "warning": 20,
                "critical": 5,
            }
            for index, account in enumerate(providers.accounts())
        },
        "subscribers": {"team": someone},
        "operations_subscribers": {"team": someone},
    }


def secret_name(index: int) -> str:
    """Return the secret that holds the key of the account at ``index``."""
    return f"bench/keys-{index // KEYS_IN_A_SECRET}"


def print_reports(reports: list[dict[str, Any]]) -> None:
    """Print what each shard's run reported."""
    for report in reports:
        print(f"  shard {report['shard']}: {report['counts']} in {report['duration_ms']:,} ms")


def timed(run: Callable[[], object]) -> float:
    """Run something, and return how many seconds it took."""
    begun = time.monotonic()
    run()
    return time.monotonic() - begun


if __name__ == "__main__":
    raise SystemExit(main())
