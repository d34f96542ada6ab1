"""The emulator's own process: MiniStack, patched, on a loopback port, until told to stop.

Started by ``emulator.Emulator`` as ``python -m balancectl.localcloud.emulator.server``; MiniStack
reads its environment when it is imported, so nothing else may import it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
import sys
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from balancectl.localcloud.emulator.settings import ServerSettings

if TYPE_CHECKING:
    from hypercorn.typing import (
        ASGIFramework,
        ASGIReceiveCallable,
        ASGISendCallable,
        Scope,
    )

#: The release whose internals the patches know.
MINISTACK: Final = "1.5.33"
PATCHES: Final = (
    "alarm_descriptions",
    "alarms",
    "clock",
    "conditions",
    "metrics",
    "mailbox",
    "permissions",
    "schedules",
)


def main() -> int:
    """Run until SIGTERM, SIGINT or the end of standard input; return the exit code."""
    installed = version("ministack")
    if installed != MINISTACK:
        print(  # noqa: T201 -- this process has only its log
            f"The local cloud knows MiniStack {MINISTACK}, but {installed} is installed. "
            "Run `make setup`, or review balancectl/localcloud/emulator/patches for it.",
            file=sys.stderr,
        )
        return 1
    settings = ServerSettings.from_environment()
    app = patched_app(settings)
    asyncio.run(_serve(app, settings))
    # MiniStack leaves threads that would keep the process; its workers end with their input.
    sys.stdout.flush()
    os._exit(0)


def patched_app(settings: ServerSettings) -> ASGIFramework:
    """Apply every patch and return the ASGI application."""
    for name in PATCHES:
        importlib.import_module(f"balancectl.localcloud.emulator.patches.{name}").apply(settings)
    ministack = importlib.import_module("ministack.app")
    control = importlib.import_module("balancectl.localcloud.emulator.control")

    async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or not await control.answer(scope["path"], send):
            await ministack.app(scope, receive, send)

    return app


async def _serve(app: ASGIFramework, settings: ServerSettings) -> None:
    """Serve ``app`` on the loopback interface."""
    from hypercorn.asyncio import serve  # noqa: PLC0415 -- only this process needs it
    from hypercorn.config import Config  # noqa: PLC0415 -- the same

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    if settings.lifeline:
        threading.Thread(target=_watch_lifeline, args=(loop, stop), daemon=True).start()
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.shutdown_timeout = 2
    await serve(app, config, shutdown_trigger=stop.wait)
    workers = importlib.import_module("ministack.core.lambda_runtime")
    await asyncio.to_thread(workers.reset)


def _watch_lifeline(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop the server once nobody holds the other end of its standard input."""
    sys.stdin.buffer.read()
    with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
        loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())
