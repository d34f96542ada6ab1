"""Lambda entry point: build the adapters, run the pipeline, report failures per record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from alert_router.aws.alarms import AlarmReader
from alert_router.aws.alert_table import AlertTable
from alert_router.aws.balance_table import BalanceTable
from alert_router.aws.queue import FlushQueue
from alert_router.aws.topics import Publisher
from alert_router.events.envelope import unpack
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.subscriber import Form
from alert_router.messages.wording.links import Links
from alert_router.notify.context import RouterContext, RunStats
from alert_router.notify.dispatch import RouteError, run
from alert_router.notify.parallel import map_concurrently
from alert_router.notify.snapshots import AccountSnapshots
from alert_router.settings import Settings, settings
from shared.aws import clients
from shared.aws.telemetry import logger, report_faults

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from alert_router.aws.report_table import ReportTable

SERVICE: Final = "alert_router"

#: How much longer a lease lasts than the invocation, in milliseconds.
_LEASE_MARGIN: Final = 5_000


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Route alarms to people.

    Args:
        event: a batch of the intake queue, an alarm as CloudWatch or EventBridge delivers it,
            SNS records, or one of the router's own requests (``docs/architecture.md``).
        context: Lambda's.

    Returns:
        ``batchItemFailures`` (records to redeliver) and ``published``.

    Raises:
        RouteError: when something failed that no queue redelivers.
    """
    lease = timedelta(milliseconds=context.get_remaining_time_in_millis() + _LEASE_MARGIN)
    failures: list[str] = []
    router = build_context(settings(), lease, failures)
    try:
        failed = run(router, unpack(event))
    finally:
        _report(router, settings().namespace, failures)
    if None in failed:
        raise RouteError("the event could not be handled; the log says why")
    return {
        "batchItemFailures": [{"itemIdentifier": record_id} for record_id in failed],
        "published": router.stats.published,
    }


def build_context(config: Settings, lease: timedelta, failures: list[str]) -> RouterContext:
    """Return an invocation's context; clients are built on first use and kept."""
    table = AlertTable(clients.dynamodb(), config.alerts_table, failures)
    balances = BalanceTable(clients.dynamodb(), config.balances_table)
    arn = config.notifications_topic.split(":")
    links = Links(
        stack_name=config.name,
        partition=arn[1],
        region=arn[3],
        aws_account=arn[4],
        dashboard_url=config.dashboard_url,
        runbook_url=config.runbook_url,
    )
    return RouterContext(
        name=config.name,
        alert_table=table,
        snapshots=AccountSnapshots(balances, table, failures),
        publisher=Publisher(
            clients.sns(),
            {
                Form.EMAIL: config.notifications_topic,
                Form.SMS: config.sms_topic,
                Form.EVENTS: config.events_topic,
            },
            config.chat_topic,
        ),
        flush_queue=FlushQueue(clients.sqs, config.intake_queue_url),
        open_reports=lambda: _open_reports(config),
        alarm_reader=AlarmReader(clients.cloudwatch, config.name, failures),
        links=links,
        digest_above=config.digest_above,
        policy=Policy(
            config.group_wait,
            config.repeat_after,
            config.metric_delay,
            foreign_expiry=config.foreign_expiry,
            readable_alarms=f"{':'.join([*arn[:2], 'cloudwatch', *arn[3:5]])}:alarm:",
        ),
        lease=lease,
        clock=lambda: datetime.now(UTC),
        pause=time.sleep,
        map_concurrently=map_concurrently,
        log=logger(SERVICE),
        stats=RunStats(),
    )


def _open_reports(config: Settings) -> ReportTable:
    """Return the table of the weekly reports; no other invocation loads what it takes."""
    from alert_router.aws.report_table import ReportTable  # noqa: PLC0415 -- once a week

    return ReportTable(clients.dynamodb(), config.balances_table, config.alerts_table)


def _report(router: RouterContext, namespace: str, failures: Sequence[str]) -> None:
    """Log what failed, and publish the run's faults."""
    for failure in failures:
        router.log.warning("input cannot be read", reason=failure)
    faults = {
        "not published": router.stats.publish_failures,
        "sent without account record": router.stats.reduced,
        "input cannot be read": len(failures) + router.stats.faults,
    }
    report_faults(SERVICE, namespace, faults)
