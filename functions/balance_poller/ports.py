"""What a run works with: what each adapter must do, so that tests and tools may bring their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from balance_poller.credentials.store import Keys
from balance_poller.fetching.workers import Pace, Sender
from balance_poller.recording.account_metrics import DataPoint
from balance_poller.recording.latest_table import LatestRead
from balance_poller.recording.writer import WriteProblem
from shared.records import Attempt, Latest


class KeySource(Protocol):
    """Where keys come from: :class:`balance_poller.credentials.store.SecretStore`, or a fake."""

    def read(self, references: Iterable[str]) -> Keys:
        """Return the keys for ``references``."""

    def read_again(self, references: Iterable[str]) -> Keys:
        """Return the keys as they are stored now, whatever is remembered."""


class LatestKeeper(Protocol):
    """Keeps LATEST items: :class:`balance_poller.recording.latest_table.LatestStore`, or a fake."""

    def read(self, accounts: Sequence[str]) -> LatestRead:
        """Return the items of ``accounts``."""

    def write(self, latests: Sequence[Latest]) -> list[WriteProblem]:
        """Write each over an older one; return what could not be written."""


class HistoryKeeper(Protocol):
    """Keeps attempts: :class:`balance_poller.recording.history_table.HistorySink`, or a fake."""

    def write(self, attempts: Sequence[Attempt]) -> list[WriteProblem]:
        """Record ``attempts``; return what could not be recorded."""


class Publisher(Protocol):
    """Publishes series: :class:`balance_poller.recording.cloudwatch.MetricSink`, or a fake."""

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
