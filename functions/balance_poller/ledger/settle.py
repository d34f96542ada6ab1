"""A ledger and one more cost report: each open day's last cost, and which days close. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from balance_poller.ledger.window import DAY, LedgerError, Window, today, window_from
from shared.records.ledger import Ledger
from shared.times import midnight

#: Reports are corrected for this many days; later corrections are ignored.
CLOSES_AFTER: Final = timedelta(days=7)
#: A day's cost still comes in for this long; later changes are corrections.
_REPORTED_WITHIN: Final = timedelta(days=1)
#: Until then the cost of the anchor's day must be recorded, or consumption since then is unknown.
_NOTED_WITHIN: Final = timedelta(hours=1)
#: The clock of the person who sets an anchor may be ahead by this much.
_CLOCK_SLACK: Final = timedelta(minutes=2)

Costs = Mapping[date, Decimal]
"""The reported cost by day, of the days in the report."""


def ledger_window(ledger: Ledger, now: datetime) -> Window:
    """Return the days to request, from the first open one on.

    Raises:
        LedgerError: when the anchor cannot be used, or lies too far back.
    """
    if ledger.anchor.at > now + _CLOCK_SLACK:
        raise LedgerError(
            f"the anchor is of {ledger.anchor.at:%Y-%m-%d %H:%M} UTC, which is in the future: check"
            " the clock, and set it again (balancectl ledger set)"
        )
    if ledger.anchor.day_cost is None and now - ledger.anchor.at > _NOTED_WITHIN:
        raise LedgerError(
            "no poll succeeded within an hour of setting the anchor, so what was consumed"
            " since is unknown: set it again (balancectl ledger set)"
        )
    return window_from(min(ledger.first_open, today(now)), now)


def settle(ledger: Ledger, costs: Costs, now: datetime) -> Ledger:
    """Return the ledger after a report of all days from the first open one.

    A day that the report leaves out keeps the last cost that it had. Settling the same report
    again changes nothing.
    """
    known = {day: cost for day, cost in costs.items() if ledger.first_open <= day <= today(now)}
    days = {**ledger.days, **known}
    consumed = sum((_consumed(ledger, day, cost) for day, cost in known.items()), Decimal(0))
    anchor = ledger.anchor
    if anchor.day_cost is None:
        anchor = anchor._replace(day_cost=days.get(ledger.anchor_day, Decimal(0)))
    is_changed = any(cost != ledger.days.get(day, Decimal(0)) for day, cost in known.items())
    first_open = max(ledger.first_open, today(now - CLOSES_AFTER))
    return replace(
        ledger,
        anchor=anchor,
        days={day: cost for day, cost in days.items() if day >= first_open},
        closed=ledger.closed + sum((c for day, c in days.items() if day < first_open), Decimal(0)),
        first_open=first_open,
        consumed=ledger.consumed + consumed,
        seen_at=now.replace(microsecond=0),
        cost_at=now.replace(microsecond=0)
        if is_changed or ledger.cost_at is None
        else ledger.cost_at,
    )


def _consumed(ledger: Ledger, day: date, cost: Decimal) -> Decimal:
    """Return how much of a day's cost is newly consumed, rather than corrected.

    What was there before the first anchor is no consumption either.
    """
    if ledger.seen_at is None:
        return Decimal(0) if day == ledger.anchor_day else max(cost, Decimal(0))
    if ledger.seen_at >= midnight(day) + DAY + _REPORTED_WITHIN:
        return Decimal(0)
    return max(cost - ledger.days.get(day, Decimal(0)), Decimal(0))
