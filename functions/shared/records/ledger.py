"""The ledger of an account whose provider reports cost and no balance: one item of ``balances``.

Pure. ``balancectl ledger`` writes what people declare (the anchor, top-ups); the poller writes what
the provider reports. Both write on condition of the version that they read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from shared.records.item import time_from, time_or_none, without_none
from shared.times import format_time, parse_time

#: The range key of the item. It sorts behind LATEST, so that no query of attempts finds it.
LEDGER: Final = "LEDGER"
#: An item of 400 KB would hold thousands; who declares as many in one anchor's life sets another.
MAX_TOP_UPS: Final = 200
_MAX_DRIFTS: Final = 12


class Anchor(NamedTuple):
    """What the provider's console showed once."""

    amount: Decimal
    at: datetime
    by: str = ""
    day_cost: Decimal | None = None
    """The cost reported for the day of ``at`` at that moment; None until a poll has noted it."""


class DeclaredTopUp(NamedTuple):
    """A payment that a person declared."""

    amount: Decimal
    at: datetime
    by: str = ""
    note: str = ""


class Drift(NamedTuple):
    """How far the ledger was off when a new anchor was set."""

    at: datetime
    expected: Decimal
    """What the ledger said."""
    shown: Decimal
    """What the console showed."""

    @property
    def amount(self) -> Decimal:
        """What was there and not in the ledger; negative for what was missing."""
        return self.shown - self.expected


@dataclass(frozen=True, slots=True)
class Ledger:
    """One account's ledger."""

    account: str
    provider: str
    unit: str
    anchor: Anchor
    version: int = 0
    """Of the item as it was read; 0 for one that is not stored yet."""
    top_ups: tuple[DeclaredTopUp, ...] = ()
    """Those after the anchor."""
    first_open: date = date.min
    """The days from the anchor's until here are closed: their cost no longer changes."""
    closed: Decimal = Decimal(0)
    """The last cost of the closed days, added up."""
    days: Mapping[date, Decimal] = field(default_factory=dict)
    """The last cost of each open day that was reported."""
    seen_at: datetime | None = None
    """The last poll that read the report."""
    cost_at: datetime | None = None
    """The last poll that found another cost than the one before."""
    consumed: Decimal = Decimal(0)
    """What was consumed, over all anchors; corrections are not in it."""
    topped_up: Decimal = Decimal(0)
    """What was declared, over all anchors."""
    topped_up_at: datetime | None = None
    drifts: tuple[Drift, ...] = ()
    """Those of the last anchors, oldest first."""

    @property
    def anchor_day(self) -> date:
        """The anchor's day, in UTC."""
        return self.anchor.at.astimezone(UTC).date()

    @property
    def cost(self) -> Decimal:
        """What was reported since the anchor; 0 while the anchor's day is not noted."""
        if self.anchor.day_cost is None:
            return Decimal(0)
        return self.closed + sum(self.days.values(), Decimal(0)) - self.anchor.day_cost

    @property
    def declared(self) -> Decimal:
        """What was topped up since the anchor."""
        return sum((top_up.amount for top_up in self.top_ups), Decimal(0))

    @property
    def left(self) -> Decimal:
        """What is left: the anchor and the top-ups after it, less the cost since."""
        return self.anchor.amount + self.declared - self.cost

    def with_anchor(self, anchor: Anchor) -> Ledger:
        """Return the ledger with a new anchor, and the drift since the one before.

        The last cost of the new anchor's day is kept, to tell what is consumed until it is noted.
        """
        day = anchor.at.astimezone(UTC).date()
        drifts = self.drifts
        if self.anchor.day_cost is not None:
            drift = Drift(anchor.at, expected=self.left, shown=anchor.amount)
            drifts = (*drifts, drift)[-_MAX_DRIFTS:]
        return replace(
            self,
            anchor=anchor,
            top_ups=(),
            first_open=day,
            closed=Decimal(0),
            days={day: self.days[day]} if day in self.days else {},
            drifts=drifts,
        )

    def with_top_up(self, top_up: DeclaredTopUp) -> Ledger:
        """Return the ledger with one more top-up."""
        return replace(
            self,
            top_ups=(*self.top_ups, top_up),
            topped_up=self.topped_up + top_up.amount,
            topped_up_at=top_up.at,
        )

    def to_item(self) -> dict[str, Any]:
        """Return the item under the next version."""
        item = {
            "account": self.account,
            "at": LEDGER,
            "version": self.version + 1,
            "provider": self.provider,
            "unit": self.unit,
            "anchor": without_none(
                {
                    "amount": self.anchor.amount,
                    "at": format_time(self.anchor.at),
                    "by": self.anchor.by or None,
                    "day_cost": self.anchor.day_cost,
                }
            ),
            "top_ups": [
                without_none(
                    {
                        "amount": top_up.amount,
                        "at": format_time(top_up.at),
                        "by": top_up.by or None,
                        "note": top_up.note or None,
                    }
                )
                for top_up in self.top_ups
            ],
            "first_open": self.first_open.isoformat(),
            "closed": self.closed,
            "days": {day.isoformat(): cost for day, cost in sorted(self.days.items())},
            "seen_at": time_or_none(self.seen_at),
            "cost_at": time_or_none(self.cost_at),
            "consumed": self.consumed,
            "topped_up": self.topped_up,
            "topped_up_at": time_or_none(self.topped_up_at),
            "drifts": [
                {"at": format_time(drift.at), "expected": drift.expected, "shown": drift.shown}
                for drift in self.drifts
            ],
        }
        return without_none(item)

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Ledger:
        """Read an item.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: when :meth:`to_item` did not write it.
        """
        return cls(
            account=item["account"],
            provider=item["provider"],
            unit=item["unit"],
            version=int(item["version"]),
            anchor=Anchor(
                item["anchor"]["amount"],
                parse_time(item["anchor"]["at"]),
                item["anchor"].get("by", ""),
                item["anchor"].get("day_cost"),
            ),
            top_ups=tuple(_top_ups(item["top_ups"])),
            first_open=date.fromisoformat(item["first_open"]),
            closed=item["closed"],
            days={date.fromisoformat(day): cost for day, cost in item["days"].items()},
            seen_at=time_from(item, "seen_at"),
            cost_at=time_from(item, "cost_at"),
            consumed=item["consumed"],
            topped_up=item["topped_up"],
            topped_up_at=time_from(item, "topped_up_at"),
            drifts=tuple(
                Drift(parse_time(entry["at"]), entry["expected"], entry["shown"])
                for entry in item["drifts"]
            ),
        )


def new_ledger(account: str, provider: str, unit: str, anchor: Anchor) -> Ledger:
    """Return an account's first ledger."""
    day = anchor.at.astimezone(UTC).date()
    return Ledger(account, provider, unit, anchor, first_open=day)


def _top_ups(entries: Iterable[Mapping[str, Any]]) -> Iterable[DeclaredTopUp]:
    """Read the top-ups of an item."""
    for entry in entries:
        at = parse_time(entry["at"])
        yield DeclaredTopUp(entry["amount"], at, entry.get("by", ""), entry.get("note", ""))
