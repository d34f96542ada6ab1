"""What is to be said now, from what holds and what was told. Pure: no clock, no AWS call.

The alarms trigger, the record decides: a warning whose balance is below the critical threshold is
critical. Nothing that was not announced is announced as over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from alert_router.incidents.incident import (
    ONE_CAUSE,
    Episode,
    Intent,
    Outbox,
    Scope,
    Step,
    Told,
    Trouble,
    Waiting,
)
from shared.names import AlarmKind, Severity
from shared.records import Thresholds

#: How long a balance that is read again may take to clear the alarm that missed it.
_PATIENCE: Final = timedelta(minutes=30)

#: A new account's alarm fires before its first poll: it waits so many times longer.
_FIRST_POLL_FACTOR: Final = 15
_NEVER_POLLED: Final = "never-polled"
_NOT_SET_UP: Final = "not-set-up"

_CRITICAL_KINDS: Final = frozenset({AlarmKind.CRITICAL.value, AlarmKind.RUNWAY_CRITICAL.value})


class View(NamedTuple):
    """What is known of the account apart from its alarms."""

    balance: Decimal | None = None
    unit: str = ""
    runway_hours: Decimal | None = None
    thresholds: Thresholds = Thresholds()
    balance_at: datetime | None = None
    """When the record's balance was read."""
    is_polled: bool = True
    """Whether there is a record at all, as far as it could be asked for."""
    is_set_up: bool | None = None
    """Whether any poll was ever ok; None when the record could not be read."""
    outcome: str = ""
    """How the last poll ended; empty when the record could not be read."""
    is_silenced: bool = False


class Policy(NamedTuple):
    """When to wait and when to repeat."""

    group_wait: timedelta
    repeat_after: Mapping[Severity, timedelta]
    lease: timedelta
    """How long a sender may take before another may take its place."""


class _Due(NamedTuple):
    """What there is to say."""

    step: Step
    severity: Severity
    is_urgent: bool


def decide(
    episode: Episode, view: View, now: datetime, policy: Policy, *, wait_is_over: bool = False
) -> Episode:
    """Return the episode with what is now owed (``outbox``) or waits for others (``waiting``).

    An episode that owes a message already is returned as it is: one thing after the other.
    """
    if episode.outbox is not None:
        return episode
    episode = _settle_silently(episode)
    due = _due(episode, view, now)
    if due is None or view.is_silenced:
        return replace(episode, waiting=None)
    if due.is_urgent or wait_is_over or not policy.group_wait:
        return _owe(episode, due.step, due.severity, now, policy)
    return replace(episode, waiting=_wait(episode, due, view, now, policy))


def remind(episode: Episode, view: View, now: datetime, policy: Policy) -> Episode:
    """Return the episode with a reminder owed, when its last message is long enough ago."""
    told = episode.told
    if told is None or told.is_setup or not episode.firing or view.is_silenced:
        return episode
    repeat = policy.repeat_after.get(told.severity)
    if episode.outbox or episode.waiting or repeat is None or now - told.at < repeat:
        return episode
    return _owe(episode, Step.REMINDER, told.severity, now, policy)


def take_over(episode: Episode, now: datetime, policy: Policy) -> Episode:
    """Return the episode with its owed message leased anew: whoever was sending it is gone."""
    if episode.outbox is None:
        return episode
    return replace(episode, outbox=Outbox(episode.outbox.intent, now + policy.lease))


def mark_sent(episode: Episode, view: View, now: datetime, group: str) -> Episode:
    """Return the episode after its owed message went out, alone or in ``group``'s message."""
    if episode.outbox is None:
        return episode
    intent = episode.outbox.intent
    sent = replace(episode, outbox=None)
    match intent.step:
        case Step.RECOVERED | Step.CLOSED:
            firing = [fact.at for fact in sent.facts.values() if fact.firing]
            return replace(sent, told=None, opened_at=min(firing, default=None))
        case Step.REMINDER if intent.told is not None:
            told = intent.told._replace(at=now)
        case _:
            told = Told(
                severity=intent.severity,
                worst=_worse(intent.severity, intent.told.worst if intent.told else None),
                troubles=intent.troubles,
                at=now,
                group=group,
                is_setup=intent.step is Step.NOT_SET_UP,
            )
    known = told._replace(balance=view.balance, unit=view.unit, outcome=view.outcome)
    return replace(sent, told=known)


def severity_now(episode: Episode, view: View) -> Severity:
    """Return how bad it is: the worst alarm, or what the record says of a low balance."""
    firing = episode.firing
    if firing & _CRITICAL_KINDS:
        return Severity.CRITICAL
    limits = view.thresholds
    below_critical = _is_below(view.balance, limits.critical)
    runs_dry = _is_below(view.runway_hours, limits.runway_critical_hours)
    if (AlarmKind.WARNING in firing and below_critical) or (
        AlarmKind.RUNWAY_WARNING in firing and runs_dry
    ):
        return Severity.CRITICAL
    return Severity.WARNING


def _due(episode: Episode, view: View, now: datetime) -> _Due | None:
    """Compare what holds with what was told."""
    told = episode.told
    if not episode.firing:
        return _end(episode, told, view) if told is not None else None
    if told is None or told.is_setup:
        return _start(episode, view, now)
    return _turn(episode, told, view)


