"""What the router's frames work with: adapters, policy and clock, put together by ``handler``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from alert_router.incidents.decision import Policy
from alert_router.messages.wording.links import Links
from alert_router.notify.snapshots import Knowledge

if TYPE_CHECKING:
    from alert_router.notify.ports import Alarms, Each, Log, Memory, Outlet, Timer


@dataclass(slots=True)
class Tally:
    """What an invocation did, for its metrics, its log and its answer."""

    published: list[dict[str, str]] = field(default_factory=list)
    publish_failures: int = 0
    reduced: int = 0


class Desk(NamedTuple):
    """Everything that one invocation works with."""

    name: str
    memory: Memory
    knowledge: Knowledge
    outlet: Outlet
    timer: Timer
    alarms: Alarms
    links: Links
    digest_above: int
    policy: Policy
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    """Sleep for seconds, while another invocation finishes what it is sending."""
    each: Each
    """Do something for many subjects."""
    log: Log
    tally: Tally
