"""One thing to say about one subject, with all that its texts need. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from alert_router.incidents.balance import newest_balance
from alert_router.incidents.incident import (
    Episode,
    Intent,
    Note,
    Scope,
    Step,
    Subject,
    Told,
    Trouble,
)
from shared.names import NO_SUBJECT, AlarmKind, Severity, Status
from shared.records import Latest

_STATUSES: Final = {
    Step.OPENED: Status.FIRING,
    Step.ESCALATED: Status.FIRING,
    Step.IMPROVED: Status.FIRING,
    Step.NOT_SET_UP: Status.FIRING,
    Step.REMINDER: Status.REMINDER,
    Step.RECOVERED: Status.RESOLVED,
    Step.CLOSED: Status.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened to an account, or to a foreign alarm."""

    subject: Subject
    step: Step
    severity: Severity
    """What holds now; of something that is over, the worst that it was."""
    troubles: frozenset[Trouble]
    now: datetime
    opened_at: datetime | None = None
    told: Told | None = None
    """What people knew before this."""
    provider: str = NO_SUBJECT
    latest: Latest | None = None
    balance: Decimal | None = None
    """The newest balance known, from the record or from the alarm's own datapoint."""
    balance_at: datetime | None = None
    threshold: Decimal | None = None
    """The threshold that the balance is below; None when it is below none, or none is known."""
    firing: frozenset[str] = frozenset()
    note: Note | None = None
    history: Mapping[datetime, Decimal] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The status by which subscribers filter."""
        return _STATUSES[self.step]

    @property
    def audience(self) -> Severity:
        """The severity by which subscribers filter: who heard of the worse hears of the better."""
        if self.told is not None and self.step in (Step.IMPROVED, Step.RECOVERED, Step.CLOSED):
            return self.told.worst
        return self.severity

    @property
    def account(self) -> str:
        """The account's id; "-" for a foreign alarm."""
        return self.subject.id if self.subject.scope is Scope.ACCOUNT else NO_SUBJECT

    @property
    def title(self) -> str:
        """The provider as people call it; empty without the record."""
        return self.latest.provider_title if self.latest is not None else ""

    @property
    def name(self) -> str:
        """What a person calls the subject: "OpenRouter openrouter-main", or an alarm's name."""
        if self.note is not None:
            of = f" ({self.note.contributor})" if self.note.contributor else ""
            return f"{self.note.alarm_name}{of}"
        return " ".join(filter(None, (self.title, self.account)))

    @property
    def unit(self) -> str:
        """The balance's unit; empty when it is not known."""
        return (
            (self.latest.good.unit or "") if self.latest else (self.told.unit if self.told else "")
        )

    @property
    def news(self) -> frozenset[Trouble]:
        """What people have not heard of yet."""
        known = self.told.troubles if self.told and not self.told.is_setup else frozenset()
        return self.troubles - known or self.troubles

    @property
    def leading(self) -> Trouble:
        """The trouble that the subject line is about."""
        if self.step is Step.ESCALATED and self.told and self.severity is self.told.severity:
            wanted = self.news
        elif self.step in (Step.RECOVERED, Step.CLOSED, Step.IMPROVED) and self.told:
            wanted = self.told.troubles or self.troubles
        else:
            wanted = self.troubles
        return next((trouble for trouble in Trouble if trouble in wanted), Trouble.LOW)

    @property
    def is_reduced(self) -> bool:
        """Whether the record is missing that a full message needs."""
        return self.latest is None and self.subject.scope is Scope.ACCOUNT


def notice_of(
    episode: Episode,
    intent: Intent,
    now: datetime,
    latest: Latest | None,
    history: Mapping[datetime, Decimal] | None = None,
) -> Notice:
    """Put together what an episode's owed message needs."""
    is_ours = episode.subject.scope is Scope.ACCOUNT
    balance, balance_at = newest_balance(episode, latest)
    provider = (latest.provider if latest else episode.provider) if is_ours else ""
    return Notice(
        subject=episode.subject,
        step=intent.step,
        severity=intent.severity,
        troubles=intent.troubles,
        now=now,
        opened_at=intent.opened_at,
        told=intent.told,
        provider=provider or NO_SUBJECT,
        latest=latest,
        balance=balance,
        balance_at=balance_at,
        threshold=_threshold(episode, latest, balance),
        firing=episode.firing,
        note=episode.note,
        history=history or {},
    )


def _threshold(episode: Episode, latest: Latest | None, balance: Decimal | None) -> Decimal | None:
    """Return the lowest threshold that the balance is below: the record's, or an alarm's own."""
    limits = latest.thresholds if latest else None
    if limits is not None:
        known = [limits.critical, limits.warning]
        return next((t for t in known if None not in (t, balance) and balance < t), None)  # type: ignore[operator]
    kinds = (AlarmKind.CRITICAL, AlarmKind.WARNING)
    facts = [episode.facts[kind] for kind in kinds if kind in episode.firing]
    return next((fact.threshold for fact in facts if fact.threshold is not None), None)
