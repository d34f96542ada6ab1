"""``make up`` and ``make down``: a local cloud that keeps running, for your own accounts and keys.

The emulator keeps everything in memory, including the keys: stopping it loses them. The accounts
in ``.local/terraform.tfvars`` are kept.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Self

from balancectl.localcloud.deploy.deployment import Deployment
from balancectl.localcloud.deploy.repository import LOCAL
from balancectl.localcloud.deploy.terraform import OnStage
from balancectl.localcloud.emulator.credentials import private_folder
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import free_port, start_emulator
from balancectl.localcloud.emulator.processes import leave_running, stop
from balancectl.localcloud.errors import RunningCloudError
from balancectl.localcloud.providers.accounts import Account

FOLDER: Final = LOCAL / "up"
VARIABLES: Final = LOCAL / "terraform.tfvars"
_PORTS: Final = LOCAL / "ports.json"
_TEMPLATE: Final = Path(__file__).with_name("example.tfvars")
_RECORD: Final = "up.json"
#: How long the background process may take to answer: a busy machine is slow to start Python.
_BACKGROUND_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


def simulated_accounts() -> list[Account]:
    """Return the simulated accounts of a running cloud; their keys open nothing else."""
    return [
        Account("simulated-openrouter", "openrouter", "sk-or-simulated-0penr0uter", Decimal(42)),
        Account("simulated-firecrawl", "firecrawl", "fc-simulated-f1recrawl", Decimal(48_000)),
        Account("simulated-openai", "openai_budget", "sk-admin-simulated-0penai", Decimal(200)),
    ]


@dataclass(frozen=True, slots=True)
class RunningCloud:
    """A local cloud left running by ``up``, perhaps in another process."""

    folder: Path
    port: int
    emulator_pid: int
    background_pid: int
    ports: dict[str, int]
    """The ports of the simulated providers and of their ``control``."""

    @property
    def emulator(self) -> Emulator:
        """The emulator: can be called, but not stopped through this object."""
        return Emulator(self.folder, self.port)

    @property
    def deployment(self) -> Deployment:
        """The stack deployed in it."""
        return Deployment(self.emulator, self.folder)

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Self:
        """Read the record that ``up`` wrote.

        Raises:
            RunningCloudError: when no local cloud is running.
        """
        try:
            fields = json.loads((folder / _RECORD).read_text("utf-8"))
        except FileNotFoundError:
            raise RunningCloudError("no local cloud is running; start one with `make up`") from None
        return cls(**{**fields, "folder": folder})

    def write(self) -> None:
        """Write the record that other commands read."""
        record = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / _RECORD).write_text(json.dumps(record), "utf-8")


def up(on_stage: OnStage) -> RunningCloud:
    """Start the local cloud, or apply ``.local/terraform.tfvars`` to the running one.

    Args:
        on_stage: called when a stage begins: "emulator", "terraform" (with progress), "keys".

    Raises:
        RunningCloudError, EmulatorError, DeploymentError: when a part fails to start.
    """
    ports = _ports()
    if not VARIABLES.exists():
        VARIABLES.write_text(_example(ports), "utf-8")
    running = _find_running()
    if running is not None:
        _apply(running, on_stage)
        return running
    down()
    try:
        return _start(ports, on_stage)
    except BaseException:
        down()
        raise


def down() -> bool:
    """Stop the recorded processes; return whether a local cloud was running."""
    try:
        running = RunningCloud.read()
    except RunningCloudError:
        return False
    for pid in (running.background_pid, running.emulator_pid):
        stop(pid)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return True


def _find_running() -> RunningCloud | None:
    """Return the recorded cloud if it answers."""
    try:
        running = RunningCloud.read()
    except RunningCloudError:
        return None
    return running if running.emulator.is_running() else None


def _start(ports: dict[str, int], on_stage: OnStage) -> RunningCloud:
    """Start both processes, detached, deploy the stack, and record the processes.

    Nothing is polled or evaluated before everything is in place, to avoid false alarms.
    """
    on_stage("emulator", None)
    emulator = start_emulator(FOLDER, hold_schedules=True, detached=True)
    running = RunningCloud(FOLDER, emulator.port, leave_running(emulator.process), 0, ports)
    running.write()
    _apply(running, on_stage)
    running = replace(running, background_pid=_start_background(emulator, ports))
    running.write()
    emulator.release_schedules()
    return running


def _apply(running: RunningCloud, on_stage: OnStage) -> None:
    """Apply the user's variables, and store the simulated accounts' keys."""
    on_stage("terraform", None)
    running.deployment.apply([VARIABLES], lambda progress: on_stage("terraform", progress))
    on_stage("keys", None)
    running.deployment.import_keys({account.name: account.key for account in simulated_accounts()})


def _start_background(emulator: Emulator, ports: dict[str, int]) -> int:
    """Start the background process, wait until all its servers answer, and return its pid."""
    log_file = emulator.folder / "background.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own module
            [sys.executable, "-m", "balancectl.localcloud.background", str(emulator.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=emulator.environment(),
        )
    deadline = time.monotonic() + _BACKGROUND_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if all(_is_listening(port) for port in ports.values()):
            return leave_running(process)
        time.sleep(_POLL_SECONDS)
    process.terminate()
    process.wait()
    last_line = log_file.read_text("utf-8").strip().splitlines()[-1:]
    raise RunningCloudError(f"the simulated providers did not start: {' '.join(last_line)}")


def _is_listening(port: int) -> bool:
    """Whether a server on this machine accepts connections at ``port``."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _ports() -> dict[str, int]:
    """Return the simulated providers' ports: the same every time, since the tfvars name them."""
    if not _PORTS.exists():
        private_folder(LOCAL)
        names = [*(account.provider for account in simulated_accounts()), "control"]
        _PORTS.write_text(json.dumps({name: free_port() for name in names}), "utf-8")
    ports: dict[str, int] = json.loads(_PORTS.read_text("utf-8"))
    return ports


def _example(ports: dict[str, int]) -> str:
    """Return the initial tfvars."""
    text = _TEMPLATE.read_text("utf-8")
    for provider, port in ports.items():
        text = text.replace(f"@{provider}@", f"http://127.0.0.1:{port}")
    return text
