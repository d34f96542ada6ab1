"""A web page that the user visits cannot read or change anything in the local cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from balancectl.localcloud.emulator.emulator import REGION
from balancectl.localcloud.emulator.process import free_port, start_emulator
from balancectl.localcloud.providers.accounts import Account
from balancectl.localcloud.providers.servers import SimulatedProviders
from tests.browser.conftest import EVIL_HOST, Visit, command

SECRET = "canary-that-no-page-may-read"
REQUEST = json.dumps({"SecretId": "key"})


@dataclass(frozen=True)
class Target:
    """An emulator with a secret in it, and credentials that are valid there."""

    url: str
    access_key: str
    secret_key: str
    control: str = "http://127.0.0.1:1"

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    def config(self) -> dict[str, Any]:
        """Return what the page gets: more than any attacker has, even valid signatures."""
        signer = Credentials(self.access_key, self.secret_key)
        signed = AWSRequest(
            "POST",
            f"{self.url}/",
            headers={
                "X-Amz-Target": "secretsmanager.GetSecretValue",
                "Content-Type": "application/x-amz-json-1.1",
            },
            data=REQUEST,
        )
        SigV4Auth(signer, "secretsmanager", REGION).add_auth(signed)
        presigned = AWSRequest("GET", f"{self.url}/?Action=CreateTopic&Name=presigned")
        SigV4QueryAuth(signer, "sns", REGION).add_auth(presigned)
        return {
            "cloud": self.url,
            "control": self.control,
            "signedHeaders": dict(signed.headers),
            "presignedUrl": presigned.url,
            "secretRequest": REQUEST,
        }

    def topics(self) -> list[str]:
        found = self.client("sns").list_topics()["Topics"]
        return sorted(topic["TopicArn"].rpartition(":")[2] for topic in found)


@pytest.fixture
def local_cloud(tmp_path: Path) -> Iterator[tuple[Target, SimulatedProviders]]:
    """The local cloud's emulator and simulated providers."""
    emulator = start_emulator(tmp_path / "cloud")
    account = Account("simulated", "openrouter", "sk-or-simulated", Decimal(42))
    try:
        credentials = emulator.credentials
        token = credentials.control_token
        with SimulatedProviders([account], control_token=token) as providers:
            control = f"http://127.0.0.1:{providers.ports['control']}"
            target = Target(emulator.url, credentials.access_key, credentials.secret_key, control)
            target.client("secretsmanager").create_secret(Name="key", SecretString=SECRET)
            yield target, providers
    finally:
        emulator.stop()


@contextmanager
def unprotected_emulator(folder: Path) -> Iterator[Target]:
    """Run MiniStack as it comes, without patches or front door."""
    port = free_port()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=environment
        | {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": str(folder)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    target = Target(f"http://127.0.0.1:{port}", "test", "test")
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{target.url}/_ministack/health", timeout=2).close()  # noqa: S310 -- loopback
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        target.client("secretsmanager").create_secret(Name="key", SecretString=SECRET)
        yield target
    finally:
        process.terminate()
        process.wait(10)


def test_page_reads_nothing_and_changes_nothing(
    visit: Visit, local_cloud: tuple[Target, SimulatedProviders]
) -> None:
    target, providers = local_cloud

    read = visit(target.config())

    assert {attack: text for attack, text in read.items() if text} == {}
    assert len(read) == 15
    assert target.topics() == []
    assert [account.balance for account in providers.accounts()] == [Decimal(42)]
    value = target.client("secretsmanager").get_secret_value(SecretId="key")
    assert value["SecretString"] == SECRET


def test_same_page_reads_the_secret_of_an_emulator_without_the_front_door(
    visit: Visit, tmp_path: Path
) -> None:
    """Control: the attacks are real ones."""
    with unprotected_emulator(tmp_path) as target:
        read = visit(target.config())
        topics = target.topics()

    assert SECRET in read["made-up signature"]
    assert SECRET in read["valid signature"]
    assert topics == ["presigned"]


def test_host_name_that_now_resolves_to_this_machine_reads_nothing(
    browser: str, local_cloud: tuple[Target, SimulatedProviders], tmp_path: Path
) -> None:
    """DNS rebinding: the page and the emulator have the same origin for the browser."""
    target, _ = local_cloud
    port = target.url.rpartition(":")[2]

    done = subprocess.run(
        [
            *command(browser, tmp_path),
            "--dump-dom",
            f"http://{EVIL_HOST}:{port}/_ministack/health",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "the Host must be" in done.stdout
