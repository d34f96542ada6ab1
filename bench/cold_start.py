"""What a cold start costs: importing each deployed zip, and its first invocation.

    python bench/cold_start.py [--runs N]

Each zip of dist/ (`make build`) is unpacked as on Lambda, into a folder where Python cannot write
bytecode, and runs in fresh interpreters with the same boto3. The measure is CPU time, which a
function's share of a core stretches; runs alternate, and the least counts.

Each function is compared with a bare program, measured in the same run, that does only the
unavoidable: it imports boto3, httpx and Powertools, then makes the same calls (which the server
counts) without deciding anything. Imports are compared with imports, including whatever the
function's first invocation loads of boto3 and httpx; import and first invocation are compared with
the bare program's. AWS and the provider answer on loopback, without TLS.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.loopback_aws import LoopbackAws, loopback_aws

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"

BARE_IMPORT = """
import boto3, httpx
from aws_lambda_powertools import Logger, Metrics
"""

BARE_POLL = """
import asyncio, os
log, metrics = Logger(service="bare"), Metrics(service="bare", namespace="Bare")
aws = boto3.Session()
dynamodb, key = aws.client("dynamodb"), {"account": {"S": "one"}, "at": {"S": "LATEST"}}
dynamodb.batch_get_item(RequestItems={"t": {"Keys": [key]}})
aws.client("secretsmanager").batch_get_secret_value(SecretIdList=["keys"])

async def get():
    async with httpx.AsyncClient() as client:
        (await client.get(os.environ["AWS_ENDPOINT_URL"] + "/api/v1/credits")).json()

asyncio.run(get())
aws.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "Balance"}])
dynamodb.batch_write_item(RequestItems={"t": [{"PutRequest": {"Item": key}}]})
dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": key}}])
log.info("done")
metrics.add_metric(name="Polled", unit="Count", value=1)
metrics.flush_metrics()
"""

BARE_ALARM = """
log, metrics = Logger(service="bare"), Metrics(service="bare", namespace="Bare")
aws = boto3.Session()
dynamodb, sns, key = aws.client("dynamodb"), aws.client("sns"), {"id": {"S": "one"}}
{calls}
log.info("done")
metrics.add_metric(name="Published", unit="Count", value=1)
metrics.flush_metrics()
"""

POLL = """
import os
from types import SimpleNamespace
account = {"id": "one", "provider": "openrouter", "secret": "keys",
           "base_url": os.environ["AWS_ENDPOINT_URL"], "critical": 5}
context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60000, invoked_function_arn="")
event = {"accounts": [account], "scheduled_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
report = balance_poller.handler.lambda_handler(event, context)
assert report["counts"]["ok"] == 1, report
"""

ALARM = """
import json
from types import SimpleNamespace
alarm = {"AlarmName": "bench/one/critical", "NewStateValue": "ALARM", "OldStateValue": "OK",
         "NewStateReason": "Threshold Crossed",
         # Now: an older change would first be compared with the alarm's present state.
         "StateChangeTime": time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime()),
         "AlarmArn": "arn:aws:cloudwatch:us-east-1:1:alarm:bench/one/critical",
         "Trigger": {"MetricName": "Balance", "Namespace": "BalanceMonitor", "Threshold": 5.0,
                     "Dimensions": [{"name": "Account", "value": "one"},
                                    {"name": "Provider", "value": "openrouter"}]}}
event = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": json.dumps(alarm)}]}
context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60000, invoked_function_arn="")
answer = alert_router.handler.lambda_handler(event, context)
assert not answer["batchItemFailures"] and len(answer["published"]) == 1, answer
"""

MEASURED = """
import time
started = time.process_time()
{imports}
imported = time.process_time()
{work}
done = time.process_time()
import json
print(json.dumps([imported - started, done - started]))
"""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "PYTHONDONTWRITEBYTECODE": "1",  # a deployed function's folder is read-only
    "BALANCE_MONITOR_NAME": "bench",
    "ALLOW_HTTP_LOOPBACK": "true",
    "BALANCES_TABLE": "t",
    "ALERTS_TABLE": "t",
    "NOTIFICATIONS_TOPIC_ARN": "arn:aws:sns:us-east-1:1:bench-notifications",
    "INTAKE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/bench-intake",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds from the start of a fresh interpreter."""

    imported: float
    done: float

    @classmethod
    def least(cls, samples: list[list[float]]) -> Cost:
        """Return the least of ``[imported, done]`` each: what else the machine does only adds."""
        return cls(*(min(column) for column in zip(*samples, strict=True)))


@dataclass(frozen=True, slots=True)
class Function:
    """One deployed function, and the bare program that it is compared with."""

    name: str
    limit: float
    work: str
    loads: str
    """What its first invocation imports of boto3 and httpx."""
    bare: str
    """The same calls."""


