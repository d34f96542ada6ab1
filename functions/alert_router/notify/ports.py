"""What the router's frames ask of the world: adapters implement it, and tests do in memory.

Types alone: nothing imports this when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from alert_router.events.alarm import AlarmChange
from alert_router.incidents.incident import Episode, Subject
from alert_router.incidents.silence import Silence
from alert_router.messages.message import Message
from alert_router.notify.parallel import Found, Given
from shared.records import Latest


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


class Records(Protocol):
    """Where the poller's records are read."""

    def read(self, accounts: Iterable[str]) -> dict[str, Latest]:
        """Return the records that there are."""
        ...

    def history(self, account: str, since: datetime, until: datetime) -> Mapping[datetime, Decimal]:
        """Return the balances that polls found."""
        ...


class Silences(Protocol):
    """Where silences are read."""

    def silences(self) -> Iterable[Silence]:
        """Return the silences that there are."""
        ...


class Each(Protocol):
    """How something is done for many subjects: one by one, or side by side."""

    def __call__(
        self, function: Callable[[Given], Found], items: Iterable[Given], /
    ) -> list[Found]:
        """Return what ``function`` makes of each item, in order."""
        ...


class Context(Protocol):
    """What of Lambda's context is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may go on."""
        ...
