"""What the router remembers of one account (or of one foreign alarm). Pure values.

An *episode* opens with an account's first alarm and closes when its last one clears. ``facts`` is
what holds, ``told`` is what people were told; deciding (``decide``) compares the two. Small values
are NamedTuples: a frozen dataclass takes eight times as long to define, at every cold start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from alert_router.events import summary as describe
from alert_router.events.alarm import AlarmChange, AlarmState, Datapoint
from shared.names import AlarmKind, AlarmName, Severity


class Scope(StrEnum):
    """The hash key under which an episode is kept in table ``alerts``."""

    ACCOUNT = "episode"
    FOREIGN = "foreign"


class Trouble(StrEnum):
    """What an alarm's kind means for people: two kinds of one trouble are no second news."""

    LOW = "low"
    STALE = "stale"
    DRAIN = "drain"
    EXPIRY = "expiry"
    FOREIGN = "foreign"


class Step(StrEnum):
    """What a message says of an episode."""

    OPENED = "opened"
    ESCALATED = "escalated"
    IMPROVED = "improved"
    REMINDER = "reminder"
    RECOVERED = "recovered"
    CLOSED = "closed"
    """Its alarms are gone: the account is no longer watched."""
    NOT_SET_UP = "not-set-up"


#: The one fact of a foreign alarm, which has no kind of ours.
FOREIGN_KIND: Final = "alarm"

#: How the name of a group begins whose members have one cause, and end when it ends for all.
ONE_CAUSE: Final = "stale/"

#: A range key of DynamoDB has at most 1,024 bytes; an alarm's name may have as many.
_LONGEST_ID: Final = 1000

_TROUBLES: Final = {
    AlarmKind.WARNING: Trouble.LOW,
    AlarmKind.CRITICAL: Trouble.LOW,
    AlarmKind.RUNWAY_WARNING: Trouble.LOW,
    AlarmKind.RUNWAY_CRITICAL: Trouble.LOW,
    AlarmKind.STALE: Trouble.STALE,
    AlarmKind.DRAIN: Trouble.DRAIN,
    AlarmKind.EXPIRY: Trouble.EXPIRY,
}


class Subject(NamedTuple):
    """Whose episode it is."""

    scope: Scope
    id: str
    """The account's id, or the key of a foreign alarm."""


class Fact(NamedTuple):
    """What is known of one alarm."""

    firing: bool
    at: datetime
    """The newest transition heard of; older ones change nothing."""
    latest: Datapoint | None = None
    threshold: Decimal | None = None
    is_gone: bool = False
    """The alarm no longer exists; kept, so that an old transition does not revive it."""


class Note(NamedTuple):
    """What there is to read about a foreign alarm, which has no record of ours."""

    alarm_name: str
    alarm_arn: str = ""
    aws_account: str = ""
    region: str = ""
    reason: str = ""
    description: str = ""
    watching: str = ""
    brief: str = ""
    """Value and condition in a few words: "99.5, above 50"."""
    contributor: str = ""
    """What tells the series from others: "TableName=orders"; empty for an alarm as a whole."""
    has_data: bool = True
    """False when the alarm reports that it lacks data."""


class Told(NamedTuple):
    """What people know and have not been told the end of."""

    severity: Severity
    worst: Severity
    """The highest severity of the episode: those who heard of it must hear the end of it."""
    troubles: frozenset[Trouble]
    at: datetime
    """When the last message went out; reminders count from here."""
    group: str = ""
    """The message that told of several at once; empty when it was told alone."""
    is_setup: bool = False
    """Whether all that was told is that the account is not set up yet."""
    outcome: str = ""
    """How the last poll had ended then: it tells what ended when balances are read again."""
    balance: Decimal | None = None
    unit: str = ""


class Waiting(NamedTuple):
    """Something to say that waits for others that say the same."""

    group: str
    since: datetime
    until: datetime


class Intent(NamedTuple):
    """A message that was decided, and is owed until it is marked as sent."""

    step: Step
    severity: Severity
    troubles: frozenset[Trouble]
    decided_at: datetime
    opened_at: datetime | None = None
    told: Told | None = None
    """What people knew when it was decided."""


