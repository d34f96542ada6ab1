"""Compose notifications into single, grouped and digest messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from alert_router.incidents.incident import NotificationReason, Problem, is_one_cause
from alert_router.incidents.notification import Notification
from alert_router.messages import group, single
from alert_router.messages.formats.limits import MAX_MESSAGE
from alert_router.messages.formats.message import Message
from alert_router.messages.formats.webhook import MAX_ENTRIES
from alert_router.messages.wording.links import Links
from shared.names import Severity, Status

Kind = tuple[Status, str]
"""What the lines of one digest have in common: the status and its wording."""

#: Sent immediately, or joined with others within a minute: two of these are a digest.
_JOINED: Final = frozenset({(Status.RESOLVED, ""), (Status.FIRING, Severity.CRITICAL.value)})


class Composer(NamedTuple):
    """Composes messages."""

    links: Links
    digest_above: int

    def compose(
        self,
        notifications: Sequence[Notification],
        still_open: Mapping[str, Sequence[str]] | None = None,
        digested: frozenset[Kind] = frozenset(),
    ) -> list[Message]:
        """Return messages that contain each notification once.

        Args:
            notifications: those that are due now.
            still_open: of a group that partly recovered, the accounts that did not.
            digested: a digest for others, and so also for anyone who gets two lines of it.
        """
        drafts = [
            draft
            for key, group in _by_group(notifications).items()
            for draft in self._drafts(key, group, (still_open or {}).get(key, ()))
        ]
        messages: list[Message] = []
        for kind, similar in _by_kind(drafts).items():
            if len(similar) > (1 if kind in digested else self._most_alone(kind)):
                messages += self._digests(similar)
            else:
                messages += [draft.message for draft in similar]
        return messages

    def digested(self, notifications: Sequence[Notification]) -> frozenset[Kind]:
        """Return the notifications that become a digest for a subscriber who gets everything."""
        kinds = Counter(_kind(each) for each in _by_group(notifications).values())
        return frozenset(kind for kind, count in kinds.items() if count > self._most_alone(kind))

    def _most_alone(self, kind: Kind) -> int:
        """Return up to how many messages of a kind each stand alone."""
        return 1 if kind in _JOINED else self.digest_above

    def _drafts(
        self, key: str, notifications: Sequence[Notification], still_open: Sequence[str]
    ) -> list[_Draft]:
        """Render one group, in halves where SNS would refuse the whole for its size."""
        message = self._render(key, notifications, still_open)
        if message.size_bytes() <= MAX_MESSAGE:
            return [_Draft(notifications, message)]
        if len(notifications) == 1:
            return [_Draft(notifications, message.shortened())]
        half = len(notifications) // 2
        return [
            *self._drafts(key, notifications[:half], still_open),
            *self._drafts(key, notifications[half:], ()),
        ]

    def _render(
        self, key: str, notifications: Sequence[Notification], still_open: Sequence[str]
    ) -> Message:
        """Render one group; one notification stands alone unless it was announced in a group."""
        if len(notifications) == 1 and not (still_open or _was_grouped(notifications[0])):
            return single.message(notifications[0], self.links)
        if notifications[0].reason is NotificationReason.NOT_SET_UP:
            return group.not_set_up(notifications, self.links)
        return group.one_cause(notifications, self.links, key, still_open)

    def _digests(self, drafts: Sequence[_Draft]) -> list[Message]:
        """Render as many digests as the drafts need, none above what SNS accepts."""
        chunks: list[list[_Draft]] = [[]]
        for draft in drafts:
            entries = sum(len(d.notifications) for d in chunks[-1]) + len(draft.notifications)
            if chunks[-1] and entries > MAX_ENTRIES:
                chunks.append([])
            chunks[-1].append(draft)
        fitting = [part for chunk in chunks for part in self._fitting(chunk)]
        return [
            self._digest(part, (number, len(fitting)))
            for number, part in enumerate(fitting, start=1)
        ]

    def _fitting(self, drafts: Sequence[_Draft]) -> list[Sequence[_Draft]]:
        """Halve the drafts of a digest until each part is within SNS's size."""
        if len(drafts) == 1 or self._digest(drafts, (99, 99)).size_bytes() <= MAX_MESSAGE:
            return [drafts]
        half = len(drafts) // 2
        return [*self._fitting(drafts[:half]), *self._fitting(drafts[half:])]

    def _digest(self, drafts: Sequence[_Draft], part: tuple[int, int]) -> Message:
        """Render one digest; a single draft stays the message that it is."""
        if len(drafts) == 1:
            return drafts[0].message
        return group.digest([(d.message, d.notifications) for d in drafts], self.links, part)


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
    """Return the cause that several accounts can share; empty for a single one."""
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


def _by_kind(drafts: Iterable[_Draft]) -> dict[Kind, list[_Draft]]:
    """Group the drafts that one digest may list."""
    groups: dict[Kind, list[_Draft]] = {}
    for draft in drafts:
        groups.setdefault(_kind(draft.notifications), []).append(draft)
    return groups


def _kind(notifications: Sequence[Notification]) -> Kind:
    """Return what the message about notifications of one cause is, compared with others."""
    first = notifications[0]
    if first.status is Status.RESOLVED:
        return first.status, ""
    if first.reason is NotificationReason.IMPROVED:
        return first.status, first.reason.value
    is_critical = any(each.audience is Severity.CRITICAL for each in notifications)
    return first.status, (Severity.CRITICAL if is_critical else Severity.WARNING).value
