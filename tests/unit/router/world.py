"""The router with all its surroundings in memory: a settable clock, and received messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from alert_router.aws.incident_item import from_item, to_item
from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.envelope import unpack
from alert_router.incidents.incident import ConflictError, Incident, IncidentKey
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.sms_budget import SmsBudget
from alert_router.incidents.snapshot import EnrichmentError
from alert_router.incidents.subscriber import EVERYTHING, Form, Subscriber
from alert_router.messages.formats.message import Message
from alert_router.notify.context import RouterContext, RunStats
from alert_router.notify.dispatch import run
from alert_router.notify.parallel import map_in_order
from alert_router.notify.snapshots import AccountSnapshots
from shared.aws.dynamo import decode, encode
from shared.names import Severity
from shared.records import Latest
from shared.records.breakdown import Breakdown
from shared.silences import Silence
from tests.unit.router.builders import LINKS, NAME, NOW, notification
from tests.unit.router.weeks import MemoryReportStore


class Crash(BaseException):
    """The process dies; nothing catches it."""


class MemoryAlertTable:
    """Table ``alerts``, with conditions, through the same items as in DynamoDB."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.leases: dict[str, datetime] = {}
        self.budgets: dict[str, SmsBudget] = {}
        self.silenced: list[Silence] = []
        self.declared: list[Subscriber] = []
        self.before_save: Callable[[Incident], None] = lambda _: None

    def load(self, key: IncidentKey) -> Incident:
        item = self.items.get((key.scope.value, key.id))
        return from_item(decode(item)) if item else Incident(key)

    def save(self, incident: Incident, now: datetime) -> Incident:
        self.before_save(incident)
        key = (incident.key.scope.value, incident.key.id)
        known = self.items.get(key)
        if (int(decode(known)["version"]) if known else 0) != incident.version:
            raise ConflictError("somebody else wrote it")
        stored = _next(incident)
        self.items[key] = encode(to_item(stored, now))
        return stored

    def incidents(self) -> Iterator[Incident]:
        for item in list(self.items.values()):
            yield from_item(decode(item))

    def convert_old_items(self, now: datetime) -> None:
        del now

    def silences(self) -> Iterable[Silence]:
        return self.silenced

    def subscribers(self) -> tuple[list[Subscriber], list[str]]:
        return self.declared, []

    def try_lease(self, what: str, now: datetime, lease: timedelta) -> bool:
        if self.is_leased(what, now):
            return False
        self.leases[what] = now + lease
        return True

    def end_lease(self, what: str, until: datetime) -> None:
        self.leases[what] = until

    def leased_until(self, what: str) -> datetime | None:
        return self.leases.get(what)

    def sms_budget(self, name: str) -> SmsBudget:
        return self.budgets.get(name, SmsBudget(name))

    def save_sms_budget(self, budget: SmsBudget, now: datetime) -> None:
        del now
        known = self.budgets.get(budget.name)
        if (known.version if known else 0) != budget.version:
            raise ConflictError("somebody else wrote it")
        self.budgets[budget.name] = budget._replace(version=budget.version + 1)

    def is_leased(self, what: str, now: datetime) -> bool:
        return what in self.leases and self.leases[what] > now


def _next(incident: Incident) -> Incident:
    """Return the incident with its next version."""
    from dataclasses import replace  # noqa: PLC0415

    return replace(incident, version=incident.version + 1)


class Delivery(NamedTuple):
    """One accepted Publish."""

    message: Message
    form: Form
    to: tuple[str, ...]
    at: datetime


