"""What is known of an account whose balance is computed: attributes of ``LATEST``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from shared.records.item import Item, time_from, time_or_none


class Meter(NamedTuple):
    """Running totals, and how far cost is reported. A budget's restart every month."""

    consumed: Decimal
    topped_up: Decimal = Decimal(0)
    topped_up_at: datetime | None = None
    cost_at: datetime | None = None
    """When a poll last found another cost than before: what is reported reaches up to then."""
    corrected: Decimal = Decimal(0)
    """What a budget's month was corrected by: in its cost, and not in ``consumed``."""
    settled: Decimal | None = None
    """The cost of the days before ``settled_until``: what changes there is a correction."""
    settled_until: date | None = None

    def to_item(self) -> Item:
        """Return the attributes that it adds to the ``LATEST`` item."""
        return {
            "consumed": self.consumed,
            "topped_up": self.topped_up,
            "topped_up_at": time_or_none(self.topped_up_at),
            "cost_at": time_or_none(self.cost_at),
            "corrected": self.corrected or None,
            "settled": self.settled,
            "settled_until": self.settled_until and self.settled_until.isoformat(),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Meter | None:
        """Read it from a ``LATEST`` item; None for an account that has none.

        Raises:
            KeyError, ValueError: when the item was not written by :meth:`to_item`.
        """
        if "consumed" not in item:
            return None
        return cls(
            consumed=item["consumed"],
            topped_up=item["topped_up"],
            topped_up_at=time_from(item, "topped_up_at"),
            cost_at=time_from(item, "cost_at"),
            corrected=item.get("corrected", Decimal(0)),
            settled=item.get("settled"),
            settled_until=date.fromisoformat(until)
            if (until := item.get("settled_until"))
            else None,
        )
