"""Root credentials of one emulator: random per start, kept where only their owner can read them."""

from __future__ import annotations

import json
import os
import secrets
import string
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from balancectl.localcloud.errors import EmulatorError

_FILE: Final = "credentials.json"
_KEY_ALPHABET: Final = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials for one emulator and the control server of its simulated providers."""

    access_key: str
    secret_key: str = field(repr=False)
    control_token: str = field(repr=False)
    """Bearer token of the simulated providers' ``control`` server."""

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Write new random credentials into ``folder``, and return them."""
        private_folder(folder)
        name = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))
        made = cls(f"AKIA{name}", secrets.token_urlsafe(30), secrets.token_urlsafe(30))
        file = folder / _FILE
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(asdict(made), out)
        return made

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the credentials of the emulator that keeps its files in ``folder``.

        Raises:
            EmulatorError: when there are none, or they belong to another user.
        """
        try:
            fields = json.loads((folder / _FILE).read_text("utf-8"))
        except OSError as error:
            raise EmulatorError(
                f"cannot read the local cloud's credentials in {folder}: {error.strerror}; "
                "stop it with `make down` and start it again with `make up`"
            ) from None
        return cls(**fields)


def private_folder(folder: Path) -> None:
    """Create ``folder`` if missing, and close it to other users."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
