"""Changes a secret's value without losing anybody else's change.

Secrets Manager has no conditional write, but it moves a staging label only from the version that
the caller names. So a new value is stored under a private label first, and ``AWSCURRENT`` is then
moved to it from the version that was read; when somebody else moved it meanwhile, that is refused,
and everything starts again from what they wrote.
(UpdateSecretVersionStage, Secrets Manager API reference, read 2026-11.)
"""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, code_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Of a secret's value, in bytes (Secrets Manager quotas, read 2026-11).
MAX_BYTES: Final = 65_536

_CURRENT: Final = "AWSCURRENT"
_STAGE_PREFIX: Final = "balancectl-"
_MAX_ATTEMPTS: Final = 60
_CONFLICTS: Final = frozenset(
    {"InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"}
)

Edit = Callable[[str | None], str | None]
"""Takes the secret's text (None: it has none yet), returns the new one (None: leave it)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A secret as it was read."""

    text: str | None = field(repr=False)
    """None when the secret has no value yet."""
    version_id: str | None
    """None when no version has the label ``AWSCURRENT``."""


@dataclass(slots=True)
class Vault:
    """Reads and changes one secret."""

    client: SecretsManagerClient
    secret_id: str
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def read(self) -> Stored:
        """Return the secret's present value.

        Raises:
            CliError: when there is no such secret, it is being deleted, or holds no text.
        """
        try:
            answer = self.client.get_secret_value(SecretId=self.secret_id)
        except ClientError as exc:
            if code_of(exc) == "ResourceNotFoundException":
                self.changed_at()  # a secret without a value is answered like a missing one
                return Stored(None, None)
            raise self._in_words(exc) from exc
        if answer.get("SecretBinary") is not None and answer.get("SecretString") is None:
            raise CliError(f"the secret {self.secret_id} is binary: keys are kept in a text secret")
        return Stored(answer.get("SecretString"), answer["VersionId"])

    def changed_at(self) -> datetime | None:
        """Return when the secret was last changed.

        Raises:
            CliError: when there is no such secret, or it is being deleted.
        """
        try:
            answer = self.client.describe_secret(SecretId=self.secret_id)
        except ClientError as exc:
            raise self._in_words(exc) from exc
        if answer.get("DeletedDate") is not None:
            raise self._being_deleted()
        return answer.get("LastChangedDate")

    def update(self, edit: Edit) -> None:
        """Replace the secret's text by what ``edit`` makes of it; ``edit`` may be called again.

        Raises:
            CliError: when the new text is too long, or others keep changing the secret.
        """
        stage = f"{_STAGE_PREFIX}{uuid.uuid4()}"
        written: set[str] = set()
        for attempt in range(_MAX_ATTEMPTS):
            stored = self.read()
            if stored.version_id in written:
                return  # an earlier move took effect although its answer was an error
            text = edit(stored.text)
            if text is None or text == stored.text:
                return
            version = self._put(text, stage)
            written.add(version)
            try:
                if self._move_current(version, stored.version_id):
                    return
            finally:
                self._drop(stage, version)
            self.sleep(self.jitter() * min(0.05 * (attempt + 1), 1.0))
        raise CliError(
            f"the secret {self.secret_id} kept changing while it was written: nothing was saved, "
            "try again"
        )

    def _put(self, text: str, stage: str) -> str:
        """Store ``text`` as a version that nobody reads yet; return the version's id."""
        size = len(text.encode())
        if size > MAX_BYTES:
            raise CliError(
                f"the secret {self.secret_id} would hold {size:,} bytes, and Secrets Manager's "
                f"limit is {MAX_BYTES:,} (64 KiB): give some accounts a secret of their own "
                "(`secret` in their entry of `accounts`)"
            )
        try:
            answer = self.client.put_secret_value(
                SecretId=self.secret_id, SecretString=text, VersionStages=[stage]
            )
        except ClientError as exc:
            raise self._in_words(exc) from exc
        return answer["VersionId"]

    def _move_current(self, version: str, read_version: str | None) -> bool:
        """Make ``version`` current if ``read_version`` still is; False when it is no more."""
        # The first version of a secret gets the label by itself; moving it there again is allowed.
        origin = {"RemoveFromVersionId": read_version} if read_version else {}
        try:
            self.client.update_secret_version_stage(
                SecretId=self.secret_id,
                VersionStage=_CURRENT,
                MoveToVersionId=version,
                **origin,
            )
        except ClientError as exc:
            if code_of(exc) in _CONFLICTS:
                return False
            raise self._in_words(exc) from exc
        return True

    def _drop(self, stage: str, version: str) -> None:
        """Take the private label away; Secrets Manager deletes versions that have none."""
        with contextlib.suppress(ClientError):
            self.client.update_secret_version_stage(
                SecretId=self.secret_id, VersionStage=stage, RemoveFromVersionId=version
            )

    def _in_words(self, exc: ClientError) -> Exception:
        """Return the error in words where the secret itself is the matter."""
        match code_of(exc):
            case "ResourceNotFoundException":
                return CliError(
                    f"the secret {self.secret_id} does not exist: check --name and --region; "
                    "`make deploy` creates the stack's own, other secrets you create yourself"
                )
            case "InvalidRequestException" if "deletion" in str(exc):
                return self._being_deleted()
            case "DecryptionFailure" | "EncryptionFailure":
                return CliError(
                    f"the secret {self.secret_id} is encrypted with a KMS key that these "
                    "credentials may not use (kms:Decrypt, kms:GenerateDataKey)"
                )
            case _:
                return exc

    def _being_deleted(self) -> CliError:
        """Return the words for a secret in its recovery time."""
        return CliError(
            f"the secret {self.secret_id} is scheduled for deletion: "
            f"`aws secretsmanager restore-secret --secret-id {self.secret_id}` brings it back"
        )
