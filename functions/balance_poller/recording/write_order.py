"""Writes the results of polls and pushes: metrics, history, and LATEST last, as the mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.records import Recorded
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestRead, LatestTable
from balance_poller.recording.tables.writer import WriteProblem
from shared.names import PUSHED


class Sinks(NamedTuple):
    """The targets of records."""

    metrics: MetricPublisher
    history: HistoryTable
    latest: LatestTable


class Written(NamedTuple):
    """The result of writing."""

    problems: list[WriteProblem]
    superseded: frozenset[str]
    """Pushed accounts not written because another push or poll changed their record meanwhile."""


def write_all(sinks: Sinks, recorded: Sequence[Recorded], known: LatestRead) -> Written:
    """Write the results of polls or pushes.

    Args:
        sinks: The targets.
        recorded: What to write.
        known: LATEST as it was read before; an item that could not be read is not overwritten.
    """
    problems = sinks.metrics.write([point for made in recorded for point in made.points])
    problems += sinks.history.write([made.attempt for made in recorded if not made.is_repeat])
    problems += sinks.history.write_days(
        [
            made.finished_day.to_day_item(made.latest.account, made.latest.provider)
            for made in recorded
            if made.finished_day is not None
        ]
    )
    latests = [made.latest for made in recorded if made.latest.account not in known.unknown]
    if polled := [latest for latest in latests if latest.provider != PUSHED]:
        problems += sinks.latest.write(polled)
    superseded: frozenset[str] = frozenset()
    # A poll that repeats a balance must not overwrite one that was pushed while it ran.
    if pushed := [latest for latest in latests if latest.provider == PUSHED]:
        more, superseded = sinks.latest.replace(pushed, known.items)
        problems += more
    return Written(problems, superseded)
