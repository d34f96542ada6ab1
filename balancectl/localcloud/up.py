"""``make up`` and ``make down``: a local cloud that stays, for accounts and keys of your own.

The emulator keeps everything in memory, the keys too: what was in it is gone once it is down. The
accounts in ``.local/terraform.tfvars`` stay.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Self

from balancectl.localcloud.deploy.deployment import Deployment
from balancectl.localcloud.deploy.repository import LOCAL
from balancectl.localcloud.deploy.terraform import OnStage
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.emulator.process import free_port, start_emulator
from balancectl.localcloud.emulator.processes import leave_running, stop
from balancectl.localcloud.errors import StandingError
from balancectl.localcloud.providers.accounts import Account

FOLDER: Final = LOCAL / "up"
VARIABLES: Final = LOCAL / "terraform.tfvars"
_PORTS: Final = LOCAL / "ports.json"
_TEMPLATE: Final = Path(__file__).with_name("example.tfvars")
_RECORD: Final = "standing.json"
#: A keeper that cannot bind its ports ends within this time.
_KEEPER_SECONDS: Final = 1.5


def simulated_accounts() -> list[Account]:
    """Return the simulated accounts of a standing cloud; their keys open nothing else."""
    return [
        Account("simulated-openrouter", "openrouter", "sk-or-simulated-0penr0uter", Decimal(42)),
        Account("simulated-firecrawl", "firecrawl", "fc-simulated-f1recrawl", Decimal(48_000)),
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """A cloud that another process left running."""

    folder: Path
    port: int
    emulator_pid: int
    keeper_pid: int
    ports: dict[str, int]
    """Of the simulated providers, and their ``control``."""

    @property
    def emulator(self) -> Emulator:
        """The emulator, to be reached and not to be stopped."""
        return Emulator(self.folder, self.port)

    @property
    def deployment(self) -> Deployment:
        """The stack in it."""
        return Deployment(self.emulator, self.folder)

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Self:
        """Read what ``up`` recorded.

        Raises:
            StandingError: when nothing is up.
        """
        try:
            fields = json.loads((folder / _RECORD).read_text("utf-8"))
        except FileNotFoundError:
            raise StandingError("no local cloud is up; start one with `make up`") from None
        return cls(**{**fields, "folder": folder})

    def write(self) -> None:
        """Record where it is."""
        record = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / _RECORD).write_text(json.dumps(record), "utf-8")


def up(on_stage: OnStage) -> Standing:
    """Bring the local cloud up, or apply what changed in ``.local/terraform.tfvars`` to it.

    Args:
        on_stage: told what begins: "emulator", "terraform" (and its progress), "keys".

    Raises:
        StandingError, EmulatorError, DeploymentError: when a part does not come up.
    """
    ports = _ports()
    if not VARIABLES.exists():
        VARIABLES.write_text(_example(ports), "utf-8")
    standing = _running()
    if standing is not None:
        _apply(standing, on_stage)
        return standing
    down()
    try:
        return _start(ports, on_stage)
    except BaseException:
        down()
        raise


def down() -> bool:
    """Stop the local cloud by its recorded processes; return whether there was one."""
    try:
        standing = Standing.read()
    except StandingError:
        return False
    for pid in (standing.keeper_pid, standing.emulator_pid):
        stop(pid)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return True


def _running() -> Standing | None:
    """Return the cloud that is up and answers."""
    try:
        standing = Standing.read()
    except StandingError:
        return None
    return standing if standing.emulator.is_running() else None


def _start(ports: dict[str, int], on_stage: OnStage) -> Standing:
    """Start both processes, detached, with the stack between them, and record them.

    Nothing is polled or evaluated before all is in place: alarms would tell of it.
    """
    on_stage("emulator", None)
    emulator = start_emulator(FOLDER, hold_schedules=True, detached=True)
    standing = Standing(FOLDER, emulator.port, leave_running(emulator.process), 0, ports)
    standing.write()
    _apply(standing, on_stage)
    standing = replace(standing, keeper_pid=_start_keeper(emulator))
    standing.write()
    emulator.release_schedules()
    return standing


def _apply(standing: Standing, on_stage: OnStage) -> None:
    """Apply the user's variables, and see that the simulated accounts have their keys."""
    on_stage("terraform", None)
    standing.deployment.apply([VARIABLES], lambda progress: on_stage("terraform", progress))
    on_stage("keys", None)
    standing.deployment.import_keys({account.name: account.key for account in simulated_accounts()})


def _start_keeper(emulator: Emulator) -> int:
    """Start the keeper, see that it stays, and return its process's number."""
    log_file = emulator.folder / "keeper.log"
    with log_file.open("ab") as log:
        keeper = subprocess.Popen(  # noqa: S603 -- our own module
            [sys.executable, "-m", "balancectl.localcloud.background", str(emulator.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=emulator.environment(),
        )
    with suppress(subprocess.TimeoutExpired):
        keeper.wait(_KEEPER_SECONDS)
        said = log_file.read_text("utf-8").strip().splitlines()[-1:]
        raise StandingError(f"the simulated providers did not start: {' '.join(said)}")
    return leave_running(keeper)


def _ports() -> dict[str, int]:
    """Return the simulated providers' ports: the same each time, since the tfvars name them."""
    if not _PORTS.exists():
        LOCAL.mkdir(exist_ok=True)
        names = [*(account.provider for account in simulated_accounts()), "control"]
        _PORTS.write_text(json.dumps({name: free_port() for name in names}), "utf-8")
    ports: dict[str, int] = json.loads(_PORTS.read_text("utf-8"))
    return ports


def _example(ports: dict[str, int]) -> str:
    """Return the tfvars to begin with."""
    text = _TEMPLATE.read_text("utf-8")
    for provider, port in ports.items():
        text = text.replace(f"@{provider}@", f"http://127.0.0.1:{port}")
    return text
