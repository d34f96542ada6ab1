"""One notification about one incident, with everything its texts need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from alert_router.incidents.endings import Ending, endings
from alert_router.incidents.foreign_text import clean_alarm, clean_record
from alert_router.incidents.incident import (
    ForeignAlarm,
    Incident,
    IncidentKey,
    LastNotification,
    NotificationReason,
    PendingNotification,
    Problem,
    Scope,
    is_series,
)
from alert_router.incidents.snapshot import current_provider, newest_balance
from alert_router.incidents.subscriber import Line
from shared.names import NO_SUBJECT, AlarmKind, Severity, Status
from shared.records import Latest
from shared.records.breakdown import Breakdown
from shared.text import one_line

_STATUSES: Final = {
    NotificationReason.OPENED: Status.FIRING,
    NotificationReason.ESCALATED: Status.FIRING,
    NotificationReason.IMPROVED: Status.FIRING,
    NotificationReason.NOT_SET_UP: Status.FIRING,
    NotificationReason.REMINDER: Status.REMINDER,
    NotificationReason.RECOVERED: Status.RESOLVED,
    NotificationReason.CLOSED: Status.RESOLVED,
    NotificationReason.FLAPPING: Status.FIRING,
}

#: These go to the audience of the worst problem announced, not of the current one.
_RELIEFS: Final = frozenset(
    {
        NotificationReason.IMPROVED,
        NotificationReason.RECOVERED,
        NotificationReason.CLOSED,
        NotificationReason.NO_DATA,
    }
)


_ENDS: Final = frozenset({NotificationReason.RECOVERED, NotificationReason.CLOSED})


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened to an account, or to a foreign alarm."""

    key: IncidentKey
    reason: NotificationReason
    severity: Severity
    """The current severity; for an ended problem, its worst."""
    problems: frozenset[Problem]
    now: datetime
    opened_at: datetime | None = None
    previous: LastNotification | None = None
    """The previous notification."""
    provider: str = NO_SUBJECT
    latest: Latest | None = None
    balance: Decimal | None = None
    """The newest balance known, from the record or from the alarm's own datapoint."""
    balance_at: datetime | None = None
    threshold: Decimal | None = None
    """The threshold that the balance is below; None if there is none, or it is unknown."""
    firing: frozenset[str] = frozenset()
    foreign_alarm: ForeignAlarm | None = None
    history: Mapping[datetime, Decimal] = field(default_factory=dict)
    breakdown: Breakdown | None = None
    """Which keys of the account consumed most, if known."""
    ended_at: datetime | None = None
    """When the problem announced as over ended; None if unknown."""
    moved_to: str = ""
    """The account's new provider, if its incident ends for that reason."""
    closed_by: str = ""
    """Who closed the incident by hand, and why, if it ends for that reason."""
    endings: Mapping[Problem, Ending] = field(default_factory=dict)
    """The problems that ended because their threshold was changed or removed."""

    @property
    def status(self) -> Status:
        """The status by which subscribers filter."""
        if self.reason is NotificationReason.NO_DATA:
            return Status.FIRING if self.previous is None else Status.RESOLVED
        return _STATUSES[self.reason]

    @property
    def audience(self) -> Severity:
        """The severity by which subscribers filter: those who were alerted learn of the end."""
        if self.previous is not None and self.reason in _RELIEFS:
            return self.previous.worst
        return self.severity

    @property
    def line(self) -> Line:
        """The notification as subscribers' filters see it."""
        return Line(self.audience, self.status, self.provider, self.account)

    @property
    def account(self) -> str:
        """The account's id; "-" for a foreign alarm."""
        return self.key.id if self.key.scope is Scope.ACCOUNT else NO_SUBJECT

    @property
    def title(self) -> str:
        """The provider's display name; empty without the record."""
        return self.latest.provider_title if self.latest is not None else ""

    @property
    def name(self) -> str:
        """The display name: "OpenRouter openrouter-main", or an alarm's name."""
        if self.foreign_alarm is not None:
            of = f" ({self.series})" if self.series else ""
            return f"{self.foreign_alarm.alarm_name}{of}"
        return " ".join(filter(None, (self.title, self.account)))

    @property
    def series(self) -> str:
        """A foreign alarm's series that fire, or that end: "Table=orders and 2 more"."""
        newest = self.foreign_alarm.contributor if self.foreign_alarm is not None else ""
        firing = frozenset(filter(is_series, self.firing))
        known = firing or (self.previous.series if self.previous is not None else firing)
        return f"{newest} and {len(known) - 1} more" if newest and len(known) > 1 else newest

    @property
    def unit(self) -> str:
        """The balance's unit; empty if unknown."""
        return (
            (self.latest.good.unit or "")
            if self.latest
            else (self.previous.unit if self.previous else "")
        )

    @property
    def news(self) -> frozenset[Problem]:
        """The problems that were not announced yet."""
        known = (
            self.previous.problems if self.previous and not self.previous.is_setup else frozenset()
        )
        return self.problems - known or self.problems

    @property
    def ended(self) -> frozenset[Problem]:
        """The announced problems that are over."""
        return self.previous.problems - self.problems if self.previous else frozenset()

    @property
    def leading(self) -> Problem:
        """The problem that the subject line is about."""
        if (
            self.reason is NotificationReason.ESCALATED
            and self.previous
            and self.severity is self.previous.severity
        ):
            wanted = self.news
        elif self.reason in _RELIEFS and self.previous:
            wanted = self.ended or self.previous.problems
        else:
            wanted = self.problems
        return next((problem for problem in Problem if problem in wanted), Problem.LOW)

    @property
    def is_spending(self) -> bool:
        """Whether it reports consumption that goes on: low or drain, and not its end."""
        is_account = self.key.scope is Scope.ACCOUNT and self.status is Status.FIRING
        return is_account and bool(self.problems & {Problem.LOW, Problem.DRAIN})

    @property
    def is_reduced(self) -> bool:
        """Whether the record needed for a full message is missing."""
        return self.latest is None and self.key.scope is Scope.ACCOUNT


