"""One running emulator: its address, credentials, clients and files."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import boto3
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Signer

from balancectl.localcloud.clock import StoryClock
from balancectl.localcloud.emulator.credentials import Credentials
from balancectl.localcloud.emulator.settings import ACTIVITY_PATH, RELEASE_PATH
from balancectl.localcloud.errors import EmulatorError

REGION: Final = "eu-central-1"
ACCOUNT: Final = "123456789012"
#: Names the signatures of requests to the control paths.
_CONTROL_SERVICE: Final = "local-cloud"
_STOP_SECONDS: Final = 8
#: A busy machine answers late; an emulator that has stopped refuses immediately.
_ANSWER_SECONDS: Final = 60
_READY_SECONDS: Final = 15
_QUIET_READINGS: Final = 3


@dataclass
class Emulator:
    """A running emulator; it writes only below ``folder``."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    """None if another process started it."""

    @property
    def url(self) -> str:
        """The endpoint of all AWS services."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def credentials(self) -> Credentials:
        """The root credentials, which are allowed everything.

        Raises:
            EmulatorError: when this user cannot read them.
        """
        return Credentials.read(self.folder)

    @property
    def permissions_file(self) -> Path:
        """The record of ``patches.permissions``."""
        return self.folder / "permissions.jsonl"

    @property
    def mailbox_file(self) -> Path:
        """The record of ``patches.mailbox``."""
        return self.folder / "mailbox.jsonl"

    @property
    def clock(self) -> StoryClock:
        """The story's clock, if the emulator was started with one."""
        return StoryClock(self.clock_file)

    @property
    def clock_file(self) -> Path:
        """The file of the story's clock."""
        return self.folder / "clock"

    def environment(self) -> dict[str, str]:
        """Return a complete environment for a child process that can reach only this cloud.

        It contains none of the user's AWS settings: no profile, credentials or other endpoint.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | self.settings()

    def settings(self) -> dict[str, str]:
        """Return the variables that point AWS clients to this cloud, and nowhere else."""
        nowhere = str(self.folder / "no-aws-files")
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(
        self,
        service: str,
        *,
        access_key: str | None = None,
        secret_key: str | None = None,
        token: str | None = None,
        config: Config | None = None,
    ) -> Any:  # noqa: ANN401 -- typed where it is assigned
        """Return a boto3 client for this cloud that ignores the user's AWS settings.

        Args:
            service: the service's name in boto3.
            access_key: the caller's; by default root's, which is allowed everything.
            secret_key: belongs to ``access_key``.
            token: session token of temporary credentials.
            config: the client's settings.
        """
        make: Any = _session().client
        return make(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=access_key or self.credentials.access_key,
            aws_secret_access_key=secret_key or self.credentials.secret_key,
            aws_session_token=token,
            config=config,
        )

    def release_schedules(self) -> None:
        """Release the schedules that were held since the start."""
        self._control(RELEASE_PATH)

    def settle(
        self,
        *,
        with_schedules: bool = False,
        with_delayed: bool = True,
        timeout_seconds: float = 120,
    ) -> None:
        """Wait until the cloud is idle: no function is running, and no message waits for one.

        Args:
            with_schedules: also wait until the schedules have been checked.
            with_delayed: also wait for messages that were sent with a delay.
            timeout_seconds: the longest time to wait.

        Raises:
            EmulatorError: when it takes longer.
        """
        deadline = time.monotonic() + timeout_seconds
        sweeps = self._control(ACTIVITY_PATH)["sweeps"] + (2 if with_schedules else 0)
        quiet = 0
        while quiet < _QUIET_READINGS:
            if time.monotonic() > deadline:
                raise EmulatorError(f"the cloud did not become idle:\n{self.log_end()}")
            time.sleep(0.05)
            activity = self._control(ACTIVITY_PATH)
            busy = activity["busy"] + (activity["delayed"] if with_delayed else 0)
            quiet = quiet + 1 if activity["sweeps"] >= sweeps and not busy else 0

    def is_running(self) -> bool:
        """Whether the emulator answers."""
        with suppress(EmulatorError):
            self._control("/_ministack/ready", timeout_seconds=_READY_SECONDS)
            return True
        return False

    def stop(self) -> None:
        """Stop the process and wait for it to exit; may be called again."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _control(self, path: str, timeout_seconds: float = _ANSWER_SECONDS) -> dict[str, Any]:
        """Call one of the server's own paths, with a signature like any other.

        Raises:
            EmulatorError: when it does not answer.
        """
        url = self.url + path
        signed = AWSRequest("GET", url)
        signer = Signer(self.credentials.access_key, self.credentials.secret_key)
        SigV4Auth(signer, _CONTROL_SERVICE, REGION).add_auth(signed)
        request = urllib.request.Request(url, headers=dict(signed.headers))  # noqa: S310 -- loopback
        try:
            with urllib.request.urlopen(request, timeout=timeout_seconds) as response:  # noqa: S310 -- loopback
                document: dict[str, Any] = json.load(response)
        except OSError as exc:
            raise EmulatorError(f"the emulator does not answer: {exc}\n{self.log_end()}") from exc
        return document

    def log_end(self) -> str:
        """Return the last lines of the emulator's log."""
        lines = (self.folder / "emulator.log").read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-15:])


@cache
def _session() -> boto3.Session:
    """Return a session that reads none of the user's files or profiles."""
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(botocore_session=session)