def router_calls(calls: list[str]) -> str:
    """Return the bare program that makes the router's ``calls``."""
    lines = {
        "BatchGetItem": 'dynamodb.batch_get_item(RequestItems={"t": {"Keys": [key]}})',
        "GetItem": 'dynamodb.get_item(TableName="t", Key=key)',
        "PutItem": 'dynamodb.put_item(TableName="t", Item=key)',
        "Query": 'dynamodb.query(TableName="t", KeyConditionExpression="id = :id")',
        "Publish": 'sns.publish(TopicArn="arn:aws:sns:us-east-1:1:t", Message="m")',
    }
    return BARE_ALARM.replace("{calls}", "\n".join(lines[call] for call in calls))


def main() -> int:
    """Print the table; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    runs: int = parser.parse_args().runs
    is_met = True
    with tempfile.TemporaryDirectory() as folder, loopback_aws() as aws:
        poller, router = (unpack(name, Path(folder)) for name in ("balance_poller", "alert_router"))
        run(program("alert_router", ALARM), router, aws)
        functions = {
            poller: Function(
                "balance_poller", 1.25, POLL, "import botocore.session, httpx", BARE_POLL
            ),
            router: Function(
                "alert_router", 1.15, ALARM, "import botocore.session", router_calls(aws.calls())
            ),
        }
        print(f"{'CPU milliseconds':34}{'import':>8}{'and first invocation':>22}")
        for stage, function in functions.items():
            is_met &= compare(function, stage, poller, aws, runs)
        is_met &= is_frugal(poller, aws)
    return int(not is_met)


def unpack(function: str, folder: Path) -> Path:
    """Unpack a function's zip; return its folder."""
    archive = DIST / f"{function}.zip"
    if not archive.is_file():
        raise SystemExit(f"{archive.relative_to(ROOT)} is missing: run `make build`")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder / function)
    return folder / function


def program(function: str, work: str, loads: str = "") -> str:
    """Return the measured program of one function."""
    return filled(f"{loads}\nimport {function}.handler", work)


def filled(imports: str, work: str) -> str:
    """Return a program that prints when its imports and when its work were done."""
    return MEASURED.replace("{imports}", imports).replace("{work}", work)


def compare(function: Function, stage: Path, bare: Path, aws: LoopbackAws, runs: int) -> bool:
    """Measure a function and its bare program, and print both; return whether its goals are met.

    Args:
        function: what to measure.
        stage: where it is unpacked.
        bare: where httpx and Powertools are unpacked.
        aws: the server that answers.
        runs: how often to measure each.
    """
    programs: dict[str, tuple[str, Path]] = {
        "boto3, httpx, Powertools": (filled(BARE_IMPORT, function.bare), bare),
        function.name: (program(function.name, function.work), stage),
        f"{function.name}, loaded": (program(function.name, "", function.loads), stage),
    }
    aws.calls()
    asked = {name: (run(*started, aws), aws.calls())[1] for name, started in programs.items()}
    if asked["boto3, httpx, Powertools"] != asked[function.name]:
        raise SystemExit(f"the programs make other calls: {asked}")
    samples: Mapping[str, list[list[float]]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, (code, path) in programs.items():
            samples[name].append(json.loads(run(code, path, aws).splitlines()[-1]))
    lone, deployed, loaded = (Cost.least(samples[name]) for name in programs)
    print(row("boto3, httpx, Powertools", lone))
    print(row(function.name, deployed))
    ratios = {
        "import, with all it loads of AWS and HTTP, over the bare import": loaded.imported
        / lone.imported,
        f"import and {len(asked[function.name])} first calls over the bare ones": deployed.done
        / lone.done,
    }
    for words, ratio in ratios.items():
        verdict = "met   " if ratio <= function.limit else "MISSED"
        print(f"  {verdict} {words}: {ratio:.2f} (at most {function.limit})")
    print(
        f"         both over the bare import alone: {deployed.imported / lone.imported:.2f} and"
        f" {deployed.done / lone.imported:.2f}; the bare calls: {lone.done / lone.imported:.2f}"
    )
    return max(ratios.values()) <= function.limit


def row(name: str, cost: Cost) -> str:
    """Return a table's line, in CPU milliseconds."""
    return f"{name:34}{cost.imported * 1000:8.0f}{cost.done * 1000:22.0f}"


def is_frugal(stage: Path, aws: LoopbackAws) -> bool:
    """Return whether a first poll reads no provider definition but the one it uses."""
    noted = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
"""
    work = POLL + '\nprint(*{os.path.basename(n) for n in opened if "/providers/" in n})\n'
    read = run(noted + program("balance_poller", work), stage, aws).splitlines()[-2].split()
    is_met = read == ["openrouter.json"]
    print(f"  {'met   ' if is_met else 'MISSED'} definitions read: {', '.join(read)}")
    return is_met


def run(code: str, stage: Path, aws: LoopbackAws) -> str:
    """Run ``code`` in a fresh interpreter that imports from ``stage``; return what it prints."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    environment |= ENVIRONMENT | {
        "AWS_ENDPOINT_URL": aws.url,
        "KEY_HOSTS": aws.url,
        "PYTHONPATH": str(stage),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=stage,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{done.stderr}\nthe measured program failed")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
