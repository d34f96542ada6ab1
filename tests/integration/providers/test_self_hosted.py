"""Self-hosted services, as their projects ship them, watched with the shipped definitions.

The servers answer according to the code of new-api (controller/token.go, middleware/auth.go) and
the documentation of LiteLLM's proxy (docs.litellm.ai/docs/proxy/virtual_keys), read 2026-11.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from balance_poller.event import parse_account
from balance_poller.exchange.answer.reading import Reading
from balancectl.local.poll import poll_accounts
from shared.outcome import Outcome

KEY = "sk-canary-7f3a9c51"
Answer = Callable[[str, str | None], tuple[int, Any]]


def new_api(path: str, authorization: str | None) -> tuple[int, Any]:
    """Answer like a new-api relay with one limited key."""
    if authorization != f"Bearer {KEY}":
        return 401, {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}}
    if path != "/panel/api/usage/token/":
        return 404, {"error": {"message": f"Invalid URL (GET {path})", "type": "invalid_request"}}
    return 200, {
        "code": True,
        "message": "ok",
        "data": {
            "object": "token_usage",
            "name": "team",
            "total_granted": 5_000_000,
            "total_used": 1_250_000,
            "total_available": 3_750_000,
            "unlimited_quota": False,
            "model_limits": {},
            "model_limits_enabled": False,
            "expires_at": 0,
        },
    }


def litellm(path: str, authorization: str | None) -> tuple[int, Any]:
    """Answer like a LiteLLM proxy to a virtual key that asks about itself."""
    if authorization != f"Bearer {KEY}":
        message = "Authentication Error, Invalid proxy server token passed."
        error = {"message": message, "type": "token_not_found_in_db", "param": "key", "code": "401"}
        return 401, {"error": error}
    if path != "/panel/key/info":
        return 404, {"detail": "Not Found"}
    info = {
        "key_name": "sk-...9c51",
        "spend": 1.25,
        "max_budget": 7.5,
        "budget_duration": "30d",
        "budget_reset_at": "2026-12-26T00:00:00Z",
        "expires": None,
        "models": [],
        "team_id": None,
    }
    return 200, {"key": "a hash", "info": info}


@contextmanager
def serve(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve ``answer`` on loopback, below a path as behind a proxy; yield address and requests."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answer(self.path, self.headers.get("Authorization"))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/panel", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read(provider: str, answer: Answer, key: str = KEY) -> tuple[Reading, list[str]]:
    """Return what the poller reads from a self-hosted service."""
    with serve(answer) as (address, asked):
        account = parse_account(
            {"id": "own", "provider": provider, "secret": "#own", "base_url": address}
        )
        (poll,) = poll_accounts([account], {}, {"own": key}, datetime(2026, 11, 26, tzinfo=UTC))
    return poll.reading, asked


@pytest.mark.parametrize(
    ("provider", "answer", "left", "path"),
    [
        ("newapi_token", new_api, "7.5", "/panel/api/usage/token/"),
        ("litellm_key", litellm, "6.25", "/panel/key/info"),
    ],
)
def test_a_service_of_ones_own_is_watched_at_its_address(
    provider: str, answer: Answer, left: str, path: str
) -> None:
    reading, asked = read(provider, answer)

    assert reading.outcome is Outcome.OK, reading.reason
    assert reading.balance is not None
    assert f"{reading.balance.remaining.normalize():f}" == left
    assert reading.balance.unit == "USD"
    assert asked == [path]


@pytest.mark.parametrize(
    ("provider", "answer"), [("newapi_token", new_api), ("litellm_key", litellm)]
)
def test_another_key_is_refused_as_the_service_says(provider: str, answer: Answer) -> None:
    reading, _ = read(provider, answer, "sk-another")

    assert reading.outcome is Outcome.INVALID_KEY
    assert "sk-another" not in (reading.reason or "")


def test_an_address_that_is_another_service_is_no_balance() -> None:
    reading, _ = read("litellm_key", new_api)

    assert reading.outcome is Outcome.ENDPOINT_GONE
