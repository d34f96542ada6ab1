"""What every form of a message says first. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from shared.names import Severity, Status


class Heading(NamedTuple):
    """What a message is, for whom, and its one line."""

    kind: str
    """``account``, ``alarm``, ``group``, ``digest`` or ``test``."""
    line: str
    severity: Severity
    status: Status
    now: datetime
