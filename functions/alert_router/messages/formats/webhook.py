"""The JSON form, for webhooks and queues: ``docs/message.schema.json`` is its contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from alert_router.incidents.notification import Notification
from alert_router.messages.formats.message import Heading
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.phrases import is_over
from shared.records import Latest, Thresholds
from shared.times import format_time

#: Increased when readers of the document must change; a new field requires no change.
VERSION: Final = 1

#: A thousand accounts that turn critical together are at most ten messages; with up to 1.9 KB each,
#: so many fit into one.
MAX_ENTRIES: Final = 125


def document(
    heading: Heading, notifications: Iterable[Notification], links: Links
) -> dict[str, Any]:
    """Return the document of one message; amounts are texts, so that no reader rounds them."""
    listed = list(notifications)[:MAX_ENTRIES]
    return {"version": VERSION} | _filled(
        {
            "kind": heading.kind,
            "status": heading.status.value,
            "severity": heading.severity.value,
            "headline": heading.line,
            "sent_at": format_time(heading.now),
            "accounts": [
                _entry(notification, links)
                for notification in listed
                if notification.foreign_alarm is None
            ],
            "alarms": [
                _alarm(notification, links)
                for notification in listed
                if notification.foreign_alarm is not None
            ],
            "dashboard_url": links.dashboard_url,
        }
    )


def _entry(notification: Notification, links: Links) -> dict[str, Any]:
    """Describe what happened to one account."""
    latest = notification.latest
    return _filled(
        {
            "account": notification.account,
            "provider": notification.provider,
            "provider_title": notification.title,
            **_happened(notification),
            "problems": sorted(notification.problems),
            "balance": _number(notification.balance),
            "unit": notification.unit,
            "balance_at": _time(notification.balance_at),
            **(_recorded(latest) if latest else {}),
            "spent_most": _spent_most(notification),
            "alarm_url": links.alarm(notification),
            "runbook_url": links.runbook(notification),
        }
    )


def _alarm(notification: Notification, links: Links) -> dict[str, Any]:
    """Describe what happened to a foreign alarm."""
    foreign_alarm = notification.foreign_alarm
    if foreign_alarm is None:
        return {}
    return _filled(
        {
            "alarm_name": foreign_alarm.alarm_name,
            "alarm_arn": foreign_alarm.alarm_arn,
            "contributor": notification.series,
            "description": foreign_alarm.description,
            "watching": foreign_alarm.watching,
            "reason": foreign_alarm.reason,
            **_happened(notification),
            "alarm_url": links.alarm(notification),
        }
    )


def _happened(notification: Notification) -> dict[str, Any]:
    """Describe the notification's reason and duration."""
    end = notification.ended_at if is_over(notification) else None
    lasted = (end or notification.now) - notification.opened_at if notification.opened_at else None
    return {
        "event": notification.reason.value,
        "severity": notification.severity.value,
        "previous_severity": notification.previous.severity.value
        if notification.previous
        else None,
        "since": _time(notification.opened_at),
        "lasted_seconds": int(lasted.total_seconds()) if lasted is not None else None,
    }


def _recorded(latest: Latest) -> dict[str, Any]:
    """Describe the account's record."""
    top_up, between = latest.good.last_top_up, latest.good.empty_between
    limits = {name: _number(getattr(latest.thresholds, name)) for name in Thresholds._fields}
    return {
        "polled_at": _time(latest.polled_at),
        "outcome": latest.outcome.value,
        "reason": latest.reason,
        "thresholds": _filled(limits),
        "burn_per_day": _number(latest.good.burn_per_day),
        "runway_hours": _number(latest.good.runway_hours),
        "at_least_hours": _number(latest.good.at_least_hours),
        "empty_between": between and _filled({"from": _time(between[0]), "to": _time(between[1])}),
        "empty_at": _time(latest.good.empty_at),
        "last_top_up": top_up and {"at": _time(top_up.at), "amount": _number(top_up.amount)},
        "top_up_url": latest.top_up_url,
    }


def _spent_most(notification: Notification) -> dict[str, Any] | None:
    """Describe which keys of the account consumed most."""
    found = notification.breakdown
    if found is None or not found.shares:
        return None
    keys = [{"name": share.name, "amount": _number(share.amount)} for share in found.shares]
    return {"over": found.over, "unit": found.unit, "keys": keys}


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop unknown values: they are absent, never null."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _number(value: Decimal | None) -> str | None:
    """Return an amount as plain digits."""
    return None if value is None else f"{value:f}"


def _time(at: datetime | None) -> str | None:
    """Return an optional time."""
    return None if at is None else format_time(at)
