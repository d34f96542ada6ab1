"""The subscriptions of a topic and their filters, read from SNS."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from alert_router.incidents.subscriber import EVERYTHING, Line, Subscriber
from balancectl.cli.errors import StackNotFoundError, is_missing
from balancectl.deployment.subscribers.addressees import read_channels, read_declared
from balancectl.deployment.target import Target
from shared.names import MessageAttribute


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, or set of topics, for one kind of alert."""

    name: str
    what: str
    """Which alerts it carries."""
    further: tuple[str, ...] = ()
    """The topics of its other forms, which exist only if somebody is subscribed to them."""


class State(StrEnum):
    """The state of a subscription."""

    CONFIRMED = "confirmed"
    PENDING = "not confirmed"
    GONE = "gone"
    """Unsubscribed, or not confirmed in time."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription of a topic."""

    topic: str
    """The topic's name."""
    protocol: str
    endpoint: str
    state: State
    filter_policy: Mapping[str, Any] = field(default_factory=dict)
    declared: Subscriber | None = None
    """The subscriber of the configuration whose name the policy admits; None if made by hand."""

    def receives(self, line: Line) -> bool:
        """Whether a message about one account reaches it.

        In a policy made by hand, exact values, ``anything-but`` and ``exists`` are supported; any
        other rule passes.
        """
        if self.declared is not None:
            return self.declared.wants(line)
        attributes = {
            MessageAttribute.TO.value: EVERYTHING,
            MessageAttribute.SEVERITY.value: line.severity.value,
            MessageAttribute.STATUS.value: line.status.value,
            MessageAttribute.PROVIDER.value: line.provider,
            MessageAttribute.ACCOUNT.value: line.account,
        }
        return all(
            _matches(attributes.get(name), rules) for name, rules in self.filter_policy.items()
        )

    @property
    def filters(self) -> Mapping[str, Sequence[Any]]:
        """The values it is limited to, by attribute; empty if it receives everything."""
        if self.declared is None:
            return self.filter_policy
        return self.declared.filters

    @property
    def filter_text(self) -> str:
        """The filter as text: "severities critical; providers firecrawl, openrouter"."""
        return "; ".join(
            f"{name} {', '.join(_text(rule) for rule in rules)}"
            for name, rules in self.filters.items()
        )


def topics(target: Target) -> tuple[Topic, ...]:
    """Return the topics for subscribers."""
    return (
        Topic(
            target.names.notifications_topic,
            "account alerts",
            (target.names.sms_topic, target.names.events_topic),
        ),
        Topic(target.names.operations_topic, "operations alerts"),
    )


def resend_command(target: Target, pending: Subscription) -> str:
    """Return the command that makes AWS send a confirmation again."""
    words = ["aws", "sns", "subscribe", "--topic-arn", target.topic_arn(pending.topic)]
    words += ["--protocol", pending.protocol, "--notification-endpoint", pending.endpoint]
    words += ["--region", target.region_name]
    return shlex.join([*words, *(["--profile", target.profile] if target.profile else [])])


def read_subscriptions(target: Target, topic: Topic) -> list[Subscription]:
    """Return the subscriptions of a topic in all its forms.

    Raises:
        StackNotFoundError: When there is no such topic.
    """
    found = _listed(target, topic.name)
    for name in topic.further:
        with contextlib.suppress(StackNotFoundError):
            found += _listed(target, name)
    if not topic.further:
        return found
    found = [shown for each in found for shown in _with_channels(target, each)]
    declared = read_declared(target)
    return [replace(each, declared=_declared(each, declared)) for each in found]


def _with_channels(target: Target, each: Subscription) -> Iterable[Subscription]:
    """Yield a subscription, or in the place of the courier's own the channels that it serves."""
    if not each.endpoint.endswith(f":{target.names.channels_queue}"):
        yield each
        return
    for channel in read_channels(target):
        named = {MessageAttribute.TO.value: [channel.name]}
        yield replace(each, protocol="channel", endpoint=channel.channel, filter_policy=named)


def _declared(each: Subscription, declared: Mapping[str, Subscriber]) -> Subscriber | None:
    """Return the declared subscriber that a subscription belongs to."""
    match each.filter_policy.get(MessageAttribute.TO.value):
        case [str() as name]:
            return declared.get(name)
        case _:
            return None


def _listed(target: Target, topic: str) -> list[Subscription]:
    """Return the subscriptions of one SNS topic.

    Raises:
        StackNotFoundError: When there is no such topic.
    """
    pages = target.sns.get_paginator("list_subscriptions_by_topic").paginate(
        TopicArn=target.topic_arn(topic)
    )
    try:
        found = [subscription for page in pages for subscription in page["Subscriptions"]]
    except ClientError as exc:
        if is_missing(exc):
            raise StackNotFoundError(target.name, target.region_name, f"topic {topic}") from exc
        raise
    return [_subscription(target, topic, each) for each in found]


def mask(endpoint: str) -> str:
    """Hide most of an address or number: "a…@example.com", "+49…67", "https://example.com/…"."""
    name, at, host = endpoint.partition("@")
    if at:
        return f"{name[:1]}…@{host}"
    if endpoint.startswith("+"):
        return f"{endpoint[:3]}…{endpoint[-2:]}"
    scheme, separator, rest = endpoint.partition("://")
    if separator:
        return f"{scheme}://{rest.partition('/')[0]}/…"
    return endpoint


def _subscription(target: Target, topic: str, listed: Mapping[str, Any]) -> Subscription:
    """Parse a subscription, and read its filter if it has an ARN."""
    arn = listed.get("SubscriptionArn", "")
    attributes: Mapping[str, str] = {}
    if arn == "PendingConfirmation":
        state = State.PENDING
    elif not arn.startswith("arn:"):
        state = State.GONE
    else:
        attributes = _attributes(target, arn)
        state = (
            State.PENDING if attributes.get("PendingConfirmation") == "true" else State.CONFIRMED
        )
    policy = attributes.get("FilterPolicy")
    return Subscription(
        topic=topic,
        protocol=listed.get("Protocol", ""),
        endpoint=listed.get("Endpoint", ""),
        state=state,
        filter_policy=json.loads(policy) if policy else {},
    )


def _attributes(target: Target, arn: str) -> Mapping[str, str]:
    """Return a subscription's attributes; none if it was deleted after being listed."""
    try:
        return target.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    except ClientError as exc:
        if is_missing(exc):
            return {}
        raise


def _matches(value: str | None, rules: Sequence[Any]) -> bool:
    """Whether one attribute passes its rules in a filter policy."""
    for rule in rules:
        match rule:
            case str():
                if value == rule:
                    return True
            case {"anything-but": str() | list() as excluded}:
                if value is not None and value not in excluded:
                    return True
            case {"exists": bool() as must_exist}:
                if (value is not None) == must_exist:
                    return True
            case _:
                return True
    return False


def _text(rule: object) -> str:
    """Return one rule of a filter policy as text."""
    match rule:
        case str():
            return rule
        case {"anything-but": list() as excluded}:
            return f"not {' or '.join(map(str, excluded))}"
        case {"anything-but": excluded}:
            return f"not {excluded}"
        case _:
            return json.dumps(rule)
