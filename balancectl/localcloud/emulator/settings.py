"""Settings of the emulator's process, passed through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PREFIX: Final = "LOCAL_CLOUD_"

#: The server's control paths, beside AWS's own (``control``).
RELEASE_PATH: Final = "/_local/schedules/release"
ACTIVITY_PATH: Final = "/_local/activity"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The port of one emulator, the files that it writes, and how it runs."""

    port: int
    permissions_file: Path
    """JSON lines: every action checked against a role's policies (``patches.permissions``)."""
    mailbox_file: Path
    """JSON lines: every e-mail and SMS that SNS would have sent (``patches.mailbox``)."""
    clock_file: Path | None
    """The story's time (``clock.StoryClock``); None for the wall clock."""
    hold_schedules: bool
    """Whether schedules are held until released (``patches.schedules``)."""
    lifeline: bool
    """Whether the server exits when its standard input closes: with its parent process."""

    def to_environment(self) -> dict[str, str]:
        """Return the variables that :meth:`from_environment` reads."""
        return {
            f"{_PREFIX}PORT": str(self.port),
            f"{_PREFIX}PERMISSIONS_FILE": str(self.permissions_file),
            f"{_PREFIX}MAILBOX_FILE": str(self.mailbox_file),
            f"{_PREFIX}CLOCK_FILE": str(self.clock_file or ""),
            f"{_PREFIX}HOLD_SCHEDULES": str(int(self.hold_schedules)),
            f"{_PREFIX}LIFELINE": str(int(self.lifeline)),
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ServerSettings:
        """Read the settings of this process.

        Raises:
            KeyError, ValueError: when the process was not started by ``start_emulator``.
        """
        return cls(
            port=int(environment[f"{_PREFIX}PORT"]),
            permissions_file=Path(environment[f"{_PREFIX}PERMISSIONS_FILE"]),
            mailbox_file=Path(environment[f"{_PREFIX}MAILBOX_FILE"]),
            clock_file=Path(clock) if (clock := environment[f"{_PREFIX}CLOCK_FILE"]) else None,
            hold_schedules=environment[f"{_PREFIX}HOLD_SCHEDULES"] == "1",
            lifeline=environment[f"{_PREFIX}LIFELINE"] == "1",
        )
