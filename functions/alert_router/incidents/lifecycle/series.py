"""A foreign alarm over many series and its series (CloudWatch: contributors) are one incident.

CloudWatch reports the alarm as a whole, each of its series, or both, in any order. Each has a
status of its own; together they begin once and end once, and a further series is announced.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from alert_router.incidents.incident import FOREIGN_KIND, AlarmStatus, Incident, is_series

_PREFIX: Final = f"{FOREIGN_KIND}#"


def kind_of(contributor: str) -> str:
    """Return the kind of a series, or of the alarm as a whole."""
    return f"{_PREFIX}{contributor}" if contributor else FOREIGN_KIND


def firing_series(incident: Incident) -> frozenset[str]:
    """Return the kinds of the series that are in ALARM."""
    return frozenset(kind for kind in incident.firing if is_series(kind))


def cleared(incident: Incident, at: datetime) -> dict[str, AlarmStatus]:
    """Return the series that the end of the whole alarm at ``at`` ends, as they are from then."""
    return {
        kind: status._replace(firing=False, at=at, since=None)
        for kind, status in incident.alarms.items()
        if is_series(kind) and status.firing and status.at <= at
    }


def newest(incident: Incident) -> datetime:
    """Return when any status of a foreign alarm last changed; it has at least one."""
    return max(status.at for status in incident.alarms.values())
