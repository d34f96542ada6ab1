"""Which balance is the newest that is known. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from alert_router.incidents.incident import Episode
from shared.records import Latest


def newest_balance(
    episode: Episode, latest: Latest | None
) -> tuple[Decimal | None, datetime | None]:
    """Return the newest balance with its time.

    Metrics are written before the record, so an alarm may know a balance that the record does
    not have yet; and the record may have later ones than the alarm was decided on.
    """
    point = episode.latest
    if latest is None or latest.good.balance is None or latest.good.balance_at is None:
        return (point.value, point.at) if point is not None else (None, None)
    if point is not None and latest.good.balance_at < point.at:
        return point.value, point.at
    return latest.good.balance, latest.good.balance_at
