"""Items of table ``balances``: one per attempt, and one ``LATEST`` per account.

Pure: values in, DynamoDB resource-level items (``Decimal``, ``str``, ``bytes``, maps) out and back.
The poller writes them; the router and the command line read ``LATEST``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from shared.days import DayTotals
from shared.names import LATEST
from shared.outcome import Outcome
from shared.times import format_time, parse_time

Item = dict[str, Any]

#: A runway alarm ends only once the bound is so many times its threshold, or at a top-up.
RUNWAY_CLEARS_ABOVE: Final = Decimal("1.5")

#: A reason is a sentence; longer ones would push LATEST over one write unit.
MAX_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Wallet:
    """One pot of credit as read from a provider's answer."""

    remaining: Decimal
    unit: str
    """ISO 4217 code, or the provider's own word such as ``credits``."""
    used: Decimal | None = None
    granted: Decimal | None = None
    resets_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the account's owner set; None where nothing is watched."""

    warning: Decimal | None = None
    critical: Decimal | None = None
    runway_warning_hours: Decimal | None = None
    runway_critical_hours: Decimal | None = None
    max_burn_per_day: Decimal | None = None
    drain_sensitivity: Decimal | None = None
    expiry_warning_days: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TopUp:
    """A rise of the balance that is more than noise."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Attempt:
    """A history item: what one poll of one account found."""

    account: str
    at: datetime
    """The run's scheduled time, not the moment of the answer."""
    provider: str
    outcome: Outcome
    reason: str | None = None
    wallet: str | None = None
    balance: Wallet | None = None
    others: Mapping[str, Wallet] = field(default_factory=dict)

    def to_item(self, keep_days: int) -> Item:
        """Return the item, with ``expires_at`` (TTL, epoch seconds) ``keep_days`` after the run."""
        return _without_none(
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
                "wallets": _wallets_to_item(self.others),
                "expires_at": int((self.at + timedelta(days=keep_days)).timestamp()),
            }
        )


