"""Time: schedules, events and functions follow the story's clock, if there is one.

Functions see it as ``datetime.now``; durations (``time.monotonic``, timeouts) stay real. Requests
signed with the story's time are accepted.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Final

from ministack.core import lambda_runtime, sigv4
from ministack.services import eventbridge, scheduler

from balancectl.localcloud.clock import StoryClock
from balancectl.localcloud.emulator.settings import ServerSettings

#: Runs in the function's process before the function's code is imported.
_PRELUDE: Final = """
def _use_story_time(file):
    import datetime

    class StoryTime(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            with open(file, encoding="ascii") as clock:
                at = cls.fromisoformat(clock.read())
            return at.astimezone(tz) if tz else at.astimezone().replace(tzinfo=None)

        @classmethod
        def utcnow(cls):
            return cls.now(datetime.timezone.utc).replace(tzinfo=None)

    datetime.datetime = StoryTime


_use_story_time({file!r})
"""


def apply(settings: ServerSettings) -> None:
    """Install the patch if the server has a clock."""
    if settings.clock_file is None:
        return
    clock = StoryClock(settings.clock_file)
    prelude = _PRELUDE.format(file=str(settings.clock_file))
    lambda_runtime._PYTHON_WORKER_SCRIPT = prelude + lambda_runtime._PYTHON_WORKER_SCRIPT

    def story_time() -> float:
        return clock.now.timestamp()

    scheduler.time = SimpleNamespace(time=story_time, sleep=time.sleep, strftime=time.strftime)
    eventbridge._now_ts = story_time
    sigv4.request_time_failure = lambda signature: None  # noqa: ARG005 -- its signature
