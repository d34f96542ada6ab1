"""Decide again on a notification that an earlier attempt left pending.

It may have been sent or not, and what it announces may be over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from alert_router.incidents.incident import (
    Incident,
    NotificationReason,
    Outbox,
    PendingNotification,
    Suppression,
)
from alert_router.incidents.lifecycle.decision import ENDS, Decision, decide, decide_or_remind
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.lifecycle.sent import mark_sent
from alert_router.incidents.snapshot import AccountSnapshot

_OPENINGS: Final = frozenset({NotificationReason.OPENED, NotificationReason.NOT_SET_UP})


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
    if outbox is None or not is_first or outbox.pending.reason not in ENDS:
        return decision
    followed = outbox._replace(delivered=before.joins)
    return decision._replace(incident=replace(decision.incident, outbox=followed))


def _is_same(one: PendingNotification, other: PendingNotification) -> bool:
    """Whether two notifications announce the same; "not set up" is a kind of opening."""
    is_same_reason = one.reason is other.reason or {one.reason, other.reason} == _OPENINGS
    return is_same_reason and (one.severity, one.problems) == (other.severity, other.problems)
