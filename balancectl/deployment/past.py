"""The last 14 days of every account: balances, top-ups and alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from balancectl.deployment.target import Target
from shared.aws.dynamo import decode, encode
from shared.names import LATEST, default_namespace
from shared.records import DAY_PREFIX, DayTotals, Latest, TopUp
from status_page.chart import BEHIND
from status_page.reading import read_points, read_spans
from status_page.series import Past, Point

_WORKERS: Final = 16


def read_past(
    target: Target, latest: Mapping[str, Latest], now: datetime, namespace: str | None
) -> dict[str, Past]:
    """Return the data that the page draws for each account.

    ``namespace`` is the accounts' metric namespace; None for the deployment's default.
    """
    start = now - BEHIND
    points = read_points(
        target.cloudwatch,
        namespace or default_namespace(target.name),
        {account: each.provider for account, each in latest.items()},
        start,
        now,
    )
    spans = read_spans(target.cloudwatch, target.name, start, now)
    with ThreadPoolExecutor(_WORKERS) as pool:
        days = dict(zip(latest, pool.map(partial(read_days, target, start), latest), strict=True))
    return {
        account: Past(
            points=points[account],
            top_ups=find_top_ups(days[account], each, points[account]),
            spans=spans.get(account, []),
        )
        for account, each in latest.items()
    }


def read_days(target: Target, start: datetime, account: str) -> list[DayTotals]:
    """Return the account's finished days from ``start`` on, oldest first."""
    pages = target.dynamodb.get_paginator("query").paginate(
        TableName=target.names.balances_table,
        KeyConditionExpression="account = :account AND #at BETWEEN :start AND :end",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues=encode(
            {
                ":account": account,
                ":start": f"{DAY_PREFIX}{start.date().isoformat()}",
                ":end": f"{DAY_PREFIX}~",
            }
        ),
    )
    items = [decode(item) for page in pages for item in page["Items"]]
    return [DayTotals.from_item(item) for item in items if item["at"] != LATEST]


def find_top_ups(days: Sequence[DayTotals], latest: Latest, points: Sequence[Point]) -> list[TopUp]:
    """Return each day's top-ups as one, at the hour of the highest rise."""
    last = latest.good.last_top_up
    totals = [*days, *([latest.day] if latest.day else [])]
    return [TopUp(_rise(day, last, points), day.topped_up) for day in totals if day.topped_up > 0]


def _rise(day: DayTotals, last: TopUp | None, points: Sequence[Point]) -> datetime:
    """Return when the balance rose most on a day: from records, else metrics, else noon."""
    if last is not None and last.at.date() == day.day:
        return last.at
    pairs = pairwise(points)
    rises = [(b.balance - a.balance, b.at) for a, b in pairs if b.at.date() == day.day]
    highest = max(rises, default=None)
    if highest is None or highest[0] <= 0:
        return datetime.combine(day.day, time(), UTC) + timedelta(hours=12)
    return highest[1]
