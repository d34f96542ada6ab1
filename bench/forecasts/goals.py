"""The figures to reach, and whether they were reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.forecasts.alarms import BOUND, DETECTED_WITHIN, NORMAL
from bench.forecasts.measures import HORIZONS, KNOWN_HOURS, PRODUCT, Case, Found
from bench.forecasts.tables import median_error

#: The horizons at which to compare kinds of accounts.
JUDGED = (6, 24, 96)
#: Median errors by kind of account and horizon.
ERRORS = {
    ("regular", 6): 0.20,
    ("regular", 24): 0.20,
    ("regular", 96): 0.16,
    ("weekend", 6): 0.23,
    ("weekend", 96): 0.15,
    ("whole units", 6): 0.40,
}
#: By how much the error for any kind of account may exceed that of version 0.1.
WORSE_THAN_0_1 = 0.02
KEPT_90, KEPT_95 = (0.87, 0.96), (0.93, 0.99)
SHARPNESS = 0.65
KEPT_AFTER_CHANGE = 0.80
FALSE_ALARMS_A_MONTH = 0.10
DETECTED_OF_5X = dict(zip(DETECTED_WITHIN, (0.35, 0.70, 1.0), strict=True))
IN_TIME = {"regular": 0.95, "irregular": 0.80}
ALERTS_A_DRAIN = 1.1


@dataclass(frozen=True, slots=True)
class Goal:
    """A measured figure and its limits, compared as printed."""

    words: str
    measured: float
    least: float = 0.0
    most: float = 99.0

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its limits."""
        return self.least <= round(self.measured, 2) <= self.most


def report(found: Sequence[Found]) -> int:
    """Print the goals that were missed, and how many were met; return 1 if any was missed."""
    goals = [*_goals(found)]
    missed = [goal for goal in goals if not goal.is_met]
    print(f"\ngoals: {len(goals) - len(missed)} of {len(goals)} met")
    for goal in missed:
        limit = f"at least {goal.least:.2f}" if goal.measured < goal.least else ""
        print(f"  MISSED {goal.words}: {goal.measured:.2f} ({limit or f'at most {goal.most:.2f}'})")
    return int(bool(missed))


def _goals(found: Sequence[Found]) -> Iterator[Goal]:
    """Yield every goal that these traces can show."""
    yield from _errors(found)
    for group in dict.fromkeys(one.group for one in found):
        members = [one for one in found if one.group == group]
        yield from _bounds(group, members)
        if members[0].alarms is not None:
            yield from _alarms(group, members)


def _errors(found: Sequence[Found]) -> Iterator[Goal]:
    """Yield the goals of the median errors."""
    for (kind, hours), limit in ERRORS.items():
        members = [one for one in found if kind == one.trace or one.group.startswith(kind)]
        if members:
            error = median_error(members, PRODUCT, hours)
            yield Goal(f"{kind}, error at {hours} h", error, most=limit)
    for trace in dict.fromkeys(one.trace for one in found):
        members = [one for one in found if one.trace == trace]
        for hours in JUDGED:
            before = median_error(members, "version 0.1", hours)
            more = median_error(members, PRODUCT, hours) - before
            yield Goal(f"{trace}, more error than 0.1 at {hours} h", more, -99, WORSE_THAN_0_1)


def _bounds(group: str, found: Sequence[Found]) -> Iterator[Goal]:
    """Yield the goals of the bounds on one group."""
    known = [case for one in found for case in one.cases if case.age_hours >= KNOWN_HOURS]
    changed = [
        case
        for one in found
        for case in one.cases_after_change
        if 12 <= case.age_hours < KNOWN_HOURS and case.horizon <= 24
    ]
    for hours in HORIZONS:
        cases = [case for case in known if case.horizon == hours]
        if not cases:
            continue
        where = f"{group}, {hours} h"
        yield Goal(f"{where}: 90 % bound", _share(cases, _keeps_90), *KEPT_90)
        yield Goal(f"{where}: 95 % bound", _share(cases, _keeps_95), *KEPT_95)
        if group.startswith("regular"):
            sharpness = statistics.median(case.at_least for case in cases)
            yield Goal(f"{where}: bound / forecast", sharpness, least=SHARPNESS)
    if changed:
        kept = _share(changed, _keeps_90)
        yield Goal(f"{group}: 90 % bound from 12 h after x3", kept, least=KEPT_AFTER_CHANGE)


def _alarms(group: str, found: Sequence[Found]) -> Iterator[Goal]:
    """Yield the goals of abnormal drain and of notice on one group."""
    alarms = [one.alarms for one in found if one.alarms is not None]
    if group.startswith("regular"):
        days = sum(one.watched_days for one in alarms)
        false = sum(one.false[NORMAL] for one in alarms) / days * 30
        yield Goal(f"{group}: false alarms a month", false, most=FALSE_ALARMS_A_MONTH)
        noticed = [hours for one in alarms for hours in one.detected[NORMAL, 5]]
        for within, least in DETECTED_OF_5X.items():
            share = sum(n is not None and n <= within for n in noticed) / len(noticed)
            yield Goal(f"{group}: 5x noticed in {within} h", share, least=least)
    notices = [notice for one in found for notice in one.notices if notice.method == BOUND]
    if not notices:
        return
    in_time = sum(notice.is_kept for notice in notices) / len(notices)
    least = IN_TIME["irregular" if group.startswith("irregular") else "regular"]
    yield Goal(f"{group}: warned in time", in_time, least=least)
    alerts = sum(notice.alerts for notice in notices) / len(notices)
    yield Goal(f"{group}: alerts a drain", alerts, most=ALERTS_A_DRAIN)


def _share(cases: Sequence[Case], is_kept: Callable[[Case], bool]) -> float:
    """Return the share of cases that keep a bound."""
    return sum(map(is_kept, cases)) / len(cases)


def _keeps_90(case: Case) -> bool:
    """Whether the balance lasted at least as long as its 90 % bound."""
    return case.ratio >= case.at_least


def _keeps_95(case: Case) -> bool:
    """Whether the balance lasted at least as long as its 95 % bound."""
    return case.ratio >= case.at_least_95
