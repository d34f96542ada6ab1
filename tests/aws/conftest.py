"""A second emulator: moto's server, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from balancectl.localcloud.deploy.repository import ROOT
from balancectl.localcloud.emulator.process import free_port

HERE = Path(__file__).parent
PROGRAM = ROOT / ".venv-moto" / "bin" / "moto_server"
REGION = "eu-central-1"
START_SECONDS = 60


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, and keep it on one worker and in its order: one server serves all."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.aws)
            item.add_marker(pytest.mark.xdist_group("aws"))


@dataclass(frozen=True)
class Moto:
    """A running server, which asks nobody for credentials and holds none."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return a complete environment that reaches this server and nothing else."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nowhere = str(self.folder / "no-aws-files")
        return kept | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Set options of the server's own."""
        request = urllib.request.Request(  # noqa: S310 -- loopback
            f"{self.url}/moto-api/config",
            json.dumps(settings).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=START_SECONDS).close()  # noqa: S310 -- loopback

    def client(self, service: str) -> Any:
        """Return a client of the server."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """Run moto's server for the session; a missing one is a failure, never a skip."""
    if not PROGRAM.exists():
        pytest.fail("moto is not installed: run `make test-upgrade`", pytrace=False)
    folder = tmp_path_factory.mktemp("moto")
    server = Moto(free_port(), folder)
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(
            [str(PROGRAM), "--host", "127.0.0.1", "--port", str(server.port)],
            cwd=folder,
            env=server.environment() | {"HOME": str(folder), "TMPDIR": str(folder)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(server, process)
        server.configure({"lambda": {"use_docker": False}})
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(server: Moto, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; fail with its output when it does not."""
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            urllib.request.urlopen(f"{server.url}/moto-api/", timeout=2).close()  # noqa: S310 -- loopback
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    log = (server.folder / "moto.log").read_text("utf-8", "replace")
    pytest.fail(f"moto did not start:\n{log[-2000:]}", pytrace=False)
