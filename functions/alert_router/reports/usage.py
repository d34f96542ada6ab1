"""What one account spent, from its daily totals. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from alert_router.reports.period import Period
from shared.records import DayTotals

_DAY_SECONDS: Final = 86_400
#: A week of which less is known is reported as partly known.
_LEAST_KNOWN: Final = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Usage:
    """An account's consumption, in one unit."""

    account: str
    unit: str
    spent: Decimal
    before: Decimal
    """The week before."""
    month: Decimal
    """From the month's first day to the week's last."""
    projected: Decimal
    """By the month's end, at the week's rate."""
    is_partial: bool
    """Whether the balance was not known for a part of the week."""

    @property
    def change(self) -> Decimal:
        """How much more than the week before."""
        return self.spent - self.before


def usage_of(account: str, days: Iterable[DayTotals], period: Period) -> Usage | None:
    """Return what an account spent; None if it has no totals.

    Its unit is that of its newest day; days in another are of another balance.
    """
    known = sorted((day for day in days if day.day < period.end), key=lambda day: day.day)
    if not known:
        return None
    unit = known[-1].unit
    by_day = {day.day: day for day in known if day.unit == unit}
    week = [day for at, day in by_day.items() if period.in_week(at)]
    month = _spent(by_day, period.in_month)
    seconds = sum(day.known_seconds for day in week)
    spent = sum((day.spent for day in week), Decimal(0))
    # Less than a known day says little about a week.
    per_day = spent / max(Decimal(1), Decimal(seconds) / _DAY_SECONDS)
    return Usage(
        account=account,
        unit=unit or "",
        spent=spent,
        before=_spent(by_day, period.in_week_before),
        month=month,
        projected=month + per_day * period.days_left,
        is_partial=seconds < _LEAST_KNOWN * 7 * _DAY_SECONDS,
    )


def _spent(by_day: Mapping[date, DayTotals], belongs: Callable[[date], bool]) -> Decimal:
    """Return the total of the matching days."""
    return sum((day.spent for at, day in by_day.items() if belongs(at)), Decimal(0))
