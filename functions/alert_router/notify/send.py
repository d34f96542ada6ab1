"""Sends what is owed: write, publish, mark as sent. Whoever calls holds the leases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from alert_router.aws.alert_table import ConflictError
from alert_router.incidents.decision import mark_sent
from alert_router.incidents.incident import Episode, Outbox, Subject
from alert_router.notify.context import Desk

if TYPE_CHECKING:
    from alert_router.messages.message import Message

#: Marking is worth a second try: without it the message would be repeated.
_MARK_ATTEMPTS: Final = 2


def send(
    desk: Desk, owing: Sequence[Episode], still_open: Mapping[str, Sequence[str]] | None = None
) -> set[Subject]:
    """Send what the episodes owe; return the subjects whose message nobody took.

    A message is marked as sent after it was published: a crash between the two repeats it, and
    none is lost.
    """
    if not owing:
        return set()
    desk.knowledge.prepare(episode.subject for episode in owing)
    by_subject = {episode.subject: episode for episode in owing}
    failed: set[Subject] = set()
    # Most records change nothing that has to be said: a cold start does without the texts.
    from alert_router.notify.write import write  # noqa: PLC0415

    messages = write(desk, owing, still_open)
    for message in messages:
        members = [by_subject.pop(subject) for subject in message.members]
        if publish(desk, message):
            failed |= _mark(desk, members, message)
        else:
            _release(desk, members)
            failed.update(message.members)
    _release(desk, list(by_subject.values()))
    return failed | set(by_subject)


def publish(desk: Desk, message: Message) -> bool:
    """Publish one message; whether SNS took it."""
    try:
        message_id = desk.outlet.publish(message)
    except Exception as exc:  # noqa: BLE001 -- one message's failure is not another's
        desk.tally.publish_failures += 1
        desk.log.warning("message not taken", subject=message.subject, error=type(exc).__name__)
        return False
    desk.tally.published.append({"message_id": message_id, "subject": message.subject})
    desk.tally.reduced += message.is_reduced
    desk.log.info(
        "message published",
        message_id=message_id,
        subject=message.subject,
        severity=message.severity.value,
        status=message.status.value,
        accounts=list(message.accounts),
    )
    _publish_chat(desk, message)
    return True


def _publish_chat(desk: Desk, message: Message) -> None:
    """Publish to chat rooms; people have the message already, so a failure only counts."""
    try:
        desk.outlet.publish_chat(message)
    except Exception as exc:  # noqa: BLE001 -- repeating it would repeat the e-mail
        desk.tally.publish_failures += 1
        desk.log.warning("chat not reached", subject=message.subject, error=type(exc).__name__)


def _mark(desk: Desk, members: Sequence[Episode], message: Message) -> set[Subject]:
    """Record that the message went out; return whose it could not be: it is repeated, not lost."""
    now = desk.clock()

    def mark(episode: Episode) -> bool:
        marked = mark_sent(episode, desk.knowledge.view(episode, now), now, message.group)
        return any(_saved(desk, marked, now) for _ in range(_MARK_ATTEMPTS))

    marks = desk.each(mark, members)
    return {episode.subject for episode, done in zip(members, marks, strict=True) if not done}


def _saved(desk: Desk, marked: Episode, now: datetime) -> bool:
    """Save an episode whose message went out; a conflict means that it was saved already."""
    try:
        desk.memory.save(marked, now)
    except ConflictError:
        desk.log.info("marked already", subject=marked.subject.id)
    except Exception as exc:  # noqa: BLE001 -- one account's record is not another's
        desk.log.warning("not marked as sent", error=type(exc).__name__)
        return False
    return True


def _release(desk: Desk, members: Sequence[Episode]) -> None:
    """Let others try at once what was not taken; where this fails, the lease runs out."""
    now = desk.clock()

    def release(episode: Episode) -> None:
        if episode.outbox is None:
            return
        released = replace(episode, outbox=Outbox(episode.outbox.intent, now))
        try:
            desk.memory.save(released, now)
        except Exception as exc:  # noqa: BLE001 -- the lease runs out by itself
            desk.log.warning("lease not released", error=type(exc).__name__)

    desk.each(release, members)
