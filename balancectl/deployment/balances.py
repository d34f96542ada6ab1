"""Reads table ``balances``: current states, and an account's history. Never writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, StackNotFoundError, is_missing
from balancectl.deployment.target import Target
from shared.aws.dynamo import decode, encode
from shared.names import LATEST
from shared.outcome import Outcome
from shared.records import Latest
from shared.times import format_time, parse_time

_BATCH: Final = 100
_MAX_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One poll in an account's history."""

    at: datetime
    outcome: Outcome
    reason: str | None
    balance: Decimal | None
    unit: str | None
    pushed_by: str | None = None
    """Who claims to have pushed it."""
    runway_hours: Decimal | None = None
    """How long the balance was expected to last then."""
    at_least_hours: Decimal | None = None
    """How long it would last at least, in 9 cases of 10."""


def read_latest(target: Target, account: str) -> Latest | None:
    """Return the current state of an account; None if it was never polled."""
    table = target.names.balances_table
    try:
        answer = target.dynamodb.get_item(
            TableName=table, Key=encode({"account": account, "at": LATEST})
        )
    except ClientError as exc:
        raise _no_table(target, exc) from exc
    item = answer.get("Item")
    return None if item is None else _latest(decode(item))


def read_all_latest(target: Target, accounts: Iterable[str]) -> dict[str, Latest]:
    """Return the current states of ``accounts`` by name, without those never polled."""
    found: dict[str, Latest] = {}
    names = list(dict.fromkeys(accounts))
    for start in range(0, len(names), _BATCH):
        for item in _batch(target, names[start : start + _BATCH]):
            latest = _latest(item)
            found[latest.account] = latest
    return found


def read_history(target: Target, account: str, limit: int) -> list[PastAttempt]:
    """Return the account's latest ``limit`` polls, newest first."""
    attempts: list[PastAttempt] = []
    values: dict[str, Any] = {":account": account, ":latest": LATEST}
    query: dict[str, Any] = {
        "TableName": target.names.balances_table,
        # Times begin with a digit, which sorts before "LATEST".
        "KeyConditionExpression": "account = :account AND #at < :latest",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": encode(values),
        "ScanIndexForward": False,
    }
    while len(attempts) < limit:
        try:
            page = target.dynamodb.query(**query, Limit=limit - len(attempts))
        except ClientError as exc:
            raise _no_table(target, exc) from exc
        attempts += [_attempt(decode(item)) for item in page["Items"]]
        if not page.get("LastEvaluatedKey"):
            break
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return attempts


def read_between(target: Target, account: str, start: datetime, end: datetime) -> list[PastAttempt]:
    """Return the account's polls between two times, oldest first."""
    pages = target.dynamodb.get_paginator("query").paginate(
        TableName=target.names.balances_table,
        KeyConditionExpression="account = :account AND #at BETWEEN :start AND :end",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues=encode(
            {":account": account, ":start": format_time(start), ":end": format_time(end)}
        ),
    )
    try:
        return [_attempt(decode(item)) for page in pages for item in page["Items"]]
    except ClientError as exc:
        raise _no_table(target, exc) from exc


def _batch(target: Target, accounts: Sequence[str]) -> list[Mapping[str, Any]]:
    """Read up to 100 LATEST items; retry those that DynamoDB leaves unprocessed."""
    table = target.names.balances_table
    pending: Any = {table: {"Keys": [encode({"account": a, "at": LATEST}) for a in accounts]}}
    items: list[Mapping[str, Any]] = []
    for _ in range(_MAX_ROUNDS):
        try:
            answer = target.dynamodb.batch_get_item(RequestItems=pending)
        except ClientError as exc:
            raise _no_table(target, exc) from exc
        items += [decode(item) for item in answer["Responses"].get(table, [])]
        pending = answer.get("UnprocessedKeys")
        if not pending:
            return items
    raise CliError(f"DynamoDB did not read all items of {table}: try again in a minute")


def _latest(item: Mapping[str, Any]) -> Latest:
    """Parse a LATEST item, which another version may have written."""
    try:
        return Latest.from_item(item)
    except (KeyError, ValueError) as exc:
        raise CliError(
            f"the record of account '{item.get('account')}' cannot be read ({exc}): is balancectl "
            "older than the deployment?"
        ) from None


def _attempt(item: Mapping[str, Any]) -> PastAttempt:
    """Parse a history item."""
    return PastAttempt(
        at=parse_time(item["at"]),
        outcome=Outcome(item["outcome"]),
        reason=item.get("reason"),
        balance=item.get("balance"),
        unit=item.get("unit"),
        pushed_by=item.get("pushed_by"),
        runway_hours=item.get("runway_hours"),
        at_least_hours=item.get("at_least_hours"),
    )


def _no_table(target: Target, exc: ClientError) -> Exception:
    """Return StackNotFoundError if the table is missing, else the error itself."""
    if is_missing(exc):
        table = f"table {target.names.balances_table}"
        return StackNotFoundError(target.name, target.region_name, table)
    return exc
