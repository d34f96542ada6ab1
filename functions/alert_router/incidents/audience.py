"""Which subscribers get which notifications; those who get the same lines form one audience."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from alert_router.incidents.incident import IncidentKey
from alert_router.incidents.notification import Notification
from alert_router.incidents.subscriber import Form, Line, Subscriber

StillOpen = Mapping[str, Sequence[Line]]
"""By the name of a partly recovered group: the accounts still affected."""


class Audience(NamedTuple):
    """Subscribers who get the same lines."""

    notifications: Sequence[Notification]
    still_open: Mapping[str, Sequence[str]]
    """Accounts by group, limited to those its members may see."""
    to: Mapping[Form, Sequence[str]]
    """Names by form."""

    def addresses(self, form: Form) -> frozenset[str]:
        """Return the keys to store once a form's topic has accepted it."""
        return frozenset(f"{form}/{name}" for name in self.to[form])


def audiences(
    notifications: Sequence[Notification],
    subscribers: Iterable[Subscriber],
    delivered: Mapping[IncidentKey, frozenset[str]],
    still_open: StillOpen,
) -> list[Audience]:
    """Return who gets which notifications, without those already delivered.

    A subscriber never sees a notification or an account that its filter excludes.
    """
    shares: dict[tuple[object, ...], Audience] = {}
    for subscriber in subscribers:
        lines = [
            notification
            for notification in notifications
            if subscriber.wants(notification.line)
            and subscriber.address not in delivered.get(notification.key, ())
        ]
        if not lines:
            continue
        rest = {
            group: tuple(line.account for line in members if subscriber.wants(line))
            for group, members in still_open.items()
        }
        same = (tuple(n.key for n in lines), tuple(sorted(rest.items())))
        names = shares.setdefault(same, Audience(lines, rest, {})).to
        shares[same] = Audience(
            lines,
            rest,
            {**names, subscriber.form: (*names.get(subscriber.form, ()), subscriber.name)},
        )
    return list(shares.values())


def is_delivered(
    notification: Notification, subscribers: Iterable[Subscriber], delivered: frozenset[str]
) -> bool:
    """Whether everyone who should get a notification has it."""
    return all(
        subscriber.address in delivered
        for subscriber in subscribers
        if subscriber.wants(notification.line)
    )
