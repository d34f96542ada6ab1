"""What the router's frames work with: adapters, policy and clock, put together by ``handler``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from alert_router.alarm import AlarmChange
from alert_router.decide import Policy
from alert_router.episode import Episode, Subject
from alert_router.knowledge import Knowledge
from alert_router.message.compose import Composer
from alert_router.message.model import Message


class Log(Protocol):
    """A structured logger: constant message, values as fields."""

    def info(self, msg: object, **fields: Any) -> None:  # noqa: ANN401 -- the logger's own
        """Record what went as it should."""
        ...

    def warning(self, msg: object, **fields: Any) -> None:  # noqa: ANN401 -- the same
        """Record what did not, and was coped with."""
        ...


class Memory(Protocol):
    """Where episodes and leases are kept; every write may meet another's (``ConflictError``)."""

    def load(self, subject: Subject) -> Episode:
        """Return the episode as last written."""
        ...

    def save(self, episode: Episode, now: datetime) -> Episode:
        """Write it if nobody else did."""
        ...

    def episodes(self) -> Iterator[Episode]:
        """Return all episodes."""
        ...

    def try_lease(self, what: str, now: datetime, lease: timedelta) -> bool:
        """Lease something, unless somebody has."""
        ...

    def end_lease(self, what: str, until: datetime) -> None:
        """Keep a lease until then and no longer."""
        ...

    def is_leased(self, what: str, now: datetime) -> bool:
        """Whether somebody has leased something."""
        ...


class Outlet(Protocol):
    """Where messages go."""

    def publish(self, message: Message) -> str:
        """Publish to people; return an id."""
        ...

    def publish_chat(self, message: Message) -> None:
        """Publish to chat rooms."""
        ...


class Alarms(Protocol):
    """What CloudWatch knows of alarms now."""

    def firing(self) -> Sequence[AlarmChange]:
        """Return the stack's account alarms that are in ALARM and may act."""
        ...

    def states(self, names: Iterable[str]) -> Mapping[str, AlarmChange]:
        """Return the alarms of these names that exist, by name."""
        ...


class Timer(Protocol):
    """How the router asks itself for a flush."""

    def flush(self, group: str, wait: timedelta) -> None:
        """Ask for one after a wait."""
        ...


@dataclass(slots=True)
class Tally:
    """What an invocation did, for its metrics, its log and its answer."""

    published: list[dict[str, str]] = field(default_factory=list)
    publish_failures: int = 0
    reduced: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that one invocation works with."""

    name: str
    memory: Memory
    knowledge: Knowledge
    outlet: Outlet
    timer: Timer
    alarms: Alarms
    composer: Composer
    policy: Policy
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    """Sleep for seconds, while another invocation finishes what it is sending."""
    log: Log
    tally: Tally = field(default_factory=Tally)
