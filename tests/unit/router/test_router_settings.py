"""The environment is read once, in one place, and errors name what is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alert_router.settings import Settings, SettingsError
from shared.names import Severity

ENVIRONMENT = {
    "BALANCES_TABLE": "bm-balances",
    "ALERTS_TABLE": "bm-alerts",
    "NOTIFICATIONS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:bm-notifications",
    "INTAKE_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/bm-alarms",
}


def test_settings_when_only_what_is_required_is_set_then_the_rest_has_defaults() -> None:
    found = Settings.from_environment(ENVIRONMENT)

    assert found.name == "balance-monitor"
    assert found.chat_topic == found.dashboard_url == found.runbook_url == ""
    assert found.group_wait == timedelta(seconds=60)
    assert found.digest_above == 5
    assert found.metric_delay == timedelta(minutes=10)
    assert found.repeat_after == {
        Severity.CRITICAL: timedelta(hours=4),
        Severity.WARNING: timedelta(hours=24),
    }


def test_settings_when_reminders_are_off_then_that_severity_has_none() -> None:
    found = Settings.from_environment(ENVIRONMENT | {"REPEAT_HOURS_WARNING": "0"})

    assert set(found.repeat_after) == {Severity.CRITICAL}


@pytest.mark.parametrize(("interval", "minutes"), [("1", 6), ("60", 65), ("1440", 1445)])
def test_settings_when_polls_are_rare_then_a_metric_is_late_after_the_next(
    interval: str, minutes: int
) -> None:
    found = Settings.from_environment(ENVIRONMENT | {"POLL_INTERVAL_MINUTES": interval})

    assert found.metric_delay == timedelta(minutes=minutes)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_settings_when_a_variable_is_missing_then_it_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}

    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(environment)


@pytest.mark.parametrize("value", ["soon", "-1", "inf", "nan"])
def test_settings_when_a_number_is_none_then_the_variable_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="GROUP_WAIT_SECONDS"):
        Settings.from_environment(ENVIRONMENT | {"GROUP_WAIT_SECONDS": value})
