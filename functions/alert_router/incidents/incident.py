"""The state of one incident: values only. Transitions and decisions are in their own modules.

An incident covers everything that is wrong with one account (or one foreign alarm), from its first
alarm to its last. ``alarms`` is the current state, ``last_notification`` what was announced;
``decision`` compares the two. Small values are NamedTuples: a frozen dataclass takes eight times as
long to define, at every cold start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from alert_router.events.alarm import Datapoint
from shared.names import AlarmKind, Severity


class ConflictError(Exception):
    """Another invocation has written the incident or lease since it was read."""


class Scope(StrEnum):
    """The hash key under which an incident is kept in table ``alerts``."""

    ACCOUNT = "incident"
    FOREIGN = "foreign"


class Problem(StrEnum):
    """What an alarm means for people; two alarms of one problem are announced once."""

    LOW = "low"
    STALE = "stale"
    DRAIN = "drain"
    EXPIRY = "expiry"
    FOREIGN = "foreign"


class NotificationReason(StrEnum):
    """Why people are notified about an incident."""

    OPENED = "opened"
    ESCALATED = "escalated"
    IMPROVED = "improved"
    REMINDER = "reminder"
    RECOVERED = "recovered"
    CLOSED = "closed"
    """Its alarms were deleted: the account is no longer watched."""
    NOT_SET_UP = "not-set-up"
    FLAPPING = "flapping"
    """It is flapping: nothing more is sent until it has been stable for an hour."""
    NO_DATA = "no-data"
    """A foreign alarm no longer has data; nothing more is sent."""


class Suppression(StrEnum):
    """Why a change was not announced."""

    SILENCED = "silenced"
    GROUPED = "grouped"
    """It waits for similar notifications."""
    ALREADY_SENT = "already_sent"
    NOT_SET_UP = "not_set_up"
    """The notice that the account is not set up was already sent."""
    CLEARING = "clearing"
    """The record contradicts the alarm, which is about to clear."""
    MUTED = "muted"
    """A CloudWatch mute rule covers the alarm."""
    FLAPPING = "flapping"
    OUTDATED = "outdated"
    """The transition is older than the known state, or no longer the alarm's state."""


#: How many decisions an incident keeps: some days of a usual account's, in less than 4 KB.
_MOST_DECISIONS: Final = 40

#: The status of a foreign alarm, which has none of our kinds; ``alarm#ID`` is one of its series.
FOREIGN_KIND: Final = "alarm"

#: The prefix of groups whose members share one cause, and end when it ends for all.
ONE_CAUSE: Final = "stale/"

#: The prefix of groups whose members wait for the end of a minute in which a message went out.
JOINED: Final = "joined/"

_PROBLEMS: Final = {
    AlarmKind.WARNING: Problem.LOW,
    AlarmKind.CRITICAL: Problem.LOW,
    AlarmKind.RUNWAY_WARNING: Problem.LOW,
    AlarmKind.RUNWAY_CRITICAL: Problem.LOW,
    AlarmKind.STALE: Problem.STALE,
    AlarmKind.DRAIN: Problem.DRAIN,
    AlarmKind.EXPIRY: Problem.EXPIRY,
}


class IncidentKey(NamedTuple):
    """The account or foreign alarm that an incident is about."""

    scope: Scope
    id: str
    """The account's id, or the key of a foreign alarm."""


class AlarmStatus(NamedTuple):
    """The last known state of one alarm."""

    firing: bool
    at: datetime
    """The newest known transition; older ones change nothing."""
    latest: Datapoint | None = None
    threshold: Decimal | None = None
    is_gone: bool = False
    """The alarm was deleted; kept, so that an old transition does not revive it."""
    since: datetime | None = None
    """When the state began, if before ``at``, the time at which CloudWatch was read."""
    lacks_data: bool = False
    """A foreign alarm has no data, which is not announced yet."""
    is_dismissed: bool = False
    """Its incident was closed by hand while it fired: it does not count until it fires again."""
    is_watched: bool = False
    """The alarm was deleted, but the account is still watched: its threshold was removed."""
    old_threshold: Decimal | None = None
    """The threshold that it fired on, if it cleared on another one."""

    @property
    def began_at(self) -> datetime:
        """When the alarm entered its state."""
        return self.since or self.at


class ForeignAlarm(NamedTuple):
    """The texts of a foreign alarm, which has no record in ``balances``."""

    alarm_name: str
    alarm_arn: str = ""
    aws_account: str = ""
    region: str = ""
    reason: str = ""
    description: str = ""
    watching: str = ""
    brief: str = ""
    """Value and condition, briefly: "99.5, above 50"."""
    contributor: str = ""
    """The newest series' distinguishing dimensions: "TableName=orders"; empty for a whole alarm."""
    has_data: bool = True
    """False when the alarm reports that it lacks data."""
    alarm_type: str = ""
    """``MetricAlarm``, ``CompositeAlarm`` or ``LogAlarm``; empty if unknown."""


class LastNotification(NamedTuple):
    """The last notification, until its end is announced."""

    severity: Severity
    worst: Severity
    """The highest severity announced: those alerted then are notified of the end."""
    problems: frozenset[Problem]
    at: datetime
    """When it went out; reminders count from here."""
    group: str = ""
    """The group or digest that it was part of; empty for a single message."""
    is_setup: bool = False
    """Whether it only announced that the account is not set up yet."""
    outcome: str = ""
    """The outcome of the last poll at that time: the failure that ends once balances are read."""
    balance: Decimal | None = None
    unit: str = ""
    began_at: datetime | None = None
    """When the incident began, as announced."""
    provider: str = ""
    """The account's provider at that time; empty if unknown."""
    series: frozenset[str] = frozenset()
    """The kinds of a foreign alarm's series that were announced."""


