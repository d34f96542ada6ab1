"""An account's record and silences, read at one moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from alert_router.incidents.incident import AlarmStatus, Incident
from shared.names import AlarmKind
from shared.outcome import Outcome
from shared.records import Latest, Thresholds

#: At most about how long before the transition the poll behind it took place.
_EVALUATION: Final = timedelta(minutes=15)


#: How long an alarm's balance counts if there is no record.
_CURRENT: Final = timedelta(hours=1)


class EnrichmentError(Exception):
    """Account records cannot be read; notifications go out without them."""


class AccountSnapshot(NamedTuple):
    """An account's record and silences; a decision and its texts use the same snapshot."""

    latest: Latest | None = None
    """The account's record; None if there is none, or it cannot be read."""
    is_readable: bool = True
    """False for foreign alarms and unreadable records."""
    is_silenced: bool = False
    balance: Decimal | None = None
    """The newest known balance, from the record or from the alarm's own datapoint."""
    balance_at: datetime | None = None

    @property
    def is_set_up(self) -> bool | None:
        """Whether any poll has ever been ok; None if unknown."""
        if not self.is_readable:
            return None
        return self.latest is not None and self.latest.is_set_up

    @property
    def is_polled(self) -> bool:
        """Whether the account has a record; also true if records cannot be read."""
        return self.latest is not None or not self.is_readable

    @property
    def thresholds(self) -> Thresholds:
        """The account's thresholds; none is set without a record."""
        return self.latest.thresholds if self.latest is not None else Thresholds()

    @property
    def unit(self) -> str:
        """The balance's unit; empty when unknown."""
        return (self.latest.good.unit or "") if self.latest is not None else ""

    @property
    def outcome(self) -> Outcome | None:
        """How the last poll ended; None without a record."""
        return self.latest.outcome if self.latest is not None else None


def current_provider(incident: Incident, latest: Latest | None) -> str:
    """Return the account's provider: the record knows a change before an alarm reports it."""
    return latest.provider if latest is not None else incident.provider


def newest_balance(
    incident: Incident, latest: Latest | None, now: datetime
) -> tuple[Decimal | None, datetime | None]:
    """Return the newest known balance with its time.

    Metrics are written before the record, so an alarm may carry a balance that the record lacks,
    and the record may be newer than the alarm's. If a later alarm contradicts the record, the
    record is out of date and the balance unknown. Without a record, an alarm's balance counts for
    an hour: it may have changed since.
    """
    point = incident.latest
    if latest is None or latest.good.balance is None or latest.good.balance_at is None:
        is_current = point is not None and now - point.at <= _CURRENT
        return (point.value, point.at) if point is not None and is_current else (None, None)
    balance, balance_at = latest.good.balance, latest.good.balance_at
    if point is not None:
        return (point.value, point.at) if balance_at < point.at else (balance, balance_at)
    limits = {
        AlarmKind.CRITICAL: latest.thresholds.critical,
        AlarmKind.WARNING: latest.thresholds.warning,
    }
    is_outdated = any(
        _contradicts(incident.alarms[kind], limit, balance, balance_at)
        for kind, limit in limits.items()
        if kind in incident.alarms and limit is not None
    )
    return (None, None) if is_outdated else (balance, balance_at)


def _contradicts(
    status: AlarmStatus, limit: Decimal, balance: Decimal, balance_at: datetime
) -> bool:
    """Whether an alarm changed on a later poll than the record's, and contradicts its balance."""
    if status.firing:
        return balance >= limit and balance_at < status.began_at - _EVALUATION
    return not status.is_gone and balance < limit and balance_at < status.began_at
