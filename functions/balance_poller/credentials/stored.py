"""A secret's stored text, taken apart at once: from here on its texts are ``Secret``s. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from balance_poller.credentials.reference import (
    BOUND_TO,
    KEY_ID,
    VERSION_PREFIX,
    SecretError,
    StoredKey,
)
from shared.secret import AccountKey, Secret, reveal

#: Around a pasted key: zero-width characters and byte-order marks are no white space to Python.
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_MARGIN: Final = re.compile(rf"^[\s{_INVISIBLE}]+|[\s{_INVISIBLE}]+$")
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_SCHEME: Final = re.compile(r"(authorization:|bearer\s)", re.IGNORECASE)

_LONGEST_ID: Final = 16

_NO_OBJECT: Final = "the secret is not a JSON object, so it has no named keys"
_NO_JSON: Final = "the secret is not JSON"


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One secret: plain text, or named entries. No part of it is shown by ``repr``."""

    whole: Secret | None
    """The text; None when the secret holds entries, or nothing that can be read."""
    entries: Mapping[str, Any] | None = None
    """Texts are secrets or notes, objects hold secrets, anything else is None."""
    problem: str = ""
    """Why it has no entries."""
    version: str | None = None
    """The ``VersionId``; another one after every change of the secret."""

    def take(self, json_key: str | None) -> StoredKey:
        """Return the key called ``json_key``, or the secret as a whole.

        Raises:
            SecretError: saying whether it is empty, not JSON, lacks the key or has a wrong type.
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
        """The id of a key that has none of its own."""
        return None if self.version is None else f"{VERSION_PREFIX}{self.version[:8]}"

    def _whole(self) -> AccountKey:
        """Return a secret that is one key: plain text, or an object of its parts."""
        if self.whole is not None:
            return _checked(self.whole, "the secret")
        if self.entries is None:
            raise SecretError(self.problem)
        return _usable(self.entries, "the secret")


def parse_stored(text: str, version: str | None = None) -> StoredSecret:
    """Take a secret's text apart; nothing of it is ever an error here."""
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
    """Return ``text`` without what pasting leaves around a key."""
    return _MARGIN.sub("", text)


def key_problem(text: str) -> str | None:
    """Return why ``text`` is no key as any API takes it; None when it may be one."""
    if not text:
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "has half a character in it, which no request can carry"
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return "is in quotes: store it without them"
    if _SCHEME.match(text):
        return "begins as a header does: store only what follows Bearer"
    return None


def _parse(text: str) -> object:
    """Parse JSON; None for anything else. The parser's own error would hold the text."""
    with suppress(ValueError, RecursionError):
        value: object = json.loads(text)
        return value
    return None


def _entry(name: str, value: object) -> object:
    """Return one entry; its texts are secrets unless it is a note about another entry."""
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
    """Return a key of several parts; a part that the request does not use may be empty."""
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
    """Return ``secret``, or say what is wrong with it."""
    problem = key_problem(reveal(secret))
    if problem:
        raise SecretError(f"{what} {problem}")
    return secret


_EMPTY: Final = Secret("")
