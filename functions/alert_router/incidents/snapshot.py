"""What is known of an account apart from its alarms, read at one moment."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from alert_router.incidents.incident import Incident
from shared.records import Latest, Thresholds


class EnrichmentError(Exception):
    """Account records could not be read; notifications go out without them."""


class AccountSnapshot(NamedTuple):
    """An account's record and silences, as decisions need them."""

    balance: Decimal | None = None
    unit: str = ""
    at_least_hours: Decimal | None = None
    """How long the balance lasts at least: what the runway thresholds are compared with."""
    thresholds: Thresholds = Thresholds()
    balance_at: datetime | None = None
    """When the record's balance was read."""
    is_polled: bool = True
    """Whether there is a record at all; true also where none can be read."""
    is_set_up: bool | None = None
    """Whether any poll was ever ok; None when the record could not be read."""
    outcome: str = ""
    """How the last poll ended; empty when the record could not be read."""
    is_silenced: bool = False


def newest_balance(
    incident: Incident, latest: Latest | None
) -> tuple[Decimal | None, datetime | None]:
    """Return the newest known balance with its time.

    Metrics are written before the record, so an alarm may carry a balance that the record does
    not have yet; the record may have later ones than the alarm was evaluated on.
    """
    point = incident.latest
    if latest is None or latest.good.balance is None or latest.good.balance_at is None:
        return (point.value, point.at) if point is not None else (None, None)
    if point is not None and latest.good.balance_at < point.at:
        return point.value, point.at
    return latest.good.balance, latest.good.balance_at
