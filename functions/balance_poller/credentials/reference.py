"""Where an account's key is, and how to take it out of a secret's value. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from balance_poller.definitions.template import Secret
from shared.outcome import Outcome

#: Names may hold letters, digits and /_+=.@- (Secrets Manager, CreateSecret, read 2026-11); an ARN
#: adds the colon. One malformed id would make AWS refuse the nineteen beside it.
_SECRET_ID: Final = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")


class SecretError(ValueError):
    """An account's key cannot be had; the text says why, without any of the secret's value."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.BAD_CONFIG) -> None:
        super().__init__(reason)
        self.outcome = outcome


class SecretStoreError(SecretError):
    """Secrets could not be read at all: Secrets Manager, or the permission to ask it, failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, Outcome.TRANSIENT)


@dataclass(frozen=True, slots=True)
class Keys:
    """What one reading gave, by reference: each is in exactly one of the two."""

    found: Mapping[str, Secret]
    missing: Mapping[str, SecretError]


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A secret, and which of its keys."""

    secret_id: str
    """A Secrets Manager name or ARN."""
    json_key: str | None = None

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Read ``name-or-arn[#json_key]``.

        Raises:
            SecretError: when it is not one.
        """
        secret_id, hash_sign, json_key = text.partition("#")
        if not _SECRET_ID.fullmatch(secret_id):
            raise SecretError("the secret's name is not a Secrets Manager name or ARN")
        if hash_sign and not json_key:
            raise SecretError("the secret's name ends in # without a key after it")
        return cls(secret_id, json_key or None)

    def names(self, arn: str, name: str) -> bool:
        """Whether the secret with this ``arn`` and ``name`` is the one referred to.

        AWS accepts an ARN without its last six random characters, too.
        """
        return self.secret_id in (arn, name) or (
            self.secret_id.startswith("arn:") and arn[:-7] == self.secret_id
        )


def take_key(stored: str, json_key: str | None) -> Secret:
    """Return the key from a secret's stored text, trimmed.

    Raises:
        SecretError: saying whether it is empty, not JSON, lacks the key or has a wrong type.
    """
    text = stored.strip()
    if not text:
        raise SecretError("the secret is empty")
    if json_key is None:
        return _whole(text)
    value = _parse(text)
    if not isinstance(value, Mapping):
        raise SecretError("the secret is not a JSON object, so it has no named keys")
    if json_key not in value:
        raise SecretError(f'the secret has no key "{json_key}"')
    return _usable(value[json_key], f'the secret\'s key "{json_key}"')


def texts(secret: Secret) -> Iterator[str]:
    """Yield every text of ``secret`` that must never be seen."""
    yield from (secret,) if isinstance(secret, str) else secret.values()


def _whole(text: str) -> Secret:
    """Return a secret that is one key: plain text, or a JSON object of its parts."""
    if not text.startswith("{"):
        return _not_empty(text, "the secret")
    return _usable(_parse(text), "the secret")


def _parse(text: str) -> object:
    """Parse JSON; the parser's own message would quote the text."""
    # Suppressed rather than chained: the parser's error holds the text.
    with suppress(ValueError, RecursionError):
        value: object = json.loads(text)
        return value
    raise SecretError("the secret is not JSON")


def _usable(value: object, what: str) -> Secret:
    """Return a key's value: a text, or an object of texts."""
    match value:
        case str():
            return _not_empty(value, what)
        case Mapping() if value:
            return {str(name): _part(part, f"{what}.{name}") for name, part in value.items()}
        case Mapping():
            raise SecretError(f"{what} is empty")
        case _:
            raise SecretError(f"{what} is neither a text nor an object of texts")


def _part(value: object, what: str) -> str:
    """Return one part of a key that has several."""
    if not isinstance(value, str):
        raise SecretError(f"{what} is not a text")
    return _not_empty(value, what)


def _not_empty(text: str, what: str) -> str:
    """Return ``text`` trimmed: pasted keys end in newlines."""
    trimmed = text.strip()
    if not trimmed:
        raise SecretError(f"{what} is empty")
    if any("\ud800" <= character <= "\udfff" for character in trimmed):
        raise SecretError(f"{what} has half a character in it, which no request can carry")
    return trimmed