class PastIncident(NamedTuple):
    """An announced incident, for reports."""

    began_at: datetime
    ended_at: datetime | None
    """None while it lasts."""
    severity: Severity
    """The worst that was announced."""
    problems: frozenset[Problem]
    """Those of the last announcement before the end."""


class Announcements(NamedTuple):
    """How often one problem was announced recently, to limit messages per hour."""

    begins: tuple[datetime, ...] = ()
    """When its start was announced, within the last hour."""
    is_flapping: bool = False
    """Whether it was announced as flapping, and has not been stable for an hour since."""


class Decided(NamedTuple):
    """One line of an incident's history: what was sent, or why nothing was."""

    at: datetime
    sent: NotificationReason | None = None
    severity: Severity | None = None
    """The severity of what was sent."""
    suppressed: Suppression | None = None
    """Why nothing was sent."""
    firing: frozenset[str] = frozenset()
    """The kinds of the alarms that were in ALARM at that time."""


class GroupWait(NamedTuple):
    """A notification that waits for similar ones.

    If there is also an outbox, a subscriber was notified within the last minute, and the pending
    notification joins the next message.
    """

    group: str
    since: datetime
    until: datetime


class PendingNotification(NamedTuple):
    """A notification that is pending until it is marked as sent."""

    reason: NotificationReason
    severity: Severity
    problems: frozenset[Problem]
    decided_at: datetime
    opened_at: datetime | None = None
    previous: LastNotification | None = None
    """The last notification when it was decided."""
    ended_at: datetime | None = None
    """When the problem ended whose end it announces."""


class Outbox(NamedTuple):
    """The notification to send, stored before it is published."""

    pending: PendingNotification
    lease_until: datetime | None = None
    """Until when one sender holds it; None before a sender took it."""
    delivered: frozenset[str] = frozenset()
    """For whom a topic has accepted it, as ``Subscriber.address``; a retry skips them."""
    is_unsent: bool = False
    """Whether nobody can have got it, because no sender tried to publish it."""
    joins: frozenset[str] = frozenset()
    """Who certainly did not get it, and will get it with their next message."""

    def is_leased(self, now: datetime) -> bool:
        """Whether a sender holds it."""
        return self.lease_until is not None and now < self.lease_until

    @property
    def trusted(self) -> Outbox:
        """The outbox with only what is certain: little, if its lease was never released."""
        if self.lease_until is None:
            return self
        return self._replace(is_unsent=False, joins=frozenset())


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything stored about one account or foreign alarm."""

    key: IncidentKey
    provider: str = ""
    alarms: Mapping[str, AlarmStatus] = field(default_factory=dict)
    opened_at: datetime | None = None
    last_notification: LastNotification | None = None
    waiting: GroupWait | None = None
    outbox: Outbox | None = None
    foreign_alarm: ForeignAlarm | None = None
    announcements: Mapping[Problem, Announcements] = field(default_factory=dict)
    critical_at: datetime | None = None
    """When it was last announced as critical."""
    closed_by: str = ""
    """Who closed it by hand and why, until that is announced or an alarm fires again."""
    history: tuple[Decided, ...] = ()
    """The newest decisions, oldest first."""
    past: tuple[PastIncident, ...] = ()
    """The incidents that ended recently, oldest first."""
    version: int = 0
    """0 when it is not stored; every write adds one, on condition that nobody else has."""

    @property
    def firing(self) -> frozenset[str]:
        """The kinds of the alarms that are in ALARM."""
        return frozenset(kind for kind, status in self.alarms.items() if status.firing)

    @property
    def problems(self) -> frozenset[Problem]:
        """The current problems."""
        return frozenset(problem_of(kind) for kind in self.firing)

    @property
    def is_open(self) -> bool:
        """Whether there is a problem, an announced one, or a pending notification."""
        return bool(self.firing or self.last_notification or self.waiting or self.outbox)

    def remembering(self, decided: Decided) -> Incident:
        """Return the incident with one more line of history; a repeated one changes nothing."""
        last = self.history[-1] if self.history else None
        if last is not None and last._replace(at=decided.at) == decided:
            return self
        return replace(self, history=(*self.history, decided)[-_MOST_DECISIONS:])

    @property
    def announced(self) -> PastIncident | None:
        """The announced incident; None if none was announced, or only as not set up."""
        last = self.last_notification
        if last is None or last.is_setup:
            return None
        began_at = last.began_at or self.opened_at or last.at
        return PastIncident(began_at, None, last.worst, last.problems)

    @property
    def latest(self) -> Datapoint | None:
        """The newest balance that one of our alarms was evaluated on."""
        points = (
            status.latest
            for kind, status in self.alarms.items()
            if kind in (AlarmKind.WARNING, AlarmKind.CRITICAL) and status.latest is not None
        )
        return max(points, key=lambda point: point.at, default=None)


def problem_of(kind: str) -> Problem:
    """Return the problem that an alarm of ``kind`` indicates."""
    is_foreign = kind == FOREIGN_KIND or is_series(kind)
    return Problem.FOREIGN if is_foreign else _PROBLEMS[AlarmKind(kind)]


def is_series(kind: str) -> bool:
    """Whether a kind is one series of a foreign alarm."""
    return kind.startswith(f"{FOREIGN_KIND}#")


def is_one_cause(group: str) -> bool:
    """Whether a group's members have one cause."""
    return group.startswith(ONE_CAUSE)
