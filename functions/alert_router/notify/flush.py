"""Sends what waited for others, when the wait of its group is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from alert_router.incidents.decision import decide
from alert_router.incidents.incident import Episode, Subject, is_one_cause
from alert_router.notify.context import Desk
from alert_router.notify.send import send
from alert_router.notify.update import BusyError, claim

_LOCK: Final = "flushing"
_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.2

#: A delayed message may come this much early: clocks differ.
_TOLERANCE: Final = timedelta(seconds=2)

#: How long a group's end waits for its last members before it is told in parts.
_PATIENCE: Final = timedelta(minutes=15)


def flush(desk: Desk, episodes: Sequence[Episode] | None = None) -> set[Subject]:
    """Send all groups whose wait is over; return the subjects whose message nobody took.

    Only one invocation flushes at a time, or a group could be torn apart.

    Args:
        desk: what to work with.
        episodes: all episodes, when the caller has just read them to see whether any is due.

    Raises:
        BusyError: when another invocation goes on flushing.
    """
    if episodes is not None and not _due(desk, episodes, desk.clock()):
        return set()
    _lock(desk)
    try:
        now = desk.clock()
        remembered = list(desk.memory.episodes())
        due = _due(desk, remembered, now)
        desk.knowledge.prepare(episode.subject for episode in due)
        decided = [_decide(desk, episode, now) for episode in due]
        claimed = [e for e in claim(desk, decided, now) if e.outbox is not None]
        return send(desk, claimed, _still_open(remembered, claimed))
    finally:
        desk.memory.end_lease(_LOCK, desk.clock())


def _lock(desk: Desk) -> None:
    """Keep others from flushing until this is done.

    Raises:
        BusyError: when somebody else does not finish.
    """
    for _ in range(_ATTEMPTS):
        if desk.memory.try_lease(_LOCK, desk.clock(), desk.policy.lease):
            return
        desk.pause(_PAUSE_SECONDS)
    raise BusyError("another invocation is flushing")


def _decide(desk: Desk, episode: Episode, now: datetime) -> Episode:
    """Decide again: what cleared while it waited is never sent."""
    return decide(episode, desk.knowledge.view(episode, now), now, desk.policy, wait_is_over=True)


def _due(desk: Desk, episodes: Sequence[Episode], now: datetime) -> list[Episode]:
    """Return the members of groups whose wait is over, or is so far gone that it may end."""
    early = desk.policy.group_wait / 2
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.waiting is not None and episode.outbox is None:
            groups.setdefault(episode.waiting.group, []).append(episode)
    ends = {name: _end(name, members, episodes) for name, members in groups.items()}
    if not any(end <= now + _TOLERANCE for end in ends.values()):
        return []
    return [e for name, members in groups.items() if ends[name] <= now + early for e in members]


def _end(group: str, members: Sequence[Episode], episodes: Iterable[Episode]) -> datetime:
    """Return when the group's wait is over: its first member's, unless others are missing.

    One cause that was told as one ends as one, when it ended for all.
    """
    first = min(e.waiting.until for e in members if e.waiting)
    is_ending = is_one_cause(group) and any(e.told and e.told.group == group for e in members)
    if not is_ending or not _missing(group, episodes):
        return first
    return min(e.waiting.since for e in members if e.waiting) + _PATIENCE


def _still_open(episodes: Iterable[Episode], sent: Sequence[Episode]) -> dict[str, list[str]]:
    """Return, of groups that end now, the accounts for which they do not."""
    known = list(episodes)
    groups = {
        e.outbox.intent.told.group
        for e in sent
        if e.outbox and e.outbox.intent.told and is_one_cause(e.outbox.intent.told.group)
    }
    return {group: _missing(group, known) for group in groups}


def _missing(group: str, episodes: Iterable[Episode]) -> list[str]:
    """Return the accounts of a group that still have the trouble that it was told of."""
    return sorted(
        episode.subject.id
        for episode in episodes
        if episode.told and episode.told.group == group and episode.firing
    )
