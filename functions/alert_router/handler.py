"""The Lambda entry: builds what the frames work with, and reports failures record by record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from alert_router.aws.alarms import Watch
from alert_router.aws.alert_table import AlertStore
from alert_router.aws.balance_table import Balances
from alert_router.aws.queue import Later
from alert_router.aws.topics import Publisher
from alert_router.events.envelope import unpack
from alert_router.incidents.decision import Policy
from alert_router.messages.wording.links import Links
from alert_router.notify.context import Desk, Tally
from alert_router.notify.dispatch import RouteError, run
from alert_router.notify.parallel import spread
from alert_router.notify.snapshots import Knowledge
from alert_router.settings import Settings, settings
from shared import clients
from shared.names import RunMetric
from shared.telemetry import logger, metrics

if TYPE_CHECKING:
    from alert_router.notify.ports import Context

SERVICE: Final = "alert_router"

#: A lease outlives the invocation that holds it by this much, in milliseconds.
_LEASE_MARGIN: Final = 5_000


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Route alarms to people.

    Args:
        event: a batch of the intake queue, an alarm as CloudWatch or EventBridge hands it over,
            SNS records, or one of the router's own requests (``docs/architecture.md``).
        context: Lambda's.

    Returns:
        ``batchItemFailures`` (records that have to come back) and ``published``.

    Raises:
        RouteError: when something failed that no queue will bring back.
    """
    lease = timedelta(milliseconds=context.get_remaining_time_in_millis() + _LEASE_MARGIN)
    failures: list[str] = []
    desk = build_desk(settings(), lease, failures)
    try:
        failed = run(desk, list(unpack(event)))
    finally:
        _report(desk, settings().namespace, failures)
    if None in failed:
        raise RouteError("the event could not be handled; the log says why")
    return {
        "batchItemFailures": [{"itemIdentifier": record_id} for record_id in failed],
        "published": desk.tally.published,
    }


def build_desk(config: Settings, lease: timedelta, failures: list[str]) -> Desk:
    """Put together what an invocation works with; clients are built on first use and kept."""
    store = AlertStore(clients.dynamodb(), config.alerts_table)
    arn = config.notifications_topic.split(":")
    links = Links(
        stack_name=config.name,
        partition=arn[1],
        region=arn[3],
        aws_account=arn[4],
        dashboard_url=config.dashboard_url,
        runbook_url=config.runbook_url,
    )
    return Desk(
        name=config.name,
        memory=store,
        knowledge=Knowledge(Balances(clients.dynamodb(), config.balances_table), store, failures),
        outlet=Publisher(clients.sns(), config.notifications_topic, config.chat_topic),
        timer=Later(clients.sqs, config.intake_queue_url),
        alarms=Watch(clients.cloudwatch, config.name),
        links=links,
        digest_above=config.digest_above,
        policy=Policy(config.group_wait, config.repeat_after, lease),
        clock=lambda: datetime.now(UTC),
        pause=time.sleep,
        each=spread,
        log=logger(SERVICE),
        tally=Tally(),
    )


def _report(desk: Desk, namespace: str, failures: Sequence[str]) -> None:
    """Write what happened to the log and the run's metrics."""
    for failure in failures:
        desk.log.warning("message went out with less", reason=failure)
    figures = {
        RunMetric.MESSAGES_PUBLISHED: len(desk.tally.published),
        RunMetric.PUBLISH_FAILURES: desk.tally.publish_failures,
        RunMetric.REDUCED_MESSAGES: desk.tally.reduced,
    }
    if any(figures.values()):
        emf = metrics(SERVICE, namespace)
        for name, value in figures.items():
            emf.add_metric(name=name.value, unit="Count", value=value)
        emf.flush_metrics()
