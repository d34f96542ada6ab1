"""The emulator's process: patched MiniStack on a loopback port.

Started by ``process.start_emulator`` as ``python -m balancectl.localcloud.emulator.server``.
MiniStack reads its environment when imported, so no other process may import it.
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

#: The release that the patches are written for.
MINISTACK: Final = "1.5.33"
#: In the order of application: a patch wraps what those before it installed.
PATCHES: Final = (
    "cloudwatch.alarm_descriptions",
    "cloudwatch.alarms",
    "cloudwatch.deletion_events",
    "clock",
    "conditions",
    "delays",
    "execution_roles",
    "cloudwatch.log_alarms",
    "metrics",
    "mailbox",
    "message_attributes",
    "permissions",
    "schedules",
    "secrets",
    "cloudwatch.mute_rules",
)


def main() -> int:
    """Run until SIGTERM, SIGINT or the end of standard input; return the exit code."""
    installed = version("ministack")
    if installed != MINISTACK:
        print(  # noqa: T201 -- standard error is this process's log
            f"The local cloud needs MiniStack {MINISTACK}, but {installed} is installed. "
            "Run `make setup`, or review balancectl/localcloud/emulator/patches for it.",
            file=sys.stderr,
        )
        return 1
    settings = ServerSettings.from_environment()
    app = patched_app(settings)
    asyncio.run(_serve(app, settings))
    # MiniStack leaves threads that would keep the process alive; its workers exit with their stdin.
    sys.stdout.flush()
    os._exit(0)


def patched_app(settings: ServerSettings) -> ASGIFramework:
    """Apply every patch and return the ASGI application behind its front door."""
    for name in PATCHES:
        importlib.import_module(f"balancectl.localcloud.emulator.patches.{name}").apply(settings)
    ministack = importlib.import_module("ministack.app")
    control = importlib.import_module("balancectl.localcloud.emulator.control")

    async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or not await control.answer(scope["path"], send):
            await ministack.app(scope, receive, send)

    front_door: ASGIFramework = importlib.import_module(
        "balancectl.localcloud.emulator.front_door"
    ).FrontDoor(app, settings.port, os.environ["AWS_ACCESS_KEY_ID"])
    return front_door


async def _serve(app: ASGIFramework, settings: ServerSettings) -> None:
    """Serve ``app`` on the loopback interface."""
    from hypercorn.asyncio import serve  # noqa: PLC0415 -- only this process needs it
    from hypercorn.config import Config  # noqa: PLC0415 -- the same

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
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
    """Stop the server once the other end of its standard input is closed."""
    sys.stdin.buffer.read()
    with contextlib.suppress(RuntimeError):  # the loop may have been closed meanwhile
        loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())
