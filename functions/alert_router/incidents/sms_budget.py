"""Limit how many SMS one subscriber gets in an hour.

AWS stops all SMS of an account at its monthly spend limit, which is 1 USD until it is raised, so
repetitions must not use up the budget that the next critical alert needs
(https://docs.aws.amazon.com/sns/latest/dg/sms_preferences.html, read 2026-11).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

#: The most SMS one subscriber gets in an hour; only new critical alerts may exceed it.
BUDGET: Final = 10

HOUR: Final = timedelta(hours=1)


class SmsBudget(NamedTuple):
    """The SMS one subscriber got within the last hour."""

    name: str
    sent: tuple[datetime, ...] = ()
    held_back: int = 0
    """How many SMS were held back since the last one; the next one reports it."""
    version: int = 0
    """0 when it is not stored; every write adds one, on condition that nobody else has."""

    def admits(self, now: datetime, *, is_urgent: bool) -> bool:
        """Whether another SMS may go out now."""
        return is_urgent or len(self._recent(now)) < BUDGET

    def used(self, now: datetime) -> SmsBudget:
        """Return the budget after an SMS was sent, which also reports how many were held back."""
        return self._replace(sent=(*self._recent(now), now), held_back=0)

    def exceeded(self) -> SmsBudget:
        """Return the budget after an SMS was held back."""
        return self._replace(held_back=self.held_back + 1)

    def returned(self, at: datetime, held_back: int) -> SmsBudget:
        """Return the budget after the SMS planned for ``at`` failed."""
        sent = list(self.sent)
        if at in sent:
            sent.remove(at)
        return self._replace(sent=tuple(sent), held_back=self.held_back + held_back)

    def _recent(self, now: datetime) -> tuple[datetime, ...]:
        """Return when the last hour's SMS were sent."""
        return tuple(at for at in self.sent if abs(now - at) < HOUR)
