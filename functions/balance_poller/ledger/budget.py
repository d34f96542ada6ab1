"""The rest of a month's budget. Pure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from balance_poller.ledger.settle import Costs
from balance_poller.ledger.window import DAY, month_end, today
from shared.records import Meter, Wallet


def budget_left(  # noqa: PLR0913 -- whatever the figures follow from
    budget: Decimal,
    unit: str,
    costs: Costs,
    now: datetime,
    before: Meter | None,
    *,
    is_by_day: bool,
) -> tuple[Wallet, Meter]:
    """Return what is left of ``budget``, and what is known of consumption.

    Args:
        budget: What may be spent in a calendar month (UTC).
        unit: Its currency.
        costs: What was reported for the days of this month.
        now: The time of the report.
        before: What was known before.
        is_by_day: Whether the report has the cost of each day, rather than of the month alone.
    """
    used = sum(costs.values(), Decimal(0))
    is_same = before is not None and before.consumed + before.corrected == used
    cost_at = before.cost_at if before is not None and is_same else now.replace(microsecond=0)
    wallet = Wallet(
        remaining=budget - used,
        unit=unit,
        used=used,
        granted=budget,
        resets_at=month_end(now),
    )
    meter = Meter(consumed=used, cost_at=cost_at)
    return wallet, _without_corrections(meter, costs, now, before) if is_by_day else meter


def _without_corrections(meter: Meter, costs: Costs, now: datetime, before: Meter | None) -> Meter:
    """Return ``meter`` without the later changes of settled days.

    A day is settled when it has been over for a day; the same holds for ledgers.
    """
    first = today(now).replace(day=1)
    until = max(first, today(now) - DAY)
    corrected = Decimal(0)
    if before is not None and (known := before.settled_until) is not None and known >= first:
        change = _cost_before(costs, known) - (before.settled or Decimal(0))
        corrected = before.corrected + change
    return meter._replace(
        consumed=meter.consumed - corrected,
        corrected=corrected,
        settled=_cost_before(costs, until),
        settled_until=until,
    )


def _cost_before(costs: Costs, until: date) -> Decimal:
    """Return the cost of the days before ``until``."""
    return sum((cost for day, cost in costs.items() if day < until), Decimal(0))
