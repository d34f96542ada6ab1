"""The process beside a standing emulator: evaluates alarms, and plays the simulated providers.

Started by ``up.up`` as ``python -m balancectl.localcloud.background FOLDER``; ends on SIGTERM, or
when the emulator is gone.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from balancectl.localcloud.alarms.evaluator import AlarmEvaluator
from balancectl.localcloud.providers.servers import SimulatedProviders
from balancectl.localcloud.up import Standing, simulated_accounts

_MINUTE: Final = 60
#: Into the minute: what was published within the last one is there by then.
_OFFSET: Final = 5
_PATIENCE: Final = 3

_log = logging.getLogger("keeper")


def main(folder: Path) -> int:
    """Run until told to stop; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    standing = Standing.read(folder)
    with SimulatedProviders(simulated_accounts(), standing.ports):
        _evaluate_by_the_minute(standing, stop)
    return 0


def _evaluate_by_the_minute(standing: Standing, stop: threading.Event) -> None:
    """Evaluate all alarms once a minute, as CloudWatch does."""
    evaluator = AlarmEvaluator(standing.emulator.client("cloudwatch"))
    failures = 0
    stop.wait(_MINUTE)  # an alarm on silence would find nothing in the minutes before the first
    while failures < _PATIENCE and not stop.wait(_seconds_to_next(datetime.now(UTC))):
        try:
            for change in evaluator.tick(datetime.now(UTC)):
                _log.info("%s: %s -> %s", change.alarm, change.before, change.after)
            failures = 0
        except (BotoCoreError, ClientError):
            failures += 1
            _log.exception("alarms could not be evaluated")


def _seconds_to_next(now: datetime) -> float:
    """Return how long it is until the next evaluation."""
    return (_OFFSET - now.second - now.microsecond / 1e6) % _MINUTE or _MINUTE


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
