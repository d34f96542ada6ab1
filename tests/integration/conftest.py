"""One AWS emulator for all integration tests, reached through pytest-localstack.

By default it is the local cloud's own, which refuses what AWS refuses; with ``--localstack`` it is
pytest-localstack's LocalStack container. A missing emulator is a failure, never a skip.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_localstack.session import LocalstackSession, RunningSession

from balancectl.localcloud.emulator.process import start_emulator
from shared.aws.clients import forget_clients

HERE = Path(__file__).parent
REGION = "us-east-1"
SERVICES = ["cloudwatch", "dynamodb", "secretsmanager", "sns", "sqs", "sts"]


# First, because another hook of the same name reads the group.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in this folder, and keep them on one worker: they share one emulator."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.xdist_group("emulator"))


@dataclass(frozen=True)
class Cloud:
    """A running emulator, and credentials that may do everything in it."""

    session: RunningSession
    access_key: str = "test"
    secret_key: str = "test"


@pytest.fixture(scope="session")
def cloud(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Run the emulator for the session; the local cloud's must not have refused anything."""
    if pytestconfig.getoption("--localstack"):
        with _localstack() as session:
            yield Cloud(session)
        return
    started = start_emulator(tmp_path_factory.mktemp("emulator") / "cloud")
    try:
        services = dict.fromkeys(SERVICES, started.port)
        credentials = started.credentials
        session = RunningSession("127.0.0.1", services=services, region_name=REGION)
        with pytest.MonkeyPatch.context() as patch:  # it asks each service whether it is there
            patch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
            session.start()
        yield Cloud(session, credentials.access_key, credentials.secret_key)
        log = (started.folder / "emulator.log").read_text("utf-8", "replace")
        refused = [line for line in log.splitlines() if "refused as AWS would" in line]
        assert refused == [], "AWS would have refused these requests"
    finally:
        started.stop()


@pytest.fixture(scope="session")
def emulator(cloud: Cloud) -> RunningSession:
    """The emulator, for pytest-localstack."""
    return cloud.session


@pytest.fixture
def aws(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSession]:
    """Send every boto3 client made during the test to the emulator."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cloud.secret_key)
    forget_clients()
    with cloud.session.botocore.patch_botocore():
        yield cloud.session
    forget_clients()


def queue_for_topics(sqs: Any, name: str) -> tuple[str, str]:
    """Create a queue whose policy admits SNS, as a subscription needs it; return URL and ARN."""
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn: str = found["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


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
