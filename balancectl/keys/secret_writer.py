"""Changes a secret without losing concurrent changes.

Secrets Manager has no conditional write, but it moves a staging label only from the version that
the caller names. So a new value is first stored under a private label, then ``AWSCURRENT`` is moved
to it from the version that was read. If another writer has moved it meanwhile, the move is refused,
and the change is made again on their version. (UpdateSecretVersionStage, Secrets Manager API
reference, read 2026-11.)
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

#: The limit of a secret's value (Secrets Manager quotas, read 2026-11).
MAX_BYTES: Final = 65_536

_CURRENT: Final = "AWSCURRENT"
_STAGE_PREFIX: Final = "balancectl-"
_MAX_ATTEMPTS: Final = 60
_CONFLICTS: Final = frozenset(
    {"InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"}
)

Edit = Callable[[str | None], str | None]
"""Takes the secret's text (None if it has none), returns the new one (None to leave it)."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A version of a secret, as it was read."""

    text: str | None = field(repr=False)
    """None if the secret has no value yet."""
    version_id: str | None
    """None if no version has the label ``AWSCURRENT``."""


@dataclass(slots=True)
class SecretWriter:
    """Reads and changes one secret."""

    client: SecretsManagerClient
    secret_id: str
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def read(self) -> SecretVersion:
        """Return the secret's current value.

        Raises:
            CliError: When the secret does not exist, is being deleted, or is not text.
        """
        try:
            answer = self.client.get_secret_value(SecretId=self.secret_id)
        except ClientError as exc:
            if code_of(exc) == "ResourceNotFoundException":
                self.changed_at()  # a secret without a value gets the same answer as a missing one
                return SecretVersion(None, None)
            raise self._translated(exc) from exc
        if answer.get("SecretBinary") is not None and answer.get("SecretString") is None:
            raise CliError(f"the secret {self.secret_id} is binary: keys need a text secret")
        return SecretVersion(answer.get("SecretString"), answer["VersionId"])

    def changed_at(self) -> datetime | None:
        """Return when the secret was last changed.

        Raises:
            CliError: When the secret does not exist or is being deleted.
        """
        try:
            answer = self.client.describe_secret(SecretId=self.secret_id)
        except ClientError as exc:
            raise self._translated(exc) from exc
        if answer.get("DeletedDate") is not None:
            raise self._being_deleted()
        return answer.get("LastChangedDate")

    def update(self, edit: Edit) -> None:
        """Replace the secret's text by the result of ``edit``, which may be called again.

        Raises:
            CliError: When the new text is too long, or others keep changing the secret.
        """
        stage = f"{_STAGE_PREFIX}{uuid.uuid4()}"
        written: set[str] = set()
        for attempt in range(_MAX_ATTEMPTS):
            stored = self.read()
            if stored.version_id in written:
                return  # an earlier move took effect although it returned an error
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
            f"nothing was saved: others kept changing the secret {self.secret_id}; try again"
        )

    def _put(self, text: str, stage: str) -> str:
        """Store ``text`` as a version that nobody reads yet; return its id."""
        size = len(text.encode())
        if size > MAX_BYTES:
            raise CliError(
                f"the secret {self.secret_id} would be {size:,} bytes, more than the limit "
                f"of {MAX_BYTES:,} (64 KiB): give some accounts their own secret (`secret` in "
                "`accounts`)"
            )
        try:
            answer = self.client.put_secret_value(
                SecretId=self.secret_id, SecretString=text, VersionStages=[stage]
            )
        except ClientError as exc:
            raise self._translated(exc) from exc
        return answer["VersionId"]

    def _move_current(self, version: str, read_version: str | None) -> bool:
        """Make ``version`` current if ``read_version`` still is; return whether it was."""
        # The first version of a secret gets the label automatically; moving it again is allowed.
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
            raise self._translated(exc) from exc
        return True

    def _drop(self, stage: str, version: str) -> None:
        """Remove the private label; Secrets Manager deletes versions without one."""
        with contextlib.suppress(ClientError):
            self.client.update_secret_version_stage(
                SecretId=self.secret_id, VersionStage=stage, RemoveFromVersionId=version
            )

    def _translated(self, exc: ClientError) -> Exception:
        """Return a CliError if the secret itself is the cause, else the error."""
        match code_of(exc):
            case "ResourceNotFoundException":
                return CliError(
                    f"the secret {self.secret_id} does not exist: check --name and --region; "
                    "`make deploy` creates the deployment's secret, others you create yourself"
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
        """Return the error for a secret in its recovery window."""
        return CliError(
            f"the secret {self.secret_id} is scheduled for deletion; to restore it: "
            f"`aws secretsmanager restore-secret --secret-id {self.secret_id}`"
        )
