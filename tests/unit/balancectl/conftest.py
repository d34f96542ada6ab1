"""A stack in memory for balancectl: fakes that answer like AWS, and a stopped clock."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, Self

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.client import FetchError
from balance_poller.fetching.workers import FetchLimits
from balancectl.app import app
from balancectl.cli import redaction
from balancectl.deployment.target import Target
from balancectl.local import poll as live
from shared.aws.dynamo import decode, encode
from shared.names import StackNames
from shared.records import Attempt, Latest
from shared.redactor import redactor

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
NAMES = StackNames("demo")


class ConditionFailedError(ClientError):
    """botocore generates its like."""


def failure(operation: str, code: str, message: str = "no") -> ClientError:
    """Return an error as a service answers it."""
    is_condition = code == "ConditionalCheckFailedException"
    error = ConditionFailedError if is_condition else ClientError
    return error({"Error": {"Code": code, "Message": message}}, operation)


class FakeSecrets:
    """Secrets Manager, with its rules on staging labels; ``before_move`` lets others come in."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, dict[str, Any]]] = {NAMES.secret: {}}
        self.before_move: Callable[[str], None] = lambda _: None
        self._lock = threading.RLock()

    def text(self, secret_id: str = NAMES.secret) -> str | None:
        """The current text."""
        version = self._current(secret_id)
        return None if version is None else self.secrets[secret_id][version]["text"]

    def set(self, text: str, secret_id: str = NAMES.secret) -> None:
        """Write as somebody else does, who minds nobody."""
        with self._lock:
            versions = self.secrets.setdefault(secret_id, {})
            for version in versions.values():
                version["stages"] -= {"AWSCURRENT"}
            versions[str(uuid.uuid4())] = {"text": text, "stages": {"AWSCURRENT"}}

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        with self._lock:
            self._check("GetSecretValue", SecretId)
            version = self._current(SecretId)
            if version is None:
                raise failure(
                    "GetSecretValue",
                    "ResourceNotFoundException",
                    "can't find the specified secret value for staging label: AWSCURRENT",
                )
            return {
                "SecretString": self.secrets[SecretId][version]["text"],
                "VersionId": version,
            }

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        self._check("DescribeSecret", SecretId)
        return {"LastChangedDate": NOW}

    def put_secret_value(
        self,
        SecretId: str,  # noqa: N803 -- AWS's names
        SecretString: str,  # noqa: N803
        VersionStages: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        with self._lock:
            self._check("PutSecretValue", SecretId)
            version, stages = str(uuid.uuid4()), set(VersionStages)
            if not self.secrets[SecretId]:
                stages |= {"AWSCURRENT"}
            self.secrets[SecretId][version] = {"text": SecretString, "stages": stages}
            return {"VersionId": version, "VersionStages": sorted(stages)}

    def update_secret_version_stage(
        self,
        SecretId: str,  # noqa: N803 -- AWS's names
        VersionStage: str,  # noqa: N803
        MoveToVersionId: str | None = None,  # noqa: N803
        RemoveFromVersionId: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        if VersionStage == "AWSCURRENT":
            self.before_move(SecretId)
        with self._lock:
            versions = self.secrets[SecretId]
            holder = next(
                (v for v, each in versions.items() if VersionStage in each["stages"]), None
            )
            if holder not in (None, MoveToVersionId) and holder != RemoveFromVersionId:
                raise failure(
                    "UpdateSecretVersionStage",
                    "InvalidParameterException",
                    f"Staging label {VersionStage} is attached to another version",
                )
            if holder is not None:
                versions[holder]["stages"] -= {VersionStage}
            if MoveToVersionId is not None:
                versions[MoveToVersionId]["stages"] |= {VersionStage}
            return {}

    def _current(self, secret_id: str) -> str | None:
        versions = self.secrets[secret_id].items()
        return next((v for v, each in versions if "AWSCURRENT" in each["stages"]), None)

    def _check(self, operation: str, secret_id: str) -> None:
        if secret_id not in self.secrets:
            raise failure(
                operation, "ResourceNotFoundException", "can't find the specified secret."
            )


class FakeDynamo:
    """DynamoDB: whole tables in memory, keys and queries as balancectl uses them."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionFailedError)

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {
            NAMES.balances_table: [],
            NAMES.alerts_table: [],
        }
        self.leave_over = 0
        """How often BatchGetItem leaves its last key unread."""

    def record(self, *records: Latest | Attempt) -> None:
        for each in records:
            item = each.to_item() if isinstance(each, Latest) else each.to_item(keep_days=90)
            self.tables[NAMES.balances_table].append(item)

    def get_item(self, TableName: str, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        key = decode(Key)
        for item in self._table("GetItem", TableName):
            if key.items() <= item.items():
                return {"Item": encode(item)}
        return {}

    def put_item(self, TableName: str, Item: Any, **condition: Any) -> dict[str, Any]:  # noqa: N803
        table, item = self._table("PutItem", TableName), decode(Item)
        if "version = :version" in condition.values():
            version = decode(condition["ExpressionAttributeValues"])[":version"]
            kept = [each for each in table if each.get("version") != version]
            if len(kept) != len(table) - 1:
                raise failure("PutItem", "ConditionalCheckFailedException")
            table[:] = [*kept, item]
            return {}
        if condition and any(
            (each["account"], each["at"]) == (item["account"], item["at"]) for each in table
        ):
            raise failure("PutItem", "ConditionalCheckFailedException")
        table.append(item)
        return {}

    def batch_write_item(self, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        ((table, requests),) = RequestItems.items()
        assert len(requests) <= 25
        for request in requests:
            self.put_item(table, request["PutRequest"]["Item"])
        return {}

    def delete_item(self, TableName: str, Key: Any) -> dict[str, Any]:  # noqa: N803
        table = self._table("DeleteItem", TableName)
        table[:] = [item for item in table if not decode(Key).items() <= item.items()]
        return {}

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        ((table, request),) = RequestItems.items()
        keys = request["Keys"]
        assert len(keys) <= 100
        rest: list[Any] = []
        if self.leave_over:
            self.leave_over -= 1
            keys, rest = keys[:-1], keys[-1:]
        found = [self.get_item(table, key).get("Item") for key in keys]
        return {
            "Responses": {table: [item for item in found if item]},
            "UnprocessedKeys": {table: {"Keys": rest}} if rest else {},
        }

    def query(self, TableName: str, Limit: int | None = None, **query: Any) -> dict[str, Any]:  # noqa: N803
        values = decode(query["ExpressionAttributeValues"])
        if ":account" in values:
            items = [
                item
                for item in self._table("Query", TableName)
                if item["account"] == values[":account"]
                and values.get(":start", "") <= item["at"] <= values.get(":end", "~")
                and item["at"] < values.get(":latest", "~")
            ]
            items.sort(key=lambda item: item["at"], reverse=query.get("ScanIndexForward") is False)
        else:
            table = self._table("Query", TableName)
            items = [item for item in table if item["scope"] == values[":scope"]]
        start = query.get("ExclusiveStartKey", {"n": 0})["n"]
        # Pages of two, so that whoever reads one page alone is found out.
        page = items[start : start + min(2, Limit or 2)]
        end = start + len(page)
        more = {"LastEvaluatedKey": {"n": end}} if end < len(items) else {}
        return {"Items": [encode(item) for item in page], **more}

    def get_paginator(self, _operation: str) -> FakeDynamo:
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            page = self.query(**query, **more)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _table(self, operation: str, name: str) -> list[dict[str, Any]]:
        if name not in self.tables:
            raise failure(operation, "ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]


class FakeScheduler:
    """EventBridge Scheduler: poll schedules by name."""

    def __init__(self) -> None:
        self.schedules: dict[str, dict[str, Any]] = {}
        self.error: ClientError | None = None

    def add(self, number: int, accounts: Sequence[Mapping[str, Any]], **event: object) -> None:
        given = [
            {"provider": "openrouter", "secret": f"{NAMES.secret}#{a['id']}", **a} for a in accounts
        ]
        text = json.dumps(
            {
                "scheduled_at": "<aws.scheduler.scheduled-time>",
                "shard": number,
                "accounts": given,
                **event,
            }
        )
        self.schedules[f"{NAMES.poll_schedule_prefix}{number}"] = {
            "State": "ENABLED",
            "ScheduleExpression": "rate(5 minutes)",
            "Target": {"Input": text},
        }

    def get_schedule(self, Name: str, GroupName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        if self.error:
            raise self.error
        if GroupName != NAMES.schedule_group or Name not in self.schedules:
            raise failure("GetSchedule", "ResourceNotFoundException", "Schedule does not exist.")
        return self.schedules[Name]


class FakeFunctions:
    """Lambda: one function that answers with what a test says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.error: dict[str, str] | None = None
        self.run_errors: list[str] = []
        self.qualifiers: list[str] = []
        self.answer: Any = None
        """What an invocation through an alias answers."""
        self.refusal: ClientError | None = None

    def invoke(
        self,
        FunctionName: str,  # noqa: N803 -- AWS's names
        Payload: bytes,  # noqa: N803
        Qualifier: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert FunctionName == NAMES.poller_function
        if self.refusal:
            raise self.refusal
        event = json.loads(Payload)
        self.events.append(event)
        if Qualifier is not None:
            self.qualifiers.append(Qualifier)
            return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}
        if self.error:
            return {
                "FunctionError": "Unhandled",
                "Payload": io.BytesIO(json.dumps(self.error).encode()),
            }
        rows = [
            {"account": account["id"], "provider": account["provider"]}
            | self.rows.get(account["id"], {"outcome": "ok", "balance": "12.50", "unit": "USD"})
            for account in event["accounts"]
        ]
        report = {
            "scheduled_at": event["scheduled_at"],
            "shard": event["shard"],
            "duration_ms": 1200,
            "counts": {},
            "accounts": rows,
            "errors": self.run_errors,
        }
        return {"Payload": io.BytesIO(json.dumps(report).encode())}


class FakeSns:
    """SNS: topics with subscriptions, and what was published."""

    def __init__(self) -> None:
        prefix = "arn:aws:sns:us-east-1:123456789012:"
        self.topics: dict[str, list[dict[str, Any]]] = {
            f"{prefix}{topic}": []
            for topic in (NAMES.alarms_topic, NAMES.notifications_topic, NAMES.operations_topic)
        }
        self.published: list[dict[str, Any]] = []
        self.on_publish: Callable[[dict[str, Any]], None] = lambda _: None

    def subscribe(
        self, topic: str, protocol: str, endpoint: str, state: str = "", **policy: list[Any]
    ) -> None:
        arn = f"arn:aws:sns:us-east-1:123456789012:{topic}"
        self.topics[arn].append(
            {
                "SubscriptionArn": state or f"{arn}:{uuid.uuid4()}",
                "Protocol": protocol,
                "Endpoint": endpoint,
                "policy": policy,
            }
        )

    def get_paginator(self, _operation: str) -> FakeSns:
        return self

    def paginate(self, TopicArn: str) -> Iterator[dict[str, Any]]:  # noqa: N803 -- AWS's names
        if TopicArn not in self.topics:
            raise failure("ListSubscriptionsByTopic", "NotFound", "Topic does not exist")
        for each in self.topics[TopicArn]:
            yield {"Subscriptions": [each]}

    def get_subscription_attributes(self, SubscriptionArn: str) -> dict[str, Any]:  # noqa: N803
        for each in (each for topic in self.topics.values() for each in topic):
            if each["SubscriptionArn"] == SubscriptionArn:
                policy = each["policy"]
                return {"Attributes": {"FilterPolicy": json.dumps(policy)} if policy else {}}
        raise failure("GetSubscriptionAttributes", "NotFound")

    def publish(self, TopicArn: str, Message: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        document = json.loads(Message)
        self.published.append({"topic": TopicArn, **document})
        self.on_publish(document)
        return {"MessageId": "message-1"}


class FakeCloudWatch:
    """CloudWatch: hourly balances, and changes of alarms; pages of two."""

    def __init__(self) -> None:
        self.balances: dict[str, list[tuple[datetime, float]]] = {}
        self.changes: list[tuple[datetime, str, str]] = []
        self.namespaces: set[str] = set()

    def get_metric_data(
        self,
        *,
        MetricDataQueries: Sequence[Any],  # noqa: N803 -- AWS's names
        NextToken: str = "0",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        start, results, more = int(NextToken), [], False
        for query in MetricDataQueries:
            metric = query["MetricStat"]["Metric"]
            self.namespaces.add(metric["Namespace"])
            found = self.balances.get(metric["Dimensions"][0]["Value"], [])
            page = found[start : start + 2]
            more = more or len(found) > start + 2
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": [at for at, _ in page],
                    "Values": [value for _, value in page],
                }
            )
        return {"MetricDataResults": results, **({"NextToken": str(start + 2)} if more else {})}

    def describe_alarm_history(self, *, NextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803
        start = int(NextToken)
        newest = sorted(self.changes, reverse=True)
        page = [
            {
                "AlarmName": name,
                "Timestamp": at,
                "HistoryData": json.dumps({"newState": {"stateValue": state}}),
            }
            for at, name, state in newest[start : start + 2]
        ]
        more = {"NextToken": str(start + 2)} if len(newest) > start + 2 else {}
        return {"AlarmHistoryItems": page, **more}


class FakeLogs:
    """CloudWatch Logs: the router's log group."""

    def __init__(self) -> None:
        self.lines: list[tuple[datetime, str]] = []

    def add(self, at: datetime, message: str, **fields: Any) -> None:
        """Log a line as Powertools writes it."""
        self.lines.append((at, json.dumps({"level": "INFO", "message": message, **fields})))

    def get_paginator(self, _operation: str) -> FakeLogs:
        return self

    def paginate(
        self,
        logGroupName: str,  # noqa: N803 -- AWS's names
        startTime: int,  # noqa: N803
        endTime: int,  # noqa: N803
        filterPattern: str,  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        assert logGroupName == f"/aws/lambda/{NAMES.router_function}"
        if not self.lines:
            raise failure("FilterLogEvents", "ResourceNotFoundException")
        for at, line in self.lines:
            millis = int(at.timestamp() * 1000)
            if startTime <= millis <= endTime and filterPattern.strip('"') in line:
                yield {"events": [{"timestamp": millis, "message": line}]}


@dataclass
class Cloud:
    """The stack ``demo`` and its fakes."""

    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    dynamo: FakeDynamo = field(default_factory=FakeDynamo)
    scheduler: FakeScheduler = field(default_factory=FakeScheduler)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    sns: FakeSns = field(default_factory=FakeSns)
    logs: FakeLogs = field(default_factory=FakeLogs)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    now: datetime = NOW

    def target(self, name: str = "demo") -> Target:
        """Return what commands are given."""
        target = Target(name=name, region="us-east-1", now=lambda: self.now)
        vars(target).update(
            secretsmanager=self.secrets,
            dynamodb=self.dynamo,
            scheduler=self.scheduler,
            functions=self.functions,
            sns=self.sns,
            logs=self.logs,
            cloudwatch=self.cloudwatch,
            identity=("123456789012", "arn:aws:sts::123456789012:assumed-role/deploy/alice"),
        )
        return target


@pytest.fixture
def cloud() -> Cloud:
    """A stack without schedules."""
    return Cloud()


@pytest.fixture
def run(cloud: Cloud) -> Callable[..., Result]:
    """Run balancectl on the stack, off a terminal."""

    def invoke(*args: str, text: str | None = None, name: str = "demo") -> Result:
        return CliRunner().invoke(app, list(args), input=text, obj=cloud.target(name))

    return invoke


@dataclass
class FakeProviders:
    """What providers answer: the first whose address begins so. Remembers the requests."""

    answers: dict[str, Response | Exception] = field(default_factory=dict)
    requests: list[PreparedRequest] = field(default_factory=list)

    def answer(
        self, url: str, body: object, status: int = 200, content_type: str = "application/json"
    ) -> None:
        """Let everything under ``url`` be answered with ``body``."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[url] = Response(status, content_type, raw)

    async def send(self, request: PreparedRequest, _slot: int, _seconds: float) -> Response:
        """Answer one request."""
        self.requests.append(request)
        for url, answer in self.answers.items():
            if request.url.startswith(url):
                if isinstance(answer, Exception):
                    raise answer
                return answer
        raise FetchError("the provider's host refused the connection")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> FakeProviders:
    """Providers in memory, in place of the network."""
    fake = FakeProviders()
    monkeypatch.setattr(live, "Fetcher", lambda *_: fake)
    # Retries wait for no time at all.
    monkeypatch.setattr(live, "FetchLimits", partial(FetchLimits, jitter=lambda: 0.0))
    return fake


@pytest.fixture(autouse=True)
def _forget_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test mask what another one read, and no variable of the developer's be seen."""
    monkeypatch.setattr(redaction, "_known", set())
    for variable in ("BALANCE_MONITOR_NAME", "BALANCE_MONITOR_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    yield
    redactor.cache_clear()
