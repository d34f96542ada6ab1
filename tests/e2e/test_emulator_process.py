"""The emulator's process ends with its parent, however the parent ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import start_emulator

STARTER = """
import sys, time
from pathlib import Path
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import start_emulator
emulator = start_emulator(Path(sys.argv[1]))
print(emulator.port, emulator.process.pid, flush=True)
time.sleep(60)
"""


def test_emulator_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        port, pid = (int(word) for word in starter.stdout.readline().split())
        emulator = Emulator(tmp_path, port)
        was_running = emulator.is_running()

        starter.send_signal(signal.SIGKILL)
        starter.wait()

    deadline = time.monotonic() + 10
    while _exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert was_running
    assert not _exists(pid)
    assert not emulator.is_running()


def test_stopped_emulator_leaves_nothing_behind(tmp_path: Path) -> None:
    emulator = start_emulator(tmp_path)
    assert emulator.process is not None
    process = emulator.process

    emulator.stop()
    emulator.stop()

    assert process.returncode is not None
    assert not emulator.is_running()


def test_repeated_creation_with_the_same_token_is_no_conflict(tmp_path: Path) -> None:
    """As on AWS, where a client repeats a request whose response was lost."""
    emulator = start_emulator(tmp_path)
    try:
        scheduler = emulator.client("scheduler")

        first = scheduler.create_schedule_group(Name="demo", ClientToken="one")
        again = scheduler.create_schedule_group(Name="demo", ClientToken="one")
        with pytest.raises(scheduler.exceptions.ConflictException):
            scheduler.create_schedule_group(Name="demo", ClientToken="two")
    finally:
        emulator.stop()

    assert again["ScheduleGroupArn"] == first["ScheduleGroupArn"]


def _exists(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
