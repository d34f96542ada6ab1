"""Reads the page's data from CloudWatch: hourly balances, and when alarms were firing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from shared.names import AlarmKind, AlarmName, Dimension, Metric
from status_page.series import Point, Span

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

#: GetMetricData takes this many queries (API reference, read 2026-11).
_MAX_QUERIES: Final = 500
#: DescribeAlarmHistory returns 100 entries a page, newest first. An AWS account whose alarms
#: change more often than that within two weeks gets bars for the latest changes only.
_MAX_PAGES: Final = 50


def read_points(  # noqa: PLR0913 -- a query's own arguments
    cloudwatch: CloudWatchClient,
    namespace: str,
    providers: Mapping[str, str],
    start: datetime,
    end: datetime,
    *,
    step_hours: int = 1,
) -> dict[str, list[Point]]:
    """Return the lowest balance of every hour, or of some, by account, oldest first.

    ``providers`` has each account's provider. CloudWatch bills each account as one metric.
    """
    points: dict[str, list[Point]] = {account: [] for account in providers}
    begin = start.replace(minute=0, second=0, microsecond=0)
    accounts = list(providers)
    for chunk in (accounts[i : i + _MAX_QUERIES] for i in range(0, len(accounts), _MAX_QUERIES)):
        queries = [
            _query(f"b{number}", namespace, account, providers[account], step_hours)
            for number, account in enumerate(chunk)
        ]
        for result in _results(cloudwatch, queries, begin, end):
            found = zip(result["Timestamps"], result["Values"], strict=True)
            points[chunk[int(result["Id"][1:])]] += [
                Point(at.astimezone(UTC), value) for at, value in found
            ]
    return points


def _results(
    cloudwatch: CloudWatchClient, queries: Sequence[Any], begin: datetime, end: datetime
) -> Iterator[Any]:
    """Yield the results of all pages; a series may be spread over several."""
    more: dict[str, Any] = {}
    while True:
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=begin,
            EndTime=end,
            ScanBy="TimestampAscending",
            **more,
        )
        yield from answer["MetricDataResults"]
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _query(
    id_: str, namespace: str, account: str, provider: str, step_hours: int
) -> dict[str, Any]:
    """Return the query for one account's balance."""
    dimensions = {Dimension.ACCOUNT: account, Dimension.PROVIDER: provider}
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": Metric.BALANCE.value,
                "Dimensions": [{"Name": n.value, "Value": v} for n, v in dimensions.items()],
            },
            "Period": step_hours * 3_600,
            "Stat": "Minimum",
        },
    }


def read_spans(
    cloudwatch: CloudWatchClient, stack_name: str, start: datetime, end: datetime
) -> dict[str, list[Span]]:
    """Return when the stack's alarms were firing, by account, oldest first."""
    changes: dict[AlarmName, list[tuple[datetime, bool]]] = {}
    for entry in _history(cloudwatch, start, end):
        name = AlarmName.parse(entry.get("AlarmName", ""), stack_name)
        is_alarm = _is_alarm(entry)
        if name is not None and is_alarm is not None:
            changes.setdefault(name, []).append((entry["Timestamp"].astimezone(UTC), is_alarm))
    spans: dict[str, list[Span]] = {}
    for name, found in changes.items():
        spans.setdefault(name.account, []).extend(_spans(name.kind, sorted(found), start))
    return {account: sorted(found, key=lambda span: span.begin) for account, found in spans.items()}


def _history(cloudwatch: CloudWatchClient, start: datetime, end: datetime) -> Iterator[Any]:
    """Yield all alarms' state changes, newest first."""
    more: dict[str, Any] = {}
    for _ in range(_MAX_PAGES):
        page = cloudwatch.describe_alarm_history(
            HistoryItemType="StateUpdate",
            StartDate=start,
            EndDate=end,
            MaxRecords=100,
            ScanBy="TimestampDescending",
            **more,
        )
        yield from page["AlarmHistoryItems"]
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def _is_alarm(entry: Mapping[str, Any]) -> bool | None:
    """Return whether a change led to ALARM; None if that cannot be read."""
    try:
        return bool(json.loads(entry["HistoryData"])["newState"]["stateValue"] == "ALARM")
    except (KeyError, TypeError, ValueError):
        return None


def _spans(
    kind: AlarmKind, changes: Sequence[tuple[datetime, bool]], start: datetime
) -> Iterator[Span]:
    """Yield the spans from each ALARM to its end.

    An end without a beginning belongs to a span that began before ``start``.
    """
    begin = None if changes[0][1] else start
    for at, is_alarm in changes:
        if is_alarm and begin is None:
            begin = at
        elif not is_alarm and begin is not None:
            yield Span(kind, begin, at)
            begin = None
    if begin is not None:
        yield Span(kind, begin, None)
