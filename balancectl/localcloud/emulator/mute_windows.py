"""When a CloudWatch alarm mute rule is active. Pure.

Source: "Alarm Mute Rules" and "How alarm mute rules work", CloudWatch user guide, and
PutAlarmMuteRule, CloudWatch API reference, read 2026-11. Only one-time windows (``at``) are
emulated, not ``cron``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

SCHEDULED: Final = "SCHEDULED"
ACTIVE: Final = "ACTIVE"
EXPIRED: Final = "EXPIRED"

_AT: Final = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)\)")
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
_SHORTEST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class MuteRule:
    """One rule: whose actions it mutes, and when."""

    name: str
    alarms: frozenset[str]
    start: datetime
    end: datetime

    @classmethod
    def parse(cls, request: Mapping[str, Any]) -> Self:
        """Read a PutAlarmMuteRule request.

        Raises:
            ValueError: for a schedule that is invalid, or not emulated.
        """
        schedule = request["Rule"]["Schedule"]
        found = _AT.fullmatch(schedule["Expression"])
        if found is None:
            raise ValueError(f"only at(yyyy-MM-ddThh:mm) is emulated: {schedule['Expression']!r}")
        zone = ZoneInfo(schedule.get("Timezone") or "UTC")
        start = datetime.fromisoformat(found.group(1)).replace(tzinfo=zone).astimezone(UTC)
        alarms = frozenset(request.get("MuteTargets", {}).get("AlarmNames", ()))
        return cls(request["Name"], alarms, start, start + _duration(schedule["Duration"]))

    def status(self, now: datetime) -> str:
        """Return the rule's status at ``now``."""
        if now < self.start:
            return SCHEDULED
        return ACTIVE if now < self.end else EXPIRED

    def mutes(self, alarm: str, now: datetime) -> bool:
        """Whether the actions of ``alarm`` are muted at ``now``."""
        return alarm in self.alarms and self.status(now) == ACTIVE


def _duration(text: str) -> timedelta:
    """Return an ISO 8601 duration of 1 minute to 15 days."""
    found = _DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    duration = timedelta(days=days, hours=hours, minutes=minutes)
    if not _SHORTEST <= duration <= _LONGEST:
        raise ValueError(f"the duration must be between PT1M and P15D: {text!r}")
    return duration
