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
from shared.aws.dynamo import decode, encode


def read_declared(target: Target) -> dict[str, Subscriber]:
    """Return the declared subscribers by name; none if the deployment has not written them.

    Raises:
        CliError: When the item exists but cannot be read.
    """
    answer = target.dynamodb.get_item(
        TableName=target.names.alerts_table, Key=encode({"scope": SCOPE, "id": ITEM_ID})
    )
    if "Item" not in answer:
        return {}
    try:
        subscribers, unreadable = parse_subscribers(str(decode(answer["Item"]).get("filters")))
    except SubscribersError as exc:
        raise CliError(str(exc)) from exc
    if unreadable:
        raise CliError(f"declared subscribers: {'; '.join(unreadable)}; run `make deploy`")
    return {subscriber.name: subscriber for subscriber in subscribers}
