"""What the pipeline needs of its adapters (``alert_router.aws``): types alone, never loaded.

At run time nothing imports it: to a cold start, a protocol costs what any class does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from alert_router.events.alarm import AlarmChange
from alert_router.incidents.incident import Incident, IncidentKey
from alert_router.incidents.sms_budget import SmsBudget
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.formats.message import Message
from alert_router.notify.parallel import Found, Given
from alert_router.reports.sent import ReportConfiguration, SentReport
from shared.records import DayTotals, Latest
from shared.records.breakdown import Breakdown
from shared.silences import Silence


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


class BalanceTable(Protocol):
    """The poller's records."""

    def read(self, accounts: Iterable[str]) -> dict[str, Latest | None]:
        """Return the records that exist; None for one that cannot be read."""
        ...

    def history(self, account: str, since: datetime, until: datetime) -> Mapping[datetime, Decimal]:
        """Return the balances found by polls."""
        ...

    def breakdown(self, account: str) -> Breakdown | None:
        """Return which keys consumed most, if known."""
        ...


class SilenceTable(Protocol):
    """The silences."""

    def silences(self) -> Iterable[Silence]:
        """Return the silences that exist."""
        ...
