"""AWS at the end of boto3's wire, in memory: everything is serialised and signed, nothing is sent.

Benchmarks thus include boto3's own work, and tests count calls, without an emulator's time.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from shared.aws import clients


class _Raw:
    """A response body as urllib3 provides it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        """Return the whole body."""
        return [self._body]


class WireAws:
    """Secrets Manager, DynamoDB and CloudWatch for one poller.

    Args:
        secrets: Secret texts by name.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.calls: Counter[str] = Counter()
        """Calls by operation."""
        self.cpu_seconds = 0.0
        """CPU time spent on the answers, which would be AWS's."""
        self.points = 0
        """Published data points."""
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        """DynamoDB items by account and ``at``, with type tags."""
        self._secrets = dict(secrets)

    def attach(self) -> None:
        """Recreate the process's clients, and answer for all of them."""
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        clients.forget_clients()
        for client in (clients.secretsmanager(), clients.dynamodb(), clients.cloudwatch()):
            client.meta.events.register("before-send", cast("Callable[..., None]", self._answer))
        clients.cloudwatch().meta.events.register(
            "provide-client-params.cloudwatch.PutMetricData", self._count_points
        )

    def _count_points(self, params: dict[str, Any], **_: object) -> None:
        """Count published data points here, since their wire format is botocore's choice."""
        self.points += len(params["MetricData"])

    def _answer(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        """Answer one request as the service would, and count the time that takes."""
        started = time.thread_time()
        try:
            return self._respond(request, event_name.rpartition(".")[2])
        finally:
            self.cpu_seconds += time.thread_time() - started

    def _respond(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """Return the answer to one request."""
        self.calls[operation] += 1
        handlers: dict[str, Callable[[dict[str, Any]], object]] = {
            "BatchGetSecretValue": self._batch_get_secret_value,
            "BatchGetItem": self._batch_get_item,
            "BatchWriteItem": self._batch_write_item,
            "TransactWriteItems": self._transact_write_items,
        }
        handler = handlers.get(operation)
        answer = handler(json.loads(_body(request))) if handler else None
        body = b"" if answer is None else json.dumps(answer).encode()
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/json"
        return AWSResponse(request.url, 200, headers, _Raw(body))

    def _batch_get_secret_value(self, asked: dict[str, Any]) -> object:
        values = [
            {"ARN": f"arn:aws:secretsmanager:{name}-AbCdEf", "Name": name, "SecretString": text}
            for name in asked["SecretIdList"]
            if (text := self._secrets.get(name)) is not None
        ]
        return {"SecretValues": values, "Errors": []}

    def _batch_get_item(self, asked: dict[str, Any]) -> object:
        found = {
            table: [
                item
                for key in wanted["Keys"]
                if (item := self.items.get((key["account"]["S"], key["at"]["S"])))
            ]
            for table, wanted in asked["RequestItems"].items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def _batch_write_item(self, asked: dict[str, Any]) -> object:
        for writes in asked["RequestItems"].values():
            for write in writes:
                self._put(write["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def _transact_write_items(self, asked: dict[str, Any]) -> object:
        for write in asked["TransactItems"]:
            self._put(write["Put"]["Item"])
        return {}

    def _put(self, item: dict[str, Any]) -> None:
        self.items[item["account"]["S"], item["at"]["S"]] = item


def _body(request: AWSPreparedRequest) -> bytes:
    """Return a request's body, decompressed."""
    raw = request.body
    if not isinstance(raw, bytes):
        raise TypeError(f"unexpected body: {type(raw).__name__}")
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
