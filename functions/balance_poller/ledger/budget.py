"""What is left of a month's budget. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from balance_poller.ledger.settle import Costs
from balance_poller.ledger.window import month_end
from shared.records import Meter, Wallet


def budget_left(
    budget: Decimal, unit: str, costs: Costs, now: datetime, before: Meter | None
) -> tuple[Wallet, Meter]:
    """Return what is left of ``budget``, and what is known of consumption.

    Args:
        budget: What may be spent in a calendar month (UTC).
        unit: Its currency.
        costs: What was reported for the days of this month.
        now: The time of the report.
        before: What was known before.
    """
    used = sum(costs.values(), Decimal(0))
    is_same = before is not None and before.consumed == used
    cost_at = before.cost_at if before is not None and is_same else now.replace(microsecond=0)
    wallet = Wallet(
        remaining=budget - used,
        unit=unit,
        used=used,
        granted=budget,
        resets_at=month_end(now),
    )
    return wallet, Meter(consumed=used, cost_at=cost_at)
