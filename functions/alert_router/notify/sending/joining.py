"""Join notifications that follow a message within a minute, per subscriber and status.

The first critical alert goes out immediately, and so does the first end. For a minute, the
subscriber's lease holds back those that follow; then a flush sends them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from alert_router.incidents.incident import JOINED, GroupWait, IncidentKey
from alert_router.incidents.notification import Notification
from alert_router.incidents.subscriber import Subscriber
from alert_router.notify.context import RouterContext
from alert_router.notify.update import flush_lease
from shared.names import Severity, Status
from shared.times import format_time

if TYPE_CHECKING:
    from alert_router.notify.adapters import AlertTable

#: Notifications within this time after a message join the next one.
WINDOW: Final = timedelta(seconds=60)

#: A flush may come this early, because clocks of two invocations differ.
_TOLERANCE: Final = timedelta(seconds=2)

#: A flush comes up to this late, and includes what arrives before it.
_FLUSH_MARGIN: Final = timedelta(seconds=3)


class Joining(NamedTuple):
    """Which notifications have to wait for which subscribers, and until when."""

    until: Mapping[str, datetime]
    """By lease: until when another message of its kind was the last one."""
    joins: Mapping[IncidentKey, frozenset[str]]
    """By incident: the addresses that have to wait."""

    def of(self, key: IncidentKey) -> frozenset[str]:
        """Return the addresses for which a notification has to wait."""
        return self.joins.get(key, frozenset())

    def wait(self, notification: Notification, now: datetime) -> GroupWait:
        """Return the earliest end of the waits for a notification."""
        leases = [_lease(notification, address) for address in self.of(notification.key)]
        until = min(self.until[lease] for lease in leases)
        return GroupWait(_group(until), now, until)


NOBODY_JOINS: Final = Joining({}, {})


def join(
    context: RouterContext,
    notifications: Sequence[Notification],
    subscribers: Iterable[Subscriber],
    delivered: Mapping[IncidentKey, frozenset[str]],
    *,
    have_waited: bool,
) -> Joining:
    """Return who has to wait; everyone else gets the notifications immediately.

    The first invocation to lease a subscriber's minute sends. If the lease cannot be read or
    written, nobody waits. A notification that has waited for a whole minute goes out, whoever
    leases the next one.
    """
    wanted: dict[str, list[tuple[IncidentKey, str]]] = {}
    for notification in notifications:
        for subscriber in subscribers if _joins(notification) else ():
            missing = subscriber.address not in delivered[notification.key]
            if missing and subscriber.wants(notification.line):
                lease = _lease(notification, subscriber.address)
                wanted.setdefault(lease, []).append((notification.key, subscriber.address))
    now = context.clock()
    take = _renewed if have_waited else _taken_until
    ends = context.map_concurrently(lambda lease: (lease, take(context, lease, now)), wanted)
    until = {lease: end for lease, end in ends if end is not None}
    joins: dict[IncidentKey, frozenset[str]] = {}
    for lease in until:
        for key, address in wanted[lease]:
            joins[key] = joins.get(key, frozenset()) | {address}
    return Joining(until, joins)


def free(
    context: RouterContext, notifications: Iterable[Notification], addresses: Iterable[str]
) -> None:
    """End the minute of those for whom SNS accepted nothing, so that the retry need not wait."""
    known = list(addresses)
    for lease in {_lease(n, address) for n in notifications if _joins(n) for address in known}:
        try:
            context.alert_table.end_lease(lease, context.clock())
        except Exception as exc:  # noqa: BLE001 -- the minute ends by itself
            context.log.warning("lease not released", lease=lease, error=type(exc).__name__)


def _joins(notification: Notification) -> bool:
    """Whether a notification would be sent immediately, and so has to join."""
    return notification.status is Status.RESOLVED or (
        notification.status is Status.FIRING and notification.severity is Severity.CRITICAL
    )


def _lease(notification: Notification, address: str) -> str:
    """Return the name of a subscriber's minute: ends do not make a critical alert wait."""
    return f"joined/{notification.status}/{address}"


def _taken_until(context: RouterContext, lease: str, now: datetime) -> datetime | None:
    """Return until when another invocation holds the minute; None if we hold it now."""
    table = context.alert_table
    try:
        until = table.leased_until(lease)
        if until is not None and until <= now < until + _FLUSH_MARGIN and _is_flushed(table, until):
            return until
        if table.try_lease(lease, now, WINDOW):
            return None
        return max(table.leased_until(lease) or now, now)
    except Exception as exc:  # noqa: BLE001 -- in doubt people are alerted
        context.log.warning("minute unknown", lease=lease, error=type(exc).__name__)
        return None


def _is_flushed(table: AlertTable, until: datetime) -> bool:
    """Whether notifications waited until this time: their flush is under way and can be joined."""
    return table.leased_until(flush_lease(_group(until))) is not None


def _renewed(context: RouterContext, lease: str, now: datetime) -> datetime | None:
    """Start the next minute, unless this one has just begun; return when it ends, or None."""
    try:
        until = context.alert_table.leased_until(lease)
        if until is not None and until > now + _TOLERANCE:
            return until
        context.alert_table.end_lease(lease, now + WINDOW)
    except Exception as exc:  # noqa: BLE001 -- in doubt people are alerted
        context.log.warning("minute unknown", lease=lease, error=type(exc).__name__)
    return None


def _group(until: datetime) -> str:
    """Return the group of the notifications that wait until then."""
    return f"{JOINED}{format_time(until)}"
