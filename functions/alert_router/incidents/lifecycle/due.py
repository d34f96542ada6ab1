"""Which notification is due: the difference between an incident's problems and those announced.

No clock, no AWS call. Alarms trigger, the record decides: a warning with a balance below the
critical threshold is critical. The end of a problem is announced only if its start was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from alert_router.incidents.endings import endings
from alert_router.incidents.incident import (
    FOREIGN_KIND,
    Incident,
    LastNotification,
    NotificationReason,
    Problem,
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
from alert_router.incidents.snapshot import AccountSnapshot, current_provider
from shared.names import Severity

#: How long the end of a low balance is held back while the record shows it low again.
_PATIENCE: Final = timedelta(minutes=30)

#: How long after any other end it takes until a reconcile has found a low balance's alarm, if any.
_FOUND_WITHIN: Final = timedelta(minutes=12)


class Policy(NamedTuple):
    """When to wait, when to repeat, and when to ignore a missing metric."""

    group_wait: timedelta
    repeat_after: Mapping[Severity, timedelta]
    metric_delay: timedelta = timedelta(minutes=10)
    """How long after an ok poll its metric may still be missing."""
    foreign_expiry: timedelta = timedelta.max
    """How long a foreign alarm that cannot be read remains open after its last transition."""
    readable_alarms: str = ""
    """The prefix of the ARNs of alarms that CloudWatch can describe here."""


class Due(NamedTuple):
    """The notification that is due."""

    reason: NotificationReason
    severity: Severity
    problems: frozenset[Problem]
    is_urgent: bool = False


def due_of(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> Due | Suppression | None:
    """Compare the current problems with those that were announced."""
    last = incident.last_notification
    foreign = incident.alarms.get(FOREIGN_KIND)
    if foreign is not None and foreign.lacks_data:
        return _no_data(incident, now)
    if last is not None and _has_moved(incident, last, snapshot):
        return Due(NotificationReason.CLOSED, last.worst, frozenset(), is_urgent=True)
    if not incident.firing:
        return _end(incident, last, snapshot, now) if last is not None else None
    kinds = holding(incident, snapshot, now, policy.metric_delay)
    if not kinds:
        return Suppression.CLEARING
    if last is None or last.is_setup:
        return _start(incident, kinds, snapshot, now)
    return _turn(incident, last, kinds, snapshot, now)


def reminder_of(
    incident: Incident, snapshot: AccountSnapshot, now: datetime, policy: Policy
) -> Due | None:
    """Return a reminder if the last notification is old enough."""
    last = incident.last_notification
    repeat = policy.repeat_after.get(last.severity) if last is not None else None
    if last is None or repeat is None or now - last.at < repeat:
        return None
    kinds = holding(incident, snapshot, now, policy.metric_delay)
    return Due(NotificationReason.REMINDER, last.severity, problems_of(kinds))


def is_unheard(incident: Incident, now: datetime, policy: Policy) -> bool:
    """Whether a foreign alarm that cannot be compared has not changed for too long."""
    foreign = incident.foreign_alarm
    return (
        foreign is not None
        and not foreign.alarm_arn.startswith(policy.readable_alarms)
        and now - series.newest(incident) >= policy.foreign_expiry
    )


def _has_moved(incident: Incident, last: LastNotification, snapshot: AccountSnapshot) -> bool:
    """Whether the account's provider has changed since the last notification.

    The incident ends; problems at the new provider open another one.
    """
    is_known = bool(last.provider) and not last.is_setup
    return is_known and current_provider(incident, snapshot.latest) != last.provider


def _no_data(incident: Incident, now: datetime) -> Due | Suppression:
    """Return that a foreign alarm no longer has data; announced once, this ends its incident."""
    problems = frozenset({Problem.FOREIGN})
    if incident.last_notification is None and flapping.is_over_budget(incident, problems, now):
        return Suppression.FLAPPING
    return Due(NotificationReason.NO_DATA, Severity.WARNING, problems)


def _start(
    incident: Incident, kinds: frozenset[str], snapshot: AccountSnapshot, now: datetime
) -> Due | Suppression:
    """Return an opening; for an account that was never set up, only that, once."""
    severity, problems = severity_of(kinds, snapshot), problems_of(kinds)
    if problems == {Problem.STALE}:
        if incident.last_notification is not None:
            return Suppression.NOT_SET_UP
        if snapshot.is_set_up is False:
            return Due(NotificationReason.NOT_SET_UP, Severity.WARNING, problems)
    return _begin(incident, Due(NotificationReason.OPENED, severity, problems), problems, now)


def _turn(
    incident: Incident,
    last: LastNotification,
    kinds: frozenset[str],
    snapshot: AccountSnapshot,
    now: datetime,
) -> Due | Suppression:
    """Return an escalation, a further problem, an improvement, or the end of one of several."""
    severity, problems = severity_of(kinds, snapshot), problems_of(kinds)
    new = problems - last.problems
    is_worse = severity is Severity.CRITICAL and last.severity is Severity.WARNING
    if last.series and series.firing_series(incident) - last.series:
        new |= {Problem.FOREIGN}
    if is_worse or new:
        return _begin(incident, Due(NotificationReason.ESCALATED, severity, problems), new, now)
    still = last.problems & problems_of(incident.firing)
    ended = last.problems - still
    if ended or (severity is not last.severity and _has_improved(incident, last, snapshot)):
        if not still <= problems:
            # Naming the current problems would end those that are only about to clear.
            return Suppression.CLEARING
        if flapping.is_flapping(incident, ended or frozenset({Problem.LOW})):
            return Suppression.FLAPPING
        return Due(NotificationReason.IMPROVED, severity, problems)
    return Suppression.ALREADY_SENT if severity is last.severity else Suppression.CLEARING


def _begin(
    incident: Incident, due: Due, new: frozenset[Problem], now: datetime
) -> Due | Suppression:
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
) -> Due | Suppression:
    """Return the end, which is usually urgent.

    A problem that was announced in a group ends in a group. If it was critical, its end joins those
    that follow within a minute. If the balance is low, an alarm for it is on its way or was lost:
    the end waits until a reconcile finds that alarm and notifies of it instead.
    """
    if incident.closed_by:
        return Due(NotificationReason.CLOSED, last.worst, frozenset(), is_urgent=True)
    if flapping.is_flapping(incident, last.problems):
        return Suppression.FLAPPING
    is_gone = all(status.is_gone for status in incident.alarms.values())
    is_cut_short = is_gone or endings(incident, last.problems - {Problem.FOREIGN}, snapshot.balance)
    reason = NotificationReason.CLOSED if is_cut_short else NotificationReason.RECOVERED
    limits = snapshot.thresholds
    is_low = not is_gone and is_below(snapshot.balance, limits.warning or limits.critical)
    ended_at = end_of(incident, last.problems)
    patience = _PATIENCE if Problem.LOW in last.problems else _FOUND_WITHIN
    if is_low and ended_at is not None and now - ended_at < patience:
        return Suppression.CLEARING
    waits = is_one_cause(last.group) if last.worst is Severity.CRITICAL else bool(last.group)
    return Due(reason, last.worst, frozenset(), is_urgent=not waits)


def end_of(incident: Incident, problems: frozenset[Problem]) -> datetime | None:
    """Return when the last alarm of some problems cleared, or was deleted."""
    return max(
        (
            status.began_at
            for kind, status in incident.alarms.items()
            if not status.firing and problem_of(kind) in problems
        ),
        default=None,
    )


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


def _is_since(at: datetime, start: datetime | None) -> bool:
    """Whether ``at`` is not before ``start``, if there is one."""
    return start is None or at >= start
