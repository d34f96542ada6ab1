"""The ``LATEST`` item of an account: its last attempt, and its last good one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, Final, NamedTuple, get_args, get_type_hints

from shared.names import LATEST
from shared.outcome import Outcome
from shared.records.attempt import MAX_REASON
from shared.records.day import DayTotals
from shared.records.item import Item, time_from, time_or_none, without_none
from shared.records.last_good import LastGood
from shared.records.thresholds import Thresholds
from shared.times import format_time, parse_time

#: The types that a record's fields are checked for.
_TYPES: Final = frozenset({str, Decimal, datetime, bytes, NoneType})


class Latest(NamedTuple):
    """The current state of an account: the last attempt, and the last good one."""

    account: str
    provider: str
    provider_title: str
    polled_at: datetime
    outcome: Outcome
    reason: str | None = None
    failing_since: datetime | None = None
    """The first failed poll since the last ``ok``; None while polls are ``ok``."""
    top_up_url: str | None = None
    thresholds: Thresholds = Thresholds()
    retry_at: datetime | None = None
    """When the next request may be sent, as the provider demanded (``Retry-After``)."""
    day: DayTotals | None = None
    """The totals so far of the UTC day of ``polled_at``."""
    version: str | None = None
    """The version of the functions that wrote it."""
    good: LastGood = LastGood()
    """What the last ``ok`` poll found, whatever happened since."""

    @property
    def is_set_up(self) -> bool:
        """Whether any poll of the account was ever ``ok``."""
        return self.good.balance_at is not None

    def to_item(self) -> Item:
        """Return the ``LATEST`` item, which is flat; values that are None are left out."""
        return without_none(
            {
                "account": self.account,
                "at": LATEST,
                "provider": self.provider,
                "provider_title": self.provider_title,
                "polled_at": format_time(self.polled_at),
                "outcome": self.outcome.value,
                "reason": self.reason and self.reason[:MAX_REASON],
                "failing_since": time_or_none(self.failing_since),
                "retry_at": time_or_none(self.retry_at),
                "top_up_url": self.top_up_url,
                "thresholds": without_none(
                    {name: getattr(self.thresholds, name) for name in Thresholds._fields}
                ),
                "day": self.day and self.day.to_item(),
                "version": self.version,
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
            failing_since=time_from(item, "failing_since"),
            retry_at=time_from(item, "retry_at"),
            top_up_url=item.get("top_up_url"),
            thresholds=Thresholds(
                **{k: v for k, v in item.get("thresholds", {}).items() if k in Thresholds._fields}
            ),
            day=DayTotals.from_item(item["day"]) if "day" in item else None,
            version=item.get("version"),
            good=LastGood.from_item(item),
        )


def latest_or_none(item: Mapping[str, Any]) -> Latest | None:
    """Read one record; None if it is not as the poller writes it."""
    try:
        latest = Latest.from_item(item)
        _check(latest)
        _check(latest.good)
        _check(latest.thresholds)
    except Exception:  # noqa: BLE001 -- whatever is in it, it costs itself alone
        return None
    return latest


def _check(value: Latest | LastGood | Thresholds) -> None:
    """Check that a record's fields have their declared types.

    Raises:
        TypeError: when one does not.
    """
    for name, declared in _declared()[type(value)].items():
        held = getattr(value, name)
        if not isinstance(held, declared):
            raise TypeError(f"{name} is a {type(held).__name__}")


@cache
def _declared() -> dict[type, dict[str, Any]]:
    """Return the types of the fields that are checked, by record."""
    return {
        kind: {
            name: declared
            for name, declared in get_type_hints(kind).items()
            if set(get_args(declared) or [declared]) <= _TYPES
        }
        for kind in (Latest, LastGood, Thresholds)
    }
