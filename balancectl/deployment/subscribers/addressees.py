"""The declared subscribers and their filters, as the router reads them."""

from __future__ import annotations

from alert_router.incidents.subscriber import (
    ITEM_ID,
    SCOPE,
    Subscriber,
    SubscribersError,
    parse_subscribers,
)
from balancectl.cli.errors import CliError
from balancectl.deployment.target import Target
from courier.message import Subscription, parse_subscriptions
from shared.aws.dynamo import decode, encode


def read_declared(target: Target) -> dict[str, Subscriber]:
    """Return the declared subscribers by name; none if the deployment has not written them.

    Raises:
        CliError: When the item exists but cannot be read.
    """
    text = _filters(target)
    if text is None:
        return {}
    try:
        subscribers, unreadable = parse_subscribers(text)
    except SubscribersError as exc:
        raise CliError(str(exc)) from exc
    if unreadable:
        raise CliError(f"declared subscribers: {'; '.join(unreadable)}; run `make deploy`")
    return {subscriber.name: subscriber for subscriber in subscribers}


def read_channels(target: Target) -> list[Subscription]:
    """Return the declared subscribers that are channels.

    Raises:
        CliError: When the item exists but cannot be read.
    """
    try:
        return parse_subscriptions(_filters(target) or "[]")
    except (KeyError, TypeError, ValueError) as exc:
        raise CliError("the declared subscribers cannot be read; run `make deploy`") from exc


def _filters(target: Target) -> str | None:
    """Return what Terraform wrote; None if the deployment has not written it."""
    answer = target.dynamodb.get_item(
        TableName=target.names.alerts_table, Key=encode({"scope": SCOPE, "id": ITEM_ID})
    )
    return str(decode(answer["Item"]).get("filters")) if "Item" in answer else None
