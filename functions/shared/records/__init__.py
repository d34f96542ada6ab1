"""Items of table ``balances``: one per attempt and per day, and one ``LATEST`` per account. Pure.

Values in, DynamoDB resource-level items (``Decimal``, ``str``, ``bytes``, maps) out and back. The
poller writes them; the router and the command line read ``LATEST``.
"""

from shared.records.attempt import MAX_REASON, Attempt
from shared.records.day import DAY_PREFIX, KEEP_DAYS, DayTotals
from shared.records.last_good import TOP_UP_IS_LATE, LastGood, TopUp
from shared.records.latest import Latest, latest_or_none
from shared.records.meter import Meter
from shared.records.thresholds import RUNWAY_CLEARS_ABOVE, Thresholds
from shared.records.wallet import Wallet

__all__ = [
    "DAY_PREFIX",
    "KEEP_DAYS",
    "MAX_REASON",
    "RUNWAY_CLEARS_ABOVE",
    "TOP_UP_IS_LATE",
    "Attempt",
    "DayTotals",
    "LastGood",
    "Latest",
    "Meter",
    "Thresholds",
    "TopUp",
    "Wallet",
    "latest_or_none",
]