def _start(episode: Episode, view: View, now: datetime) -> _Due | None:
    """Say that it began; of an account without a working key, only that and only once."""
    severity = severity_now(episode, view)
    opens = _Due(Step.OPENED, severity, is_urgent=severity is Severity.CRITICAL)
    if episode.troubles != {Trouble.STALE}:
        return opens
    if episode.told is not None or _is_clearing(episode, view, now):
        return None
    if view.is_set_up is False:
        return _Due(Step.NOT_SET_UP, Severity.WARNING, is_urgent=False)
    return opens


def _turn(episode: Episode, told: Told, view: View) -> _Due | None:
    """Say that it got worse or better, or that something else is wrong, too."""
    severity = severity_now(episode, view)
    is_critical = severity is Severity.CRITICAL
    if is_critical and told.severity is Severity.WARNING:
        return _Due(Step.ESCALATED, severity, is_urgent=True)
    if not is_critical and told.severity is Severity.CRITICAL:
        if _has_improved(episode, view):
            return _Due(Step.IMPROVED, severity, is_urgent=False)
        severity = told.severity
    if episode.troubles - told.troubles:
        return _Due(Step.ESCALATED, severity, is_urgent=False)
    return None


def _end(episode: Episode, told: Told, view: View) -> _Due:
    """Say that it is over, at once in most cases.

    What was announced in a group is over in a group, too. Where balances are read again and are
    low, an alarm about that is on its way: the end waits for it, and becomes that news.
    """
    is_gone = all(fact.is_gone for fact in episode.facts.values())
    step = Step.CLOSED if is_gone else Step.RECOVERED
    low = _is_below(view.balance, view.thresholds.warning or view.thresholds.critical)
    is_next = low and Trouble.LOW not in told.troubles
    return _Due(step, told.worst, is_urgent=not (told.group or is_next))


def _settle_silently(episode: Episode) -> Episode:
    """Return the episode without what needs no words.

    "Not set up yet" ends with the first ok poll, which nobody asked to hear of. A trouble that
    cleared while another holds is no longer known, so that its return is news.
    """
    told = episode.told
    if told is None:
        return episode if episode.firing else replace(episode, opened_at=None)
    if told.is_setup and not episode.firing:
        return replace(episode, told=None, opened_at=None)
    if episode.firing and told.troubles - episode.troubles:
        return replace(episode, told=told._replace(troubles=told.troubles & episode.troubles))
    return episode


def _is_clearing(episode: Episode, view: View, now: datetime) -> bool:
    """Whether balances are read again, so that the alarm that misses them is about to clear.

    Where it does not, metrics do not arrive, and people are told after a while.
    """
    missed = episode.facts[AlarmKind.STALE.value].at
    return view.balance_at is not None and view.balance_at > missed and now - missed < _PATIENCE


def _has_improved(episode: Episode, view: View) -> bool:
    """Whether what was critical is over while a warning holds.

    The critical alarm must have cleared (a balance that bounces around the threshold is no
    improvement), and the record must not say that the warning is about to clear as well.
    """
    cleared = any(
        kind in _CRITICAL_KINDS and not fact.firing and _is_since(fact.at, episode.opened_at)
        for kind, fact in episode.facts.items()
    )
    if not cleared:
        return False
    limits, firing = view.thresholds, episode.firing
    holds_on = firing - {AlarmKind.WARNING, AlarmKind.RUNWAY_WARNING}
    warns = AlarmKind.WARNING in firing and not _is_over(view.balance, limits.warning)
    runs_low = AlarmKind.RUNWAY_WARNING in firing and not _is_over(
        view.runway_hours, limits.runway_warning_hours
    )
    return bool(holds_on) or warns or runs_low


def _owe(
    episode: Episode, step: Step, severity: Severity, now: datetime, policy: Policy
) -> Episode:
    """Return the episode with a message owed, leased by whoever writes it."""
    intent = Intent(
        step=step,
        severity=severity,
        troubles=episode.troubles,
        decided_at=now,
        opened_at=episode.opened_at,
        told=episode.told,
    )
    return replace(episode, waiting=None, outbox=Outbox(intent, now + policy.lease))


def _wait(episode: Episode, due: _Due, view: View, now: datetime, policy: Policy) -> Waiting:
    """Join the group of what may say the same, or go on waiting."""
    group = _group(episode, due, view)
    if episode.waiting is not None:
        return episode.waiting._replace(group=group)
    factor = _FIRST_POLL_FACTOR if group == _NEVER_POLLED else 1
    return Waiting(group, since=now, until=now + factor * policy.group_wait)


def _group(episode: Episode, due: _Due, view: View) -> str:
    """Name what may become one message."""
    if due.step in (Step.RECOVERED, Step.CLOSED) and episode.told is not None:
        return episode.told.group or "recovered"
    if due.step is Step.NOT_SET_UP:
        return _NOT_SET_UP if view.is_polled else _NEVER_POLLED
    if due.step is Step.OPENED and episode.troubles == {Trouble.STALE}:
        return f"{ONE_CAUSE}{episode.provider}"
    if episode.subject.scope is Scope.FOREIGN:
        return "foreign"
    return due.severity.value


def _worse(one: Severity, other: Severity | None) -> Severity:
    """Return the higher of two severities."""
    return Severity.CRITICAL if Severity.CRITICAL in (one, other) else Severity.WARNING


def _is_below(value: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a known value is below a limit that is set; as the alarms compare."""
    return value is not None and limit is not None and value < limit


def _is_over(value: Decimal | None, limit: Decimal | None) -> bool:
    """Whether a known value is not below a limit that is set."""
    return value is not None and limit is not None and value >= limit


def _is_since(at: datetime, start: datetime | None) -> bool:
    """Whether ``at`` is not before ``start``, where there is one."""
    return start is None or at >= start
