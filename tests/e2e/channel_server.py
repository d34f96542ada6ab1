"""A chat and a pager on loopback, for the shared stack's channels to post to."""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

CHAT, PAGER = "e2e-chat", "e2e-pager"


class ChannelServer:
    """Keeps what is posted to the chat, and which incidents were opened and are open."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.opened: set[str] = set()
        self.open: set[str] = set()
        self.token = f"canary-{secrets.token_hex(12)}"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def addresses(self) -> str:
        """The channels' secret: a webhook, and OpsiMate as a pager."""
        host = f"127.0.0.1:{self._server.server_address[1]}"
        return json.dumps(
            {
                CHAT: f"json://user:{self.token}@{host}/chat",
                PAGER: f"opsimate://{self.token}@{host}",
            }
        )

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, path: str, body: dict[str, Any]) -> None:
        if path == "/chat":
            self.posts.append(body)
        elif body["status"] == "resolved":
            self.open.discard(body["id"])
        else:
            self.opened.add(body["id"])
            self.open.add(body["id"])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                take(self.path.split("?")[0], json.loads(raw))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        return Handler
