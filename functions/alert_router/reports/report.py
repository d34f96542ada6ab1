"""A report about accounts: what was spent, and what needs attention soon. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from alert_router.incidents.incident import Incident, PastIncident
from alert_router.reports.period import Period
from alert_router.reports.usage import Usage, usage_of
from shared.records import DayTotals, Latest

_MOST: Final = 5
"""Entries of a section, the most important first."""
_SOON: Final = timedelta(days=30)
#: Somebody who pushes once a day may be late.
_UNREAD_AFTER: Final = timedelta(days=2)
_ANCHOR_IS_OLD: Final = timedelta(days=30)
#: A smaller change, relative to everything spent in the unit, is left out.
_LEAST_MOVE: Final = Decimal("0.02")


class Facts(NamedTuple):
    """What is known of one account."""

    account: str
    provider: str
    latest: Latest | None = None
    days: Sequence[DayTotals] = ()
    incident: Incident | None = None
    is_readable: bool = True
    """False for an account with a record that cannot be read."""
    anchor_at: datetime | None = None
    """When the console's balance was last entered, of an account with a ledger."""


class UnitTotal(NamedTuple):
    """What all accounts in one unit spent."""

    unit: str
    spent: Decimal
    before: Decimal
    month: Decimal
    projected: Decimal
    is_partial: bool


class AccountIncident(NamedTuple):
    """An incident that was open in the week; one without an end still is."""

    account: str
    incident: PastIncident


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says. Every section may be empty."""

    period: Period
    accounts: tuple[str, ...]
    """All accounts that it covers, whether mentioned or not."""
    providers: tuple[str, ...]
    totals: Sequence[UnitTotal]
    movers: Sequence[Usage]
    driest: Sequence[Latest]
    incidents: Sequence[AccountIncident]
    unread: Sequence[Facts]
    expiring: Sequence[Latest]
    anchors: Sequence[Facts]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (
            self.totals
            or self.driest
            or self.incidents
            or self.unread
            or self.expiring
            or self.anchors
        )


def report(facts: Sequence[Facts], period: Period) -> Report:
    """Return the report about exactly these accounts."""
    usages = [
        usage for each in facts if (usage := usage_of(each.account, each.days, period)) is not None
    ]
    records = [each.latest for each in facts if each.latest is not None]
    totals = sorted(_totals(usages), key=lambda total: total.unit)
    return Report(
        period=period,
        accounts=tuple(sorted(each.account for each in facts)),
        providers=tuple(sorted({each.provider for each in facts})),
        totals=totals,
        movers=_movers(usages, totals),
        driest=_driest(records, period.due),
        incidents=sorted(_incidents(facts, period), key=lambda one: one.incident.began_at),
        unread=[each for each in facts if _is_unread(each.latest, period.due)],
        expiring=_expiring(records, period.due),
        anchors=[
            each
            for each in facts
            if each.anchor_at is not None and period.due - each.anchor_at > _ANCHOR_IS_OLD
        ],
    )


def last_good(latest: Latest | None) -> datetime | None:
    """Return when the balance was last read; None if it never was."""
    return None if latest is None else latest.good.balance_at


def _totals(usages: Iterable[Usage]) -> Iterator[UnitTotal]:
    """Yield the total of each unit in which anything was spent in either week."""
    by_unit: dict[str, list[Usage]] = {}
    for usage in usages:
        by_unit.setdefault(usage.unit, []).append(usage)
    for unit, same in by_unit.items():
        total = UnitTotal(
            unit=unit,
            spent=sum((each.spent for each in same), Decimal(0)),
            before=sum((each.before for each in same), Decimal(0)),
            month=sum((each.month for each in same), Decimal(0)),
            projected=sum((each.projected for each in same), Decimal(0)),
            is_partial=any(each.is_partial for each in same),
        )
        if total.spent or total.before:
            yield total


def _movers(usages: Iterable[Usage], totals: Iterable[UnitTotal]) -> list[Usage]:
    """Return the accounts that spent more or less than before, the largest change first.

    Amounts in different units are compared by their share in all that was spent in the unit.
    """
    whole = {total.unit: max(total.spent, total.before) for total in totals}
    moved = {
        usage.account: abs(usage.change) / whole[usage.unit]
        for usage in usages
        if whole.get(usage.unit)
    }
    known = sorted(
        (usage for usage in usages if moved.get(usage.account, Decimal(0)) >= _LEAST_MOVE),
        key=lambda usage: (-moved[usage.account], usage.account),
    )
    return known[:_MOST]


def _driest(records: Iterable[Latest], now: datetime) -> list[Latest]:
    """Return the accounts that may be empty soon, the first of them first."""
    soon = [
        (between[0], latest.account, latest)
        for latest in records
        if (between := latest.good.empty_between) is not None and between[0] - now < _SOON
    ]
    return [latest for _, _, latest in sorted(soon, key=lambda entry: entry[:2])[:_MOST]]


def _incidents(facts: Iterable[Facts], period: Period) -> Iterator[AccountIncident]:
    """Yield the announced incidents that were open in the week."""
    start = datetime.combine(period.start, time(), UTC)
    for each in facts:
        for past in each.incident.past if each.incident is not None else ():
            if past.ended_at is not None and start <= past.ended_at:
                yield AccountIncident(each.account, past)
        if each.incident is not None and (current := each.incident.announced) is not None:
            yield AccountIncident(each.account, current)


def _is_unread(latest: Latest | None, now: datetime) -> bool:
    """Whether an account's balance was not read for long, or never."""
    at = last_good(latest)
    return at is None or now - at > _UNREAD_AFTER


def _expiring(records: Iterable[Latest], now: datetime) -> list[Latest]:
    """Return the accounts whose credit or key expires soon, the first of them first."""
    soon = [
        (at, latest.account, latest)
        for latest in records
        if (at := latest.good.credit_expires_at) is not None and now <= at < now + _SOON
    ]
    return [latest for _, _, latest in sorted(soon, key=lambda entry: entry[:2])]
