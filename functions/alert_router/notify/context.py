"""The pipeline's context: adapters, policy and clock, assembled by ``handler``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from alert_router.incidents.lifecycle.due import Policy
from alert_router.messages.wording.links import Links
from alert_router.notify.snapshots import AccountSnapshots

if TYPE_CHECKING:
    from alert_router.notify.adapters import (
        AlarmReader,
        AlertTable,
        ConcurrentMap,
        FlushQueue,
        Log,
        Publisher,
        ReportStore,
    )


@dataclass(slots=True)
class RunStats:
    """What one invocation did, for its metrics, its log and its answer."""

    published: list[dict[str, str]] = field(default_factory=list)
    publish_failures: int = 0
    reduced: int = 0
    faults: int = 0
    """Records that cannot be read or handled."""
    lacks_mute_rules: bool = False
    """Whether CloudWatch's mute rules could not be read, which is logged once."""


class RouterContext(NamedTuple):
    """Everything that one invocation works with."""

    name: str
    alert_table: AlertTable
    snapshots: AccountSnapshots
    publisher: Publisher
    flush_queue: FlushQueue
    open_reports: Callable[[], ReportStore]
    alarm_reader: AlarmReader
    links: Links
    digest_above: int
    policy: Policy
    lease: timedelta
    """How long a sender may take before another takes over."""
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    """Sleep for seconds, while another invocation finishes sending."""
    map_concurrently: ConcurrentMap
    log: Log
    stats: RunStats
