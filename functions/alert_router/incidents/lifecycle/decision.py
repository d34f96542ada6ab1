"""Decide which notification is due, from the alarms' state and the last one sent.

No clock, no AWS call. Alarms trigger, the record decides: a warning with a balance below the
critical threshold is critical. The end of a problem is announced only if its start was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from alert_router.incidents.endings import endings
from alert_router.incidents.incident import (
    FOREIGN_KIND,
    ONE_CAUSE,
    GroupWait,
    Incident,
    LastNotification,
    NotificationReason,
    Outbox,
    PendingNotification,
    Problem,
    Scope,
    Suppression,
    is_one_cause,
    problem_of,
)
from alert_router.incidents.lifecycle import flapping, series
from alert_router.incidents.lifecycle.assessment import (
    CRITICAL_KINDS,
    holding,
    is_below,
    problems_of,
    severity_of,
)
from alert_router.incidents.lifecycle.transitions import mark_sent
from alert_router.incidents.snapshot import AccountSnapshot, current_provider
from shared.names import Severity

#: How long the end of a low balance is held back while the record says it is low again.
_PATIENCE: Final = timedelta(minutes=30)

#: How long after any other end it takes until a reconcile has found a low balance's alarm, if any.
_FOUND_WITHIN: Final = timedelta(minutes=12)

#: A new account's alarm fires before its first poll, so it waits this many times longer.
_FIRST_POLL_FACTOR: Final = 15
_NEVER_POLLED: Final = "never-polled"
_NOT_SET_UP: Final = "not-set-up"

_OPENINGS: Final = frozenset({NotificationReason.OPENED, NotificationReason.NOT_SET_UP})
_ENDS: Final = frozenset({NotificationReason.RECOVERED, NotificationReason.CLOSED})


class Policy(NamedTuple):
    """When to wait, when to repeat, and when to ignore a missing metric."""

    group_wait: timedelta
    repeat_after: Mapping[Severity, timedelta]
    metric_delay: timedelta = timedelta(minutes=10)
    """How long after an ok poll its metric may still be missing."""
    foreign_expiry: timedelta = timedelta.max
    """How long a foreign alarm that cannot be read stays open after its last transition."""
    readable_alarms: str = ""
    """The prefix of the ARNs of alarms that CloudWatch can describe here."""


class Decision(NamedTuple):
    """What was decided about an incident."""

    incident: Incident
    """It has a notification in its ``outbox``, is ``waiting`` for others, or neither."""
    suppressed: Suppression | None = None
    """Why nothing is sent now; None if something is, or if there is nothing to announce."""


class _Due(NamedTuple):
    """The notification that is due."""

    reason: NotificationReason
    severity: Severity
    problems: frozenset[Problem]
    is_urgent: bool = False


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
        incident: its state; if a notification is pending, call :func:`decide_again` instead.
        snapshot: the account's record and silences.
        now: the time of the decision.
        policy: when to wait and when to repeat.
        wait_is_over: whether its group's wait is over.
    """
    if incident.outbox is not None:
        return Decision(incident)
    incident = _settled(incident, now)
    due = _due(incident, snapshot, now, policy)
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
    if _is_unheard(decision.incident, now, policy):
        unheard = _Due(NotificationReason.NO_DATA, Severity.WARNING, frozenset({Problem.FOREIGN}))
        return Decision(_enqueued(decision.incident, unheard, snapshot, now))
    reminder = _reminder(decision.incident, snapshot, now, policy)
    if reminder is None:
        return decision
    return Decision(_enqueued(decision.incident, reminder, snapshot, now))


def _is_unheard(incident: Incident, now: datetime, policy: Policy) -> bool:
    """Whether a foreign alarm that cannot be compared has been quiet for too long."""
    foreign = incident.foreign_alarm
    return (
        foreign is not None
        and not foreign.alarm_arn.startswith(policy.readable_alarms)
        and now - series.newest(incident) >= policy.foreign_expiry
    )


