"""Where an account's key is stored, and what reading it gave. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.outcome import Outcome
from shared.secret import AccountKey

#: Names may hold letters, digits and /_+=.@- (Secrets Manager, CreateSecret, read 2026-11); an ARN
#: adds the colon. One malformed id would make AWS refuse the nineteen beside it.
_SECRET_ID: Final = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")

#: What ``keys set`` stores beside a key "main": "main@for", where it may go, and "main@id", which
#: is another one for every key. No account's name has an @ in it.
BOUND_TO: Final = "@for"
KEY_ID: Final = "@id"
#: A key without an id of its own has the secret's version, which changes with every key in it.
VERSION_PREFIX: Final = "v-"


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
class StoredKey:
    """An account's key with what is noted beside it."""

    key: AccountKey
    bound_to: str | None = None
    """Shipped providers' names and origins, by spaces; None when nothing is noted."""
    id: str | None = None
    """Another one for every key that ``keys set`` stores; else the secret's version."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What one reading gave, by reference: each is in exactly one of the two."""

    found: Mapping[str, StoredKey]
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
        if json_key.endswith((BOUND_TO, KEY_ID)):
            raise SecretError("the secret's name ends in a note about a key, not in a key")
        return cls(secret_id, json_key or None)

    def names(self, arn: str, name: str) -> bool:
        """Return whether the secret with this ``arn`` and ``name`` is the one referred to.

        AWS accepts an ARN without its last six random characters, too.
        """
        return self.secret_id in (arn, name) or (
            self.secret_id.startswith("arn:") and arn[:-7] == self.secret_id
        )

    def is_of(self, name: str) -> bool:
        """Return whether it refers to the secret called ``name``, by name or ARN."""
        if not self.secret_id.startswith("arn:"):
            return self.secret_id == name
        stored_as = self.secret_id.partition(":secret:")[2]
        return stored_as == name or re.sub(r"-[A-Za-z0-9]{6}$", "", stored_as) == name
