"""Writes the messages that episodes owe. One that cannot be written costs no other its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from alert_router.incidents.incident import Episode, Intent, Step
from alert_router.messages.compose import Composer
from alert_router.messages.message import Message
from alert_router.messages.notification import Notice, notice_of
from alert_router.notify.context import Desk

#: More texts with a history each would cost more reads than a digest of them shows.
_MOST_HISTORIES: Final = 5


def write(
    desk: Desk, owing: Sequence[Episode], still_open: Mapping[str, Sequence[str]] | None = None
) -> list[Message]:
    """Write what the episodes owe, together where it says the same.

    Where that fails each is written alone, and where that fails without its record: people hear
    of an alarm even if something that nobody thought of is in what the message would show.
    """
    now = desk.clock()
    composer = Composer(desk.links, desk.digest_above)
    owed = [(e, e.outbox.intent) for e in owing if e.outbox is not None]
    try:
        notices = [_notice(desk, e, intent, now, len(owed)) for e, intent in owed]
        return composer.compose(notices, still_open)
    except Exception as exc:  # noqa: BLE001 -- whatever it is, people have to hear of the alarms
        desk.log.warning("messages written one by one", error=type(exc).__name__)
    return [m for e, intent in owed for m in _alone(desk, composer, e, intent, now)]


def _alone(
    desk: Desk, composer: Composer, episode: Episode, intent: Intent, now: datetime
) -> list[Message]:
    """Write one episode's message, without its record if need be; none when nothing helps."""
    latest = desk.knowledge.latest(episode.subject)
    for record in (latest, None):
        try:
            return composer.compose([notice_of(episode, intent, now, record)])
        except Exception as exc:  # noqa: BLE001 -- the same
            desk.log.warning(
                "message not written", subject=episode.subject.id, error=type(exc).__name__
            )
    return []


def _notice(desk: Desk, episode: Episode, intent: Intent, now: datetime, count: int) -> Notice:
    """Put together what one message needs; where there are few, with a day of history."""
    draws = count <= _MOST_HISTORIES and intent.step is not Step.NOT_SET_UP
    history = desk.knowledge.history(episode.subject, now) if draws else {}
    return notice_of(episode, intent, now, desk.knowledge.latest(episode.subject), history)