def decide_again(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> Decision:
    """Decide again on a notification that an earlier attempt left pending, from the current state.

    Unless it is known to be unsent, SNS may have accepted it although the call failed. People may
    then know of it, so if the problem is over by now, its end is due. A notification that is
    suppressed now stays pending.
    """
    if incident.outbox is None:
        return decide(incident, snapshot, now, policy)
    before = incident.outbox.trusted
    incident = replace(incident, outbox=before, waiting=None)
    if snapshot.is_silenced:
        return Decision(incident, Suppression.SILENCED)
    is_reminder = before.pending.reason is NotificationReason.REMINDER
    open_ended = replace(incident, outbox=None)
    unsent = (
        decide_or_remind(open_ended, snapshot, now, policy)
        if is_reminder
        else decide(open_ended, snapshot, now, policy, wait_is_over=True)
    )
    if before.is_unsent:
        return _repeated(before, unsent)
    sent = decide(mark_sent(incident, snapshot, now, ""), snapshot, now, policy, wait_is_over=True)
    if sent.incident.outbox is not None:
        return _followed(before, sent)
    if unsent.incident.outbox is not None or sent.suppressed is not Suppression.CLEARING:
        return _repeated(before, unsent)
    return Decision(incident, Suppression.CLEARING)


def _repeated(before: Outbox, decision: Decision) -> Decision:
    """Return the decision; a repeated notification goes only to those who did not get it."""
    outbox = decision.incident.outbox
    if outbox is None:
        return decision
    repeated = outbox._replace(is_unsent=before.is_unsent)
    if _is_same(before.pending, outbox.pending):
        repeated = repeated._replace(delivered=before.delivered, joins=before.joins)
    return decision._replace(incident=replace(decision.incident, outbox=repeated))


def _followed(before: Outbox, decision: Decision) -> Decision:
    """Return the decision; an end does not go to those who never got the alert."""
    outbox = decision.incident.outbox
    previous = before.pending.previous
    is_first = previous is None or previous.is_setup
    if outbox is None or not is_first or outbox.pending.reason not in _ENDS:
        return decision
    followed = outbox._replace(delivered=before.joins)
    return decision._replace(incident=replace(decision.incident, outbox=followed))


def _is_same(one: PendingNotification, other: PendingNotification) -> bool:
    """Whether two notifications announce the same; "not set up" is a kind of opening."""
    is_same_reason = one.reason is other.reason or {one.reason, other.reason} == _OPENINGS
    return is_same_reason and (one.severity, one.problems) == (other.severity, other.problems)


def _due(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> _Due | Suppression | None:
    """Compare the current problems with those that were announced."""
    last = incident.last_notification
    foreign = incident.alarms.get(FOREIGN_KIND)
    if foreign is not None and foreign.lacks_data:
        return _no_data(incident, now)
    if last is not None and _has_moved(incident, last, snapshot):
        return _Due(NotificationReason.CLOSED, last.worst, frozenset(), is_urgent=True)
    if not incident.firing:
        return _end(incident, last, snapshot, now) if last is not None else None
    kinds = holding(incident, snapshot, now, policy.metric_delay)
    if not kinds:
        return Suppression.CLEARING
    if last is None or last.is_setup:
        return _start(incident, kinds, snapshot, now)
    return _turn(incident, last, kinds, snapshot, now)


def _has_moved(incident: Incident, last: LastNotification, snapshot: AccountSnapshot) -> bool:
    """Whether the account's provider has changed since the last notification.

    The incident ends; problems at the new provider open another one.
    """
    is_known = bool(last.provider) and not last.is_setup
    return is_known and current_provider(incident, snapshot.latest) != last.provider


def _no_data(incident: Incident, now: datetime) -> _Due | Suppression:
    """Return that a foreign alarm has no data any more; announced once, this ends its incident."""
    problems = frozenset({Problem.FOREIGN})
    if incident.last_notification is None and flapping.is_over_budget(incident, problems, now):
        return Suppression.FLAPPING
    return _Due(NotificationReason.NO_DATA, Severity.WARNING, problems)


def _start(
    incident: Incident, kinds: frozenset[str], snapshot: AccountSnapshot, now: datetime
) -> _Due | Suppression:
    """Return an opening; for an account that was never set up, that notice, once."""
    severity, problems = severity_of(kinds, snapshot), problems_of(kinds)
    if problems == {Problem.STALE}:
        if incident.last_notification is not None:
            return Suppression.NOT_SET_UP
        if snapshot.is_set_up is False:
            return _Due(NotificationReason.NOT_SET_UP, Severity.WARNING, problems)
    return _begin(incident, _Due(NotificationReason.OPENED, severity, problems), problems, now)


def _turn(
    incident: Incident,
    last: LastNotification,
    kinds: frozenset[str],
    snapshot: AccountSnapshot,
    now: datetime,
) -> _Due | Suppression:
    """Return an escalation, a further problem, an improvement, or the end of one of several."""
    severity, problems = severity_of(kinds, snapshot), problems_of(kinds)
    new = problems - last.problems
    is_worse = severity is Severity.CRITICAL and last.severity is Severity.WARNING
    if last.series and series.firing_series(incident) - last.series:
        new |= {Problem.FOREIGN}
    if is_worse or new:
        return _begin(incident, _Due(NotificationReason.ESCALATED, severity, problems), new, now)
    still = last.problems & problems_of(incident.firing)
    ended = last.problems - still
    if ended or (severity is not last.severity and _has_improved(incident, last, snapshot)):
        if not still <= problems:
            # Naming the current problems would end those that are only about to clear.
            return Suppression.CLEARING
        if flapping.is_flapping(incident, ended or frozenset({Problem.LOW})):
            return Suppression.FLAPPING
        return _Due(NotificationReason.IMPROVED, severity, problems)
    return Suppression.ALREADY_SENT if severity is last.severity else Suppression.CLEARING


def _begin(
    incident: Incident, due: _Due, new: frozenset[Problem], now: datetime
) -> _Due | Suppression:
    """Return the start of problems, within the hour's budget."""
    is_critical = due.severity is Severity.CRITICAL
    if is_critical and not flapping.was_critical(incident, now):
        return due._replace(is_urgent=True)
    if flapping.is_flapping(incident, new or frozenset({Problem.LOW})):
        return Suppression.FLAPPING
    # A repeated escalation has a budget of one an hour: it was critical within the hour.
    if flapping.is_over_budget(incident, new, now):
        due = due._replace(reason=NotificationReason.FLAPPING)
    return due._replace(is_urgent=is_critical)


def _end(
    incident: Incident, last: LastNotification, snapshot: AccountSnapshot, now: datetime
) -> _Due | Suppression:
    """Return the end, which is usually urgent.

    A problem that was announced in a group ends in a group. If it was critical, its end joins those
    that follow within a minute. If the balance is low, an alarm for it is on its way or was lost:
    the end waits until a reconcile finds that alarm and notifies of it instead.
    """
    if incident.closed_by:
        return _Due(NotificationReason.CLOSED, last.worst, frozenset(), is_urgent=True)
    if flapping.is_flapping(incident, last.problems):
        return Suppression.FLAPPING
    is_gone = all(status.is_gone for status in incident.alarms.values())
    is_cut_short = is_gone or endings(incident, last.problems - {Problem.FOREIGN}, snapshot.balance)
    reason = NotificationReason.CLOSED if is_cut_short else NotificationReason.RECOVERED
    limits = snapshot.thresholds
    is_low = not is_gone and is_below(snapshot.balance, limits.warning or limits.critical)
    ended_at = _ended_at(incident, last.problems)
    patience = _PATIENCE if Problem.LOW in last.problems else _FOUND_WITHIN
    if is_low and ended_at is not None and now - ended_at < patience:
        return Suppression.CLEARING
    waits = is_one_cause(last.group) if last.worst is Severity.CRITICAL else bool(last.group)
    return _Due(reason, last.worst, frozenset(), is_urgent=not waits)


def _reminder(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> _Due | None:
    """Return a reminder if the last notification is old enough."""
    last = incident.last_notification
    repeat = policy.repeat_after.get(last.severity) if last is not None else None
    if last is None or repeat is None or now - last.at < repeat:
        return None
    kinds = holding(incident, snapshot, now, policy.metric_delay)
    return _Due(NotificationReason.REMINDER, last.severity, problems_of(kinds), is_urgent=True)


def _settled(incident: Incident, now: datetime) -> Incident:
    """Return the incident without the problems that end silently.

    "Not set up yet" ends with the first ok poll, which needs no message.
    """
    incident = flapping.settled(incident, now)
    last = incident.last_notification
    if not incident.firing and (last is None or last.is_setup):
        return replace(incident, last_notification=None, opened_at=None)
    return incident


def _has_improved(incident: Incident, last: LastNotification, snapshot: AccountSnapshot) -> bool:
    """Whether a problem announced as critical is now only a warning, as its severity says.

    The critical alarm must have cleared: a balance that bounces around the threshold has not
    improved. If that alarm never fired, the record decides after a few polls.
    """
    fires = bool(incident.firing & CRITICAL_KINDS)
    cleared = any(
        kind in CRITICAL_KINDS and _is_since(status.began_at, incident.opened_at)
        for kind, status in incident.alarms.items()
    )
    read_at = snapshot.balance_at
    is_read = read_at is not None and read_at >= last.at + _PATIENCE / 2
    return not fires and (cleared or is_read)


def _enqueued(incident: Incident, due: _Due, snapshot: AccountSnapshot, now: datetime) -> Incident:
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
        ended_at=_ended_at(incident, ended),
    )
    outbox = Outbox(pending, is_unsent=True)
    return replace(incident, waiting=None, outbox=outbox, opened_at=began_at)


def _began_at(incident: Incident, due: _Due, snapshot: AccountSnapshot) -> datetime | None:
    """Return when the incident began: at its first alarm, or at the first failed poll."""
    last, latest = incident.last_notification, snapshot.latest
    times = [
        incident.opened_at,
        last.began_at if last is not None and not last.is_setup else None,
        latest.failing_since if latest is not None and Problem.STALE in due.problems else None,
    ]
    return min((at for at in times if at is not None), default=None)


def _ended_at(incident: Incident, problems: frozenset[Problem]) -> datetime | None:
    """Return when the last alarm of some problems cleared, or was deleted."""
    return max(
        (
            status.began_at
            for kind, status in incident.alarms.items()
            if not status.firing and problem_of(kind) in problems
        ),
        default=None,
    )


def _wait(
    incident: Incident, due: _Due, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> GroupWait:
    """Join the group of similar notifications, or keep waiting in it."""
    group = _group(incident, due, snapshot)
    if incident.waiting is not None:
        return incident.waiting._replace(group=group)
    factor = _FIRST_POLL_FACTOR if group == _NEVER_POLLED else 1
    return GroupWait(group, since=now, until=now + factor * policy.group_wait)


def _group(incident: Incident, due: _Due, snapshot: AccountSnapshot) -> str:
    """Return the name of the group whose notifications may become one message."""
    if due.reason in _ENDS and incident.last_notification is not None:
        return incident.last_notification.group or "recovered"
    if due.reason is NotificationReason.NOT_SET_UP:
        return _NOT_SET_UP if snapshot.is_polled else _NEVER_POLLED
    if due.reason is NotificationReason.OPENED and due.problems == {Problem.STALE}:
        return f"{ONE_CAUSE}{incident.provider}"
    if incident.key.scope is Scope.FOREIGN:
        return "foreign"
    return due.severity.value


def _is_since(at: datetime, start: datetime | None) -> bool:
    """Whether ``at`` is not before ``start``, where there is one."""
    return start is None or at >= start
