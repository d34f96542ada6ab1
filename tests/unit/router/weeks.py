"""Accounts with weeks of history, and a store of reports in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from alert_router.incidents.incident import (
    ConflictError,
    Incident,
    IncidentKey,
    LastNotification,
    PastIncident,
    Problem,
    Scope,
)
from alert_router.reports.report import Facts
from alert_router.reports.sent import ReportConfiguration, SentReport
from shared.names import Severity
from shared.outcome import Outcome
from shared.records import DayTotals
from tests.latest import make_latest

#: A Monday at 8, and the first day after the week.
DUE = datetime(2026, 11, 23, 8, tzinfo=UTC)
END = date(2026, 11, 23)


class MemoryReportStore:
    """What weekly reports are made of, with the table's conditions."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.accounts: dict[str, str] = {}
        self.totals: dict[str, list[DayTotals]] = {}
        self.set_at: dict[str, datetime] = {}
        self.marks: dict[str, SentReport] = {}

    def configuration(self) -> ReportConfiguration:
        return ReportConfiguration(frozenset(self.names), self.accounts)

    def days(self, account: str, first: date) -> Sequence[DayTotals]:
        return [day for day in self.totals.get(account, ()) if day.day >= first]

    def anchors(self, accounts: Sequence[str]) -> Mapping[str, datetime]:
        return {account: at for account, at in self.set_at.items() if account in accounts}

    def sent(self, address: str) -> SentReport:
        return self.marks.get(address, SentReport())

    def mark(self, address: str, before: SentReport, now: SentReport) -> None:
        if self.sent(address) != before:
            raise ConflictError("somebody else wrote it")
        self.marks[address] = now


def days(
    spent: Iterable[float], end: date = END, unit: str = "USD", **more: Any
) -> list[DayTotals]:
    """Return totals of the days before ``end``, oldest first."""
    amounts = list(spent)
    found: list[DayTotals] = []
    for number, amount in enumerate(amounts):
        values: dict[str, Any] = {"spent": Decimal(str(amount)), "unit": unit}
        day = end - timedelta(days=len(amounts) - number)
        found.append(DayTotals(day, **(values | {"known_seconds": 86_400} | more)))
    return found


def facts(account: str, spent: Iterable[float] = (), **fields: Any) -> Facts:
    """Return an account that is in order but for ``fields``, of its record or of the facts."""
    own: dict[str, Any] = {name: fields.pop(name) for name in Facts._fields & fields.keys()}
    provider = own.pop("provider", "openrouter")
    record = make_latest(
        **{
            "account": account,
            "provider": provider,
            "provider_title": "OpenRouter",
            "polled_at": DUE - timedelta(minutes=3),
            "outcome": Outcome.OK,
            "balance": Decimal(80),
            "balance_at": DUE - timedelta(minutes=3),
            "unit": "USD",
            **fields,
        }
    )
    known: dict[str, Any] = {"latest": record, "days": days(spent)}
    return Facts(account, provider, **(known | own))


def incident(account: str, *past: PastIncident, since: datetime | None = None) -> Incident:
    """Return an account's incident: what is over, and since when another is open."""
    last = LastNotification(
        Severity.CRITICAL, Severity.CRITICAL, frozenset({Problem.LOW}), DUE, began_at=since
    )
    return Incident(
        IncidentKey(Scope.ACCOUNT, account),
        last_notification=last if since else None,
        past=past,
    )


def busy_week() -> list[Facts]:
    """Return accounts with something for every section."""
    stale = PastIncident(
        DUE - timedelta(days=5, hours=2),
        DUE - timedelta(days=5),
        Severity.WARNING,
        frozenset({Problem.STALE}),
    )
    dry: dict[str, Any] = {
        "balance": Decimal("3.20"),
        "empty_at": DUE + timedelta(hours=8),
        "at_least_hours": Decimal(4),
        "at_most_hours": Decimal(11),
    }
    later: dict[str, Any] = {
        "balance": Decimal(4200),
        "unit": "credits",
        "empty_at": DUE + timedelta(days=12),
        "at_least_hours": Decimal(200),
    }
    low = incident("openrouter-main", since=DUE - timedelta(hours=9))
    return [
        facts("openrouter-main", [3] * 15 + [2.5] * 7 + [5.75] * 7, incident=low, **dry),
        facts("openrouter-eval", [1] * 21 + [1.5] * 7),
        facts("firecrawl", days=days([400] * 29, unit="credits"), **later),
        facts(
            "solver",
            days=days([0.4] * 25, date(2026, 11, 20)),
            incident=incident("solver", stale),
            outcome=Outcome.INVALID_KEY,
            reason="the key was rejected: INVALID_API_KEY",
            balance_at=DUE - timedelta(days=3),
        ),
        facts("twilio-new", provider="twilio", latest=None),
        facts("deepl", credit_expires_at=DUE + timedelta(days=9), provider="deepl"),
        facts("openai", anchor_at=DUE - timedelta(days=42), provider="openai_ledger"),
    ]
