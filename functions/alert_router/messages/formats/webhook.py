"""The JSON form, for webhooks and queues: ``docs/message.schema.json`` is its contract. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from alert_router.messages.formats.heading import Heading
from alert_router.messages.notification import Notice
from alert_router.messages.wording.links import Links
from shared.records import Latest, Thresholds
from shared.times import format_time

#: Raised when a reader of the document would have to change; a new field is no such change.
VERSION: Final = 1

#: A body and its attributes may be 256 KiB, and the document goes out for three protocols.
MAX_ENTRIES: Final = 50


def document(heading: Heading, notices: Iterable[Notice], links: Links) -> dict[str, Any]:
    """Return the document of one message; amounts are texts, so that no reader rounds them."""
    listed = list(notices)[:MAX_ENTRIES]
    return {"version": VERSION} | _filled(
        {
            "kind": heading.kind,
            "status": heading.status.value,
            "severity": heading.severity.value,
            "headline": heading.line,
            "sent_at": format_time(heading.now),
            "accounts": [_entry(notice, links) for notice in listed if notice.note is None],
            "alarms": [_alarm(notice, links) for notice in listed if notice.note is not None],
            "dashboard_url": links.dashboard_url,
        }
    )


def _entry(notice: Notice, links: Links) -> dict[str, Any]:
    """Describe what happened to one account."""
    latest = notice.latest
    return _filled(
        {
            "account": notice.account,
            "provider": notice.provider,
            "provider_title": notice.title,
            **_happened(notice),
            "troubles": sorted(notice.troubles),
            "balance": _number(notice.balance),
            "unit": notice.unit,
            "balance_at": _time(notice.balance_at),
            **(_recorded(latest) if latest else {}),
            "alarm_url": links.alarm(notice),
            "runbook_url": links.runbook(notice),
        }
    )


def _alarm(notice: Notice, links: Links) -> dict[str, Any]:
    """Describe what happened to somebody else's alarm."""
    note = notice.note
    if note is None:
        return {}
    return _filled(
        {
            "alarm_name": note.alarm_name,
            "alarm_arn": note.alarm_arn,
            "contributor": note.contributor,
            "description": note.description,
            "watching": note.watching,
            "reason": note.reason,
            **_happened(notice),
            "alarm_url": links.alarm(notice),
        }
    )


def _happened(notice: Notice) -> dict[str, Any]:
    """Describe the step of the episode."""
    lasted = notice.now - notice.opened_at if notice.opened_at else None
    return {
        "event": notice.step.value,
        "severity": notice.severity.value,
        "previous_severity": notice.told.severity.value if notice.told else None,
        "since": _time(notice.opened_at),
        "lasted_seconds": int(lasted.total_seconds()) if lasted is not None else None,
    }


def _recorded(latest: Latest) -> dict[str, Any]:
    """Describe what the account's record says."""
    top_up = latest.good.last_top_up
    limits = {name: _number(getattr(latest.thresholds, name)) for name in Thresholds.__slots__}
    return {
        "polled_at": _time(latest.polled_at),
        "outcome": latest.outcome.value,
        "reason": latest.reason,
        "thresholds": _filled(limits),
        "burn_per_day": _number(latest.good.burn_per_day),
        "runway_hours": _number(latest.good.runway_hours),
        "empty_at": _time(latest.good.empty_at),
        "last_top_up": top_up and {"at": _time(top_up.at), "amount": _number(top_up.amount)},
        "top_up_url": latest.top_up_url,
    }


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what is not known: absent is its only form."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _number(value: Decimal | None) -> str | None:
    """Return an amount as plain digits."""
    return None if value is None else f"{value:f}"


def _time(at: datetime | None) -> str | None:
    """Return a time that may be missing."""
    return None if at is None else format_time(at)