@dataclass
class World:
    """One deployment of the router."""

    now: datetime = NOW
    group_wait: timedelta = timedelta(seconds=60)
    digest_above: int = 5
    repeat_after: Mapping[Severity, timedelta] = field(
        default_factory=lambda: {
            Severity.CRITICAL: timedelta(hours=4),
            Severity.WARNING: timedelta(hours=24),
        }
    )
    policy: dict[str, Any] = field(default_factory=dict)
    """What else the decisions rest on, where a test is about it."""
    table: MemoryAlertTable = field(default_factory=MemoryAlertTable)
    records: dict[str, Latest] = field(default_factory=dict)
    report_store: MemoryReportStore = field(default_factory=MemoryReportStore)
    messages: list[Message] = field(default_factory=list)
    """What was published for everybody, once each."""
    deliveries: list[Delivery] = field(default_factory=list)
    chats: list[Message] = field(default_factory=list)
    flushes: list[tuple[datetime, str]] = field(default_factory=list)
    alarms: dict[str, AlarmChange] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    lease: timedelta = timedelta(seconds=30)
    breakdowns: dict[str, Breakdown] = field(default_factory=dict)
    is_enrichment_down: bool = False
    is_cloudwatch_down: bool = False
    on_publish: Callable[[Message], None] = lambda _: None
    on_publish_form: Callable[[Message, Form, Sequence[str]], None] = lambda *_: None
    after_publish: Callable[[Message], None] = lambda _: None
    after_delivery: Callable[[], None] = lambda: None
    on_pause: Callable[[], None] = lambda: None
    logged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    stats: RunStats = field(default_factory=RunStats)
    failures: list[str] = field(default_factory=list)

    # --- what the router uses -----------------------------------------------------------------

    def read(self, accounts: Iterable[str]) -> dict[str, Latest | None]:
        if self.is_enrichment_down:
            raise EnrichmentError("the records cannot be read")
        return {name: self.records[name] for name in accounts if name in self.records}

    def history(self, account: str, since: datetime, until: datetime) -> Mapping[datetime, Decimal]:
        del account, since, until
        return {}

    def breakdown(self, account: str) -> Breakdown | None:
        if self.is_enrichment_down:
            raise EnrichmentError("the keys that consumed most cannot be read")
        return self.breakdowns.get(account)

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(Form)

    def publish(self, message: Message, form: Form, to: Sequence[str]) -> str:
        self.on_publish_form(message, form, to)
        # What everybody gets counts as the message; who else gets what is in the deliveries.
        if form is Form.EMAIL and EVERYTHING in to:
            self.on_publish(message)
            self.messages.append(message)
        self.deliveries.append(Delivery(message, form, tuple(to), self.now))
        if form is Form.EMAIL and EVERYTHING in to:
            self.after_publish(message)
        self.after_delivery()
        return f"id-{len(self.deliveries)}"

    def publish_chat(self, message: Message) -> None:
        self.chats.append(message)

    def request_flush(self, group: str, wait: timedelta) -> None:
        self.flushes.append((self.now + wait, group))

    def firing(self) -> Sequence[AlarmChange]:
        if self.is_cloudwatch_down:
            raise OSError("no answer")
        return [alarm for alarm in self.alarms.values() if alarm.state is AlarmState.ALARM]

    def is_muted(self, name: str) -> bool | None:
        return name in self.muted

    def states(self, names: Iterable[str]) -> Mapping[str, AlarmChange]:
        return {name: self.alarms[name] for name in names if name in self.alarms}

    def info(self, msg: object, **fields: Any) -> None:
        self.logged.append((str(msg), fields))

    def warning(self, msg: object, **fields: Any) -> None:
        self.logged.append((str(msg), fields))

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.on_pause()

    # --- what a test does ---------------------------------------------------------------------

    def context(self) -> RouterContext:
        """Return what one invocation works with."""
        self.stats = RunStats()
        return RouterContext(
            name=NAME,
            alert_table=self.table,
            snapshots=AccountSnapshots(self, self.table, self.failures),
            publisher=self,
            flush_queue=self,
            open_reports=lambda: self.report_store,
            alarm_reader=self,
            links=LINKS,
            digest_above=self.digest_above,
            policy=Policy(self.group_wait, self.repeat_after, **self.policy),
            lease=self.lease,
            clock=lambda: self.now,
            pause=self.pause,
            map_concurrently=map_in_order,
            log=self,
            stats=self.stats,
        )

    def invoke(self, event: Mapping[str, Any]) -> list[str | None]:
        """Run the router on an event; return what failed."""
        return run(self.context(), unpack(event))

    def deliver(self, *bodies: Mapping[str, Any]) -> list[str | None]:
        """Run the router on a batch of its queue; return the numbers of the failed records."""
        return self.invoke(
            {
                "Records": [
                    {"messageId": str(number), "body": json.dumps(body)}
                    for number, body in enumerate(bodies)
                ]
            }
        )

    def transition(self, *changes: AlarmChange) -> list[str | None]:
        """Run the router on a batch of CloudWatch's notifications; CloudWatch knows them, too."""
        for change in changes:
            self.alarms[change.alarm_name] = change
        return self.deliver(*(notification(change) for change in changes))

    def reconcile(self) -> list[str | None]:
        """Run the router as its schedule does."""
        return self.invoke({"kind": "tick"})

    def wait(self, length: timedelta) -> None:
        """Let time pass; flushes that were asked for happen on their way."""
        end = self.now + length
        while due := sorted(flush for flush in self.flushes if flush[0] <= end):
            self.flushes.remove(due[0])
            self.now = max(self.now, due[0][0])
            assert self.deliver({"kind": "flush", "group": due[0][1]}) == []
        self.now = end

    @property
    def subjects(self) -> list[str]:
        """The subjects of all messages so far."""
        return [message.subject for message in self.messages]
