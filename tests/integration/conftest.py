"""One AWS emulator for all integration tests, reached through pytest-localstack.

By default MiniStack, started for the session on a free port of loopback; with ``--localstack``
pytest-localstack's own LocalStack container. A missing emulator is a failure, never a skip.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_localstack.session import LocalstackSession, RunningSession

from shared.aws.clients import forget_clients

HERE = Path(__file__).parent
REGION = "us-east-1"
SERVICES = ["cloudwatch", "dynamodb", "secretsmanager", "sns", "sqs", "sts"]
START_SECONDS = 60


# First of all, for the group is read by a hook of the same name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, and keep it on one worker: one emulator serves all of it."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.xdist_group("emulator"))


@pytest.fixture(scope="session")
def emulator(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSession]:
    """Run the emulator for the session."""
    if pytestconfig.getoption("--localstack"):
        with _localstack() as session:
            yield session
        return
    log = tmp_path_factory.mktemp("emulator") / "ministack.log"
    with _ministack(log) as port:
        services = dict.fromkeys(SERVICES, port)
        with RunningSession("127.0.0.1", services=services, region_name=REGION) as session:
            yield session


@pytest.fixture
def aws(emulator: RunningSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSession]:
    """Send every boto3 client made during the test to the emulator."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    forget_clients()
    with emulator.botocore.patch_botocore():
        yield emulator
    forget_clients()


@contextmanager
def _localstack() -> Iterator[RunningSession]:
    """Run LocalStack in Docker."""
    import docker  # noqa: PLC0415 -- only where it was asked for

    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as exc:
        pytest.fail(f"--localstack needs a running Docker: {exc}", pytrace=False)
    with LocalstackSession(client, services=SERVICES, region_name=REGION) as session:
        yield session


@contextmanager
def _ministack(log: Path) -> Iterator[int]:
    """Run MiniStack on a free port; yield the port."""
    port = _free_port()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(log.parent),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment,
            cwd=log.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(process, port, log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once the emulator answers; fail with its output when it does not."""
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the emulator did not start:\n{log.read_text()[-2000:]}", pytrace=False)
