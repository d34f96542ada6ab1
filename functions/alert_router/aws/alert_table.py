"""Table ``alerts``: incidents, leases and silences. Incidents are written conditionally."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from alert_router.aws import conversion
from alert_router.aws.incident_item import from_item, read_version, to_item
from alert_router.incidents.belief import check, is_endless
from alert_router.incidents.incident import ConflictError, Incident, IncidentKey, Scope
from alert_router.incidents.sms_budget import SmsBudget
from alert_router.incidents.subscriber import ITEM_ID as DECLARED
from alert_router.incidents.subscriber import SCOPE as SUBSCRIBERS
from alert_router.incidents.subscriber import Subscriber, SubscribersError, parse_subscribers
from shared.aws.conditional import put_if
from shared.aws.dynamo import decode, encode
from shared.names import LEASES
from shared.silences import SCOPE as SILENCES
from shared.silences import Silence
from shared.times import parse_time

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_UNREADABLE: Final = "unreadable"
_SMS: Final = "sms"

#: How long the count of held-back SMS is kept for the next SMS; after that, it no longer matters.
_KEEP_SMS: Final = timedelta(days=30)

#: The longest lease, and the lifetime of a lease's item.
_LONGEST_LEASE: Final = timedelta(days=1)


class AlertTable:
    """Incidents, leases and silences in DynamoDB.

    Args:
        client: botocore's DynamoDB client.
        table: the table's name.
        faults: takes a sentence for each item that cannot be read.
        clock: Returns the current time; stored times in the future are ignored.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        faults: list[str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._table = table
        self._faults = faults if faults is not None else []
        self._clock = clock

    def load(self, key: IncidentKey) -> Incident:
        """Return an incident as last written; an empty one if there is none.

        An unreadable one counts as none: a copy is kept, and its alarms are announced again.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when DynamoDB cannot be read.
        """
        item = self._get(key.scope.value, key.id)
        return self._incident(key, item) if item is not None else Incident(key)

    def save(self, incident: Incident, now: datetime) -> Incident:
        """Write the incident if it is unchanged since it was loaded; return it as stored.

        Raises:
            ConflictError: when another writer changed it.
        """
        stored = replace(incident, version=incident.version + 1)
        self._put_version(to_item(stored, now), incident.version)
        return stored

    def incidents(self) -> Iterator[Incident]:
        """Yield every stored incident, open or closed."""
        for scope in Scope:
            for item in self._query(scope.value):
                with suppress(ConflictError):
                    yield self._incident(IncidentKey(scope, item["id"]), item)

    def convert_old_items(self, now: datetime) -> None:
        """Convert items of 0.1 (:mod:`alert_router.aws.conversion`)."""
        for scope in conversion.OLD_SCOPES:
            for item in self._query(scope):
                if conversion.is_old(item):
                    self._convert(item, now)

    def silences(self) -> Iterator[Silence]:
        """Yield the silences; an unreadable one silences nothing."""
        for item in self._query(SILENCES):
            try:
                silence = Silence.from_item(item)
            except Exception as exc:  # noqa: BLE001 -- whatever is in it, it costs itself alone
                self._faults.append(f"silence {item['id']} is unreadable: {type(exc).__name__}")
                continue
            if is_endless(silence, self._clock()):
                self._faults.append(f"silence {item['id']} is unreadable: it lasts for years")
            else:
                yield silence

    def subscribers(self) -> tuple[list[Subscriber], list[str]]:
        """Return the declared subscribers, and which entries cannot be read.

        Raises:
            SubscribersError: when the item is missing or unreadable.
            botocore.exceptions.ClientError: when the table cannot be read.
        """
        item = self._get(SUBSCRIBERS, DECLARED)
        if item is None or not isinstance(item.get("filters"), str):
            raise SubscribersError("the declared subscribers are missing; run make deploy")
        return parse_subscribers(item["filters"])

    def sms_budget(self, name: str) -> SmsBudget:
        """Return the SMS that a subscriber got recently.

        Raises:
            TypeError, ValueError: when :meth:`save_sms_budget` did not write it.
            botocore.exceptions.ClientError: when the table cannot be read.
        """
        item = self._get(_SMS, name)
        if item is None:
            return SmsBudget(name)
        sent = tuple(parse_time(at) for at in item.get("sent", ()))
        return SmsBudget(name, sent, int(item["held_back"]), int(item["version"]))

    def save_sms_budget(self, budget: SmsBudget, now: datetime) -> None:
        """Write the SMS that a subscriber got, if the item is unchanged since it was read.

        Raises:
            ConflictError: when another writer changed it.
        """
        item = {
            "scope": _SMS,
            "id": budget.name,
            "sent": [at.isoformat() for at in budget.sent],
            "held_back": budget.held_back,
            "version": budget.version + 1,
            "expires_at": int((now + _KEEP_SMS).timestamp()),
        }
        self._put_version(item, budget.version)

    def try_lease(self, what: str, now: datetime, lease: timedelta) -> bool:
        """Lease ``what`` unless it is leased; return whether we hold it now.

        An unreadable lease would be held forever, so it counts as none.
        """
        try:
            self._put_if(
                {
                    "scope": LEASES,
                    "id": what,
                    "lease_until": _millis(now + lease),
                    "expires_at": int((now + _LONGEST_LEASE).timestamp()),
                },
                "attribute_not_exists(id) OR lease_until <= :now",
                {":now": _millis(now)},
            )
        except ConflictError:
            if self._lease_until(what, now) is not None:
                return False
            self.end_lease(what, now + lease)
        return True

    def end_lease(self, what: str, until: datetime) -> None:
        """Keep ``what`` leased until then and no longer; a past time frees it."""
        self._put(
            {
                "scope": LEASES,
                "id": what,
                "lease_until": _millis(until),
                "expires_at": int((until + _LONGEST_LEASE).timestamp()),
            },
        )

    def leased_until(self, what: str) -> datetime | None:
        """Return until when ``what`` is or was leased; None if unknown."""
        item = self._get(LEASES, what)
        if item is None:
            return None
        try:
            return datetime.fromtimestamp(int(item["lease_until"]) / 1000, UTC)
        except (ArithmeticError, KeyError, OSError, TypeError, ValueError):
            self._faults.append(f"lease {what} is unreadable")
            return None

    def is_leased(self, what: str, now: datetime) -> bool:
        """Whether ``what`` is leased."""
        until = self._lease_until(what, now)
        return until is not None and until > _millis(now)

    def _lease_until(self, what: str, now: datetime) -> Decimal | None:
        """Return until when ``what`` is leased; None without a readable lease."""
        item = self._get(LEASES, what)
        if item is None:
            return None
        until = item.get("lease_until")
        if isinstance(until, Decimal) and until < _millis(now + _LONGEST_LEASE):
            return until
        self._faults.append(f"lease {what} is unreadable")
        return None

    def _incident(self, key: IncidentKey, item: Mapping[str, Any]) -> Incident:
        """Return a stored incident; an unreadable one is put aside and replaced by a new one.

        Raises:
            ConflictError: when another invocation put it aside first.
        """
        try:
            return check(from_item(item), self._clock())
        except Exception as exc:  # noqa: BLE001 -- whatever is in it, it costs itself alone
            self._faults.append(f"incident {key.id} is unreadable: {type(exc).__name__}")
        self._put({**item, "scope": _UNREADABLE})
        empty = {"scope": key.scope.value, "id": key.id}
        try:
            read = read_version(item)
        except ValueError:
            self._put(empty | {"version": 1})
            return Incident(key, version=1)
        self._put_version(empty | {"version": read + 1}, read)
        return Incident(key, version=read + 1)

    def _convert(self, item: Mapping[str, Any], now: datetime) -> None:
        """Write an old item under its new names; another writer of either wins."""
        scope = conversion.OLD_SCOPES[item["scope"]]
        try:
            if scope == item["scope"]:
                read = int(item["version"])
                self._put_version(conversion.converted(item) | {"version": read + 1}, read)
                return
            existing = self._get(scope, item["id"])
            read = int(existing["version"]) if existing else 0
            new = conversion.converted(item, existing)
            self._put_version(new | {"version": max(read, int(item["version"])) + 1}, read)
            self._put(conversion.tombstone(item, int((now + timedelta(days=1)).timestamp())))
        except ConflictError:
            return  # The next reconcile converts it.

    def _get(self, scope: str, item_id: str) -> dict[str, Any] | None:
        """Return an item as last written; None if there is none."""
        found = self._client.get_item(
            TableName=self._table, Key=encode({"scope": scope, "id": item_id}), ConsistentRead=True
        )
        return decode(found["Item"]) if "Item" in found else None

    def _put_version(self, item: Mapping[str, Any], read: int) -> None:
        """Write an item if it still has the version that was read; 0 for one that did not exist.

        Raises:
            ConflictError: when another invocation wrote it.
        """
        condition = "version = :read" if read else "attribute_not_exists(id)"
        self._put_if(item, condition, {":read": read} if read else {})

    def _put_if(self, item: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> None:
        """Write an item on a condition.

        Raises:
            ConflictError: when it does not hold.
        """
        if not put_if(self._client, self._table, item, condition, values):
            raise ConflictError(f"{item['scope']} was written by another invocation")

    def _put(self, item: Mapping[str, Any]) -> None:
        """Write an item, whatever there was."""
        self._client.put_item(TableName=self._table, Item=encode(item))

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
