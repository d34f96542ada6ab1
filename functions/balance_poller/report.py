"""What a run says of itself: to whoever invoked it, to the log, and as run metrics. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from balance_poller.event import BadAccount
from shared.outcome import Outcome
from shared.records import Attempt, Latest
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
