"""The history item of one poll of one account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from shared.outcome import Outcome
from shared.records.item import Item, without_none
from shared.records.wallet import Wallet, wallets_to_item
from shared.times import format_time

#: A reason is a sentence; longer ones would push LATEST over one write unit.
MAX_REASON: Final = 200


class Attempt(NamedTuple):
    """A history item: what one poll of one account found."""

    account: str
    at: datetime
    """The run's scheduled time, not the time of the answer; of a push, the balance's time."""
    provider: str
    outcome: Outcome
    reason: str | None = None
    wallet: str | None = None
    balance: Wallet | None = None
    others: Mapping[str, Wallet] = {}
    pushed_by: str | None = None
    """Who claims to have pushed the balance; None for a polled one."""
    runway_hours: Decimal | None = None
    """As in ``LATEST`` after this poll."""
    at_least_hours: Decimal | None = None
    """The same."""

    def to_item(self, keep_days: int) -> Item:
        """Return the item, with ``expires_at`` (TTL, epoch seconds) ``keep_days`` after the run."""
        return without_none(
            {
                "account": self.account,
                "at": format_time(self.at),
                "provider": self.provider,
                "outcome": self.outcome.value,
                "reason": self.reason and self.reason[:MAX_REASON],
                "wallet": self.wallet,
                "balance": self.balance and self.balance.remaining,
                "unit": self.balance and self.balance.unit,
                "used": self.balance and self.balance.used,
                "granted": self.balance and self.balance.granted,
                "wallets": wallets_to_item(self.others),
                "pushed_by": self.pushed_by,
                "runway_hours": self.runway_hours,
                "at_least_hours": self.at_least_hours,
                "expires_at": int((self.at + timedelta(days=keep_days)).timestamp()),
            }
        )
