"""Which keys of an account consumed most: one item of ``balances``. Pure.

The poller writes it when an account turns critical or drains; the router reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from shared.text import one_line
from shared.times import format_time, parse_time

#: The range key of the item. It sorts behind LATEST, so that no query of attempts finds it.
BREAKDOWN: Final = "PER_KEY"
#: Messages name this many keys.
MOST_SHARES: Final = 3
#: After this time, it says nothing about the present.
FRESH_FOR: Final = timedelta(minutes=15)
MAX_NAME: Final = 40
#: A word that is long and has letters and digits is a key or a part of one, as is what begins like
#: one; a masked key ("sk-or-v1-abc...123") names nobody either.
_LIKE_A_KEY: Final = re.compile(
    r"(?i)(^|[^a-z0-9])(sk|pk|rk|xai|gsk|hf|ghp|r8)[-_]|bearer|\.\.\.|…|\*{3}"
    r"|(?=[a-z0-9_-]*[0-9])(?=[a-z0-9_-]*[a-z])[a-z0-9_-]{28,}"
)


class Share(NamedTuple):
    """What one key consumed."""

    name: str
    """One line, and nothing that looks like a key; empty for a key that has no such name."""
    amount: Decimal


class Breakdown(NamedTuple):
    """The keys that consumed most, the largest first."""

    account: str
    at: datetime
    """When the provider was asked."""
    unit: str
    over: str
    """The time of the amounts, as in "today (UTC)"."""
    shares: tuple[Share, ...]

    def is_fresh(self, now: datetime) -> bool:
        """Return whether it is recent enough to be shown."""
        return now - self.at < FRESH_FOR

    def to_item(self, expires_at: datetime) -> dict[str, Any]:
        """Return the item, which DynamoDB deletes some time after ``expires_at``."""
        return {
            "account": self.account,
            "at": BREAKDOWN,
            "asked_at": format_time(self.at),
            "unit": self.unit,
            "over": self.over,
            "shares": [{"name": share.name, "amount": share.amount} for share in self.shares],
            "expires_at": int(expires_at.timestamp()),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Breakdown:
        """Read an item; foreign texts in it are cleaned again.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: when it is not one.
        """
        shares = tuple(
            Share(name_of(share["name"]), Decimal(share["amount"])) for share in item["shares"]
        )
        return cls(
            item["account"],
            parse_time(item["asked_at"]),
            one_line(item["unit"], MAX_NAME),
            one_line(item["over"], MAX_NAME),
            shares[:MOST_SHARES],
        )


def name_of(text: object) -> str:
    """Return a key's name as it may be shown; empty if it has none, or it looks like a key."""
    if not isinstance(text, str) or _LIKE_A_KEY.search(text):
        return ""
    return one_line(text, MAX_NAME)
