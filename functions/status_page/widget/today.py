"""An account's day so far, from its ``LATEST`` record alone: a line that costs no request. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shared.records import Latest
from status_page.series import Past, Point

#: How much of the day so far must be known for a line: whatever is not known may have been a reset
#: or expired credit.
_LEAST_KNOWN: Final = 0.8


def past_of_today(latest: Latest) -> Past:
    """Return the balance at the day's first moment, and the last top-up."""
    top_up = latest.good.last_top_up
    midnight = _midnight(latest)
    return Past(() if midnight is None else (midnight,), () if top_up is None else (top_up,))


def _midnight(latest: Latest) -> Point | None:
    """Return the balance at the day's first moment; None if it is not known, or not a line's end.

    On a day with a top-up, a straight line would show a course that the balance never took.
    """
    day, good = latest.day, latest.good
    if day is None or good.balance is None or good.balance_at is None:
        return None
    length = (good.balance_at - day.begins_at).total_seconds()
    is_today = length > 0 and day.day == good.balance_at.date()
    if not is_today or day.unit != good.unit or day.topped_up != Decimal(0):
        return None
    if day.known_seconds < _LEAST_KNOWN * length:
        return None
    return Point(day.begins_at, float(good.balance + day.spent))
