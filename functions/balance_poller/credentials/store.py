"""Reads keys from Secrets Manager in batches, and caches them for minutes.

Values go to the redactor before anything else sees them, and never into an error text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from balance_poller.aws_batches import error_code, in_batches, is_rejection
from balance_poller.credentials.reference import (
    Keys,
    SecretError,
    SecretReference,
    SecretStoreError,
    StoredKey,
)
from balance_poller.credentials.stored import StoredSecret, parse_stored
from shared.outcome import Outcome
from shared.redactor import redactor
from shared.secret import secrets_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: BatchGetSecretValue, SecretIdList (API reference, read 2026-11).
MAX_BATCH: Final = 20

#: Secrets Manager's errors for single secrets of a batch (API reference, APIErrorType).
_WORDS: Final = {
    "ResourceNotFoundException": "the secret does not exist",
    "AccessDeniedException": "reading the secret is denied",
    "DecryptionFailure": "reading the secret is denied: its KMS key cannot be used",
    "InvalidRequestException": "the secret is scheduled for deletion",
}


class UnreachableError(SecretStoreError):
    """Secrets Manager cannot be reached."""


class _Cached(NamedTuple):
    """A secret, and when it was read."""

    stored: StoredSecret
    read_at: float


class SecretStore:
    """Reads the keys that accounts refer to.

    Args:
        client: Returns the Secrets Manager client; called on first use.
        cache_seconds: How long a value is cached.
        monotonic: The clock of the cache, in seconds.
    """

    def __init__(
        self,
        client: Callable[[], SecretsManagerClient],
        cache_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._cache: dict[str, _Cached] = {}

    def read(self, references: Iterable[str]) -> Keys:
        """Return the keys for ``references`` (``name-or-arn[#json_key]``), cached or read now.

        A cached secret that lacks a key is read again: it may just have been set.
        """
        wanted, cached = list(references), self._cached()
        keys = self._read(wanted, cached)
        lacking = {reference.partition("#")[0] for reference in keys.missing} & cached.keys()
        if not lacking:
            return keys
        known = {name: stored for name, stored in self._cached().items() if name not in lacking}
        again = self._read(wanted, known)
        failed = any(isinstance(why, SecretStoreError) for why in again.missing.values())
        return keys if failed else again

    def read_again(self, references: Iterable[str]) -> Keys:
        """Return the keys as they are stored now, bypassing the cache."""
        return self._read(references, {})

    def _cached(self) -> dict[str, StoredSecret]:
        """Return the cached secrets that have not expired."""
        oldest = self._monotonic() - self._cache_seconds
        return {name: entry.stored for name, entry in self._cache.items() if entry.read_at > oldest}

    def _read(self, references: Iterable[str], known: Mapping[str, StoredSecret]) -> Keys:
        """Read missing secrets, and extract each reference's key."""
        missing: dict[str, SecretError] = {}
        parsed: dict[str, SecretReference] = {}
        for text in dict.fromkeys(references):
            try:
                parsed[text] = SecretReference.parse(text)
            except SecretError as exc:
                missing[text] = exc
        wanted = dict.fromkeys(reference.secret_id for reference in parsed.values())
        stored: dict[str, StoredSecret | SecretError] = dict(known)
        stored |= self._fetch([secret_id for secret_id in wanted if secret_id not in known])
        found: dict[str, StoredKey] = {}
        for text, reference in parsed.items():
            try:
                found[text] = _take(stored[reference.secret_id], reference)
            except SecretError as exc:
                missing[text] = exc
        return Keys(found, missing)

    def _fetch(self, secret_ids: list[str]) -> dict[str, StoredSecret | SecretError]:
        """Call Secrets Manager; every id gets its secret, or the reason why not."""
        answers: dict[str, StoredSecret | SecretError] = {}
        for batch in in_batches(secret_ids, MAX_BATCH):
            answers |= self._fetch_batch(batch)
            unreachable = answers[batch[0]]
            if isinstance(unreachable, UnreachableError):
                # Each further batch would cost the run tens of seconds of timeouts.
                answers = dict.fromkeys(secret_ids, unreachable) | answers
                break
        now = self._monotonic()
        for secret_id, answer in answers.items():
            if isinstance(answer, StoredSecret):
                self._cache[secret_id] = _Cached(answer, now)
        return answers

    def _fetch_batch(self, batch: list[str]) -> dict[str, StoredSecret | SecretError]:
        """Read up to twenty secrets; halve a batch that AWS refuses because of one id."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

        try:
            return self._call(batch)
        except (ClientError, BotoCoreError) as exc:
            code = error_code(exc)
            if not is_rejection(exc):
                kind = SecretStoreError if isinstance(exc, ClientError) else UnreachableError
                return dict.fromkeys(batch, kind(f"the secrets could not be read ({code})"))
        if len(batch) == 1:
            return {batch[0]: SecretError(f"Secrets Manager refuses the secret's name ({code})")}
        middle = len(batch) // 2
        return self._fetch_batch(batch[:middle]) | self._fetch_batch(batch[middle:])

    def _call(self, batch: list[str]) -> dict[str, StoredSecret | SecretError]:
        """Call AWS, and return its answers by the ids in the request."""
        references = [SecretReference(secret_id) for secret_id in batch]
        answers: dict[str, StoredSecret | SecretError] = {
            secret_id: SecretError("Secrets Manager did not return the secret")
            for secret_id in batch
        }
        page: dict[str, str] = {}
        while True:
            response = self._client().batch_get_secret_value(SecretIdList=batch, **page)  # type: ignore[arg-type]  # only NextToken
            for error in response.get("Errors", []):
                answers[error.get("SecretId", "")] = _secret_error(
                    error.get("ErrorCode", ""), error.get("Message", "")
                )
            for value in response.get("SecretValues", []):
                stored = _parse(
                    value.get("SecretString"), value.get("SecretBinary"), value.get("VersionId")
                )
                for reference in references:
                    if reference.names(value.get("ARN", ""), value.get("Name", "")):
                        answers[reference.secret_id] = stored
            if not response.get("NextToken"):
                return answers
            page = {"NextToken": response["NextToken"]}


def _take(stored: StoredSecret | SecretError, reference: SecretReference) -> StoredKey:
    """Return the reference's key, after registering it with the redactor."""
    if isinstance(stored, SecretError):
        raise stored.with_traceback(None)
    key = stored.take(reference.json_key)
    redactor().add(secrets_of(key.key))
    return key


def _parse(
    string: str | None, binary: bytes | None, version: str | None
) -> StoredSecret | SecretError:
    """Parse a secret's value. One without a value has neither form."""
    if string is not None:
        return parse_stored(string, version)
    try:
        return parse_stored((binary or b"").decode(), version)
    except UnicodeDecodeError:
        return SecretError("the secret is binary and not UTF-8 text")


def _secret_error(code: str, message: str) -> SecretError:
    """Return why one secret of a batch was not returned."""
    # For a secret without a value, AWS reports it missing but names the staging label.
    if code == "ResourceNotFoundException" and "staging label" in message:
        return SecretError("the secret is empty: it has no value yet")
    if code in _WORDS:
        return SecretError(_WORDS[code])
    return SecretError(f"the secret could not be read ({code})", Outcome.TRANSIENT)
