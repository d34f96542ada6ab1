"""Reads the subscriptions of a deployment, and waits until all are confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from balancectl.deployment.subscribers.subscriptions import (
    State,
    Subscription,
    Topic,
    read_subscriptions,
    topics,
)
from balancectl.deployment.target import Target

Found = Mapping[Topic, Sequence[Subscription]]

_POLL_SECONDS: Final = 5.0


def read_topics(target: Target) -> dict[Topic, list[Subscription]]:
    """Return the subscriptions of every topic for subscribers."""
    return {topic: read_subscriptions(target, topic) for topic in topics(target)}


def pending(found: Found) -> list[Subscription]:
    """Return the subscribers who have not confirmed."""
    return [each for every in found.values() for each in every if each.state is State.PENDING]


def wait_for_confirmations(
    target: Target,
    found: Found,
    seconds: float | None,
    on_confirmed: Callable[[Subscription], None],
    sleep: Callable[[float], None] = time.sleep,
) -> dict[Topic, list[Subscription]]:
    """Wait up to ``seconds``, or without a limit, until nobody is pending; return the last state.

    ``on_confirmed`` is called once for each subscriber who confirms meanwhile.
    """
    current = {topic: list(each) for topic, each in found.items()}
    waited = 0.0
    while (waiting := pending(current)) and (seconds is None or waited < seconds):
        sleep(_POLL_SECONDS)
        waited += _POLL_SECONDS
        current = read_topics(target)
        confirmed = {
            _key(e) for all_ in current.values() for e in all_ if e.state is State.CONFIRMED
        }
        for each in waiting:
            if _key(each) in confirmed:
                on_confirmed(each)
    return current


def _key(subscription: Subscription) -> tuple[str, str, str]:
    """Return a key that does not change when a subscription is confirmed."""
    return subscription.topic, subscription.protocol, subscription.endpoint
