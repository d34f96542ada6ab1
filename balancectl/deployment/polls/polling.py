"""Invokes the deployed poller with its schedules' accounts, and parses its report."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from balancectl.cli.errors import CliError, StackNotFoundError, is_denied, is_missing, one_line
from balancectl.deployment.accounts import INTERVAL_FIELDS, Shard
from balancectl.deployment.balances import read_all_latest
from balancectl.deployment.target import Target
from shared.money import NumberError, parse_number
from shared.outcome import Outcome
from shared.records import Latest
from shared.times import format_time

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: Shards polled concurrently: each is an invocation, and new AWS accounts may run ten at a time.
_SIDE_BY_SIDE: Final = 4


@dataclass(frozen=True, slots=True)
class Polled:
    """One account in the poller's report."""

    account: str
    provider: str
    outcome: Outcome
    reason: str | None = None
    balance: Decimal | None = None
    unit: str | None = None
    wallet: str | None = None
    is_skipped: bool = False
    """Whether another run polled it in the same second; the outcome is that run's."""

    @property
    def is_ok(self) -> bool:
        """Whether the balance was read."""
        return self.outcome is Outcome.OK

    @property
    def detail(self) -> str:
        """The outcome as text."""
        text = self.outcome.value if self.is_ok else self.reason or self.outcome.words
        return f"{text} (polled by another run in the same second)" if self.is_skipped else text


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one run."""

    polled: tuple[Polled, ...]
    errors: tuple[str, ...] = ()
    """Failures of the run as a whole."""
    duration_ms: int | None = None


def poll_shards(
    target: Target, shards: Sequence[Shard], only: Collection[str] | None, at: datetime
) -> Report:
    """Poll the shards' accounts, or ``only`` some, as a run scheduled ``at``.

    Raises:
        CliError: When a run failed as a whole; the others were made nonetheless.
    """
    client = target.functions  # before the threads: creating boto3 clients is not thread-safe
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        runs = [pool.submit(_poll_shard, target, client, shard, only, at) for shard in shards]
        reports = [run.result() for run in runs]
    durations = [report.duration_ms for report in reports if report.duration_ms is not None]
    return Report(
        polled=tuple(polled for report in reports for polled in report.polled),
        errors=tuple(error for report in reports for error in report.errors),
        duration_ms=max(durations, default=None),
    )


def with_recorded_balances(target: Target, report: Report) -> Report:
    """Return the report with the recorded balances of accounts that another run polled."""
    skipped = [polled.account for polled in report.polled if polled.is_skipped and polled.is_ok]
    if not skipped:
        return report
    try:
        latest = read_all_latest(target, skipped)
    except ClientError as exc:
        if is_denied(exc):
            return report  # polling alone needs no access to the table
        raise
    return replace(report, polled=tuple(_completed(each, latest) for each in report.polled))


def _completed(polled: Polled, latest: Mapping[str, Latest]) -> Polled:
    """Return a skipped account with its recorded balance, if any."""
    known = latest.get(polled.account)
    if not polled.is_skipped or polled.balance is not None or known is None:
        return polled
    good = known.good
    return replace(polled, balance=good.balance, unit=good.unit, wallet=good.wallet)


def _poll_shard(
    target: Target,
    client: LambdaClient,
    shard: Shard,
    only: Collection[str] | None,
    at: datetime,
) -> Report:
    """Invoke the poller for one shard and wait for its report."""
    accounts = [
        account
        for account in shard.event.get("accounts", [])
        if only is None or account.get("id") in only
    ]
    # Without the intervals, requested accounts are polled whether due or not. No heartbeat either:
    # it stands for the schedule's runs.
    left_out = INTERVAL_FIELDS | {"heartbeat"}
    event = {name: value for name, value in shard.event.items() if name not in left_out}
    event |= {"accounts": accounts, "scheduled_at": format_time(at)}
    function = target.names.poller_function
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except ClientError as exc:
        if is_missing(exc):
            what = f"function {function}"
            raise StackNotFoundError(target.name, target.region_name, what) from exc
        raise
    except ReadTimeoutError as exc:
        raise CliError(
            f"the poller did not answer in time: see log group /aws/lambda/{function}"
        ) from exc
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise CliError(f"{failure_of(payload)}; see log group /aws/lambda/{function}")
    return parse_report(payload)


def parse_report(payload: bytes) -> Report:
    """Parse the poller's report.

    Raises:
        CliError: When it is not a report.
    """
    try:
        report = json.loads(payload)
        return Report(
            polled=tuple(_polled(row) for row in report["accounts"]),
            errors=tuple(str(error) for error in report.get("errors", [])),
            duration_ms=report.get("duration_ms"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CliError(
            f"the poller's answer is not a report ({type(exc).__name__}): are balancectl and the "
            "deployment of different versions?"
        ) from None


def _polled(row: dict[str, Any]) -> Polled:
    """Parse one account of the report."""
    return Polled(
        account=row["account"],
        provider=row.get("provider", ""),
        outcome=Outcome(row["outcome"]),
        reason=row.get("reason"),
        balance=_balance(row.get("balance")),
        unit=row.get("unit"),
        wallet=row.get("wallet"),
        is_skipped=bool(row.get("skipped")),
    )


def _balance(text: object) -> Decimal | None:
    """Parse an optional amount, which the report gives as text."""
    if text is None:
        return None
    try:
        return parse_number(text)
    except NumberError as exc:
        raise ValueError(str(exc)) from None


def failure_of(payload: bytes) -> str:
    """Return the error of a failed function, without its stack trace."""
    try:
        answer = json.loads(payload)
        text = one_line(Exception(answer["errorMessage"]))
        kind = answer.get("errorType", "error")
    except (ValueError, KeyError, TypeError):
        return "the poller failed without an error message"
    return f"the poller failed: {text} ({kind})"
