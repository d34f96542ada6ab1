"""Deliver messages to channels: each post once, whatever happens to the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from courier.channels.address import Address, AddressError
from courier.channels.channel import ChannelError, send
from courier.message import Message, MessageError, Subscription
from courier.posts import Post, chat_post, pager_posts
from shared.secret import Secret, reveal

#: Posts side by side: a service that is slow delays no other.
_THREADS: Final = 10


class Table(Protocol):
    """Records of posts."""

    def subscriptions(self) -> Sequence[Subscription]:
        """Return the declared channels."""
        ...

    def claim(self, message_id: str, post: Post, now: datetime, lease: timedelta) -> bool:
        """Lease a post; return whether it is still to be sent."""
        ...

    def settle(self, message_id: str, post: Post, now: datetime) -> None:
        """Record that a post no longer has to be sent."""
        ...

    def release(self, message_id: str, post: Post, now: datetime) -> None:
        """End the lease of a post that was not accepted."""
        ...


class Log(Protocol):
    """A structured logger."""

    def info(self, msg: object, **fields: Any) -> None:  # noqa: ANN401 -- the logger's own
        """Log an expected event."""
        ...

    def warning(self, msg: object, **fields: Any) -> None:  # noqa: ANN401 -- the same
        """Log a handled failure."""
        ...


class Courier(NamedTuple):
    """Everything that one invocation works with."""

    name: str
    table: Table
    addresses: Callable[[], Mapping[str, Secret]]
    clock: Callable[[], datetime]
    lease: timedelta
    """How long sending may take before another invocation takes over."""
    log: Log
    send: Callable[[Address, Post], None] = send


@dataclass(slots=True)
class _Run:
    """One invocation's state."""

    subscriptions: Sequence[Subscription] = ()
    addresses: Mapping[str, Secret] = field(default_factory=dict)
    parsed: dict[str, Address] = field(default_factory=dict)


def deliver(courier: Courier, records: Mapping[str, str]) -> list[str]:
    """Deliver the records' messages; return the ids of those to redeliver.

    Args:
        courier: what it works with.
        records: the bodies of queue records, by id.
    """
    run = _Run(courier.table.subscriptions(), courier.addresses())
    return [record for record, body in records.items() if not _deliver(courier, run, record, body)]


def address_of(addresses: Mapping[str, Secret], channel: str) -> Address:
    """Return a channel's parsed address.

    Raises:
        AddressError: when there is none, or it cannot be used.
    """
    if channel not in addresses:
        raise AddressError(f"it has no address: balancectl channels set {channel}")
    return Address(reveal(addresses[channel]))


def _deliver(courier: Courier, run: _Run, record: str, body: str) -> bool:
    """Deliver one message to its channels; return whether all have it."""
    try:
        message = Message.parse(body)
    except MessageError as exc:
        courier.log.warning("record unreadable", record=record, reason=str(exc))
        return False
    posts: list[Post] = []
    is_whole = True
    for subscription in run.subscriptions:
        if subscription.name in message.to:
            try:
                posts += _posts(courier, run, message, subscription)
            except Exception as exc:  # noqa: BLE001 -- one channel's fault is not the others'
                is_whole = False
                _log_failure(courier, subscription.channel, exc)
    with ThreadPoolExecutor(_THREADS) as pool:
        done = list(pool.map(lambda post: _settle(courier, run, message, post), posts))
    return is_whole and all(done)


def _posts(
    courier: Courier, run: _Run, message: Message, subscription: Subscription
) -> Sequence[Post]:
    """Return a channel's posts.

    Raises:
        AddressError: when its address cannot be used.
    """
    channel = subscription.channel
    if channel not in run.parsed:
        run.parsed[channel] = address_of(run.addresses, channel)
    if run.parsed[channel].is_pager:
        return pager_posts(message, subscription, courier.name)
    return [chat_post(message, channel)]


def _settle(courier: Courier, run: _Run, message: Message, post: Post) -> bool:
    """Send one post unless it was already sent; return whether it is settled."""
    try:
        if not courier.table.claim(message.id, post, courier.clock(), courier.lease):
            courier.log.info("post is not due", channel=post.channel, message_id=message.id)
            return True
        try:
            courier.send(run.parsed[post.channel], post)
        except Exception:
            courier.table.release(message.id, post, courier.clock())
            raise
        courier.table.settle(message.id, post, courier.clock())
    except Exception as exc:  # noqa: BLE001 -- one post's failure does not block the others
        _log_failure(courier, post.channel, exc)
        return False
    courier.log.info("posted", channel=post.channel, message_id=message.id, title=post.title)
    return True


def _log_failure(courier: Courier, channel: str, exc: Exception) -> None:
    """Log why a channel did not get a post; only our own errors are safe to quote."""
    is_ours = isinstance(exc, AddressError | ChannelError)
    reason = str(exc) if is_ours else type(exc).__name__
    courier.log.warning("not posted", channel=channel, reason=reason)
