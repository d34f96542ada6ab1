"""References to keys, and the results of reading them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.outcome import Outcome
from shared.secret import AccountKey

#: Names may contain letters, digits and /_+=.@- (Secrets Manager, CreateSecret, read 2026-11); ARNs
#: add the colon. For one malformed id, AWS would refuse the whole batch.
_SECRET_ID: Final = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")

#: What ``keys set`` stores with a key "main": "main@for", where it may be sent, and "main@id",
#: which differs for every key. No account's name contains an @.
BOUND_TO: Final = "@for"
KEY_ID: Final = "@id"
#: The id of a key without its own is the secret's version, which changes with every key in it.
VERSION_PREFIX: Final = "v-"


class SecretError(ValueError):
    """An account's key cannot be used; the text says why, without any of the secret's value."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.BAD_CONFIG) -> None:
        super().__init__(reason)
        self.outcome = outcome


class SecretStoreError(SecretError):
    """No secret could be read: Secrets Manager failed, or permission is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, Outcome.TRANSIENT)


class StoredKey(NamedTuple):
    """An account's key with the notes stored with it."""

    key: AccountKey
    bound_to: str | None = None
    """Names of shipped providers and origins, separated by spaces; None without a note."""
    id: str | None = None
    """Differs for every key that ``keys set`` stores; else the secret's version."""


class Keys(NamedTuple):
    """Keys and failures by reference; each reference is in exactly one of the two."""

    found: Mapping[str, StoredKey]
    missing: Mapping[str, SecretError]


class SecretReference(NamedTuple):
    """A secret, and optionally one of its JSON keys."""

    secret_id: str
    """A Secrets Manager name or ARN."""
    json_key: str | None = None

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Read ``name-or-arn[#json_key]``.

        Raises:
            SecretError: when it is malformed.
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
        """Return whether it refers to the secret with this ``arn`` and ``name``.

        AWS also accepts an ARN without its last six random characters.
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
