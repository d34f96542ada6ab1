"""A report as JSON: field ``report`` of ``docs/message.schema.json``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from alert_router.reports.report import AccountIncident, Facts, Report, last_good
from shared.records import Latest
from shared.times import format_time

#: A section may be about thousands of accounts, and a message holds 256 KB.
_MOST_LISTED: Final = 200


def report_document(report: Report) -> dict[str, Any]:
    """Return the report; amounts are texts, and what is not known is absent."""
    period = report.period
    return _filled(
        {
            "from": period.start.isoformat(),
            "to": period.last.isoformat(),
            "account_count": len(report.accounts),
            "totals": [
                {
                    "unit": total.unit,
                    "spent": _number(total.spent),
                    "week_before": _number(total.before),
                    "month": f"{period.month:%Y-%m}",
                    "month_so_far": _number(total.month),
                    "month_projected": _number(total.projected),
                    "is_partial": total.is_partial,
                }
                for total in report.totals
            ],
            "top_movers": [
                {
                    "account": usage.account,
                    "unit": usage.unit,
                    "spent": _number(usage.spent),
                    "week_before": _number(usage.before),
                }
                for usage in report.movers
            ],
            "next_to_run_dry": [_dry(latest) for latest in report.driest],
            "incidents": [_incident(one, period.due) for one in report.incidents[:_MOST_LISTED]],
            "without_good_poll": [_unread(facts) for facts in report.unread[:_MOST_LISTED]],
            "expiring": [
                {"account": latest.account, "at": _time(latest.good.credit_expires_at)}
                for latest in report.expiring[:_MOST_LISTED]
            ],
            "old_anchors": [
                {"account": facts.account, "set_at": _time(facts.anchor_at)}
                for facts in report.anchors[:_MOST_LISTED]
            ],
        }
    )


def _dry(latest: Latest) -> dict[str, Any]:
    """Describe when an account may be empty."""
    between = latest.good.empty_between
    return _filled(
        {
            "account": latest.account,
            "balance": _number(latest.good.balance),
            "unit": latest.good.unit,
            "empty_between": between
            and _filled({"from": _time(between[0]), "to": _time(between[1])}),
        }
    )


def _incident(one: AccountIncident, now: datetime) -> dict[str, Any]:
    """Describe an incident."""
    past = one.incident
    return _filled(
        {
            "account": one.account,
            "severity": past.severity.value,
            "problems": sorted(past.problems),
            "since": _time(past.began_at),
            "ended_at": _time(past.ended_at),
            "lasted_seconds": int(((past.ended_at or now) - past.began_at).total_seconds()),
        }
    )


def _unread(facts: Facts) -> dict[str, Any]:
    """Describe an account without a good poll."""
    latest = facts.latest
    return _filled(
        {
            "account": facts.account,
            "balance_at": _time(last_good(latest)),
            "outcome": latest.outcome.value if latest else None,
            "reason": latest.reason if latest else None,
        }
    )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop unknown values: they are absent, never null."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _number(value: Decimal | None) -> str | None:
    """Return an amount as plain digits."""
    return None if value is None else f"{value:f}"


def _time(at: date | None) -> str | None:
    """Return an optional time."""
    return format_time(at) if isinstance(at, datetime) else None
