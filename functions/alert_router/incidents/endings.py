"""How a problem ended without a recovery: its threshold was changed or removed while it fired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from alert_router.incidents.incident import AlarmStatus, Incident, Problem, problem_of
from shared.names import AlarmKind

_OF_BALANCE: Final = frozenset({AlarmKind.WARNING.value, AlarmKind.CRITICAL.value})


class Ending(NamedTuple):
    """How the threshold of the alarm that cleared last was changed."""

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
    """Return how the last alarm of a problem ended; None if it simply cleared."""
    statuses = {k: s for k, s in incident.alarms.items() if problem_of(k) is problem}
    if not statuses or any(status.firing for status in statuses.values()):
        return None
    kind, last = max(statuses.items(), key=lambda item: (item[1].began_at, item[1].is_gone))
    if last.is_gone:
        return Ending(kind, last.threshold, None)
    value = _value(kind, last, balance)
    if last.old_threshold is None or not _breaches(kind, value, last.old_threshold):
        return None
    return Ending(kind, last.old_threshold, last.threshold)


def _value(kind: str, status: AlarmStatus, balance: Decimal | None) -> Decimal | None:
    """Return the newest known value of an alarm's metric."""
    if kind in _OF_BALANCE and balance is not None:
        return balance
    return status.latest.value if status.latest is not None else None


def _breaches(kind: str, value: Decimal | None, threshold: Decimal) -> bool:
    """Whether an alarm would still fire on its old threshold, as far as is known."""
    if value is None or problem_of(kind) is Problem.FOREIGN:
        return True
    return value > threshold if kind == AlarmKind.DRAIN else value < threshold
