"""A run's log lines and EMF metrics: accounts, outcomes and reasons, never an event or a key."""

from __future__ import annotations

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from balance_poller.event import PollEvent
from balance_poller.report import RunReport
from balance_poller.settings import SERVICE
from shared.names import Dimension, RunMetric, run_namespace
from shared.outcome import Outcome
from shared.telemetry import logger, metrics


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
