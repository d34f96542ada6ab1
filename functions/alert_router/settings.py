"""Settings of this deployment. The only reader of ``os.environ``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Final, NamedTuple

from shared.names import DEFAULT_NAME, DEFAULT_NAMESPACE, Severity

#: How long a metric takes until an alarm is evaluated on it, at most.
_ARRIVAL: Final = timedelta(minutes=5)


class SettingsError(Exception):
    """A variable is missing or malformed."""


class Settings(NamedTuple):
    """The router's configuration, as Terraform set it."""

    name: str
    balances_table: str
    alerts_table: str
    namespace: str
    notifications_topic: str
    """The topic of e-mails, which always exists."""
    sms_topic: str
    """Empty if nobody gets SMS."""
    events_topic: str
    """Empty when no https, sqs or lambda is subscribed."""
    chat_topic: str
    """Empty when no chat topic is deployed."""
    intake_queue_url: str
    group_wait: timedelta
    """How long a new incident that is not critical waits for others; zero sends immediately."""
    digest_above: int
    """More messages of one severity than this become one digest."""
    repeat_after: Mapping[Severity, timedelta]
    """The time from the last message to a reminder, by severity; absent if reminders are off."""
    metric_delay: timedelta
    """How long after an ok poll its metric may still be missing: until the next one arrives."""
    foreign_expiry: timedelta
    """How long a foreign alarm that cannot be read remains open after its last transition."""
    dashboard_url: str
    runbook_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables that Terraform sets.

        Raises:
            SettingsError: naming the variable that is missing or malformed.
        """
        return cls(
            name=environment.get("BALANCE_MONITOR_NAME", DEFAULT_NAME),
            balances_table=_required(environment, "BALANCES_TABLE"),
            alerts_table=_required(environment, "ALERTS_TABLE"),
            namespace=environment.get("METRIC_NAMESPACE", DEFAULT_NAMESPACE),
            notifications_topic=_required(environment, "NOTIFICATIONS_TOPIC_ARN"),
            sms_topic=environment.get("SMS_TOPIC_ARN", ""),
            events_topic=environment.get("EVENTS_TOPIC_ARN", ""),
            chat_topic=environment.get("CHAT_TOPIC_ARN", ""),
            intake_queue_url=_required(environment, "INTAKE_QUEUE_URL"),
            group_wait=timedelta(seconds=_number(environment, "GROUP_WAIT_SECONDS", 60)),
            digest_above=int(_number(environment, "DIGEST_ABOVE", 5)),
            repeat_after={
                severity: timedelta(hours=hours)
                for severity, hours in (
                    (Severity.CRITICAL, _number(environment, "REPEAT_HOURS_CRITICAL", 4)),
                    (Severity.WARNING, _number(environment, "REPEAT_HOURS_WARNING", 24)),
                )
                if hours > 0
            },
            metric_delay=_ARRIVAL
            + timedelta(minutes=_number(environment, "POLL_INTERVAL_MINUTES", 5)),
            foreign_expiry=timedelta(days=_number(environment, "FOREIGN_EXPIRY_DAYS", 7)),
            dashboard_url=environment.get("DASHBOARD_URL", ""),
            runbook_url=environment.get("RUNBOOK_URL", ""),
        )


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings.from_environment(os.environ)


def _required(environment: Mapping[str, str], name: str) -> str:
    """Return a required variable."""
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"the environment variable {name} is not set")
    return value


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    """Return a variable as a number that is not negative."""
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        raise SettingsError(f"the environment variable {name} is not a number") from None
    if not 0 <= value < float("inf"):
        raise SettingsError(f"the environment variable {name} is negative or endless")
    return value