class Outbox(NamedTuple):
    """The message that is owed, and who is sending it until when."""

    intent: Intent
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Episode:
    """All that is remembered of one subject."""

    subject: Subject
    provider: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    opened_at: datetime | None = None
    told: Told | None = None
    waiting: Waiting | None = None
    outbox: Outbox | None = None
    note: Note | None = None
    version: int = 0
    """0 when it is not stored; every write adds one, on condition that nobody else did."""

    @property
    def firing(self) -> frozenset[str]:
        """The kinds of the alarms that are in ALARM."""
        return frozenset(kind for kind, fact in self.facts.items() if fact.firing)

    @property
    def troubles(self) -> frozenset[Trouble]:
        """What is wrong now."""
        return frozenset(trouble_of(kind) for kind in self.firing)

    @property
    def is_open(self) -> bool:
        """Whether anything holds, is known to people, or is owed to them."""
        return bool(self.firing or self.told or self.waiting or self.outbox)

    @property
    def latest(self) -> Datapoint | None:
        """The newest balance that an alarm of ours was evaluated on."""
        points = (
            fact.latest
            for kind, fact in self.facts.items()
            if kind in (AlarmKind.WARNING, AlarmKind.CRITICAL) and fact.latest is not None
        )
        return max(points, key=lambda point: point.at, default=None)


def trouble_of(kind: str) -> Trouble:
    """Return what an alarm of ``kind`` means for people."""
    return Trouble.FOREIGN if kind == FOREIGN_KIND else _TROUBLES[AlarmKind(kind)]


def is_one_cause(group: str) -> bool:
    """Whether a group's members have one cause."""
    return group.startswith(ONE_CAUSE)


def locate(change: AlarmChange, stack_name: str) -> tuple[Subject, str]:
    """Return whose alarm changed, and which kind of it."""
    ours = None if change.contributor else AlarmName.parse(change.alarm_name, stack_name)
    if ours is None:
        key = change.key
        if len(key.encode()) > _LONGEST_ID:
            key = sha256(key.encode()).hexdigest()
        return Subject(Scope.FOREIGN, key), FOREIGN_KIND
    return Subject(Scope.ACCOUNT, ours.account), ours.kind.value


def apply(episode: Episode, kind: str, change: AlarmChange) -> Episode:
    """Return the episode with a transition in it.

    A transition that is older than what is known changes nothing, whenever it arrives. An alarm
    of ours that lacks data keeps its state; a foreign one that says so is passed on.
    """
    known = episode.facts.get(kind)
    if known is not None and change.changed_at < known.at:
        return episode
    is_foreign = episode.subject.scope is Scope.FOREIGN
    lacks_data = change.state is AlarmState.INSUFFICIENT_DATA
    if lacks_data and not is_foreign:
        return episode
    firing = change.state is not AlarmState.OK
    latest = _newer(change.latest, known.latest if known else None)
    opened = episode.opened_at
    if firing and not episode.firing and episode.told is None:
        opened = change.changed_at
    return replace(
        episode,
        facts={
            **episode.facts,
            kind: Fact(firing, change.changed_at, latest, change.watched.threshold),
        },
        opened_at=opened,
        provider=change.watched.dimensions.get("Provider", "") or episode.provider,
        note=_note(change) if is_foreign and (firing or episode.note is None) else episode.note,
    )


def bury(episode: Episode, kinds: frozenset[str], now: datetime) -> Episode:
    """Return the episode with ``kinds`` known as alarms that no longer exist."""
    gone = {kind: Fact(firing=False, at=now, is_gone=True) for kind in kinds}
    return replace(episode, facts={**episode.facts, **gone})


def _newer(one: Datapoint | None, other: Datapoint | None) -> Datapoint | None:
    """Return the newer of two datapoints."""
    return max((p for p in (one, other) if p is not None), key=lambda p: p.at, default=None)


def _note(change: AlarmChange) -> Note:
    """Keep of a foreign alarm what a message needs."""
    return Note(
        alarm_name=change.alarm_name,
        alarm_arn=change.alarm_arn,
        aws_account=change.aws_account,
        region=change.region,
        reason=change.reason[:1000],
        description=change.description[:1000],
        watching=describe.watching(change)[:500],
        brief=describe.brief(change)[:200],
        contributor=", ".join(f"{k}={v}" for k, v in sorted(change.attributes.items()))[:300]
        or change.contributor,
        has_data=change.state is not AlarmState.INSUFFICIENT_DATA,
    )
