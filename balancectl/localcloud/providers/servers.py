"""HTTP servers on loopback ports that stand in for the providers, and their accounts.

Each provider definition has its own server, as each has its own host in reality. ``set_balance``
and ``set_condition`` change an account; the ``control`` server lets another process do so.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import urlsplit

from balancectl.localcloud.browser_guard import refusal
from balancectl.localcloud.providers.accounts import (
    Account,
    Condition,
    Endpoint,
    Reply,
    Request,
    respond,
)
from balancectl.localcloud.providers.endpoints import ENDPOINTS

_BY_PROVIDER: Final = {endpoint.provider: endpoint for endpoint in ENDPOINTS}
PROVIDERS: Final = tuple(_BY_PROVIDER)

_Responder = Callable[[Request, bytes], Reply]


class SimulatedProviders:
    """The simulated accounts and their servers. A context manager."""

    def __init__(
        self,
        accounts: Iterable[Account],
        ports: Mapping[str, int] | None = None,
        control_token: str | None = None,
    ) -> None:
        """Bind a server for each provider of ``accounts``.

        Args:
            accounts: names and keys must be unique.
            ports: by provider, and ``control``; a missing one is chosen at random.
            control_token: what the ``control`` server requires; without one it is not started.

        Raises:
            OSError: when a given port is taken.
        """
        self._accounts = {account.name: account for account in accounts}
        self._lock = threading.Lock()
        ports = ports or {}
        used = dict.fromkeys(account.provider for account in self._accounts.values())
        self._servers = {
            provider: _Server(ports.get(provider, 0), self._provider(_BY_PROVIDER[provider]))
            for provider in used
        }
        self._control_token = control_token
        if control_token:
            self._servers["control"] = _Server(ports.get("control", 0), self._control)

    @property
    def ports(self) -> dict[str, int]:
        """The port of each server, by provider, and ``control``."""
        return {name: int(server.server_address[1]) for name, server in self._servers.items()}

    def base_url(self, provider: str) -> str:
        """Return the ``base_url`` of the simulated provider."""
        return f"http://127.0.0.1:{self.ports[provider]}"

    def keys(self) -> dict[str, str]:
        """Return the accounts' keys, for ``balancectl keys import``."""
        return {account.name: account.key for account in self._accounts.values()}

    def accounts(self) -> list[Account]:
        """Return the accounts in their present state."""
        return list(self._accounts.values())

    def set_balance(self, account: str, balance: Decimal) -> None:
        """Set the account's balance; a decrease is added to its use.

        Raises:
            KeyError: when there is no such account.
        """
        with self._lock:
            known = self._accounts[account]
            known.used += max(known.balance - balance, Decimal(0))
            known.balance = balance

    def set_condition(self, account: str, condition: Condition) -> None:
        """Set the account's condition.

        Raises:
            KeyError: when there is no such account.
        """
        with self._lock:
            self._accounts[account].condition = condition

    def replace_key(self, account: str) -> str:
        """Give the account a new valid key and return it; the old one is rejected.

        Raises:
            KeyError: when there is no such account.
        """
        with self._lock:
            known = self._accounts[account]
            known.key = f"{known.key}-renewed"
            known.condition = Condition.ACTIVE
            return known.key

    def __enter__(self) -> Self:
        for name, server in self._servers.items():
            threading.Thread(
                target=server.serve_forever, args=(0.05,), name=f"simulated-{name}", daemon=True
            ).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def _provider(self, endpoint: Endpoint) -> _Responder:
        """Return the handler for one provider, which knows only its own accounts' keys."""
        paths = dict.fromkeys(endpoint.paths, endpoint)
        accounts = [
            account for account in self._accounts.values() if account.provider == endpoint.provider
        ]

        def answer(request: Request, _body: bytes) -> Reply:
            with self._lock:
                return respond(request, paths, {account.key: account for account in accounts})

        return answer

    def _control(self, request: Request, body: bytes) -> Reply:
        """List the accounts, or change the one in the path: ``POST /accounts/<name>``."""
        if not hmac.compare_digest(request.bearer or "", self._control_token or ""):
            return Reply.json(403, {"error": "the control token is missing or wrong"})
        name = request.path.removeprefix("/accounts/")
        if request.method == "GET" and request.path == "/accounts":
            return Reply.json(200, [_described(account) for account in self._accounts.values()])
        if request.method != "POST" or name not in self._accounts:
            return Reply.json(404, {"error": f"there is no simulated account {name!r}"})
        change = json.loads(body)
        try:
            balance = Decimal(change["balance"]) if "balance" in change else None
            condition = Condition(change["condition"]) if "condition" in change else None
        except InvalidOperation:
            return Reply.json(400, {"error": f"{change['balance']!r} is not an amount"})
        except ValueError:
            known = ", ".join(Condition)
            return Reply.json(400, {"error": f"{change['condition']!r} is none of {known}"})
        if balance is not None:
            self.set_balance(name, balance)
        if condition is not None:
            self.set_condition(name, condition)
        return Reply.json(200, _described(self._accounts[name]))


def _described(account: Account) -> dict[str, Any]:
    """Return the account without its key."""
    values = asdict(account)
    del values["key"]
    return values | {"balance": str(account.balance), "used": str(account.used)}


class _Server(ThreadingHTTPServer):
    """An HTTP server on a loopback port; a function makes its replies."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, responder: _Responder) -> None:
        self.responder = responder
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    """Translates HTTP to ``Request`` and ``Reply``; writes no log, since headers carry keys."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Write nothing."""

    def _answer(self) -> None:
        """Read the request, and send the reply."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, urlsplit(self.path).path, headers)
        reason = refusal(headers, int(self.server.server_address[1]))
        if reason:
            reply = Reply.json(403, {"error": reason})
        else:
            reply = self.server.responder(request, body)
        self.send_response(reply.status)
        is_html = reply.body.startswith(b"<")
        self.send_header("Content-Type", "text/html" if is_html else "application/json")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
