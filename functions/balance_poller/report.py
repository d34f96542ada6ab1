"""The report of a run: its JSON for the invoker, its log lines, and its faults as a metric.

It contains accounts, outcomes and reasons, never an event or a key.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple, Self

from balance_poller.event import BadAccount, PollEvent
from balance_poller.exchange.answer.reading import OUT_OF_TIME
from balance_poller.settings import SERVICE
from shared.aws.telemetry import logger, report_faults
from shared.outcome import Outcome
from shared.records import Attempt, Latest
from shared.times import format_time


class Row(NamedTuple):
    """The result of one entry of the event."""

    account: str
    provider: str
    outcome: Outcome
    reason: str | None = None
    wallet: str | None = None
    balance: str | None = None
    """A text, so that no reader's floats change it."""
    unit: str | None = None
    is_skipped: bool = False
    """Whether the account was already polled for this run; the rest is what that poll found."""

    @property
    def is_out_of_time(self) -> bool:
        """Whether the run ended before the account's turn."""
        return self.reason is not None and self.reason.startswith(OUT_OF_TIME)

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
        """Return the row as JSON, without unknown values."""
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


class RunReport(NamedTuple):
    """The result of one run."""

    scheduled_at: datetime
    shard: int
    rows: tuple[Row, ...]
    errors: tuple[str, ...] = ()
    """Failures other than accounts', as text."""
    failed_parts: tuple[str, ...] = ()
    """What failed as a whole, so that the invocation fails."""
    write_failures: int = 0
    """The number of entries not written, in metrics, history and LATEST."""
    duration_ms: int = 0
    waiting: int = 0
    """Accounts of the event that were not due."""

    @property
    def is_idle(self) -> bool:
        """Whether no account was due."""
        return self.waiting > 0 and not self.rows

    @property
    def is_complete(self) -> bool:
        """Whether the run polled any account, attempted all that were due, and wrote everything.

        An account that cannot be read was attempted: that is what its own alarms are for.
        """
        polled = [row for row in self.rows if not row.is_skipped]
        is_written = not self.failed_parts and not self.write_failures
        return bool(polled) and is_written and not any(row.is_out_of_time for row in polled)

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """The number of accounts by outcome, without skipped ones."""
        return dict(Counter(row.outcome for row in self.rows if not row.is_skipped))

    @property
    def counts(self) -> dict[str, int]:
        """The outcomes by name, and how many accounts were skipped, or were not due."""
        counts = {outcome.value: n for outcome, n in self.outcomes.items()}
        counts["skipped"] = sum(row.is_skipped for row in self.rows)
        return counts | ({"waiting": self.waiting} if self.waiting else {})

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
    """Log each failed account, and the run's totals."""
    log = logger(SERVICE)
    if event.is_time_invalid and report.rows:
        log.warning("event has no usable scheduled_at", used=str(report.scheduled_at))
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
    # An empty line every minute would be a fifth of the cost of an idle run.
    (log.debug if report.is_idle else log.info)(
        "run finished",
        shard=report.shard,
        scheduled_at=str(report.scheduled_at),
        duration_ms=report.duration_ms,
        counts=report.counts,
    )


def publish_faults(event: PollEvent, report: RunReport, namespace: str) -> None:
    """Publish the run's own faults; an account that cannot be read is not one."""
    faults = {
        # A deployment's event has neither accounts nor a time.
        "invalid scheduled time": int(event.is_time_invalid and bool(report.rows)),
        "not written": report.write_failures,
    }
    report_faults(SERVICE, namespace, faults)
