"""Handles pushed balances: checks them against the records, records them, and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from balance_poller.pushed import figure
from balance_poller.pushed.event import Push, PushEvent, RefusedPush
from balance_poller.recording.records import ProviderFacts, Recorded, record
from balance_poller.recording.write_order import Sinks, Written, write_all
from balance_poller.settings import SERVICE
from shared.aws.telemetry import logger, report_faults
from shared.names import PUSHED_TITLE
from shared.records import Latest
from shared.times import format_time

#: A poll or another push may change a record meanwhile; how often it is then read again.
_ROUNDS: Final = 5
_ONE_SECOND: Final = timedelta(seconds=1)


@dataclass(slots=True)
class PushReport:
    """The results of one invocation."""

    pushed: list[Latest] = field(default_factory=list)
    refused: list[RefusedPush] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    write_failures: int = 0

    def refuse(self, account: str, reason: str) -> None:
        """Note that a balance was refused, and why."""
        self.refused.append(RefusedPush(account, reason))

    def note(self, recorded: Sequence[Recorded], written: Written) -> None:
        """Note what was written from ``recorded``."""
        failed = {account for problem in written.problems for account in problem.accounts}
        self.errors += [problem.words for problem in written.problems]
        self.write_failures += len(failed)
        for made in recorded:
            if made.latest.account in failed:
                self.refuse(made.latest.account, "it could not be recorded; push it again")
            elif made.latest.account not in written.superseded:
                self.pushed.append(made.latest)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the invocation's response."""
        return {
            "pushed": [_row(latest) for latest in self.pushed],
            "refused": [{"account": each.account, "reason": each.reason} for each in self.refused],
            "errors": self.errors,
        }


def push(event: PushEvent, sinks: Sinks) -> PushReport:
    """Record the balances of ``event``; one that is refused or fails does not affect the others."""
    report = PushReport(refused=list(event.refused))
    waiting: Sequence[Push] = event.pushes
    for _ in range(_ROUNDS):
        if not waiting:
            return report
        waiting = _round(waiting, event.received_at, sinks, report)
    for each in waiting:
        report.refuse(each.account, "its record kept changing; push it again")
    return report


def _round(
    pushes: Sequence[Push], now: datetime, sinks: Sinks, report: PushReport
) -> Sequence[Push]:
    """Try once to record ``pushes``; return those whose record changed meanwhile."""
    known = sinks.latest.read([each.account for each in pushes])
    report.errors += [known.problem] if known.problem else []
    recorded: list[Recorded] = []
    for each in pushes:
        latest = known.items.get(each.account)
        reading = figure.take(each, latest)
        if each.account in known.unknown:
            report.refuse(each.account, "its record could not be read; push it again")
        elif latest is not None and figure.is_recorded(each, latest):
            report.pushed.append(latest)
        elif isinstance(reading, str) or latest is None:
            report.refuse(each.account, str(reading))
        else:
            account, at = figure.account_of(latest), _after(latest, now)
            recorded.append(record(account, ProviderFacts(PUSHED_TITLE), reading, latest, at))
    written = write_all(sinks, recorded, known)
    report.note(recorded, written)
    return [each for each in pushes if each.account in written.superseded]


def _after(latest: Latest, now: datetime) -> datetime:
    """Return the record's time: now, or just after the record that it replaces."""
    return max(now, latest.polled_at + _ONE_SECOND)


def _row(latest: Latest) -> dict[str, str]:
    """Return one accepted push as a row."""
    good = latest.good
    return {
        "account": latest.account,
        "balance": "" if good.balance is None else f"{good.balance:f}",
        "unit": good.unit or "",
        "at": "" if good.balance_at is None else format_time(good.balance_at),
    }


def log_pushes(report: PushReport, namespace: str) -> None:
    """Log every accepted or refused balance, and count failed writes."""
    log = logger(SERVICE)
    for latest in report.pushed:
        log.info("balance pushed", account=latest.account, claimed_by=latest.good.pushed_by)
    for each in report.refused:
        log.warning("push refused", account=each.account, reason=each.reason)
    for words in report.errors:
        log.error("push incomplete", reason=words)
    report_faults(SERVICE, namespace, {"not written": report.write_failures})
