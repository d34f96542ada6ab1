"""Lambda entry point: build the adapters, deliver, report failures per record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from courier.aws.channel_secret import read_addresses
from courier.aws.delivery_table import DeliveryTable
from courier.channels import quiet
from courier.channels.address import AddressError
from courier.channels.channel import ChannelError, send
from courier.deliver import Courier, address_of, deliver
from courier.posts import Level, Post
from courier.settings import Settings, settings
from shared.aws import clients
from shared.aws.telemetry import logger
from shared.times import format_time

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SERVICE: Final = "courier"

#: How much longer a lease lasts than the invocation, in milliseconds.
_LEASE_MARGIN: Final = 5_000


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver messages to channels, or try one channel.

    Args:
        event: a batch of the queue, or ``{"kind": "test", "channel": NAME}``.
        context: Lambda's.

    Returns:
        ``batchItemFailures`` (records to redeliver); for a test, ``accepted`` and, if it
        is false, ``reason``.
    """
    quiet.silence()
    config = settings()
    if event.get("kind") == "test":
        return _test(config, str(event.get("channel", "")))
    lease = timedelta(milliseconds=context.get_remaining_time_in_millis() + _LEASE_MARGIN)
    records = {record["messageId"]: record["body"] for record in event.get("Records", ())}
    failed = deliver(_courier(config, lease), records) if records else []
    return {"batchItemFailures": [{"itemIdentifier": record} for record in failed]}


def _courier(config: Settings, lease: timedelta) -> Courier:
    """Return an invocation's context; clients are built on first use and kept."""
    return Courier(
        name=config.name,
        table=DeliveryTable(clients.dynamodb(), config.alerts_table),
        addresses=lambda: read_addresses(clients.secretsmanager(), config.channels_secret),
        clock=lambda: datetime.now(UTC),
        lease=lease,
        log=logger(SERVICE),
    )


def _test(config: Settings, channel: str) -> dict[str, Any]:
    """Post a test to one channel, and return whether it was accepted."""
    post = Post(
        channel=channel,
        level=Level.TEST,
        title=f"TEST {channel}: messages arrive",
        body=f"This is a test. Nothing is wrong.\n\nSent by {config.name}.",
        key=f"{config.name}/test",
        sent_at=format_time(datetime.now(UTC)),
    )
    try:
        addresses = read_addresses(clients.secretsmanager(), config.channels_secret)
        send(address_of(addresses, channel), post)
    except (AddressError, ChannelError) as exc:
        return {"channel": channel, "accepted": False, "reason": str(exc)}
    return {"channel": channel, "accepted": True}
