"""Delays of queued messages also follow the story's clock, so that a story need not wait.

A message that was sent with a delay becomes visible once the clock has advanced by as much, or
when its delay is over in real time. The clock stands still while messages are sent, so that the
first look at a delayed message finds the time at which it was sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from balancectl.localcloud.clock import StoryClock
from balancectl.localcloud.emulator.settings import ServerSettings

#: A key of ours in the emulator's messages: the story's time at which a delay is over.
_DUE = "story_due"
_clocks: list[StoryClock] = []


def apply(settings: ServerSettings) -> None:
    """Use the story's clock, if the server has one."""
    if settings.clock_file is not None:
        _clocks[:] = [StoryClock(settings.clock_file)]


def release(messages: Iterable[dict[str, Any]]) -> None:
    """Make messages visible whose delay is over by the story's clock."""
    now = time.time()
    for message in messages:
        if message["receive_count"] or message["visible_at"] <= now:
            continue
        for clock in _clocks:
            story = clock.now.timestamp()
            delay = message["visible_at"] - message["sent_at"]
            if story >= message.setdefault(_DUE, story + delay):
                message["visible_at"] = now
