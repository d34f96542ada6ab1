"""Background process of a running local cloud: evaluates alarms and serves simulated providers.

Started by ``up.up`` as ``python -m balancectl.localcloud.background FOLDER``; exits on SIGTERM, or
when the emulator has stopped.
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
from balancectl.localcloud.up import RunningCloud, simulated_accounts

_MINUTE: Final = 60
#: Seconds into the minute: by then the previous minute's metrics have been published.
_OFFSET: Final = 5
_MAX_FAILURES: Final = 3

_log = logging.getLogger("background")


def main(folder: Path) -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = RunningCloud.read(folder)
    control_token = running.emulator.credentials.control_token
    with SimulatedProviders(simulated_accounts(), running.ports, control_token):
        _evaluate_by_the_minute(running, stop)
    return 0


def _evaluate_by_the_minute(running: RunningCloud, stop: threading.Event) -> None:
    """Evaluate all alarms once a minute, as CloudWatch does."""
    evaluator = AlarmEvaluator(running.emulator.client("cloudwatch"))
    failures = 0
    stop.wait(_MINUTE)  # before the first poll, a staleness alarm would find no data
    while failures < _MAX_FAILURES and not stop.wait(_seconds_until_evaluation(datetime.now(UTC))):
        try:
            for change in evaluator.evaluate_all(datetime.now(UTC)):
                _log.info("%s: %s -> %s", change.alarm, change.before, change.after)
            failures = 0
        except (BotoCoreError, ClientError):
            failures += 1
            _log.exception("alarm evaluation failed")


def _seconds_until_evaluation(now: datetime) -> float:
    """Return the seconds until the next evaluation."""
    return (_OFFSET - now.second - now.microsecond / 1e6) % _MINUTE or _MINUTE


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
