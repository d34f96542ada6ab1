"""One local cloud for all end-to-end tests: the real Terraform, the real zips, IAM enforced.

It starts once, plays the demo's story, and then serves every test. Each test restores the accounts
that it uses.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from balancectl.localcloud.cloud import LocalCloud, Step, local_cloud
from balancectl.localcloud.demo import story
from balancectl.localcloud.deploy.repository import build_packages
from balancectl.localcloud.providers.accounts import Account
from tests.e2e.channel_server import CHAT, PAGER, ChannelServer
from tests.e2e.hostile_server import HostileServer, definition

HERE = Path(__file__).parent


# First, because another hook of the same name reads the group.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests, and keep them on one worker: they share one cloud."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("local-cloud"))


@dataclass(frozen=True)
class StoryResult:
    """The steps of the story, beginning with the first poll."""

    first: Step
    beats: tuple[tuple[story.Beat, Step], ...]


@pytest.fixture(scope="session")
def hostile() -> Iterator[HostileServer]:
    """A provider that misbehaves on demand."""
    with HostileServer() as server:
        yield server


@pytest.fixture(scope="session")
def channels() -> Iterator[ChannelServer]:
    """A chat and a pager."""
    with ChannelServer() as server:
        yield server


@pytest.fixture(scope="session")
def canaries() -> dict[str, str]:
    """Keys that must not appear anywhere, by account."""
    return {f"hostile-{fault}": f"canary-{secrets.token_hex(12)}" for fault in HostileServer.FAULTS}


@pytest.fixture(scope="session")
def _cloud_and_story(
    tmp_path_factory: pytest.TempPathFactory,
    hostile: HostileServer,
    canaries: dict[str, str],
    channels: ChannelServer,
) -> Iterator[tuple[LocalCloud, StoryResult]]:
    """Start the cloud and play the story in it."""
    build_packages()
    folder = tmp_path_factory.mktemp("cloud")
    with local_cloud(folder, _plan(hostile)) as cloud:
        cloud.deployment.import_keys(canaries)
        cloud.emulator.client("secretsmanager").put_secret_value(
            SecretId=cloud.deployment.names.channels_secret, SecretString=channels.addresses
        )
        first = cloud.start_schedules()
        beats = [beat for chapter in story.CHAPTERS for beat in chapter.beats]
        result = StoryResult(first, tuple((beat, beat.play(cloud)) for beat in beats))
        yield cloud, result
        assert refusals(cloud) == [], "AWS would have refused these requests"


def refusals(cloud: LocalCloud) -> list[str]:
    """Return the requests that the emulator refused because AWS would."""
    log = (cloud.emulator.folder / "emulator.log").read_text("utf-8", "replace")
    return [line for line in log.splitlines() if "refused as AWS would" in line]


@pytest.fixture
def cloud(_cloud_and_story: tuple[LocalCloud, StoryResult]) -> LocalCloud:
    """The cloud, with nothing unread in its inbox."""
    found = _cloud_and_story[0]
    found.inbox.read_new()
    return found


@pytest.fixture(scope="session")
def story_result(_cloud_and_story: tuple[LocalCloud, StoryResult]) -> StoryResult:
    """The result of the story."""
    return _cloud_and_story[1]


@pytest.fixture(scope="session")
def plan_after_apply(_cloud_and_story: tuple[LocalCloud, StoryResult]) -> dict[str, Any]:
    """The changes that Terraform plans now; the plan file stays in the cloud's folder."""
    cloud = _cloud_and_story[0]
    return cloud.deployment.plan([cloud.variables])


def _plan(hostile: HostileServer) -> story.Plan:
    """Return the demo's plan with accounts for the other tests, healthy during the story."""
    extra = tuple(
        Account(name, "openrouter", f"sk-or-{name}-e2ek3y", Decimal(90))
        for name in ("pipeline-low", "pipeline-fine", "twice")
    )
    settings = {account.name: {"warning": 20, "critical": 5} for account in extra}
    faults = {
        f"hostile-{fault}": {
            "provider": f"hostile_{fault}",
            "base_url": hostile.url,
            "warning": 1,
            "stale_after_minutes": 600,
        }
        for fault in HostileServer.FAULTS
    }
    return replace(
        story.PLAN,
        accounts=(*story.PLAN.accounts, *extra),
        settings={**story.PLAN.settings, **settings},
        more_accounts=faults,
        variables={
            **story.PLAN.variables,
            "subscribers": {
                **story.PLAN.variables["subscribers"],
                "chat": {"protocol": "channel", "endpoint": CHAT},
                "pager": {"protocol": "channel", "endpoint": PAGER, "severities": ["critical"]},
            },
            "custom_providers": {f"hostile_{f}": definition(f) for f in HostileServer.FAULTS},
            "request_timeout_seconds": 2,
            "status_page": True,
        },
    )
