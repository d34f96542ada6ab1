"""A provider that misbehaves on demand, in every way that may leak a key."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

#: Longer than the deployed request_timeout_seconds.
SLOW_SECONDS = 3


class HostileServer:
    """Serves ``/<fault>/balance``; a context manager."""

    FAULTS = ("refused", "echoed", "redirected", "malformed", "broken", "slow", "dropped")

    def __init__(self) -> None:
        self.is_hostile = False
        self.requested: set[str] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *_args: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer with the fault named in the path; repeat the key wherever possible."""
        fault = request.path.split("/")[1]
        key = request.headers.get("authorization", "") + request.path
        if not self.is_hostile:
            self._send(request, 200, json.dumps({"balance": 100}))
            return
        self.requested.add(fault)
        match fault:
            case "refused":
                self._send(request, 401, json.dumps({"error": f"no such key: {key}"}))
            case "echoed":
                self._send(request, 200, json.dumps({"search": key, "balance": key}))
            case "redirected":
                self._send(request, 302, "", Location=f"https://elsewhere.example/?key={key}")
            case "malformed":
                self._send(request, 200, f'{{"balance": "{key}')
            case "broken":
                self._send(request, 500, f"<html>Traceback: {key}</html>")
            case "slow":
                time.sleep(SLOW_SECONDS)
                self._send(request, 200, json.dumps({"balance": 100}))
            case _:
                request.close_connection = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: str, **headers: str) -> None:
        """Send a reply; the other end may be gone."""
        kind = "text/html" if body.startswith("<") else "application/json"
        try:
            request.send_response(status)
            for name, value in ({"Content-Type": kind} | headers).items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(body.encode())))
            request.end_headers()
            request.wfile.write(body.encode())
        except OSError:
            request.close_connection = True


def definition(fault: str) -> dict[str, Any]:
    """Return an inline provider definition whose key travels in a header and in the query."""
    return {
        "title": f"Hostile ({fault})",
        "docs": "https://example.com/docs",
        "top_up_url": "https://example.com/top-up",
        "request": {
            "method": "GET",
            "url": f"https://hostile.example/{fault}/balance",
            "query": {"api_key": "{key}"},
            "headers": {"Authorization": "Bearer {key}"},
        },
        "wallets": {"total": {"unit": "USD", "remaining": "balance"}},
    }
