"""Table ``alerts``: episodes, leases and silences. Every write is conditional on what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from alert_router.aws.incident_item import from_item, to_item
from alert_router.incidents.incident import Episode, Scope, Subject
from alert_router.incidents.silence import SCOPE as SILENCES
from alert_router.incidents.silence import Silence
from shared.dynamo import decode, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LEASES: Final = "lease"


class ConflictError(Exception):
    """Somebody else wrote the item since it was read."""


class AlertStore:
    """The router's memory in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, subject: Subject) -> Episode:
        """Return the subject's episode as last written; an empty one where there is none.

        Raises:
            botocore.exceptions.ClientError, KeyError, ValueError: when it cannot be read.
        """
        found = self._client.get_item(
            TableName=self._table,
            Key=encode({"scope": subject.scope.value, "id": subject.id}),
            ConsistentRead=True,
        )
        return from_item(decode(found["Item"])) if "Item" in found else Episode(subject)

    def save(self, episode: Episode, now: datetime) -> Episode:
        """Write the episode if nobody else did since it was loaded; return it as stored.

        Raises:
            ConflictError: when somebody did.
        """
        stored = replace(episode, version=episode.version + 1)
        self._put(
            to_item(stored, now),
            condition="attribute_not_exists(id)" if not episode.version else "version = :read",
            values={":read": episode.version} if episode.version else {},
        )
        return stored

    def episodes(self) -> Iterator[Episode]:
        """Yield every episode that is remembered, open or closed."""
        for scope in Scope:
            for item in self._query(scope.value):
                yield from_item(item)

    def silences(self) -> Iterator[Silence]:
        """Yield the silences; one that cannot be read silences nothing."""
        for item in self._query(SILENCES):
            try:
                yield Silence.from_item(item)
            except (KeyError, ValueError):
                continue

    def try_lease(self, what: str, now: datetime, lease: timedelta) -> bool:
        """Lease ``what`` unless it is leased or done; whether it is ours now."""
        try:
            self._put(
                {
                    "scope": _LEASES,
                    "id": what,
                    "lease_until": _millis(now + lease),
                    "expires_at": int((now + timedelta(days=1)).timestamp()),
                },
                condition="attribute_not_exists(id) OR lease_until <= :now",
                values={":now": _millis(now)},
            )
        except ConflictError:
            return False
        return True

    def end_lease(self, what: str, until: datetime) -> None:
        """Keep ``what`` leased until then and no longer; a time that is past frees it."""
        self._put(
            {
                "scope": _LEASES,
                "id": what,
                "lease_until": _millis(until),
                "expires_at": int((until + timedelta(days=1)).timestamp()),
            },
        )

    def is_leased(self, what: str, now: datetime) -> bool:
        """Whether ``what`` is leased."""
        found = self._client.get_item(
            TableName=self._table, Key=encode({"scope": _LEASES, "id": what}), ConsistentRead=True
        )
        return "Item" in found and decode(found["Item"])["lease_until"] > _millis(now)

    def _put(
        self, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> None:
        """Write an item, on a condition if one is given."""
        options: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if values:
            options["ExpressionAttributeValues"] = encode(values)
        try:
            self._client.put_item(TableName=self._table, Item=encode(item), **options)
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            raise ConflictError(f"{item['scope']} was written by another invocation") from exc

    def _query(self, scope: str) -> Iterator[dict[str, Any]]:
        """Yield all items of a scope."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#scope = :scope",
            ExpressionAttributeNames={"#scope": "scope"},
            ExpressionAttributeValues=encode({":scope": scope}),
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                yield decode(item)


def _millis(at: datetime) -> int:
    """Return a time as DynamoDB can compare it."""
    return int(at.timestamp() * 1000)
