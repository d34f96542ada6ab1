"""Readings of polls that never got as far as a provider's answer. Pure."""

from __future__ import annotations

from balance_poller.exchange.provider import Reading
from shared.outcome import Outcome


def failed(outcome: Outcome, reason: str) -> Reading:
    """Return the reading of a poll that failed before its answer could be read."""
    return Reading(
        outcome=outcome,
        reason=reason,
        wallet=None,
        balance=None,
        others={},
        burn_per_hour=None,
    )


def unexpected(exc: Exception) -> str:
    """Say where an error that nobody foresaw arose; its own text may quote a key."""
    frame = exc.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return f"an error in the poller: {type(exc).__name__}"
    file = frame.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"an error in the poller: {type(exc).__name__} at {file}:{frame.tb_lineno}"
