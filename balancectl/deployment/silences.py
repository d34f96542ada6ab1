"""Silences in table ``alerts``: written here, read by the router.

An item: ``scope`` "silence", ``id`` a UUID, ``pattern``, ``reason``, ``by``, ``created_at``,
``until`` (ISO 8601), ``expires_at`` (the table's TTL, epoch seconds).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from botocore.exceptions import ClientError

from balancectl.cli.errors import StackNotFoundError, is_missing
from balancectl.deployment.accounts import DeployedAccount
from balancectl.deployment.target import Target
from shared.dynamo import decode, encode
from shared.times import format_time, parse_time

EVERYTHING: Final = "all"
PROVIDER_PREFIX: Final = "provider:"
_SCOPE: Final = "silence"


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes accounts until a time."""

    id: str
    pattern: str
    """An account's name or glob, ``provider:`` and a name or glob, or ``all``."""
    reason: str
    by: str
    created_at: datetime
    until: datetime

    def covers(self, account: DeployedAccount) -> bool:
        """Whether the silence covers the account, by the router's rule."""
        if self.pattern == EVERYTHING:
            return True
        if self.pattern.startswith(PROVIDER_PREFIX):
            return fnmatchcase(account.provider, self.pattern.removeprefix(PROVIDER_PREFIX))
        return fnmatchcase(account.id, self.pattern)


@dataclass(frozen=True, slots=True)
class Silences:
    """The silences of a deployment."""

    active: Sequence[Silence]
    unreadable: Mapping[str, str]
    """Why an item could not be read, by its id."""


def new_silence(pattern: str, reason: str, by: str, now: datetime, until: datetime) -> Silence:
    """Return a silence with a new id."""
    return Silence(str(uuid.uuid4()), pattern, reason, by, now, until)


def write_silence(target: Target, silence: Silence) -> None:
    """Store ``silence``."""
    item = {
        "scope": _SCOPE,
        "id": silence.id,
        "pattern": silence.pattern,
        "reason": silence.reason,
        "by": silence.by,
        "created_at": format_time(silence.created_at),
        "until": format_time(silence.until),
        "expires_at": int(silence.until.timestamp()),
    }
    try:
        target.dynamodb.put_item(TableName=target.names.alerts_table, Item=encode(item))
    except ClientError as exc:
        raise _no_table(target, exc) from exc


def read_silences(target: Target, now: datetime) -> Silences:
    """Return the silences active at ``now``, in the order in which they end."""
    pages = target.dynamodb.get_paginator("query").paginate(
        TableName=target.names.alerts_table,
        KeyConditionExpression="#scope = :scope",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues=encode({":scope": _SCOPE}),
    )
    try:
        items = [item for page in pages for item in page["Items"]]
    except ClientError as exc:
        raise _no_table(target, exc) from exc
    active: list[Silence] = []
    unreadable: dict[str, str] = {}
    for item in items:
        try:
            active.append(_silence(decode(item)))
        except Exception as exc:  # noqa: BLE001 -- whatever is in one item, the others are shown
            unreadable[item["id"]["S"]] = f"{type(exc).__name__}: {exc}"
    # The table's TTL may delete items hours late.
    active = sorted((s for s in active if s.until > now), key=lambda silence: silence.until)
    return Silences(active, unreadable)


def delete_silence(target: Target, id_: str) -> None:
    """End the silence ``id_`` now."""
    target.dynamodb.delete_item(
        TableName=target.names.alerts_table, Key=encode({"scope": _SCOPE, "id": id_})
    )


def _silence(item: Mapping[str, Any]) -> Silence:
    """Parse an item."""
    return Silence(
        id=str(item["id"]),
        pattern=str(item["pattern"]),
        reason=str(item.get("reason", "")),
        by=str(item.get("by", "")),
        created_at=parse_time(item["created_at"]),
        until=parse_time(item["until"]),
    )


def _no_table(target: Target, exc: ClientError) -> Exception:
    """Return StackNotFoundError if the table is missing, else the error itself."""
    if is_missing(exc):
        table = f"table {target.names.alerts_table}"
        return StackNotFoundError(target.name, target.region_name, table)
    return exc
