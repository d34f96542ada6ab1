"""The demo's story, beat by beat, with exact counts for every subscriber."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from balancectl.localcloud.demo import story

if TYPE_CHECKING:
    from tests.e2e.conftest import StoryResult


def test_first_poll_by_the_schedule_sends_no_message(story_result: StoryResult) -> None:
    assert story_result.first.messages == ()


def test_every_beat_of_the_story_sends_exactly_the_expected_messages(
    story_result: StoryResult,
) -> None:
    differences = {
        beat.text: found
        for beat, step in story_result.beats
        if (found := story.differences(beat.expected, step.messages))
    }

    assert differences == {}


def test_breaching_account_gives_one_warning_one_critical_and_one_recovery(
    story_result: StoryResult,
) -> None:
    messages = [message for _, step in story_result.beats for message in step.messages]

    about = Counter(
        (message.endpoint, message.attribute("status"), message.attribute("severity"))
        for message in messages
        if message.attribute("account") == "openrouter-main"
    )

    assert about == {
        (story.TEAM, "firing", "warning"): 1,
        (story.TEAM, "firing", "critical"): 1,
        (story.TEAM, "reminder", "critical"): 1,
        (story.TEAM, "resolved", "critical"): 1,
        (story.ON_CALL, "firing", "critical"): 1,
        (story.ON_CALL, "reminder", "critical"): 1,
        (story.ON_CALL, "resolved", "critical"): 1,
    }


def test_healthy_accounts_are_not_mentioned(story_result: StoryResult) -> None:
    texts = "\n".join(
        f"{message.subject}\n{message.body}"
        for _, step in story_result.beats
        for message in step.messages
    )

    named = [account for account in ("openrouter-eval", "pipeline", "hostile") if account in texts]

    assert named == []


def test_operations_subscribers_get_no_account_alerts(story_result: StoryResult) -> None:
    endpoints = {message.endpoint for _, step in story_result.beats for message in step.messages}

    assert story.OPERATIONS not in endpoints


def test_every_sms_fits_into_one_part(story_result: StoryResult) -> None:
    lengths = [
        len(message.body)
        for _, step in story_result.beats
        for message in step.messages
        if message.is_sms
    ]

    assert lengths
    assert max(lengths) <= 160
