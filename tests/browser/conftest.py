"""A real headless browser, and the server of a hostile page that it visits."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).with_name("hostile.html")
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: The attacker's host, which the browser resolves to this machine.
EVIL_HOST = "evil.example"
Visit = Callable[[Mapping[str, Any]], dict[str, str]]


@pytest.fixture(scope="session")
def browser() -> str:
    """The browser's program; a missing one is a failure, never a skip."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no Chromium is installed: run `make test-browser`", pytrace=False)
    return found


@pytest.fixture(params=[EVIL_HOST, "127.0.0.1"], ids=["another site", "another port"])
def visit(request: pytest.FixtureRequest, browser: str, tmp_path: Path) -> Iterator[Visit]:
    """Visit the hostile page with a configuration; return what each attack could read."""
    reports: queue.Queue[dict[str, str]] = queue.Queue()
    page = {"text": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(page["text"].encode())

        def do_POST(self) -> None:
            reports.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self._send(b"")

        def log_message(self, *_args: object) -> None:
            """Write nothing."""

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://{request.param}:{server.server_address[1]}/"

    def run(config: Mapping[str, Any]) -> dict[str, str]:
        text = json.dumps({**config, "report": url})
        page["text"] = PAGE.read_text("utf-8").replace("CONFIG", text)
        with open_page(browser, url, tmp_path):
            return reports.get(timeout=90)

    try:
        yield run
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def open_page(browser: str, url: str, folder: Path) -> Iterator[None]:
    """Open a page in a new browser, which ends with the block."""
    process = subprocess.Popen(
        [*command(browser, folder), "--remote-debugging-port=0", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Debian's program is a script around the browser
        process.wait()


def command(browser: str, folder: Path) -> list[str]:
    """Return a browser's command line: a new profile, and this machine as the attacker's host."""
    return [
        browser,
        "--headless",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--disable-gpu",
        "--no-first-run",
        f"--user-data-dir={folder / 'profile'}",
        f"--host-resolver-rules=MAP {EVIL_HOST} 127.0.0.1",
    ]
