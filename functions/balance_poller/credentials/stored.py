"""Parses a secret's stored text into ``Secret`` values. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from balance_poller.credentials.reference import (
    BOUND_TO,
    KEY_ID,
    VERSION_PREFIX,
    SecretError,
    StoredKey,
)
from shared.secret import AccountKey, Secret, reveal

#: Stripped around a pasted key: Python does not count these characters as white space. The
#: directions among them come from copying out of dialogs and mails.
_INVISIBLE: Final = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_MARGIN: Final = re.compile(rf"^[\s{_INVISIBLE}]+|[\s{_INVISIBLE}]+$")
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
#: A header's name or scheme. A password may begin with one of the shorter words, so these count
#: only before a single long word.
_SCHEME: Final = re.compile(
    r"(?:proxy-)?authorization\s*:|(?:x-)?(?:[a-z]+-)?api-?key\s*:|bearer[\s:]"
    r"|(?:basic|token|key)\s+\S{12,}\Z",
    re.IGNORECASE,
)
_VARIABLE: Final = re.compile(r"(?:export\s+)?[A-Z][A-Z0-9_]*_(?:KEY|TOKEN|SECRET)=[^=\s]")

_LONGEST_ID: Final = 16

_NO_OBJECT: Final = "the secret is not a JSON object, so it has no named keys"
_NO_JSON: Final = "the secret is not JSON"


class StoredSecret(NamedTuple):
    """One secret: plain text, or named entries. ``repr`` shows no part of it."""

    whole: Secret | None
    """The text; None if the secret has entries, or cannot be read."""
    entries: Mapping[str, Any] | None = None
    """Texts are secrets or notes, objects contain secrets, anything else is None."""
    problem: str = ""
    """Why it has no entries."""
    version: str | None = None
    """The ``VersionId``, which differs after every change of the secret."""

    def take(self, json_key: str | None) -> StoredKey:
        """Return the key called ``json_key``, or the secret as a whole.

        Raises:
            SecretError: when it is empty, is not JSON, lacks the key or has a wrong type.
        """
        if json_key is None:
            return StoredKey(self._whole(), id=self._version_id)
        if self.entries is None:
            raise SecretError(self.problem)
        if json_key not in self.entries:
            raise SecretError(f'the secret has no key "{json_key}"')
        key = _usable(self.entries[json_key], f'the secret\'s key "{json_key}"')
        bound_to = self.entries.get(json_key + BOUND_TO)
        key_id = self.entries.get(json_key + KEY_ID)
        return StoredKey(
            key,
            bound_to if isinstance(bound_to, str) else None,
            key_id[:_LONGEST_ID] if isinstance(key_id, str) else self._version_id,
        )

    @property
    def _version_id(self) -> str | None:
        """The id of keys without their own."""
        return None if self.version is None else f"{VERSION_PREFIX}{self.version[:8]}"

    def _whole(self) -> AccountKey:
        """Return a secret that is a single key: plain text, or an object of its parts."""
        if self.whole is not None:
            return _checked(self.whole, "the secret")
        if self.entries is None:
            raise SecretError(self.problem)
        return _usable(self.entries, "the secret")


def parse_stored(text: str, version: str | None = None) -> StoredSecret:
    """Parse a secret's text. Never raises: problems are reported when a key is taken."""
    text = trim(text)
    if not text:
        return StoredSecret(None, None, "the secret is empty", version)
    value = _parse(text)
    if isinstance(value, Mapping):
        return StoredSecret(None, {name: _entry(name, v) for name, v in value.items()}, "", version)
    if text.startswith("{"):
        return StoredSecret(None, None, _NO_JSON, version)
    return StoredSecret(Secret(text), None, _NO_JSON if value is None else _NO_OBJECT, version)


def trim(text: str) -> str:
    """Return ``text`` without the characters that pasting leaves around a key."""
    return _MARGIN.sub("", text)


def key_problem(text: str) -> str | None:
    """Return why no API would accept ``text`` as a key; None if one may."""
    if not text:
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "contains half a character, which no request can carry"
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return "is in quotes: store it without them"
    if _SCHEME.match(text):
        return "begins like a header: store only what follows Bearer or the like"
    if _VARIABLE.match(text):
        return "begins with a variable's name: store only what follows ="
    return None


def _parse(text: str) -> object:
    """Parse JSON; None for anything else. The parser's own error would contain the text."""
    with suppress(ValueError, RecursionError):
        value: object = json.loads(text)
        return value
    return None


def _entry(name: str, value: object) -> object:
    """Return one entry; its texts are secrets, unless it is a note on another entry."""
    if name.endswith((BOUND_TO, KEY_ID)):
        return value if isinstance(value, str) else None
    match value:
        case str():
            return Secret(trim(value))
        case Mapping():
            return {part: _entry(part, text) for part, text in value.items()}
        case _:
            return None


def _usable(entry: object, what: str) -> AccountKey:
    """Return an entry's value: a text, or an object of texts."""
    match entry:
        case Secret():
            return _checked(entry, what)
        case Mapping():
            return _parts(entry, what)
        case _:
            raise SecretError(f"{what} is neither a text nor an object of texts")


def _parts(entry: Mapping[str, object], what: str) -> Mapping[str, Secret]:
    """Return a key of several parts; parts that the request does not use may be empty."""
    parts: dict[str, Secret] = {}
    for name, part in entry.items():
        if isinstance(part, str):
            continue  # a note
        if not isinstance(part, Secret):
            raise SecretError(f"{what}.{name} is not a text")
        parts[name] = part if part == _EMPTY else _checked(part, f"{what}.{name}")
    if all(part == _EMPTY for part in parts.values()):
        raise SecretError(f"{what} is empty")
    return parts


def _checked(secret: Secret, what: str) -> Secret:
    """Return ``secret`` if it may be a key; otherwise raise."""
    problem = key_problem(reveal(secret))
    if problem:
        raise SecretError(f"{what} {problem}")
    return secret


_EMPTY: Final = Secret("")
