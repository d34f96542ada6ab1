"""One item of table ``balances`` per account and UTC day, for reports and long charts. Pure.

It is written once, when the day is over; until then, the day's totals are kept in LATEST.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

#: The range key of a day's item is this and the date. It sorts after LATEST, so that no query of
#: attempts finds it.
DAY_PREFIX: Final = "day#"
#: Days are kept longer than attempts: a year and a month, to compare with the year before.
KEEP_DAYS: Final = 400


class DayTotals(NamedTuple):
    """What polls of one UTC day found, in the unit of the account's wallet."""

    day: date
    spent: Decimal = Decimal(0)
    """How much the balance fell, except for credit that expired or was reset."""
    topped_up: Decimal = Decimal(0)
    lowest: Decimal | None = None
    """None while no balance was read."""
    unit: str | None = None
    polls: int = 0
    failed_polls: int = 0
    known_seconds: int = 0
    """How much of the day is covered by balances whose difference is consumption."""

    def to_item(self) -> dict[str, Any]:
        """Return the totals as attributes, without those that are None."""
        values = {
            "day": self.day.isoformat(),
            "spent": self.spent,
            "topped_up": self.topped_up,
            "lowest": self.lowest,
            "unit": self.unit,
            "polls": self.polls,
            "failed_polls": self.failed_polls,
            "known_seconds": self.known_seconds,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> DayTotals:
        """Read what :meth:`to_item` returned.

        Raises:
            KeyError, ValueError: when the item has another form.
        """
        return cls(
            day=date.fromisoformat(item["day"]),
            spent=item["spent"],
            topped_up=item["topped_up"],
            lowest=item.get("lowest"),
            unit=item.get("unit"),
            polls=int(item["polls"]),
            failed_polls=int(item["failed_polls"]),
            known_seconds=int(item["known_seconds"]),
        )

    @property
    def begins_at(self) -> datetime:
        """The day's first moment."""
        return datetime.combine(self.day, time(), UTC)

    def to_day_item(self, account: str, provider: str) -> dict[str, Any]:
        """Return the account's item for the day, with its time to live."""
        return self.to_item() | {
            "account": account,
            "at": f"{DAY_PREFIX}{self.day.isoformat()}",
            "provider": provider,
            "expires_at": int((self.begins_at + timedelta(days=KEEP_DAYS)).timestamp()),
        }
