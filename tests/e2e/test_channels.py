"""Channels in the deployed stack: the real courier, under its role, from its zip."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from balancectl.localcloud.demo import story
from tests.e2e.channel_server import CHAT, PAGER

if TYPE_CHECKING:
    from balancectl.localcloud.cloud import LocalCloud
    from tests.e2e.channel_server import ChannelServer
    from tests.e2e.conftest import StoryResult


def test_chat_gets_what_the_team_gets_by_email(
    story_result: StoryResult, channels: ChannelServer
) -> None:
    messages = [message for _, step in story_result.beats for message in step.messages]
    mailed = Counter(each.subject for each in messages if each.endpoint == story.TEAM)

    posted = Counter(post["title"] for post in channels.posts)

    assert mailed
    assert {title: posted[title] for title in mailed} == mailed


def test_pager_closes_the_incident_that_it_opened(
    story_result: StoryResult, channels: ChannelServer, cloud: LocalCloud
) -> None:
    """CRITICAL and RESOLVED are minutes and processes apart."""
    assert story_result.beats
    key = f"{cloud.deployment.name}/openrouter-main"

    assert key in channels.opened
    assert key not in channels.open


def test_channels_test_posts_from_the_deployed_courier(
    channels: ChannelServer, cloud: LocalCloud
) -> None:
    for channel in (CHAT, PAGER):
        done = cloud.deployment.balancectl("channels", "test", channel)
        assert "the service accepted the test" in done

    assert channels.posts[-1]["title"] == f"TEST {CHAT}: messages arrive"
    assert f"{cloud.deployment.name}/test" in channels.opened - channels.open


def test_no_log_holds_a_channels_token(channels: ChannelServer, cloud: LocalCloud) -> None:
    logs = cloud.emulator.client("logs")
    group = f"/aws/lambda/{cloud.deployment.names.courier_function}"
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    lines = [event["message"] for page in pages for event in page["events"]]

    assert any("posted" in line for line in lines)
    assert not [line for line in lines if channels.token in line]
