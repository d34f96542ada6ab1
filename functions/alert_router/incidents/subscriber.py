"""The declared subscribers and their filters.

Terraform writes the filters of ``subscribers`` into one item of table ``alerts``; from them the
router works out who gets which notification, and addresses each message by name. SNS cannot: it
delivers a message about several accounts to everyone whose filter matches one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from shared.names import SUBSCRIBERS_KEY, Severity, Status

#: The item that holds the declared subscribers, in table ``alerts``.
SCOPE: Final = SUBSCRIBERS_KEY["scope"]
ITEM_ID: Final = SUBSCRIBERS_KEY["id"]

#: The name in attribute ``to`` of messages with everything, for subscriptions made by hand:
#: filtered on it, they get each line once.
EVERYTHING: Final = "*"


class Form(StrEnum):
    """A form of messages; each has its own topic."""

    EMAIL = "email"
    SMS = "sms"
    EVENTS = "events"
    """The JSON document, for https, sqs and lambda."""


class SubscribersError(Exception):
    """The declared subscribers cannot be read, so no message can be addressed."""


class Line(NamedTuple):
    """A notification, or one account in a message, as filters see it."""

    severity: Severity
    status: Status
    provider: str
    account: str


class Subscriber(NamedTuple):
    """A subscriber and its filter; None passes everything."""

    name: str
    form: Form
    severities: frozenset[str] | None = None
    providers: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    statuses: frozenset[str] | None = None

    def wants(self, line: Line) -> bool:
        """Whether the filter passes ``line``; tests pass whatever statuses it lists."""
        return (
            _passes(self.severities, line.severity)
            and self.watches(line.account, line.provider)
            and (line.status is Status.TEST or _passes(self.statuses, line.status))
        )

    def watches(self, account: str, provider: str) -> bool:
        """Whether the filter passes anything at all about an account."""
        return _passes(self.providers, provider) and _passes(self.accounts, account)

    @property
    def filters(self) -> dict[str, list[str]]:
        """The values of each part of the filter that is set."""
        fields = self._asdict().items()
        return {name: sorted(values) for name, values in fields if isinstance(values, frozenset)}

    @property
    def address(self) -> str:
        """The key to store once the topic has accepted a notification for this subscriber."""
        return f"{self.form}/{self.name}"

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> Self:
        """Read one entry of the item.

        Raises:
            KeyError, TypeError, ValueError: when Terraform did not write it.
        """
        name = entry["name"]
        if not isinstance(name, str) or not name or name == EVERYTHING:
            raise ValueError("a subscriber needs a name")
        filters = {
            field: _values(entry[field])
            for field in cls._fields[2:]
            if entry.get(field) is not None
        }
        return cls(name, Form(entry["form"]), **filters)


def parse_subscribers(text: str) -> tuple[list[Subscriber], list[str]]:
    """Parse the item's JSON; return the subscribers and the entries that cannot be read.

    Raises:
        SubscribersError: when it is not a JSON list.
    """
    try:
        entries = json.loads(text)
    except ValueError as exc:
        raise SubscribersError("the declared subscribers are not JSON; run make deploy") from exc
    if not isinstance(entries, list):
        raise SubscribersError("the declared subscribers are not a list; run make deploy")
    subscribers, unreadable = [], []
    for number, entry in enumerate(entries):
        try:
            subscribers.append(Subscriber.parse(entry))
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            unreadable.append(f"entry {number}: {type(exc).__name__}")
    return subscribers, unreadable


def everyone(forms: Iterable[Form]) -> list[Subscriber]:
    """Return the subscribers that get everything: subscriptions made by hand, one per topic."""
    return [Subscriber(EVERYTHING, form) for form in forms]


def _passes(values: frozenset[str] | None, value: str) -> bool:
    """Whether one part of a filter passes a value."""
    return values is None or value in values


def _values(values: object) -> frozenset[str]:
    """Return a filter's values."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("a filter is a list of texts")
    return frozenset(values)