@dataclass(frozen=True, slots=True)
class LastGood:
    """What the last ``ok`` poll found; empty while there was none."""

    balance: Decimal | None = None
    balance_at: datetime | None = None
    unit: str | None = None
    wallet: str | None = None
    others: Mapping[str, Wallet] = field(default_factory=dict)
    """The other wallets of the same answer: shown, not alarmed."""
    resets_at: datetime | None = None
    credit_expires_at: datetime | None = None
    runway_hours: Decimal | None = None
    """The most likely hours until the balance is gone."""
    at_least_hours: Decimal | None = None
    """It takes at least so long, 9 times in 10."""
    at_least_95_hours: Decimal | None = None
    """The same, 19 times in 20."""
    at_most_hours: Decimal | None = None
    """It takes at most so long, 9 times in 10; None where that is no help."""
    runway_level: str | None = None
    """The level that the series of the runway alarms is held at: ``warning``, ``critical``."""
    empty_at: datetime | None = None
    burn_per_day: Decimal | None = None
    burn_basis: str | None = None
    last_top_up: TopUp | None = None
    burn: bytes | None = None
    """The packed burn state (``balance_poller.forecast``)."""
    source_hash: str | None = None
    """A short digest of whose balance this is: parameters, address and the secret's name."""
    key_id: str | None = None
    """What ``keys set`` noted beside the key, else "v-" and the secret's version."""

    def to_item(self) -> Item:
        """Return the attributes that it adds to the ``LATEST`` item; None where unknown."""
        return {
            "balance": self.balance,
            "balance_at": _time_or_none(self.balance_at),
            "unit": self.unit,
            "wallet": self.wallet,
            "wallets": _wallets_to_item(self.others),
            "resets_at": _time_or_none(self.resets_at),
            # Not "expires_at": that is the table's TTL attribute.
            "credit_expires_at": _time_or_none(self.credit_expires_at),
            "runway_hours": self.runway_hours,
            "at_least_hours": self.at_least_hours,
            "at_least_95_hours": self.at_least_95_hours,
            "at_most_hours": self.at_most_hours,
            "runway_level": self.runway_level,
            "empty_at": _time_or_none(self.empty_at),
            "burn_per_day": self.burn_per_day,
            "burn_basis": self.burn_basis,
            "top_up_at": self.last_top_up and format_time(self.last_top_up.at),
            "top_up_amount": self.last_top_up and self.last_top_up.amount,
            "burn": self.burn,
            "source_hash": self.source_hash,
            "key_id": self.key_id,
        }

    @property
    def empty_between(self) -> tuple[datetime, datetime | None] | None:
        """From when to when it will be empty, 4 times in 5; None while that is unknown.

        The second is None where the range has no end worth naming.
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
        top_up_at = _time_from(item, "top_up_at")
        burn = item.get("burn")
        return cls(
            balance=item.get("balance"),
            balance_at=_time_from(item, "balance_at"),
            unit=item.get("unit"),
            wallet=item.get("wallet"),
            others=_wallets_from_item(item.get("wallets", {})),
            resets_at=_time_from(item, "resets_at"),
            credit_expires_at=_time_from(item, "credit_expires_at"),
            runway_hours=item.get("runway_hours"),
            at_least_hours=item.get("at_least_hours"),
            at_least_95_hours=item.get("at_least_95_hours"),
            at_most_hours=item.get("at_most_hours"),
            runway_level=item.get("runway_level"),
            empty_at=_time_from(item, "empty_at"),
            burn_per_day=item.get("burn_per_day"),
            burn_basis=item.get("burn_basis"),
            last_top_up=TopUp(top_up_at, item["top_up_amount"]) if top_up_at else None,
            burn=bytes(burn) if burn is not None else None,
            source_hash=item.get("source_hash"),
            key_id=item.get("key_id"),
        )


@dataclass(frozen=True, slots=True)
class Latest:
    """The present state of an account: the last attempt, and the last good one."""

    account: str
    provider: str
    provider_title: str
    polled_at: datetime
    outcome: Outcome
    reason: str | None = None
    failing_since: datetime | None = None
    """The first poll after the last ``ok`` that was not; None while polls are ``ok``."""
    top_up_url: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    retry_at: datetime | None = None
    """No request is sent before: the provider asked to wait until then (``Retry-After``)."""
    day: DayTotals | None = None
    """What was found so far on the UTC day of ``polled_at``."""
    good: LastGood = field(default_factory=LastGood)
    """What the last ``ok`` poll found, whatever came after."""

    @property
    def is_set_up(self) -> bool:
        """Whether any poll of the account was ever ``ok``."""
        return self.good.balance_at is not None

    def to_item(self) -> Item:
        """Return the ``LATEST`` item, which is flat; values that are None are left out."""
        return _without_none(
            {
                "account": self.account,
                "at": LATEST,
                "provider": self.provider,
                "provider_title": self.provider_title,
                "polled_at": format_time(self.polled_at),
                "outcome": self.outcome.value,
                "reason": self.reason and self.reason[:MAX_REASON],
                "failing_since": _time_or_none(self.failing_since),
                "retry_at": _time_or_none(self.retry_at),
                "top_up_url": self.top_up_url,
                "thresholds": _without_none(
                    {name: getattr(self.thresholds, name) for name in Thresholds.__slots__}
                ),
                "day": self.day and self.day.to_item(),
                **self.good.to_item(),
            }
        )

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Latest:
        """Read a ``LATEST`` item.

        Raises:
            KeyError, ValueError: when the item was not written by :meth:`to_item`.
        """
        return cls(
            account=item["account"],
            provider=item["provider"],
            provider_title=item["provider_title"],
            polled_at=parse_time(item["polled_at"]),
            outcome=Outcome(item["outcome"]),
            reason=item.get("reason"),
            failing_since=_time_from(item, "failing_since"),
            retry_at=_time_from(item, "retry_at"),
            top_up_url=item.get("top_up_url"),
            thresholds=Thresholds(
                **{k: v for k, v in item.get("thresholds", {}).items() if k in Thresholds.__slots__}
            ),
            day=DayTotals.from_item(item["day"]) if "day" in item else None,
            good=LastGood.from_item(item),
        )


def _wallets_to_item(wallets: Mapping[str, Wallet]) -> Item | None:
    """Return the other wallets as a map of maps, or None when there are none."""
    return {
        name: _without_none(
            {
                "remaining": wallet.remaining,
                "unit": wallet.unit,
                "expires_at": _time_or_none(wallet.expires_at),
            }
        )
        for name, wallet in wallets.items()
    } or None


def _wallets_from_item(wallets: Mapping[str, Any]) -> dict[str, Wallet]:
    """Read what :func:`_wallets_to_item` wrote."""
    return {
        name: Wallet(
            remaining=wallet["remaining"],
            unit=wallet["unit"],
            expires_at=_time_from(wallet, "expires_at"),
        )
        for name, wallet in wallets.items()
    }


def _without_none(values: Mapping[str, Any]) -> Item:
    """Drop what is None: DynamoDB would store it, and readers would have to tell it from absent."""
    return {name: value for name, value in values.items() if value is not None}


def _time_or_none(at: datetime | None) -> str | None:
    """Format a time that may be missing."""
    return None if at is None else format_time(at)


def _time_from(item: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time that may be missing."""
    text = item.get(name)
    return None if text is None else parse_time(text)
