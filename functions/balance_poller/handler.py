"""Lambda entry point: parse the event, run the poll, report. Builds adapters once per process."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from balance_poller.credentials.binding import KeyPolicy
from balance_poller.credentials.store import SecretStore
from balance_poller.event import PollEvent, parse_event
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.workers import FetchLimits
from balance_poller.polling.poll import Adapters, poll
from balance_poller.pushed.alias import is_push
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestTable
from balance_poller.recording.write_order import Sinks
from balance_poller.report import log_run, publish_faults
from balance_poller.settings import SERVICE, Settings
from shared.aws import clients
from shared.aws.telemetry import logger
from shared.names import StackNames

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from balance_poller.heartbeat import Heartbeat
    from balance_poller.recording.tables.breakdown_table import BreakdownTable
    from balance_poller.recording.tables.ledger_table import LedgerTable

#: Time reserved for writing a run's records: a fixed part, and one per account.
_RESERVE_SECONDS = 10.0
_RESERVE_PER_ACCOUNT = 0.01


class PollRunError(Exception):
    """Secrets, metrics or records failed as a whole; the rest of the run was completed."""


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Poll the event's accounts, or record balances pushed through the alias; return the report.

    Raises:
        EventError: when the event holds no accounts, or lies more than two hours ahead; through
            the alias, when it holds anything but pushes.
        PollRunError: when something failed that affects more than single accounts.
    """
    started = time.monotonic()
    logger(SERVICE)  # before any request: it quiets libraries that log URLs, headers and bodies
    settings = Settings.from_environment()
    if is_push(context.invoked_function_arn):
        return _take_pushes(event, settings)
    parsed = parse_event(event, datetime.now(UTC))
    deadline = started + _seconds_to_fetch(context.get_remaining_time_in_millis() / 1000, parsed)
    report = poll(parsed, _adapters(settings), deadline)
    report = report._replace(duration_ms=round((time.monotonic() - started) * 1000))
    log_run(parsed, report)
    publish_faults(parsed, report, settings.metric_namespace)
    if parsed.heartbeat and report.is_complete:
        _beat(report.shard, settings, context.get_remaining_time_in_millis() / 1000)
    if report.failed_parts:
        raise PollRunError(f"{', '.join(report.failed_parts)} failed: {'; '.join(report.errors)}")
    return report.to_json()


def _beat(shard: int, settings: Settings, seconds_left: float) -> None:
    """Send the heartbeat; the outside service notices if that fails."""
    problem = _heartbeat(settings).beat(shard, seconds_left)
    if problem:
        logger(SERVICE).warning("heartbeat not accepted", shard=shard, reason=problem)


def _take_pushes(event: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Record the event's pushed balances."""
    from balance_poller.push import log_pushes, push  # noqa: PLC0415 -- no poll pushes
    from balance_poller.pushed.event import parse_push_event  # noqa: PLC0415 -- the same

    adapters = _adapters(settings)
    sinks = Sinks(adapters.metrics, adapters.history, adapters.latest)
    report = push(parse_push_event(event, datetime.now(UTC)), sinks)
    log_pushes(report, settings.metric_namespace)
    return report.to_json()


def _seconds_to_fetch(seconds_left: float, event: PollEvent) -> float:
    """Return how much of the run's time may be spent before writing begins."""
    reserve = _RESERVE_SECONDS + _RESERVE_PER_ACCOUNT * len(event.accounts)
    return seconds_left - min(reserve, seconds_left / 2)


@cache
def _heartbeat(settings: Settings) -> Heartbeat:
    """Build the heartbeat."""
    from balance_poller.heartbeat import Heartbeat  # noqa: PLC0415 -- only some deployments send it

    return Heartbeat(
        secrets=SecretStore(clients.secretsmanager, settings.secret_cache_seconds),
        transport=lambda: _transport(settings),
        secret=StackNames(settings.name).heartbeat_secret,
        allow_http_loopback=settings.allow_http_loopback,
    )


def _transport(settings: Settings) -> Fetcher:
    """Build the fetcher."""
    return Fetcher(
        settings.request_timeout_seconds,
        AddressPolicy(
            private=settings.allow_private_addresses,
            loopback=settings.allow_http_loopback,
        ),
    )


@cache
def _adapters(settings: Settings) -> Adapters:
    """Build the adapters; their clients are built when they are first needed."""
    return Adapters(
        fetcher=BalanceFetcher(
            secrets=SecretStore(clients.secretsmanager, settings.secret_cache_seconds),
            transport=lambda: _transport(settings),
            limits=FetchLimits(settings.max_in_flight, settings.request_timeout_seconds),
            keys=KeyPolicy(settings.name, settings.key_hosts),
            allow_http_loopback=settings.allow_http_loopback,
        ),
        latest=LatestTable(clients.dynamodb, settings.balances_table),
        history=HistoryTable(clients.dynamodb, settings.balances_table, settings.history_days),
        metrics=MetricPublisher(clients.cloudwatch, settings.metric_namespace),
        ledgers=lambda: _ledgers(settings),
        breakdowns=lambda: _breakdowns(settings),
    )


def _ledgers(settings: Settings) -> LedgerTable:
    """Build the table of ledgers."""
    from balance_poller.recording.tables.ledger_table import (  # noqa: PLC0415 -- few accounts have one
        LedgerTable,
    )

    return LedgerTable(clients.dynamodb, settings.balances_table)


def _breakdowns(settings: Settings) -> BreakdownTable:
    """Build the table of breakdowns."""
    from balance_poller.recording.tables.breakdown_table import (  # noqa: PLC0415 -- rarely requested
        BreakdownTable,
    )

    return BreakdownTable(clients.dynamodb, settings.balances_table)
