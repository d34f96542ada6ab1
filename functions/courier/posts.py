"""What a message says in a channel: one post in a chat, one per incident to a pager. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from hashlib import sha256
from typing import Any, Final, NamedTuple

from courier.message import Message, Subscription
from shared.names import Severity, Status

#: After these events nothing is wrong, and a pager's incident is closed.
_ENDS: Final = frozenset({"recovered", "closed", "no-data"})

#: PagerDuty's limit of a ``dedup_key`` (Events API v2, read 2026-11).
_MOST_KEY: Final = 255

#: "  Balance      3.20 USD": columns, which only a fixed-width font shows.
_COLUMN: Final = re.compile(r"^ +(\S[^:]*?) {2,}(?=\S)", re.MULTILINE)

#: Text by others that would notify everyone in a room, or look like a mention.
_MENTION: Final = re.compile(r"@(?=(?:all|channel|everyone|here|room|team)\b)", re.IGNORECASE)
_SAFE: Final = str.maketrans({"<": "(", ">": ")", "`": "'"})


class Level(Enum):
    """How a post looks, and whether it opens or closes a pager's incident."""

    CRITICAL = auto()
    WARNING = auto()
    OVER = auto()
    REPORT = auto()
    TEST = auto()


class Post(NamedTuple):
    """One post in one channel."""

    channel: str
    level: Level
    title: str
    body: str
    link: str = ""
    """The link to top up, else the page to look at; empty if there is neither."""
    key: str = ""
    """The key of a pager's incident; empty for a chat."""
    sent_at: str = ""


def chat_post(message: Message, channel: str) -> Post:
    """Return the post that shows a whole message."""
    document = message.document
    title = _safe(document["headline"])
    return Post(
        channel=channel,
        level=_level(document),
        title=title,
        body=_without_title(_COLUMN.sub(r"\1: ", _safe(_text(document, "text"))), title),
        link=_link(*_entries(document), document.get("notice", {}), document),
        sent_at=_text(document, "sent_at"),
    )


def pager_posts(message: Message, to: Subscription, stack_name: str) -> list[Post]:
    """Return a post for each incident in a message, under a key that its end shares.

    A report has none.
    """
    document, entries = message.document, _entries(message.document)
    chat = chat_post(message, to.channel)
    if notice := document.get("notice"):
        return [chat._replace(key=f"{stack_name}/notice/{_text(notice, 'id')}")]
    return [
        chat._replace(
            level=_entry_level(entry, document, to),
            title=chat.title if len(entries) == 1 else _safe(_entry_title(entry)),
            body=chat.body if len(entries) == 1 else "",
            link=_link(entry, document),
            key=_key(entry, stack_name, is_test=document.get("status") == Status.TEST),
        )
        for entry in entries
    ]


def _entries(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a message's entries: accounts, and alarms without an account."""
    return [*document.get("accounts", ()), *document.get("alarms", ())]


def _level(document: Mapping[str, Any]) -> Level:
    """Return the level of a whole message."""
    match document.get("status"):
        case Status.TEST:
            return Level.TEST
        case Status.RESOLVED:
            return Level.OVER
        case Status.REPORT:
            return Level.REPORT
        case _:
            return _of_severity(document)


def _entry_level(entry: Mapping[str, Any], document: Mapping[str, Any], to: Subscription) -> Level:
    """Return the level of one incident.

    A pager that receives only critical alerts never gets the end of what became a warning, so that
    improvement closes their incident.
    """
    if document.get("status") == Status.TEST:
        return Level.TEST
    event, severity = entry.get("event"), _text(entry, "severity")
    is_over = event in _ENDS or (event == "improved" and not to.wants(severity))
    return Level.OVER if is_over else _of_severity(entry)


def _of_severity(described: Mapping[str, Any]) -> Level:
    """Return the level of a severity."""
    is_critical = described.get("severity") == Severity.CRITICAL
    return Level.CRITICAL if is_critical else Level.WARNING


def _key(entry: Mapping[str, Any], stack_name: str, *, is_test: bool) -> str:
    """Return the key that all messages about one incident share: what it is about.

    An account has one at a time, and so has an alarm, over however many series.
    """
    name = _text(entry, "account", "alarm_arn", "alarm_name")
    key = f"{stack_name}/{name}{'/test' if is_test else ''}"
    return key if len(key) <= _MOST_KEY else sha256(key.encode()).hexdigest()


def _entry_title(entry: Mapping[str, Any]) -> str:
    """Return one line about one of several incidents."""
    of = " ".join(filter(None, (_text(entry, "provider_title"), _text(entry, "account"))))
    name = of or _text(entry, "alarm_name")
    left = " ".join(filter(None, (_text(entry, "balance"), _text(entry, "unit"))))
    what = f"{left} left" if left else _text(entry, "reason", "event")
    return f"{_text(entry, 'severity').upper()} {name}: {what}".strip()


def _link(*described: Mapping[str, Any]) -> str:
    """Return the first place to top up, else the first page to look at."""
    links = ("top_up_url", "url", "alarm_url", "dashboard_url")
    return next(filter(None, (_text(each, name) for name in links for each in described)), "")


def _without_title(body: str, title: str) -> str:
    """Return the body without a first line that repeats the title."""
    first, _, rest = body.partition("\n")
    return rest.strip("\n") if first and first.rstrip(".") in title else body


def _safe(text: str) -> str:
    """Return a text without mentions and markup."""
    return _MENTION.sub("(at)", text.translate(_SAFE))


def _text(described: Mapping[str, Any], *names: str) -> str:
    """Return the first of the named texts that is present; empty if none is."""
    found = (described.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")
