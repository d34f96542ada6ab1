"""The Lambda entry: builds what the frames work with, and reports failures record by record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from alert_router.alarm import AlarmChange
from alert_router.decide import Policy
from alert_router.desk import Desk
from alert_router.enrich import Balances
from alert_router.episode import locate
from alert_router.flush import flush
from alert_router.inbox import Content, Flush, Ignored, Parcel, TestRequest, Tick, unpack
from alert_router.knowledge import Knowledge
from alert_router.later import Later
from alert_router.message.compose import Composer
from alert_router.message.links import Links
from alert_router.publish import Publisher
from alert_router.route import Work, settle
from alert_router.send import send
from alert_router.settings import Settings, settings
from alert_router.store import AlertStore
from alert_router.tick import tick
from alert_router.trial import send_trial
from alert_router.watch import Watch
from shared import clients
from shared.names import RunMetric
from shared.telemetry import logger, metrics

SERVICE: Final = "alert_router"

#: A lease outlives the invocation that holds it by this much, in milliseconds.
_LEASE_MARGIN: Final = 5_000


class Context(Protocol):
    """What of Lambda's context is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may go on."""
        ...


class RouteError(Exception):
    """An invocation that is no queue's batch could not be done; Lambda is to try it again."""


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
        timer=Later(clients.sqs(), config.intake_queue_url),
        alarms=Watch(clients.cloudwatch(), config.name),
        composer=Composer(links, config.digest_above),
        policy=Policy(config.group_wait, config.repeat_after, lease),
        clock=lambda: datetime.now(UTC),
        pause=time.sleep,
        log=logger(SERVICE),
    )


def run(desk: Desk, parcels: Sequence[Parcel]) -> list[str | None]:
    """Handle all records; return the ids of those that failed, each for itself.

    Transitions of one account are taken together, so that what fires together is told once.
    """
    failed: list[str | None] = []
    changes: dict[Any, list[tuple[Parcel, str, AlarmChange]]] = {}
    others: list[tuple[Parcel, Content]] = []
    for parcel in parcels:
        try:
            content = parcel.open()
        except ValueError as exc:
            desk.log.warning("unreadable record", reason=str(exc), record=parcel.record_id)
            failed.append(parcel.record_id)
            continue
        if isinstance(content, AlarmChange) and not content.ignored_because:
            subject, kind = locate(content, desk.name)
            changes.setdefault(subject, []).append((parcel, kind, content))
        else:
            others.append((parcel, content))
    failed += _route(desk, changes)
    for parcel, content in others:
        try:
            _handle(desk, content)
        except Exception as exc:  # noqa: BLE001 -- one record's failure is not another's
            desk.log.warning(
                "record failed", error=type(exc).__name__, reason=str(exc), record=parcel.record_id
            )
            failed.append(parcel.record_id)
    return list(dict.fromkeys(failed))


def _route(
    desk: Desk, changes: Mapping[Any, Sequence[tuple[Parcel, str, AlarmChange]]]
) -> list[str | None]:
    """Take transitions into their episodes and send what they owe; return what failed."""
    desk.knowledge.prepare(changes)
    owing, failed = [], []
    for subject, grouped in changes.items():
        work = Work(subject, changes=[(kind, change) for _, kind, change in grouped])
        try:
            episode = settle(desk, work)
        except Exception as exc:  # noqa: BLE001 -- one account's failure is not another's
            desk.log.warning("alarm not routed", subject=subject.id, error=type(exc).__name__)
            failed.append(subject)
            continue
        if episode is not None:
            owing.append(episode)
    failed += send(desk, owing)
    return [parcel.record_id for subject in failed for parcel, _, _ in changes[subject]]


def _handle(desk: Desk, content: Content) -> None:
    """Handle what is no transition.

    Raises:
        RouteError: when a message was not taken.
    """
    match content:
        case Tick():
            tick(desk)
        case Flush():
            if flush(desk):
                raise RouteError("grouped messages were not taken")
        case TestRequest():
            send_trial(desk, content)
        case AlarmChange():
            desk.log.info("alarm ignored", alarm=content.alarm_name, why=content.ignored_because)
        case Ignored():
            desk.log.info("event ignored", why=content.why)


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
