"""Limit how often the start of one problem is announced in an hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alert_router.incidents.incident import Announcements, Incident, Problem, problem_of

#: How many starts of one problem are announced in an hour; the next is announced as flapping.
BUDGET: Final = 2

_HOUR: Final = timedelta(hours=1)


def is_over_budget(incident: Incident, problems: Iterable[Problem], now: datetime) -> bool:
    """Whether the start of each of these problems was announced too often within the hour."""
    return all(
        sum(now - at < _HOUR for at in _known(incident, problem).begins) >= BUDGET
        for problem in problems
    )


def is_flapping(incident: Incident, problems: Iterable[Problem]) -> bool:
    """Whether each of these problems was announced as flapping, and is not stable since."""
    return all(_known(incident, problem).is_flapping for problem in problems)


def was_critical(incident: Incident, now: datetime) -> bool:
    """Whether the account was announced as critical within the hour."""
    return incident.critical_at is not None and now - incident.critical_at < _HOUR


def announced(incident: Incident, problems: Iterable[Problem], now: datetime) -> Incident:
    """Return the incident after the start of problems was announced."""
    changed = {
        problem: _known(incident, problem)._replace(
            begins=(*(at for at in _known(incident, problem).begins if now - at < _HOUR), now)
        )
        for problem in problems
    }
    return replace(incident, announcements={**incident.announcements, **changed})


def marked(incident: Incident, problems: Iterable[Problem]) -> Incident:
    """Return the incident after problems were announced as flapping."""
    changed = {p: _known(incident, p)._replace(is_flapping=True) for p in problems}
    return replace(incident, announcements={**incident.announcements, **changed})


def settled(incident: Incident, now: datetime) -> Incident:
    """Return the incident; problems stable for an hour are no longer marked as flapping."""
    steady = {
        problem: known._replace(is_flapping=False)
        for problem, known in incident.announcements.items()
        if known.is_flapping and now - _changed_at(incident, problem, now) >= _HOUR
    }
    if not steady:
        return incident
    return replace(incident, announcements={**incident.announcements, **steady})


def _changed_at(incident: Incident, problem: Problem, now: datetime) -> datetime:
    """Return when an alarm of the problem last changed."""
    times = [s.began_at for kind, s in incident.alarms.items() if problem_of(kind) is problem]
    return max(times, default=now - _HOUR)


def _known(incident: Incident, problem: Problem) -> Announcements:
    """Return the announcements of a problem."""
    return incident.announcements.get(problem, Announcements())
