"""What the last ``ok`` poll of an account found: attributes of its ``LATEST`` item. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from shared.records.item import Item, time_from, time_or_none
from shared.records.meter import Meter
from shared.records.wallet import Wallet, wallets_from_item, wallets_to_item
from shared.times import format_time

#: An automatic top-up takes minutes, or as long as a card's bank does.
TOP_UP_IS_LATE: Final = timedelta(hours=3)


class TopUp(NamedTuple):
    """A rise of the balance that is more than noise."""

    at: datetime
    amount: Decimal


class LastGood(NamedTuple):
    """What the last ``ok`` poll found; empty until there is one."""

    balance: Decimal | None = None
    balance_at: datetime | None = None
    unit: str | None = None
    wallet: str | None = None
    others: Mapping[str, Wallet] = {}
    """The other wallets of the same answer: shown, not watched."""
    resets_at: datetime | None = None
    credit_expires_at: datetime | None = None
    runway_hours: Decimal | None = None
    """The most likely hours until the balance is gone."""
    at_least_hours: Decimal | None = None
    """A lower bound that holds 9 times in 10."""
    at_least_95_hours: Decimal | None = None
    """A lower bound that holds 19 times in 20."""
    at_most_hours: Decimal | None = None
    """An upper bound that holds 9 times in 10; None if it would be too high to be useful."""
    runway_level: str | None = None
    """The level at which the runway alarms' series is held: ``warning`` or ``critical``."""
    is_close: bool = False
    """Whether a threshold is near, so that the account is polled more often."""
    is_alarming: bool = False
    """Whether the balance is below critical, or drains faster than its threshold allows."""
    empty_at: datetime | None = None
    burn_per_day: Decimal | None = None
    burn_basis: str | None = None
    last_top_up: TopUp | None = None
    burn: bytes | None = None
    """The packed burn state (``balance_poller.forecast``)."""
    source_hash: str | None = None
    """A short digest of what identifies the balance: parameters, address and secret name."""
    key_id: str | None = None
    """What ``keys set`` noted beside the key, else "v-" and the secret's version."""
    pushed_by: str | None = None
    """Who says to have pushed the balance."""
    meter: Meter | None = None
    """Only of an account whose balance is computed from reported cost."""
    tops_up_itself: bool = False
    """Whether the provider says that the account tops up by itself."""
    top_up_due_since: datetime | None = None
    """Since when such an account is below its lowest threshold; None while it is not."""

    def to_item(self) -> Item:
        """Return its attributes of the ``LATEST`` item; None where unknown."""
        return {
            "balance": self.balance,
            "balance_at": time_or_none(self.balance_at),
            "unit": self.unit,
            "wallet": self.wallet,
            "wallets": wallets_to_item(self.others),
            "resets_at": time_or_none(self.resets_at),
            # Not "expires_at": that is the table's TTL attribute.
            "credit_expires_at": time_or_none(self.credit_expires_at),
            "runway_hours": self.runway_hours,
            "at_least_hours": self.at_least_hours,
            "at_least_95_hours": self.at_least_95_hours,
            "at_most_hours": self.at_most_hours,
            "runway_level": self.runway_level,
            "is_close": self.is_close or None,
            "is_alarming": self.is_alarming or None,
            "empty_at": time_or_none(self.empty_at),
            "burn_per_day": self.burn_per_day,
            "burn_basis": self.burn_basis,
            "top_up_at": self.last_top_up and format_time(self.last_top_up.at),
            "top_up_amount": self.last_top_up and self.last_top_up.amount,
            "burn": self.burn,
            "source_hash": self.source_hash,
            "key_id": self.key_id,
            "pushed_by": self.pushed_by,
            **(self.meter.to_item() if self.meter else {}),
            "tops_up_itself": self.tops_up_itself or None,
            "top_up_due_since": time_or_none(self.top_up_due_since),
        }

    @property
    def empty_between(self) -> tuple[datetime, datetime | None] | None:
        """The range of times, right 4 times in 5, at which it will be empty; None while unknown.

        The end is None if it would be too far away to be useful.
        """
        if self.balance_at is None or self.at_least_hours is None or self.empty_at is None:
            return None
        return (
            self.balance_at + timedelta(hours=float(self.at_least_hours)),
            None
            if self.at_most_hours is None
            else self.balance_at + timedelta(hours=float(self.at_most_hours)),
        )

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> LastGood:
        """Read it from a ``LATEST`` item.

        Raises:
            KeyError, ValueError: when the item was not written by :meth:`to_item`.
        """
        top_up_at = time_from(item, "top_up_at")
        burn = item.get("burn")
        return cls(
            balance=item.get("balance"),
            balance_at=time_from(item, "balance_at"),
            unit=item.get("unit"),
            wallet=item.get("wallet"),
            others=wallets_from_item(item.get("wallets", {})),
            resets_at=time_from(item, "resets_at"),
            credit_expires_at=time_from(item, "credit_expires_at"),
            runway_hours=item.get("runway_hours"),
            at_least_hours=item.get("at_least_hours"),
            at_least_95_hours=item.get("at_least_95_hours"),
            at_most_hours=item.get("at_most_hours"),
            runway_level=item.get("runway_level"),
            is_close=item.get("is_close") is True,
            is_alarming=item.get("is_alarming") is True,
            empty_at=time_from(item, "empty_at"),
            burn_per_day=item.get("burn_per_day"),
            burn_basis=item.get("burn_basis"),
            last_top_up=TopUp(top_up_at, item["top_up_amount"]) if top_up_at else None,
            burn=bytes(burn) if burn is not None else None,
            source_hash=item.get("source_hash"),
            key_id=item.get("key_id"),
            pushed_by=item.get("pushed_by"),
            meter=Meter.from_item(item),
            tops_up_itself=bool(item.get("tops_up_itself")),
            top_up_due_since=time_from(item, "top_up_due_since"),
        )
