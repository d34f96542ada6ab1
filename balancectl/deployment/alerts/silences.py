"""Writes, lists and ends silences in table ``alerts``; the router reads them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from balancectl.cli.errors import StackNotFoundError, is_missing
from balancectl.deployment.target import Target
from shared.aws.dynamo import decode, encode
from shared.silences import SCOPE, Silence


@dataclass(frozen=True, slots=True)
class Silences:
    """The silences of a deployment."""

    active: Sequence[Silence]
    unreadable: Mapping[str, str]
    """Why an item could not be read, by its id."""


def new_silence(pattern: str, reason: str, by: str, now: datetime, until: datetime) -> Silence:
    """Return a silence with a new id."""
    return Silence(pattern, until, str(uuid.uuid4()), reason, by, now)


def write_silence(target: Target, silence: Silence) -> None:
    """Store ``silence``."""
    try:
        target.dynamodb.put_item(
            TableName=target.names.alerts_table, Item=encode(silence.to_item())
        )
    except ClientError as exc:
        raise _no_table(target, exc) from exc


def read_silences(target: Target, now: datetime) -> Silences:
    """Return the silences active at ``now``, the first to end first."""
    pages = target.dynamodb.get_paginator("query").paginate(
        TableName=target.names.alerts_table,
        KeyConditionExpression="#scope = :scope",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues=encode({":scope": SCOPE}),
    )
    try:
        items = [item for page in pages for item in page["Items"]]
    except ClientError as exc:
        raise _no_table(target, exc) from exc
    active: list[Silence] = []
    unreadable: dict[str, str] = {}
    for item in items:
        try:
            active.append(Silence.from_item(decode(item)))
        except Exception as exc:  # noqa: BLE001 -- one malformed item must not hide the others
            unreadable[item["id"]["S"]] = f"{type(exc).__name__}: {exc}"
    # The table's TTL may delete items hours late.
    active = sorted((s for s in active if s.until > now), key=lambda silence: silence.until)
    return Silences(active, unreadable)


def delete_silence(target: Target, id_: str) -> None:
    """End the silence ``id_`` now."""
    target.dynamodb.delete_item(
        TableName=target.names.alerts_table, Key=encode({"scope": SCOPE, "id": id_})
    )


def _no_table(target: Target, exc: ClientError) -> Exception:
    """Return StackNotFoundError if the table is missing, else the error itself."""
    if is_missing(exc):
        table = f"table {target.names.alerts_table}"
        return StackNotFoundError(target.name, target.region_name, table)
    return exc
