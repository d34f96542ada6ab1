"""A heartbeat over a real connection: what the outside service receives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from balance_poller.credentials.store import SecretStore
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.heartbeat import Heartbeat

pytestmark = pytest.mark.integration


class _Service(BaseHTTPRequestHandler):
    """Answers with the status at the end of the path."""

    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(int(self.path.rpartition("/")[2]))
        self.send_header("Location", "/elsewhere/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    """An outside service on this machine: its address, and the paths that were requested."""
    paths: list[str] = []
    handler = type("Service", (_Service,), {"paths": paths})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", paths
    server.shutdown()
    server.server_close()


def test_each_shard_requests_its_own_address_once_and_follows_nothing(
    service: tuple[str, list[str]],
) -> None:
    url, paths = service
    addresses = {str(n): f"{url}/shard-{n}/{status}" for n, status in enumerate((200, 302, 503))}

    class Client:
        def batch_get_secret_value(self, SecretIdList: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
            (name,) = SecretIdList
            return {"SecretValues": [{"Name": name, "SecretString": json.dumps(addresses)}]}

    client: Any = Client()
    heartbeat = Heartbeat(
        SecretStore(lambda: client, 300),
        lambda: Fetcher(5, AddressPolicy(private=False, loopback=True)),
        "stack/heartbeat",
        allow_http_loopback=True,
    )

    answers = [heartbeat.beat(shard, 60) for shard in (0, 1, 2, 0)]

    refused = [f"the service answered {status}" for status in (302, 503)]
    assert answers == ["", *refused, ""]
    assert paths == ["/shard-0/200", "/shard-1/302", "/shard-2/503", "/shard-0/200"]
