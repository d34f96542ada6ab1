"""AWS and one balance API on loopback, with the operations that a first invocation needs.

A separate process, so that its work is not counted as the client's. ``GET /calls`` returns the
operations called since the previous ``GET /calls``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

SECRET = {"ARN": "arn:aws:secretsmanager:us-east-1:1:secret:keys-AbCdEf", "Name": "keys"}
ANSWERS: dict[str, object] = {
    "BatchGetSecretValue": {"SecretValues": [SECRET | {"SecretString": "sk-bench-key"}]},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "Query": {"Items": [], "Count": 0},
}
#: The only item of the table: who receives messages.
SUBSCRIBERS = {
    "scope": {"S": "subscribers"},
    "id": {"S": "declared"},
    "filters": {"S": json.dumps([{"name": "team", "form": "email"}])},
}
PUBLISHED = (
    b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
)
BALANCE = {"data": {"total_credits": 10.5, "total_usage": 1.25}}


@dataclass(frozen=True, slots=True)
class LoopbackAws:
    """The running server."""

    url: str

    def calls(self) -> list[str]:
        """Return the operations since the previous call, sorted."""
        with urllib.request.urlopen(f"{self.url}/calls") as answer:  # noqa: S310 -- loopback
            return sorted(json.load(answer))


class _Handler(BaseHTTPRequestHandler):
    """Answers every operation, which a header, the path or the form names."""

    protocol_version = "HTTP/1.1"
    calls: list[str]

    def do_GET(self) -> None:
        if self.path == "/calls":
            asked, _Handler.calls = _Handler.calls, []
            return self._answer(json.dumps(asked).encode())
        _Handler.calls.append("GET balance")
        return self._answer(json.dumps(BALANCE).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if not operation:
            named = self.path.rpartition("/operation/")[2]  # RPC v2, CloudWatch's protocol
            form = parse_qs(body.decode("latin-1")).get("Action")  # the query protocol, SNS's
            operation = form[0] if form else named
        _Handler.calls.append(operation)
        if operation == "Publish":
            return self._answer(PUBLISHED, "text/xml")
        if operation == "PutMetricData":
            return self._answer(b"", self.headers["Content-Type"])
        answer = self._item(body) if operation == "GetItem" else ANSWERS.get(operation, {})
        return self._answer(json.dumps(answer).encode())

    def _answer(self, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Smithy-Protocol", "rpc-v2-cbor")
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def _item(request: bytes) -> dict[str, object]:
        """Return the requested item, if it exists."""
        key = json.loads(request)["Key"]
        return {"Item": SUBSCRIBERS} if key.items() <= SUBSCRIBERS.items() else {}

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def loopback_aws() -> Iterator[LoopbackAws]:
    """Run the server on a free port."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
        yield LoopbackAws(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    _Handler.calls = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
