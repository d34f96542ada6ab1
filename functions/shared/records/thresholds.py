"""The limits that an account's owner has set. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

#: A runway alarm ends once the bound is this many times its threshold, or at a top-up.
RUNWAY_CLEARS_ABOVE: Final = Decimal("1.5")


class Thresholds(NamedTuple):
    """The limits of an account; None where nothing is watched."""

    warning: Decimal | None = None
    critical: Decimal | None = None
    runway_warning_hours: Decimal | None = None
    runway_critical_hours: Decimal | None = None
    max_burn_per_day: Decimal | None = None
    drain_sensitivity: Decimal | None = None
    expiry_warning_days: Decimal | None = None
