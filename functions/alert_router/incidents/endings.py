"""How a problem ended without a recovery: its threshold was changed or removed while it fired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from alert_router.incidents.incident import AlarmStatus, Incident, Problem, problem_of
from shared.names import AlarmKind

_OF_BALANCE: Final = frozenset({AlarmKind.WARNING.value, AlarmKind.CRITICAL.value})


class Ending(NamedTuple):
    """What was done to the threshold of the alarm that cleared last."""

    kind: str
    before: Decimal | None
    """The threshold that it fired on; None if unknown."""
    after: Decimal | None
    """The threshold that it cleared on; None if it was removed."""


def endings(
    incident: Incident, problems: Iterable[Problem], balance: Decimal | None
) -> Mapping[Problem, Ending]:
    """Return the problems that a changed or removed threshold ended, and how.

    Args:
        incident: the alarms' states.
        problems: the problems that were announced.
        balance: the newest known balance, which a balance alarm's old threshold is compared with.
    """
    statuses = incident.alarms.values()
    if all(status.is_gone and not status.is_watched for status in statuses):
        return {}
    found = {problem: _ending(incident, problem, balance) for problem in problems}
    return {problem: ending for problem, ending in found.items() if ending is not None}


def _ending(incident: Incident, problem: Problem, balance: Decimal | None) -> Ending | None:
    """Return how the last alarm of a problem was ended; None if it cleared by itself."""
    statuses = {k: s for k, s in incident.alarms.items() if problem_of(k) is problem}
    if not statuses or any(status.firing for status in statuses.values()):
        return None
    kind, last = max(statuses.items(), key=lambda item: (item[1].began_at, item[1].is_gone))
    if last.is_gone:
        return Ending(kind, last.threshold, None)
    if last.old_threshold is None or not _breaches(kind, last, balance):
        return None
    return Ending(kind, last.old_threshold, last.threshold)


def _breaches(kind: str, status: AlarmStatus, balance: Decimal | None) -> bool:
    """Whether the alarm would still fire on its old threshold, as far as is known."""
    point = status.latest.value if status.latest is not None else None
    value = balance if balance is not None and kind in _OF_BALANCE else point
    if value is None or status.old_threshold is None or problem_of(kind) is Problem.FOREIGN:
        return True
    is_above = value > status.old_threshold
    return is_above if kind == AlarmKind.DRAIN else value < status.old_threshold
