"""Checks that the figures and durations of a message are facts when it is sent.

Every figure of an account comes from one record that was in force while the sender ran, or is a
newer balance on which an alarm was evaluated; a beginning is an alarm's transition or the first
failed poll, and an end is a transition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.names import AlarmKind
from shared.records import Latest, Thresholds
from shared.times import format_time, parse_time

#: A sender takes up to half a minute, and its clock may be off by some seconds.
_SENDING = timedelta(seconds=36)

#: How old a balance may be if it comes without a record.
_REDUCED = timedelta(hours=1, minutes=1)

#: Times in documents are whole seconds.
_SECOND = timedelta(seconds=1)

_FIGURES = ("burn_per_day", "runway_hours", "at_least_hours")


@dataclass
class Facts:
    """What was true, by account and time."""

    records: dict[str, list[tuple[datetime, Latest]]] = field(default_factory=dict)
    """When each record came into force."""
    balances: dict[str, dict[str, float]] = field(default_factory=dict)
    """The balances that alarms were evaluated on, by time."""
    alarms: list[tuple[datetime, str, AlarmKind, bool]] = field(default_factory=list)

    def write(self, at: datetime, written: Mapping[str, Latest]) -> None:
        """Remember records that come into force."""
        for account, latest in written.items():
            self.records.setdefault(account, []).append((at, latest))

    def in_force(self, account: str, start: datetime, end: datetime) -> list[Latest]:
        """Return the records that were in force at some point in a span."""
        known = self.records.get(account, [])
        ends = [at for at, _ in known[1:]] + [end + _SECOND]
        return [r for (at, r), over in zip(known, ends, strict=True) if at <= end and over >= start]

    def untrue(
        self, entry: Mapping[str, Any], started: datetime, sent_at: datetime
    ) -> Iterator[str]:
        """Yield every statement of an account's entry that is not a fact."""
        records = self.in_force(entry["account"], started - _SENDING, sent_at)
        if "polled_at" in entry:
            same = [r for r in records if format_time(r.polled_at) == entry["polled_at"]]
            if not same:
                yield f"no record in force was of {entry['polled_at']}"
            elif (wrong := _wrong(entry, same[0])) is not None:
                yield wrong
        if "balance" in entry and not self._is_balance(entry, records, sent_at):
            yield f"the balance {entry['balance']} of {entry.get('balance_at')} is none"
        if "since" in entry:
            yield from self._untimely(entry, sent_at)

    def _is_balance(
        self, entry: Mapping[str, Any], records: Sequence[Latest], sent_at: datetime
    ) -> bool:
        """Whether a balance comes from a record, or is a newer one from an alarm.

        Where the record could not be read, it must be from the last hour, with its time.
        """
        at, value = entry["balance_at"], Decimal(entry["balance"])
        known = self.balances.get(entry["account"], {})
        if "polled_at" not in entry:
            return known.get(at) == float(value) and sent_at - parse_time(at) <= _REDUCED
        for record in records:
            good = record.good
            if good.balance_at is not None and format_time(good.balance_at) == at:
                return good.balance == value
        newest = max(
            (r.good.balance_at for r in records if r.good.balance_at), default=parse_time(at)
        )
        return parse_time(at) >= newest and known.get(at) == float(value)

    def _untimely(self, entry: Mapping[str, Any], sent_at: datetime) -> Iterator[str]:
        """Yield whichever of beginning and end is not one of the account's."""
        account, since = entry["account"], parse_time(entry["since"])
        changes = [(at, fires) for at, name, _, fires in self.alarms if name == account]
        begins = [at for at, fires in changes if fires]
        begins += [r.failing_since for _, r in self.records.get(account, []) if r.failing_since]
        if not any(abs(at - since) <= _SECOND for at in begins):
            yield f"nothing began at {entry['since']}"
        end = since + timedelta(seconds=entry["lasted_seconds"])
        ends = [at for at, fires in changes if not fires]
        match entry["event"]:
            case "recovered":
                if not any(abs(at - end) <= 2 * _SECOND for at in ends):
                    yield f"nothing ended at {format_time(end)}"
            case "closed":  # deleted, and noticed later
                if not any(at - _SECOND <= end <= sent_at + _SECOND for at in ends):
                    yield f"nothing was deleted by {format_time(end)}"
            case _ if not -4 * _SECOND <= sent_at - end <= _SENDING:
                yield f"it lasted until {format_time(end)} and was sent at {format_time(sent_at)}"


def _wrong(entry: Mapping[str, Any], record: Latest) -> str | None:
    """Return the figure of an entry that differs from its record, if any does."""
    limits = record.thresholds
    names = [name for name in Thresholds._fields if getattr(limits, name) is not None]
    wanted = {"outcome": record.outcome.value} | {
        name: _digits(getattr(record.good, name)) for name in _FIGURES
    }
    for name, value in wanted.items():
        if entry.get(name) != value:
            return f"{name} is {entry.get(name)}, the record's is {value}"
    if entry.get("thresholds", {}) != {name: _digits(getattr(limits, name)) for name in names}:
        return "the thresholds are not the record's"
    return None


def _digits(value: Decimal | None) -> str | None:
    """Return a number as documents write it."""
    return None if value is None else f"{value:f}"
