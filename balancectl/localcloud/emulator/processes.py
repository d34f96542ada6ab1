"""Local cloud processes that outlive the one that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from balancectl.localcloud.errors import RunningCloudError

_STOP_SECONDS: Final = 10

#: Processes that this one started and leaves running, by pid.
_left_running: Final[dict[int, subprocess.Popen[bytes]]] = {}


def leave_running(process: subprocess.Popen[bytes] | None) -> int:
    """Keep ``process`` running after this one exits, and return its pid."""
    if process is None:
        raise RunningCloudError("the emulator has no process")
    _left_running[process.pid] = process
    return process.pid


def stop(pid: int) -> None:
    """Stop one of our processes; ignore a pid that another program has been given since."""
    if not is_ours(pid):
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_ours(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    if is_ours(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_ours(pid: int) -> bool:
    """Whether ``pid`` is a running process of the local cloud."""
    if not pid:
        return False
    if pid in _left_running:
        _left_running[pid].poll()  # reap it, or it remains as a zombie
    return "balancectl.localcloud." in _command_line(pid)


def _command_line(pid: int) -> str:
    """Return a process's command line; empty when it does not exist or has exited."""
    if Path("/proc/self").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
        return ""
    return subprocess.run(  # noqa: S603 -- an integer
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 -- a system command
        capture_output=True,
        text=True,
        check=False,
    ).stdout
