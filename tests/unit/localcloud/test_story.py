"""The story reports every missing, wrong or unexpected message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from balancectl.localcloud.demo import story
from balancectl.localcloud.demo.story import Expected, differences
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


def test_expected_message_is_no_difference() -> None:
    assert differences([WARNING], [MESSAGE]) == []


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
    found = differences([WARNING], [message])

    assert [line.partition(":")[0] for line in found] == ["missing", "not expected"]


def test_message_that_comes_twice_is_not_expected_twice() -> None:
    found = differences([WARNING], [MESSAGE, MESSAGE])

    assert found == ["not expected: to team@example.com: WARNING OpenRouter acme: 14.20 USD left"]


def test_message_where_none_is_expected_is_reported() -> None:
    assert len(differences([], [MESSAGE])) == 1


def test_every_simulated_account_has_settings_and_a_key_of_its_own() -> None:
    names = [account.name for account in story.PLAN.accounts]
    keys = {account.key for account in story.PLAN.accounts}

    assert set(names) == set(story.PLAN.settings)
    assert len(keys) == len(names)


def test_busy_night_has_more_alerts_than_are_sent_singly() -> None:
    assert len(story.BUSY_NIGHT) > story.DIGEST_ABOVE


def test_low_account_is_announced_once_per_step() -> None:
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
