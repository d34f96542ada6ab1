"""The report of a run: its JSON for the invoker, its log lines, and its metrics as EMF.

It has accounts, outcomes and reasons, never an event or a key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from balance_poller.event import BadAccount, PollEvent
from balance_poller.settings import SERVICE
from shared.names import Dimension, RunMetric, run_namespace
from shared.outcome import Outcome
from shared.records import Attempt, Latest
from shared.telemetry import logger, metrics
from shared.times import format_time


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one entry of the event."""

    account: str
    provider: str
    outcome: Outcome
    reason: str | None = None
    wallet: str | None = None
    balance: str | None = None
    """Digits, so that no reader's floats change them."""
    unit: str | None = None
    is_skipped: bool = False
    """Whether this run was already made for the account; the rest is then what it found."""

    @classmethod
    def polled(cls, attempt: Attempt) -> Self:
        """Describe an attempt of this run."""
        wallet = attempt.balance
        return cls(
            account=attempt.account,
            provider=attempt.provider,
            outcome=attempt.outcome,
            reason=attempt.reason,
            wallet=attempt.wallet,
            balance=f"{wallet.remaining:f}" if wallet else None,
            unit=wallet.unit if wallet else None,
        )

    @classmethod
    def skipped(cls, latest: Latest) -> Self:
        """Describe an account that was already polled for this time or a later one."""
        return cls(latest.account, latest.provider, latest.outcome, is_skipped=True)

    @classmethod
    def bad(cls, entry: BadAccount) -> Self:
        """Describe an entry that cannot be polled."""
        return cls(entry.label, entry.provider, Outcome.BAD_CONFIG, entry.reason)

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON, without what is not known."""
        fields: dict[str, Any] = {
            "account": self.account,
            "provider": self.provider,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "wallet": self.wallet,
            "balance": self.balance,
            "unit": self.unit,
            "skipped": self.is_skipped or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class RunReport:
    """What came of one run."""

    scheduled_at: datetime
    shard: int
    rows: tuple[Row, ...]
    errors: tuple[str, ...] = ()
    """What failed beside accounts, in words."""
    failed_parts: tuple[str, ...] = ()
    """What failed as a whole: then the invocation fails, too."""
    write_failures: int = 0
    """Entries that were not written, over metrics, history and LATEST."""
    duration_ms: int = 0

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """How many accounts of this run had which outcome; skipped ones are in none."""
        return dict(Counter(row.outcome for row in self.rows if not row.is_skipped))

    @property
    def counts(self) -> dict[str, int]:
        """The outcomes by name, and how many accounts were skipped."""
        skipped = sum(row.is_skipped for row in self.rows)
        return {outcome.value: n for outcome, n in self.outcomes.items()} | {"skipped": skipped}

    def to_json(self) -> dict[str, Any]:
        """Return the report as the invocation's answer."""
        return {
            "scheduled_at": format_time(self.scheduled_at),
            "shard": self.shard,
            "duration_ms": self.duration_ms,
            "counts": self.counts,
            "accounts": [row.to_json() for row in self.rows],
            "errors": list(self.errors),
        }


def log_run(event: PollEvent, report: RunReport) -> None:
    """Log what failed, account by account, and the run's totals."""
    log = logger(SERVICE)
    if event.is_time_invalid:
        log.warning("the event's scheduled_at is not a usable time", used=str(report.scheduled_at))
    for row in report.rows:
        if row.outcome is not Outcome.OK and not row.is_skipped:
            log.warning(
                "poll failed",
                account=row.account,
                provider=row.provider,
                outcome=row.outcome.value,
                reason=row.reason,
            )
    for words in report.errors:
        log.error("run incomplete", reason=words)
    log.info(
        "run finished",
        shard=report.shard,
        scheduled_at=str(report.scheduled_at),
        duration_ms=report.duration_ms,
        counts=report.counts,
    )


def publish_run(event: PollEvent, report: RunReport, namespace: str) -> None:
    """Publish the run's own figures as EMF, failures by outcome in a dimension."""
    outcomes = report.outcomes
    run = metrics(SERVICE, namespace)
    figures = {
        RunMetric.ACCOUNTS_POLLED: sum(outcomes.values()),
        RunMetric.ACCOUNTS_OK: outcomes.get(Outcome.OK, 0),
        RunMetric.INVALID_SCHEDULED_TIME: int(event.is_time_invalid),
        RunMetric.WRITE_FAILURES: report.write_failures,
    }
    for name, count in figures.items():
        run.add_metric(name=name.value, unit=MetricUnit.Count, value=count)
    run.add_metric(
        name=RunMetric.RUN_DURATION.value,
        unit=MetricUnit.Milliseconds,
        value=report.duration_ms,
    )
    run.flush_metrics()
    for outcome, count in outcomes.items():
        if outcome is not Outcome.OK:
            with single_metric(
                name=RunMetric.POLL_FAILURES.value,
                unit=MetricUnit.Count,
                value=count,
                namespace=run_namespace(namespace),
                default_dimensions={"service": SERVICE, Dimension.OUTCOME.value: outcome.value},
            ):
                pass
