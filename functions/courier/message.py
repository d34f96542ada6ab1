"""A message as the queue delivers it, and its recipients. Pure.

The topic's envelope carries the attributes; its ``MessageId`` stays the same however often a queue
delivers it (docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html, read 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from shared.names import MessageAttribute

Document = Mapping[str, Any]


class MessageError(ValueError):
    """A record contains no message of ours. The text quotes no content."""


class Message(NamedTuple):
    """One message and the names of its recipients."""

    id: str
    document: Document
    """``docs/message.schema.json``."""
    to: frozenset[str]

    @classmethod
    def parse(cls, body: str) -> Self:
        """Parse the body of a queue record.

        Raises:
            MessageError: when it is no message from the topic.
        """
        envelope = _object(body)
        message_id, text = envelope.get("MessageId"), envelope.get("Message")
        if not isinstance(message_id, str) or not isinstance(text, str):
            raise MessageError("the record was not sent by a topic")
        document = _object(text)
        if not isinstance(document.get("headline"), str):
            raise MessageError("the message has no headline")
        return cls(message_id, document, frozenset(_names(envelope.get("MessageAttributes"))))


class Subscription(NamedTuple):
    """A declared subscriber whose messages go to a channel."""

    name: str
    channel: str
    severities: frozenset[str] | None = None
    """None if it receives every severity."""

    def wants(self, severity: str) -> bool:
        """Whether its filter passes a severity."""
        return self.severities is None or severity in self.severities


def parse_subscriptions(text: str) -> list[Subscription]:
    """Return the channels among the declared subscribers, which Terraform writes as JSON.

    Raises:
        KeyError, TypeError, ValueError: when Terraform did not write it.
    """
    return [
        Subscription(
            entry["name"],
            entry["channel"],
            frozenset(entry["severities"]) if entry.get("severities") is not None else None,
        )
        for entry in json.loads(text)
        if "channel" in entry
    ]


def _names(attributes: object) -> Iterable[str]:
    """Return the recipients' names: one as text, several as a JSON array."""
    known = attributes if isinstance(attributes, dict) else {}
    value = (known.get(MessageAttribute.TO.value) or {}).get("Value", "")
    if not value.startswith("["):
        return [value] if value else []
    return [name for name in json.loads(value) if isinstance(name, str)]


def _object(text: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        MessageError: when it is none.
    """
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError("the record is not JSON") from None
    if not isinstance(parsed, dict):
        raise MessageError("the record is not a JSON object")
    return parsed
