"""The story notices every way in which it may not be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from balancectl.localcloud.demo import story
from balancectl.localcloud.demo.story import Expected, disagreements
from balancectl.localcloud.inbox import Message
from shared.names import Severity, Status

WARNING = Expected("team@example.com", Status.FIRING, Severity.WARNING, ("acme", "14.20 USD"))
MESSAGE = Message(
    received_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    topic="balance-monitor-notifications",
    protocol="email",
    endpoint="team@example.com",
    subject="WARNING OpenRouter acme: 14.20 USD left",
    body="Top up.",
    attributes={"status": "firing", "severity": "warning"},
    message_id="1",
)


def test_expected_message_is_no_disagreement() -> None:
    assert disagreements([WARNING], [MESSAGE]) == []


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(replace(MESSAGE, endpoint="other@example.com"), id="to somebody else"),
        pytest.param(replace(MESSAGE, subject="WARNING acme: 14.00 USD left"), id="other words"),
        pytest.param(
            replace(MESSAGE, attributes={"status": "resolved", "severity": "warning"}),
            id="other status",
        ),
        pytest.param(
            replace(MESSAGE, attributes={"status": "firing", "severity": "critical"}),
            id="other severity",
        ),
    ],
)
def test_other_message_is_missing_and_not_expected(message: Message) -> None:
    found = disagreements([WARNING], [message])

    assert [line.partition(":")[0] for line in found] == ["missing", "not expected"]


def test_message_that_comes_twice_is_not_expected_twice() -> None:
    found = disagreements([WARNING], [MESSAGE, MESSAGE])

    assert found == ["not expected: to team@example.com: WARNING OpenRouter acme: 14.20 USD left"]


def test_message_where_silence_is_expected_is_named() -> None:
    assert len(disagreements([], [MESSAGE])) == 1


def test_every_simulated_account_has_settings_and_a_key_of_its_own() -> None:
    names = [account.name for account in story.PLAN.accounts]
    keys = {account.key for account in story.PLAN.accounts}

    assert set(names) == set(story.PLAN.settings)
    assert len(keys) == len(names)


def test_digest_is_larger_than_what_is_told_one_by_one() -> None:
    assert len(story.BUSY_NIGHT) > story.DIGEST_ABOVE


def test_breaching_account_is_told_of_once_for_each_step() -> None:
    chapter = story.CHAPTERS[0]

    to_team = [
        (one.status, one.severity)
        for beat in chapter.beats
        for one in beat.expected
        if one.to == story.TEAM
    ]

    assert to_team == [
        (Status.FIRING, Severity.WARNING),
        (Status.FIRING, Severity.CRITICAL),
        (Status.REMINDER, Severity.CRITICAL),
        (Status.RESOLVED, Severity.CRITICAL),
    ]
