"""The days that a report covers: whole days in UTC, as the poller counts them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Self

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


class Period(NamedTuple):
    """A week that is over, with the week before and the month around its last day."""

    due: datetime
    """When the report was due."""
    end: date
    """The first day after the week."""

    @classmethod
    def before(cls, due: datetime) -> Self:
        """Return the seven days before the day of ``due``."""
        return cls(due, due.astimezone(UTC).date())

    @property
    def start(self) -> date:
        """The week's first day."""
        return self.end - WEEK

    @property
    def last(self) -> date:
        """The week's last day."""
        return self.end - DAY

    @property
    def month(self) -> date:
        """The first day of the month of the week's last day."""
        return self.last.replace(day=1)

    @property
    def month_end(self) -> date:
        """The last day of that month."""
        return (self.month + timedelta(days=31)).replace(day=1) - DAY

    @property
    def days_left(self) -> int:
        """How many days of the month follow the week; 0 where it ends with the month."""
        return (self.month_end - self.last).days

    @property
    def first_read(self) -> date:
        """The first day whose totals are needed."""
        return min(self.month, self.start - WEEK)

    def in_week(self, day: date) -> bool:
        """Whether a day is in the week."""
        return self.start <= day < self.end

    def in_week_before(self, day: date) -> bool:
        """Whether a day is in the week before."""
        return self.start - WEEK <= day < self.start

    def in_month(self, day: date) -> bool:
        """Whether a day is in the month, up to the week's last."""
        return self.month <= day < self.end
