"""Incidents, records and what is decided on them, for tests of the decision alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from alert_router.incidents.incident import (
    AlarmStatus,
    Announcements,
    ForeignAlarm,
    GroupWait,
    Incident,
    IncidentKey,
    LastNotification,
    Problem,
    Scope,
    Suppression,
)
from alert_router.incidents.incident import NotificationReason as Reason
from alert_router.incidents.lifecycle.decision import Decision
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import Severity
from shared.outcome import Outcome
from tests.unit.router.builders import NOW, latest, minutes
from tests.unit.router.kinds import announced

KEY = IncidentKey(Scope.ACCOUNT, "openrouter-main")
DAY = timedelta(days=1)
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
LOW, STALE, DRAIN, FOREIGN = Problem.LOW, Problem.STALE, Problem.DRAIN, Problem.FOREIGN
POLICY = Policy(timedelta(), {WARNING: DAY, CRITICAL: 4 * minutes(60)})
GROUPS = POLICY._replace(group_wait=minutes(1))
WAIT = GroupWait("warning", NOW - minutes(1), NOW)


def told(*problems: Problem, severity: Severity = WARNING, **changes: Any) -> LastNotification:
    """Return what was announced two hours ago."""
    values = {"at": NOW - minutes(120), "provider": "openrouter", "problems": frozenset(problems)}
    return announced(severity, **values | changes)


def incident(*firing: str, cleared: str = "", **changes: Any) -> Incident:
    """Return an account's incident; alarms fire since 45 minutes, or cleared a minute ago."""
    alarms = {kind: AlarmStatus(True, NOW - minutes(45)) for kind in firing}
    over = {kind: AlarmStatus(False, NOW - minutes(1)) for kind in cleared.split()}
    return Incident(KEY, **{"provider": "openrouter", "alarms": alarms | over} | changes)


def known(balance: str = "12.30", *, is_silenced: bool = False, **record: Any) -> AccountSnapshot:
    """Return a record that was read ninety minutes ago, before the alarms fired."""
    values = {"balance": Decimal(balance), "balance_at": NOW - minutes(90)} | record
    found = latest(**values)
    return AccountSnapshot(
        found, is_silenced=is_silenced, balance=found.good.balance, balance_at=found.good.balance_at
    )


def due(found: Decision) -> tuple[Reason, Severity, set[Problem]] | Suppression | None:
    """Return what is sent: reason, severity, problems; or why nothing is."""
    outbox = found.incident.outbox
    if outbox is None:
        return found.suppressed
    assert found.suppressed is None
    return outbox.pending.reason, outbox.pending.severity, set(outbox.pending.problems)


FAILS = {"outcome": Outcome.INVALID_KEY, "reason": "the key was rejected"}


def no_data(*, is_known: bool, begins: int = 0) -> Incident:
    """Return the incident of a foreign alarm that has no data any more."""
    alarms = {"alarm": AlarmStatus(False, NOW, lacks_data=True)}
    last = told(FOREIGN, provider="") if is_known else None
    counted = {FOREIGN: Announcements((NOW - minutes(5),) * begins)}
    key = IncidentKey(Scope.FOREIGN, "arn:x")
    return Incident(
        key,
        alarms=alarms,
        last_notification=last,
        announcements=counted,
        foreign_alarm=ForeignAlarm("api-errors"),
    )
