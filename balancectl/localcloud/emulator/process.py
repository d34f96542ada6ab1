"""Starts the emulator's process: its environment, its files, and when it is ready."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from balancectl.localcloud.emulator.credentials import Credentials, private_folder
from balancectl.localcloud.emulator.emulator import ACCOUNT, REGION, Emulator
from balancectl.localcloud.emulator.settings import ServerSettings
from balancectl.localcloud.errors import EmulatorError

_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "PYTHONUTF8", "SYSTEMROOT")
_START_SECONDS: Final = 120


def start_emulator(
    folder: Path,
    *,
    story_start: datetime | None = None,
    hold_schedules: bool = False,
    detached: bool = False,
) -> Emulator:
    """Start an emulator that keeps its files in ``folder``, and wait until it answers.

    Args:
        folder: created if missing.
        story_start: the initial time of ``clock``; None for the wall clock.
        hold_schedules: hold every schedule until :meth:`Emulator.release_schedules`.
        detached: keep it running after this process exits; otherwise it stops with this
            process, even if that is killed.

    Raises:
        EmulatorError: when it fails to start; the text has the end of its log.
    """
    Credentials.create(folder)
    private_folder(folder / "tmp")
    emulator = Emulator(folder, free_port())
    if story_start:
        emulator.clock.set(story_start)
    with (folder / "emulator.log").open("ab") as log:
        emulator.process = subprocess.Popen(
            [sys.executable, "-m", "balancectl.localcloud.emulator.server"],
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is handled here, which stops the emulator in order
            cwd=folder,
            env=_server_environment(
                emulator,
                has_clock=story_start is not None,
                hold_schedules=hold_schedules,
                detached=detached,
            ),
        )
    try:
        _wait_until_ready(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def free_port() -> int:
    """Return an unused loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _server_environment(
    emulator: Emulator, *, has_clock: bool, hold_schedules: bool, detached: bool
) -> dict[str, str]:
    """Return the complete environment of the emulator's process."""
    settings = ServerSettings(
        port=emulator.port,
        permissions_file=emulator.permissions_file,
        mailbox_file=emulator.mailbox_file,
        clock_file=emulator.clock_file if has_clock else None,
        hold_schedules=hold_schedules,
        lifeline=not detached,
    )
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return (
        kept
        | settings.to_environment()
        | {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(emulator.port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": emulator.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": emulator.credentials.secret_key,
            "HOME": str(emulator.folder),
            "TMPDIR": str(emulator.folder / "tmp"),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nowhere",
            "LOG_LEVEL": "INFO",
        }
    )


def _wait_until_ready(emulator: Emulator) -> None:
    """Return once the emulator answers."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if emulator.process is None or emulator.process.poll() is not None:
            raise EmulatorError(f"The emulator did not start:\n{emulator.log_end()}")
        if emulator.is_running():
            return
        time.sleep(0.1)
    raise EmulatorError(f"The emulator did not answer in time:\n{emulator.log_end()}")
