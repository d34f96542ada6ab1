"""Decide what is sent of an incident now: a notification into its outbox, a wait, or nothing.

No clock, no AWS call. Whatever is not sent has a reason.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from alert_router.incidents.incident import (
    ONE_CAUSE,
    GroupWait,
    Incident,
    NotificationReason,
    Outbox,
    PendingNotification,
    Problem,
    Scope,
    Suppression,
)
from alert_router.incidents.lifecycle import flapping
from alert_router.incidents.lifecycle.due import (
    Due,
    Policy,
    due_of,
    end_of,
    is_unheard,
    reminder_of,
)
from alert_router.incidents.snapshot import AccountSnapshot
from shared.names import Severity

#: A new account's alarm fires before its first poll, so it waits this many times longer.
_FIRST_POLL_FACTOR: Final = 15
_NEVER_POLLED: Final = "never-polled"
_NOT_SET_UP: Final = "not-set-up"

#: What a notification of these reasons announces is over.
ENDS: Final = frozenset({NotificationReason.RECOVERED, NotificationReason.CLOSED})


class Decision(NamedTuple):
    """What was decided about an incident."""

    incident: Incident
    """It has a notification in its ``outbox``, is ``waiting`` for others, or neither."""
    suppressed: Suppression | None = None
    """Why nothing is sent now; None if something is, or if there is nothing to announce."""


def decide(
    incident: Incident,
    snapshot: AccountSnapshot,
    now: datetime,
    policy: Policy,
    *,
    wait_is_over: bool = False,
) -> Decision:
    """Decide which notification of an incident is due, if any.

    Args:
        incident: its state; if a notification is pending, call :func:`~.pending.decide_again`
            instead.
        snapshot: the account's record and silences.
        now: the time of the decision.
        policy: when to wait and when to repeat.
        wait_is_over: whether its group's wait is over.
    """
    if incident.outbox is not None:
        return Decision(incident)
    incident = _settled(incident, now)
    due = due_of(incident, snapshot, now, policy)
    if due is None or isinstance(due, Suppression):
        return Decision(replace(incident, waiting=None), due)
    if snapshot.is_silenced:
        return Decision(replace(incident, waiting=None), Suppression.SILENCED)
    if due.is_urgent or wait_is_over or not policy.group_wait:
        return Decision(_enqueued(incident, due, snapshot, now))
    waiting = _wait(incident, due, snapshot, now, policy)
    return Decision(replace(incident, waiting=waiting), Suppression.GROUPED)


def decide_or_remind(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> Decision:
    """Decide as :func:`decide` does; if nothing is new, a reminder may be due."""
    decision = decide(incident, snapshot, now, policy)
    if decision.suppressed is not Suppression.ALREADY_SENT or snapshot.is_silenced:
        return decision
    if is_unheard(decision.incident, now, policy):
        unheard = Due(NotificationReason.NO_DATA, Severity.WARNING, frozenset({Problem.FOREIGN}))
        return Decision(_enqueued(decision.incident, unheard, snapshot, now))
    reminder = reminder_of(decision.incident, snapshot, now, policy)
    if reminder is None:
        return decision
    return Decision(_enqueued(decision.incident, reminder, snapshot, now))


def _settled(incident: Incident, now: datetime) -> Incident:
    """Return the incident without the problems that end silently.

    "Not set up yet" ends with the first ok poll, which needs no message.
    """
    incident = flapping.settled(incident, now)
    last = incident.last_notification
    if not incident.firing and (last is None or last.is_setup):
        return replace(incident, last_notification=None, opened_at=None)
    return incident


def _enqueued(incident: Incident, due: Due, snapshot: AccountSnapshot, now: datetime) -> Incident:
    """Return the incident with a notification in its outbox, not yet leased to a sender."""
    last = incident.last_notification
    ended = last.problems - due.problems if last is not None else frozenset[Problem]()
    began_at = _began_at(incident, due, snapshot)
    pending = PendingNotification(
        reason=due.reason,
        severity=due.severity,
        problems=due.problems,
        decided_at=now,
        opened_at=began_at,
        previous=last,
        ended_at=end_of(incident, ended),
    )
    outbox = Outbox(pending, is_unsent=True)
    return replace(incident, waiting=None, outbox=outbox, opened_at=began_at)


def _began_at(incident: Incident, due: Due, snapshot: AccountSnapshot) -> datetime | None:
    """Return when the incident began: at its first alarm, or at the first failed poll."""
    last, latest = incident.last_notification, snapshot.latest
    times = [
        incident.opened_at,
        last.began_at if last is not None and not last.is_setup else None,
        latest.failing_since if latest is not None and Problem.STALE in due.problems else None,
    ]
    return min((at for at in times if at is not None), default=None)


def _wait(
    incident: Incident, due: Due, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> GroupWait:
    """Join the group of similar notifications, or keep waiting in it."""
    group = _group(incident, due, snapshot)
    if incident.waiting is not None:
        return incident.waiting._replace(group=group)
    factor = _FIRST_POLL_FACTOR if group == _NEVER_POLLED else 1
    return GroupWait(group, since=now, until=now + factor * policy.group_wait)


def _group(incident: Incident, due: Due, snapshot: AccountSnapshot) -> str:
    """Return the name of the group whose notifications may become one message."""
    if due.reason in ENDS and incident.last_notification is not None:
        return incident.last_notification.group or "recovered"
    if due.reason is NotificationReason.NOT_SET_UP:
        return _NOT_SET_UP if snapshot.is_polled else _NEVER_POLLED
    if due.reason is NotificationReason.OPENED and due.problems == {Problem.STALE}:
        return f"{ONE_CAUSE}{incident.provider}"
    if incident.key.scope is Scope.FOREIGN:
        return "foreign"
    return due.severity.value
