"""Compose notifications into single, grouped and digest messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from alert_router.incidents.incident import NotificationReason, Problem, is_one_cause
from alert_router.incidents.notification import Notification
from alert_router.messages import group, single
from alert_router.messages.formats.message import Message
from alert_router.messages.formats.webhook import MAX_ENTRIES
from alert_router.messages.wording.links import Links
from shared.names import Severity, Status


class Composer(NamedTuple):
    """Composes messages."""

    links: Links
    digest_above: int

    def compose(
        self,
        notifications: Sequence[Notification],
        still_open: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Message]:
        """Return messages that hold each notification once.

        Args:
            notifications: what is due now.
            still_open: of a group that partly recovered, the accounts that did not.
        """
        drafts = [
            self._draft(key, group, (still_open or {}).get(key, ()))
            for key, group in _by_group(notifications).items()
        ]
        messages: list[Message] = []
        for similar in _by_audience(drafts).values():
            if len(similar) > self.digest_above:
                messages += self._digests(similar)
            else:
                messages += [draft.message for draft in similar]
        return messages

    def _draft(
        self, key: str, notifications: Sequence[Notification], still_open: Sequence[str]
    ) -> _Draft:
        """Render one group; one notification stands alone unless it was announced in a group."""
        if len(notifications) == 1 and not (still_open or _was_grouped(notifications[0])):
            return _Draft(notifications, single.message(notifications[0], self.links))
        if notifications[0].reason is NotificationReason.NOT_SET_UP:
            return _Draft(notifications, group.not_set_up(notifications, self.links))
        return _Draft(notifications, group.one_cause(notifications, self.links, key, still_open))

    def _digests(self, drafts: Sequence[_Draft]) -> list[Message]:
        """Render as many digests as the drafts need."""
        chunks: list[list[_Draft]] = [[]]
        for draft in drafts:
            if (
                sum(len(d.notifications) for d in chunks[-1]) + len(draft.notifications)
                > MAX_ENTRIES
            ):
                chunks.append([])
            chunks[-1].append(draft)
        filled = [chunk for chunk in chunks if chunk]
        return [
            group.digest(
                [(draft.message, draft.notifications) for draft in chunk],
                self.links,
                (number, len(filled)),
            )
            for number, chunk in enumerate(filled, start=1)
        ]


class _Draft(NamedTuple):
    """A message that may become a line of a digest."""

    notifications: Sequence[Notification]
    message: Message


def _by_group(notifications: Iterable[Notification]) -> dict[str, list[Notification]]:
    """Group the notifications that have one cause."""
    groups: dict[str, list[Notification]] = {}
    for number, notification in enumerate(notifications):
        groups.setdefault(_cause(notification) or f"alone/{number}", []).append(notification)
    return groups


def _cause(notification: Notification) -> str:
    """Return the cause that several accounts may share; empty for a single one."""
    announced_in = notification.previous.group if notification.previous else ""
    if notification.reason is NotificationReason.NOT_SET_UP:
        return "not-set-up"
    if notification.reason in (
        NotificationReason.RECOVERED,
        NotificationReason.CLOSED,
        NotificationReason.REMINDER,
    ):
        return announced_in if is_one_cause(announced_in) else ""
    if (
        notification.reason is NotificationReason.OPENED
        and notification.problems == {Problem.STALE}
        and notification.latest
    ):
        return group.cause_key(notification)
    return ""


def _was_grouped(notification: Notification) -> bool:
    """Whether the account was announced in a group."""
    return (
        bool(_cause(notification))
        and notification.previous is not None
        and notification.reason is not NotificationReason.NOT_SET_UP
    )


def _by_audience(drafts: Iterable[_Draft]) -> dict[tuple[Severity, Status], list[_Draft]]:
    """Group the drafts of one severity and status."""
    groups: dict[tuple[Severity, Status], list[_Draft]] = {}
    for draft in drafts:
        groups.setdefault((draft.message.severity, draft.message.status), []).append(draft)
    return groups
