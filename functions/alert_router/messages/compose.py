"""Which messages several things to say become: alone, one group, or a digest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from alert_router.incidents.incident import Step, Trouble, is_one_cause
from alert_router.messages import group as several
from alert_router.messages import single
from alert_router.messages.formats.webhook import MAX_ENTRIES
from alert_router.messages.message import Message
from alert_router.messages.notification import Notice
from alert_router.messages.wording.links import Links
from shared.names import Severity, Status


class Composer(NamedTuple):
    """What composing needs beside the notices."""

    links: Links
    digest_above: int

    def compose(
        self, notices: Sequence[Notice], still_open: Mapping[str, Sequence[str]] | None = None
    ) -> list[Message]:
        """Return the messages that say all of ``notices``, each once.

        Args:
            notices: what there is to say now.
            still_open: of a group that partly recovered, the accounts that did not.
        """
        drafts = [
            self._draft(key, group, (still_open or {}).get(key, ()))
            for key, group in _by_group(notices).items()
        ]
        messages: list[Message] = []
        for similar in _by_audience(drafts).values():
            if len(similar) > self.digest_above:
                messages += self._digests(similar)
            else:
                messages += [draft.message for draft in similar]
        return messages

    def _draft(self, key: str, notices: Sequence[Notice], still_open: Sequence[str]) -> _Draft:
        """Write the message of one group; a group of one is told alone unless it came as one."""
        if len(notices) == 1 and not (still_open or _was_grouped(notices[0])):
            return _Draft(notices, single.message(notices[0], self.links))
        if notices[0].step is Step.NOT_SET_UP:
            return _Draft(notices, several.not_set_up(notices, self.links))
        return _Draft(notices, several.one_cause(notices, self.links, key, still_open))

    def _digests(self, drafts: Sequence[_Draft]) -> list[Message]:
        """Write digests that list every draft, as many as their size needs."""
        chunks: list[list[_Draft]] = [[]]
        for draft in drafts:
            if sum(len(d.notices) for d in chunks[-1]) + len(draft.notices) > MAX_ENTRIES:
                chunks.append([])
            chunks[-1].append(draft)
        filled = [chunk for chunk in chunks if chunk]
        return [
            several.digest(
                [(draft.message, draft.notices) for draft in chunk],
                self.links,
                (number, len(filled)),
            )
            for number, chunk in enumerate(filled, start=1)
        ]


class _Draft(NamedTuple):
    """A message that may end up as a line of a digest."""

    notices: Sequence[Notice]
    message: Message


def _by_group(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    """Put together what says the same."""
    groups: dict[str, list[Notice]] = {}
    for number, notice in enumerate(notices):
        groups.setdefault(_cause(notice) or f"alone/{number}", []).append(notice)
    return groups


def _cause(notice: Notice) -> str:
    """Name what several accounts may have in common; empty for what stands alone."""
    told_together = notice.told.group if notice.told else ""
    if notice.step is Step.NOT_SET_UP:
        return "not-set-up"
    if notice.step in (Step.RECOVERED, Step.CLOSED, Step.REMINDER):
        return told_together if is_one_cause(told_together) else ""
    if notice.step is Step.OPENED and notice.troubles == {Trouble.STALE} and notice.latest:
        return several.cause_key(notice)
    return ""


def _was_grouped(notice: Notice) -> bool:
    """Whether people know the account as one of a group."""
    return bool(_cause(notice)) and notice.told is not None and notice.step is not Step.NOT_SET_UP


def _by_audience(drafts: Iterable[_Draft]) -> dict[tuple[Severity, Status], list[_Draft]]:
    """Put together what goes to the same people for the same reason."""
    groups: dict[tuple[Severity, Status], list[_Draft]] = {}
    for draft in drafts:
        groups.setdefault((draft.message.severity, draft.message.status), []).append(draft)
    return groups
