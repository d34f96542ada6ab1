"""A real HTTP server on loopback that follows an OpenAPI document. Knows no provider."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.integration.providers.examples import Generator
from tests.integration.providers.openapi import Document, Operation, Request

_OK: Final = 200
_BAD_REQUEST: Final = 400


@dataclass
class Mock:
    """What the server is to answer, and what it received."""

    document: Document
    secrets: frozenset[str]
    seed: int = 0
    status: int = _OK
    """The documented status to answer with."""
    problems: list[str] = field(default_factory=list)
    body: bytes = b""
    """The last answer."""
    base_url: str = ""

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Return status and body for ``request``; refuse one that breaks the document."""
        operation = self.document.find(request.method, request.path)
        if operation is None:
            return self._refuse([f"{request.method} {request.path} is not documented"])
        if problems := operation.problems(request, self.secrets):
            return self._refuse(problems)
        self.body = _example(operation, self.status, self.seed)
        return self.status, self.body

    def _refuse(self, problems: list[str]) -> tuple[int, bytes]:
        self.problems += problems
        return _BAD_REQUEST, json.dumps({"problems": problems}).encode()


@contextmanager
def serve(document: Document, secrets: frozenset[str]) -> Iterator[Mock]:
    """Serve ``document`` on a free loopback port."""
    mock = Mock(document, secrets)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(mock))
    server.daemon_threads = True
    mock.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mock
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(mock: Mock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = mock.answer(Request(self.command, self.path, dict(self.headers)))
            self.send_response(status)
            if body:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 -- the base class's name

        def log_message(self, *_: object) -> None:
            """Keep the requests' URLs out of the output."""

    return Handler


def _example(operation: Operation, status: int, seed: int) -> bytes:
    """Return a body for a documented status; empty if the document describes none."""
    media = operation.responses[status].get("content", {}).get("application/json")
    if media is None:
        return b""
    generator = Generator(operation.document, seed)
    return _dump(generator.value(media.get("schema", {}), media.get("example")))


def _dump(value: Any) -> bytes:
    """Return JSON whose numbers keep every digit."""
    if isinstance(value, dict):
        members = (json.dumps(name).encode() + b":" + _dump(each) for name, each in value.items())
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_dump, value)) + b"]"
    return f"{value:f}".encode() if isinstance(value, Decimal) else json.dumps(value).encode()
