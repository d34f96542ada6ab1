"""What both record sinks share: encoded entries, and waits between attempts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import DecimalException
from typing import TYPE_CHECKING, Any, Final

from balance_poller.recording.writer import Writer
from shared.dynamo import encode as encode_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: Seconds at most before each further attempt; with full jitter some 3 s in all.
_WAITS: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item, ready to be sent."""

    account: str
    item: dict[str, AttributeValueTypeDef]


def encode(account: str, item: Mapping[str, Any], writer: Writer) -> Iterator[Entry]:
    """Yield the item's entry; or nothing, noting the problem, when DynamoDB cannot hold it."""
    try:
        yield Entry(account, encode_item(item))
    except (TypeError, DecimalException) as exc:
        writer.refuse(account, type(exc).__name__)


def waits() -> Iterator[float]:
    """Yield the seconds to wait before each further attempt."""
    for longest in _WAITS:
        yield random.uniform(0, longest)  # noqa: S311 -- jitter, not a secret
