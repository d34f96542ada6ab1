"""Takes alarms' transitions into episodes: load, apply, decide, save, and again on a conflict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from alert_router.aws.alert_table import ConflictError
from alert_router.events.alarm import AlarmChange
from alert_router.incidents.decision import decide, remind, take_over
from alert_router.incidents.incident import Episode, Subject, apply, bury
from alert_router.notify.context import Desk
from alert_router.notify.send import send

#: How often an episode is read again before its record is left to come back later.
_ATTEMPTS: Final = 40
#: How long to pause between attempts, in seconds: publishing takes about as long.
_PAUSE_SECONDS: Final = 0.1


class BusyError(Exception):
    """Another invocation is sending for this subject; the record has to come back."""


class Work(NamedTuple):
    """What is to be done about one subject."""

    subject: Subject
    changes: Sequence[tuple[str, AlarmChange]] = ()
    """Kind and transition, of which the older may come later."""
    gone: frozenset[str] = frozenset()
    reminds: bool = False


def settle(desk: Desk, work: Work) -> Episode | None:
    """Bring one episode up to date; return it when it owes a message, leased to the caller.

    Raises:
        BusyError: when another invocation holds the subject for longer than a moment.
    """
    for _ in range(_ATTEMPTS):
        episode = desk.memory.load(work.subject)
        now = desk.clock()
        if episode.outbox is not None and now < episode.outbox.lease_until:
            desk.pause(_PAUSE_SECONDS)
            continue
        try:
            if episode.outbox is not None:
                _send_overdue(desk, episode, now)
                continue
            updated = advance(desk, episode, work, now)
            if updated == episode:
                return None
            ask_for_flush(desk, episode, updated, now)
            saved = desk.memory.save(updated, now)
        except ConflictError:
            desk.knowledge.forget(work.subject)
            continue
        return saved if saved.outbox else None
    raise BusyError("another invocation is sending for the same subject")


def advance(desk: Desk, episode: Episode, work: Work, now: datetime) -> Episode:
    """Return the episode with the work done on it; nothing is read from or written to it."""
    updated = episode
    for kind, change in sorted(work.changes, key=lambda pair: pair[1].changed_at):
        updated = apply(updated, kind, change)
    if work.gone:
        updated = bury(updated, work.gone, now)
    view = desk.knowledge.view(updated, now)
    updated = decide(updated, view, now, desk.policy)
    return remind(updated, view, now, desk.policy) if work.reminds else updated


def claim(desk: Desk, episodes: Iterable[Episode], now: datetime) -> list[Episode]:
    """Save what was decided about several episodes; return those that nobody else had changed."""

    def save(episode: Episode) -> Episode | None:
        try:
            return desk.memory.save(episode, now)
        except ConflictError:
            desk.log.info("another invocation was first", subject=episode.subject.id)
        except Exception as exc:  # noqa: BLE001 -- it stays as it is, for the next who looks
            desk.log.warning("not claimed", subject=episode.subject.id, error=type(exc).__name__)
        return None

    return [claimed for claimed in desk.each(save, episodes) if claimed is not None]


def ask_for_flush(desk: Desk, before: Episode, after: Episode, now: datetime) -> None:
    """Have the group flushed that an episode has just joined, unless somebody asked already.

    The flush is asked for before the episode is saved: better one flush too many than none.
    """
    waiting = after.waiting
    if waiting is None or (before.waiting and before.waiting.group == waiting.group):
        return
    asked = f"flush-asked/{waiting.group}"
    if desk.memory.is_leased(asked, now):
        return
    wait = max(waiting.until - now, timedelta())
    desk.timer.flush(waiting.group, wait)
    desk.memory.end_lease(asked, now + wait)


def _send_overdue(desk: Desk, episode: Episode, now: datetime) -> None:
    """Send what somebody else owed and did not mark as sent; it may be a repetition.

    Raises:
        BusyError: when it cannot be sent now.
    """
    claimed = desk.memory.save(take_over(episode, now, desk.policy), now)
    if send(desk, [claimed]):
        raise BusyError("an older message of the same subject cannot be sent")