def notification_of(
    incident: Incident,
    pending: PendingNotification,
    now: datetime,
    latest: Latest | None,
    history: Mapping[datetime, Decimal] | None = None,
) -> Notification:
    """Return an incident's pending notification with everything its texts need."""
    is_ours = incident.key.scope is Scope.ACCOUNT
    moved_to = _moved_to(incident, pending, latest) if is_ours else ""
    # The new provider's record says nothing about what ended.
    latest = clean_record(latest) if latest is not None and not moved_to else None
    balance, balance_at = newest_balance(incident, latest, now)
    provider = current_provider(incident, latest) if is_ours else ""
    if moved_to and pending.previous is not None:
        provider = pending.previous.provider
    return Notification(
        key=incident.key,
        reason=pending.reason,
        severity=pending.severity,
        problems=pending.problems,
        now=now,
        opened_at=pending.opened_at,
        previous=pending.previous,
        provider=provider or NO_SUBJECT,
        latest=latest,
        balance=balance,
        balance_at=balance_at,
        threshold=_threshold(incident, latest, balance),
        firing=incident.firing,
        foreign_alarm=incident.foreign_alarm and clean_alarm(incident.foreign_alarm),
        history=history or {},
        ended_at=pending.ended_at,
        moved_to=moved_to,
        closed_by=one_line(incident.closed_by) if pending.reason in _ENDS else "",
        endings=endings(incident, pending.previous.problems if pending.previous else (), balance),
    )


def _moved_to(incident: Incident, pending: PendingNotification, latest: Latest | None) -> str:
    """Return the account's new provider if its incident ends because the provider changed."""
    known = pending.previous.provider if pending.previous is not None else ""
    current = current_provider(incident, latest)
    is_closed = pending.reason is NotificationReason.CLOSED
    return current if is_closed and known and current != known else ""


def _threshold(
    incident: Incident, latest: Latest | None, balance: Decimal | None
) -> Decimal | None:
    """Return the lowest threshold that the balance is below: the record's, or an alarm's own."""
    limits = latest.thresholds if latest else None
    if limits is not None:
        known = [limits.critical, limits.warning]
        return next((t for t in known if None not in (t, balance) and balance < t), None)  # type: ignore[operator]
    kinds = (AlarmKind.CRITICAL, AlarmKind.WARNING)
    statuses = [incident.alarms[kind] for kind in kinds if kind in incident.firing]
    return next((status.threshold for status in statuses if status.threshold is not None), None)
