"""What a run works with: what each adapter must do, so that tests and tools may bring their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from balance_poller.ask import Pace, Sender
from balance_poller.secret_store import Keys
from balance_poller.series import DataPoint
from balance_poller.sinks.latest import LatestRead
from balance_poller.sinks.problems import WriteProblem
from shared.records import Attempt, Latest


class KeySource(Protocol):
    """Where keys come from: :class:`balance_poller.secret_store.SecretStore`, or a fake."""

    def read(self, references: Iterable[str]) -> Keys:
        """Return the keys for ``references``."""

    def read_again(self, references: Iterable[str]) -> Keys:
        """Return the keys as they are stored now, whatever is remembered."""


class LatestKeeper(Protocol):
    """Keeps LATEST items: :class:`balance_poller.sinks.latest.LatestStore`, or a fake."""

    def read(self, accounts: Sequence[str]) -> LatestRead:
        """Return the items of ``accounts``."""

    def write(self, latests: Sequence[Latest]) -> list[WriteProblem]:
        """Write each over an older one; return what could not be written."""


class HistoryKeeper(Protocol):
    """Keeps attempts: :class:`balance_poller.sinks.history.HistorySink`, or a fake."""

    def write(self, attempts: Sequence[Attempt]) -> list[WriteProblem]:
        """Record ``attempts``; return what could not be recorded."""


class Publisher(Protocol):
    """Publishes series: :class:`balance_poller.sinks.metrics.MetricSink`, or a fake."""

    def write(self, points: Sequence[DataPoint]) -> list[WriteProblem]:
        """Publish ``points``; return what could not be published."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with."""

    keys: KeySource
    latest: LatestKeeper
    history: HistoryKeeper
    metrics: Publisher
    sender: Callable[[], AbstractAsyncContextManager[Sender]]
    pace: Pace
    allow_http_loopback: bool = False
