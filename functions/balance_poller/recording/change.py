"""Consumption and top-ups from one good poll to the next. Pure.

For most accounts, balances alone show this. If the balance is computed, reported cost is
consumption and declared top-ups are top-ups; corrections of past days and new anchors change the
balance, and are neither.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from balance_poller.forecast import BurnState, observe
from shared.records import LastGood, Meter, TopUp


class Change(NamedTuple):
    """What happened between two polls."""

    consumed: Decimal
    """Negative after a rise that is not known to be a top-up."""
    topped_up: Decimal = Decimal(0)


def change_of_balance(known: LastGood, good: LastGood) -> Change | None:
    """Return the change between two balances; None before the second."""
    if known.balance is None or good.balance is None:
        return None
    topped_up = Decimal(0)
    if good.last_top_up is not None and good.last_top_up != known.last_top_up:
        topped_up = good.last_top_up.amount
    return Change(known.balance - good.balance + topped_up, topped_up)


def change_of_meter(known: Meter | None, meter: Meter) -> Change:
    """Return the change that a meter reports."""
    if known is None:
        return Change(Decimal(0))
    return Change(
        consumed=max(meter.consumed - known.consumed, Decimal(0)),
        topped_up=max(meter.topped_up - known.topped_up, Decimal(0)),
    )


def observe_meter(
    state: BurnState | None,
    at: datetime,
    good: LastGood,
    change: Change,
    *,
    unseen: bool,
) -> BurnState:
    """Return ``state`` with one more balance, of whose difference ``change`` alone counts."""
    remaining = good.balance or Decimal(0)
    if state is not None:
        state = state._replace(level=float(remaining + change.consumed), rise=None)
    state = observe(state, at, remaining, unseen=unseen)
    if not change.topped_up:
        return state
    topped_up_at = good.meter and good.meter.topped_up_at
    return state._replace(last_top_up=TopUp(topped_up_at or at, change.topped_up))
