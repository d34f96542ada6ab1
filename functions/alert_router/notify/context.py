"""The pipeline's context: adapters, policy and clock, assembled by ``handler``.

The protocols describe all that the pipeline needs of its adapters (``alert_router.aws``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.wording.links import Links
from alert_router.notify.parallel import Found, Given
from alert_router.notify.snapshots import AccountSnapshots
from alert_router.reports.sent import ReportConfiguration, SentReport
from shared.records import DayTotals

if TYPE_CHECKING:
    from alert_router.events.alarm import AlarmChange
    from alert_router.incidents.incident import Incident, IncidentKey
    from alert_router.incidents.sms_budget import SmsBudget
    from alert_router.messages.formats.message import Message


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


class Log(Protocol):
    """A structured logger: constant message, values as fields."""

    def info(self, msg: object, **fields: Any) -> None:  # noqa: ANN401 -- the logger's own
        """Log an expected event."""
        ...

    def warning(self, msg: object, **fields: Any) -> None:  # noqa: ANN401 -- the same
        """Log a handled failure."""
        ...


class AlertTable(Protocol):
    """Incidents and leases; a conflicting write raises ``ConflictError``."""

    def load(self, key: IncidentKey) -> Incident:
        """Load the incident as last written."""
        ...

    def save(self, incident: Incident, now: datetime) -> Incident:
        """Save the incident unless another writer came first."""
        ...

    def incidents(self) -> Iterator[Incident]:
        """Return all incidents."""
        ...

    def convert_old_items(self, now: datetime) -> None:
        """Convert items of 0.1."""
        ...

    def subscribers(self) -> tuple[list[Subscriber], list[str]]:
        """Return the declared subscribers, and which entries cannot be read."""
        ...

    def sms_budget(self, name: str) -> SmsBudget:
        """Return the SMS a subscriber got recently."""
        ...

    def save_sms_budget(self, budget: SmsBudget, now: datetime) -> None:
        """Save the SMS a subscriber got."""
        ...

    def try_lease(self, what: str, now: datetime, lease: timedelta) -> bool:
        """Take a lease, unless somebody holds it."""
        ...

    def end_lease(self, what: str, until: datetime) -> None:
        """Keep a lease until then and no longer."""
        ...

    def leased_until(self, what: str) -> datetime | None:
        """Return until when something is or was leased."""
        ...

    def is_leased(self, what: str, now: datetime) -> bool:
        """Whether somebody holds a lease."""
        ...


class Publisher(Protocol):
    """Publishes messages."""

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that have a topic."""
        ...

    def publish(self, message: Message, form: Form, to: Sequence[str]) -> str:
        """Publish one form to the named subscribers; return the message id."""
        ...

    def publish_chat(self, message: Message) -> None:
        """Publish to chat rooms."""
        ...


class AlarmReader(Protocol):
    """Reads the current state of alarms."""

    def firing(self) -> Sequence[AlarmChange]:
        """Return the stack's account alarms that are in ALARM and may act."""
        ...

    def is_muted(self, name: str) -> bool | None:
        """Whether an active mute rule covers an alarm; None when that cannot be read."""
        ...

    def states(self, names: Iterable[str]) -> Mapping[str, AlarmChange]:
        """Return the alarms of these names that exist, by name."""
        ...


class ReportStore(Protocol):
    """The data of weekly reports, and which reports were sent."""

    def configuration(self) -> ReportConfiguration:
        """Return the subscribers of reports, and the accounts that reports cover."""
        ...

    def days(self, account: str, first: date) -> Sequence[DayTotals]:
        """Return an account's totals from a day on."""
        ...

    def anchors(self, accounts: Sequence[str]) -> Mapping[str, datetime]:
        """Return when the balance of each account with a ledger was last entered."""
        ...

    def sent(self, address: str) -> SentReport:
        """Return a subscriber's last report."""
        ...

    def mark(self, address: str, before: SentReport, now: SentReport) -> None:
        """Store a subscriber's report unless another invocation did."""
        ...


class FlushQueue(Protocol):
    """Delayed flush requests of the router to itself."""

    def request_flush(self, group: str, wait: timedelta) -> None:
        """Request a flush after a wait."""
        ...


class ConcurrentMap(Protocol):
    """Maps a function over items, one by one or in threads."""

    def __call__(
        self, function: Callable[[Given], Found], items: Iterable[Given], /
    ) -> list[Found]:
        """Return ``function``'s result for each item, in order."""
        ...
