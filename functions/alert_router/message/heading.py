"""What every form of a message says first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.names import Severity, Status


@dataclass(frozen=True, slots=True)
class Heading:
    """What a message is, for whom, and its one line."""

    kind: str
    """``account``, ``alarm``, ``group``, ``digest`` or ``test``."""
    line: str
    severity: Severity
    status: Status
    now: datetime
