"""A stack's resources in the emulator, as Terraform creates them, for balancectl."""

from __future__ import annotations

import io
import json
import os
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from pytest_localstack.session import RunningSession
from typer.testing import CliRunner, Result

from balancectl.app import app
from shared.aws.dynamo import encode
from shared.names import StackNames
from shared.records import Attempt, Latest
from tests.integration.conftest import Cloud

REGION = "us-east-1"

#: A stand-in for the poller that reports what the event requested. The real one has its own tests.
POLLER = """
def lambda_handler(event, context):
    if any(account["id"] == "raises" for account in event["accounts"]):
        raise RuntimeError("reading secrets failed: access denied")
    rows = []
    for account in event["accounts"]:
        row = {"account": account["id"], "provider": account["provider"]}
        row |= account.get("report", {"outcome": "ok", "balance": "12.50", "unit": "USD"})
        rows.append(row)
    return {
        "scheduled_at": event["scheduled_at"],
        "shard": event["shard"],
        "duration_ms": 1200,
        "counts": {},
        "accounts": rows,
        "errors": [],
    }
"""


@pytest.fixture(scope="session")
def endpoint(emulator: RunningSession) -> str:
    """Return the emulator's address.

    pytest-localstack knows no scheduler, so boto3 gets it from AWS_ENDPOINT_URL, not from a patch.
    """
    url: str = emulator.endpoint_url("dynamodb")
    return url


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
)


@dataclass(frozen=True, slots=True)
class FakeStack:
    """One stack under its own name."""

    name: str
    session: boto3.Session
    endpoint: str

    @property
    def names(self) -> StackNames:
        """The names of its resources."""
        return StackNames(self.name)

    @property
    def account(self) -> str:
        """The AWS account ID."""
        number: str = self.client("sts").get_caller_identity()["Account"]
        return number

    def client(self, service: str) -> Any:
        """A client of the emulator."""
        return self.session.client(service, endpoint_url=self.endpoint)

    def schedule(self, number: int, accounts: Sequence[Mapping[str, Any]], **event: object) -> None:
        """Create one poll schedule."""
        given = [
            {"provider": "openrouter", "secret": f"{self.names.secret}#{a['id']}", **a}
            for a in accounts
        ]
        self.client("scheduler").create_schedule(
            Name=f"{self.names.poll_schedule_prefix}{number}",
            GroupName=self.names.schedule_group,
            ScheduleExpression="rate(5 minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            State="DISABLED",
            Target={
                "Arn": f"arn:aws:lambda:{REGION}:{self.account}:function:x",
                "RoleArn": f"arn:aws:iam::{self.account}:role/x",
                "Input": json.dumps(
                    {
                        "scheduled_at": "<aws.scheduler.scheduled-time>",
                        "shard": number,
                        "accounts": given,
                        **event,
                    }
                ),
            },
        )

    def record(self, *items: Latest | Attempt) -> None:
        """Put records into the balances table, as the poller does."""
        dynamodb = self.client("dynamodb")
        for each in items:
            item = each.to_item() if isinstance(each, Latest) else each.to_item(keep_days=90)
            dynamodb.put_item(TableName=self.names.balances_table, Item=encode(item))

    def keys(self) -> dict[str, Any]:
        """Return the keys in the secret, without their notes."""
        answer = self.client("secretsmanager").get_secret_value(SecretId=self.names.secret)
        found: dict[str, Any] = json.loads(answer.get("SecretString") or "{}")
        return {name: key for name, key in found.items() if "@" not in name}

    def subscribe(self, topic: str, protocol: str, endpoint: str, **attributes: str) -> str:
        """Subscribe somebody to one of its topics."""
        arn: str = self.client("sns").subscribe(
            TopicArn=f"arn:aws:sns:{REGION}:{self.account}:{topic}",
            Protocol=protocol,
            Endpoint=endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return arn


@pytest.fixture
def stack(endpoint: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    """An empty stack: complete, but without schedules, records and keys."""
    for variable in [name for name in os.environ if name.startswith(("AWS_", "BALANCE_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cloud.secret_key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    name = f"bm-{uuid.uuid4().hex[:8]}"
    session = boto3.Session(cloud.access_key, cloud.secret_key, region_name=REGION)
    made = FakeStack(name, session, endpoint)
    _make_resources(made)
    return made


@pytest.fixture
def cli(stack: FakeStack) -> Callable[..., Result]:
    """Run balancectl on the stack."""

    def run(*args: str, text: str | None = None) -> Result:
        environment = {"COLUMNS": "200", "BALANCE_MONITOR_NAME": stack.name}
        return CliRunner().invoke(app, list(args), input=text, env=environment)

    return run


def _make_resources(stack: FakeStack) -> None:
    """Create tables, secret, topics, schedule group and a poller."""
    names, dynamodb, sns = stack.names, stack.client("dynamodb"), stack.client("sns")
    for table, hash_key, range_key in (
        (names.balances_table, "account", "at"),
        (names.alerts_table, "scope", "id"),
    ):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"} for key in (hash_key, range_key)
            ],
            KeySchema=[
                {"AttributeName": hash_key, "KeyType": "HASH"},
                {"AttributeName": range_key, "KeyType": "RANGE"},
            ],
        )
    stack.client("secretsmanager").create_secret(Name=names.secret)
    for topic in (names.alarms_topic, names.notifications_topic, names.operations_topic):
        sns.create_topic(Name=topic)
    stack.client("scheduler").create_schedule_group(Name=names.schedule_group)
    role = stack.client("iam").create_role(
        RoleName=f"{stack.name}-poller", AssumeRolePolicyDocument=TRUST
    )["Role"]
    stack.client("lambda").create_function(
        FunctionName=names.poller_function,
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="handler.lambda_handler",
        Code={"ZipFile": _zip({"handler.py": POLLER})},
        Timeout=30,
    )


def _zip(files: Mapping[str, str]) -> bytes:
    """Return a zip of ``files``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()
