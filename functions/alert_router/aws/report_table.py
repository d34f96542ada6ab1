"""The data of weekly reports, in both tables, and which reports were sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from alert_router.incidents.incident import ConflictError
from alert_router.incidents.snapshot import EnrichmentError
from alert_router.reports.sent import ReportConfiguration, SentReport
from shared.aws.conditional import put_if
from shared.aws.dynamo import decode, encode
from shared.names import REPORTS
from shared.records import DAY_PREFIX, DayTotals
from shared.records.ledger import LEDGER, Ledger
from shared.times import format_time, parse_time

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Where each subscriber's last report is kept, beside Terraform's items.
_SENT: Final = "report"
_KEYS_PER_READ: Final = 100
_ATTEMPTS: Final = 5


class ReportTable:
    """Days, ledgers and sent reports.

    Args:
        client: botocore's DynamoDB client.
        balances: the table that the poller writes.
        alerts: the router's own table.
    """

    def __init__(self, client: DynamoDBClient, balances: str, alerts: str) -> None:
        self._client = client
        self._balances = balances
        self._alerts = alerts

    def configuration(self) -> ReportConfiguration:
        """Return the subscribers of reports, and the accounts that reports cover.

        Raises:
            KeyError, ValueError: when Terraform did not write the items.
            botocore.exceptions.ClientError: when the table cannot be read.
        """
        names: set[str] = set()
        accounts: dict[str, str] = {}
        for item in self._query(self._alerts, "#scope = :scope", {":scope": REPORTS}, "scope"):
            names.update(json.loads(item["names"]))
            accounts.update(json.loads(item["accounts"]))
        return ReportConfiguration(frozenset(names), accounts)

    def days(self, account: str, first: date) -> Sequence[DayTotals]:
        """Return an account's totals from a day on; one that cannot be read is left out.

        Raises:
            EnrichmentError: when DynamoDB cannot be read.
        """
        values = {
            ":account": account,
            ":first": f"{DAY_PREFIX}{first.isoformat()}",
            ":end": f"{DAY_PREFIX}~",
        }
        found = []
        try:
            condition = "account = :account AND #at BETWEEN :first AND :end"
            for item in self._query(self._balances, condition, values, "at"):
                try:
                    found.append(DayTotals.from_item(item))
                except (KeyError, TypeError, ValueError):
                    continue
        except _client_errors() as exc:
            raise EnrichmentError("the days cannot be read") from exc
        return found

    def anchors(self, accounts: Sequence[str]) -> Mapping[str, datetime]:
        """Return when the balance of each account with a ledger was last entered.

        Raises:
            EnrichmentError: when DynamoDB cannot be read.
        """
        found: dict[str, datetime] = {}
        for start in range(0, len(accounts), _KEYS_PER_READ):
            for item in self._batch(accounts[start : start + _KEYS_PER_READ]):
                try:
                    found[item["account"]] = Ledger.from_item(item).anchor.at
                except (KeyError, TypeError, ValueError):
                    continue
        return found

    def sent(self, address: str) -> SentReport:
        """Return a subscriber's last report.

        Raises:
            botocore.exceptions.ClientError: when the table cannot be read.
        """
        answer = self._client.get_item(
            TableName=self._alerts,
            Key=encode({"scope": _SENT, "id": address}),
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return SentReport()
        item = decode(answer["Item"])
        return SentReport(parse_time(item["due"]), item["month"])

    def mark(self, address: str, before: SentReport, now: SentReport) -> None:
        """Store a subscriber's report if the last one is unchanged since it was read.

        Raises:
            ConflictError: when another invocation stored one.
        """
        item = {"scope": _SENT, "id": address, "month": now.month}
        condition, values = "attribute_not_exists(id)", {}
        if before.due is not None:
            condition, values = "due = :due", {":due": format_time(before.due)}
        if now.due is not None:
            item["due"] = format_time(now.due)
        if not put_if(self._client, self._alerts, item, condition, values):
            raise ConflictError(f"the report of {address} was sent meanwhile")

    def _query(
        self, table: str, condition: str, values: Mapping[str, str], reserved: str
    ) -> Sequence[dict[str, Any]]:
        """Return all items of a query, whose condition names one reserved attribute."""
        pages = self._client.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={f"#{reserved}": reserved},
            ExpressionAttributeValues=encode(values),
        )
        return [decode(item) for page in pages for item in page["Items"]]

    def _batch(self, accounts: Sequence[str]) -> list[dict[str, Any]]:
        """Read up to a hundred ledgers, retrying the keys that DynamoDB left out."""
        keys = [encode({"account": account, "at": LEDGER}) for account in accounts]
        request: Any = {self._balances: {"Keys": keys}}
        found: list[dict[str, Any]] = []
        for _ in range(_ATTEMPTS):
            try:
                answer = self._client.batch_get_item(RequestItems=request)
            except _client_errors() as exc:
                raise EnrichmentError("the ledgers cannot be read") from exc
            found += [decode(item) for item in answer["Responses"].get(self._balances, ())]
            request = answer.get("UnprocessedKeys")
            if not request:
                break
        return found


def _client_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that botocore raises when a service cannot be reached."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

    return BotoCoreError, ClientError
