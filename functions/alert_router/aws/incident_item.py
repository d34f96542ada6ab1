"""Episodes as items of table ``alerts``, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from alert_router.events.alarm import Datapoint
from alert_router.incidents.incident import (
    Episode,
    Fact,
    Intent,
    Note,
    Outbox,
    Scope,
    Step,
    Subject,
    Told,
    Trouble,
    Waiting,
)
from shared.names import Severity
from shared.times import parse_time

Item = dict[str, Any]

#: A closed episode is kept as long as a queue can hold back a transition of it: an older one
#: that arrives late must find what came after it (SQS keeps messages 14 days at most).
_KEEP_CLOSED: Final = timedelta(days=15)


def to_item(episode: Episode, now: datetime) -> Item:
    """Return the item to store; a closed episode gets the table's TTL."""
    return _filled(
        {
            "scope": episode.subject.scope.value,
            "id": episode.subject.id,
            "provider": episode.provider,
            "facts": {kind: _fact_to_item(fact) for kind, fact in episode.facts.items()},
            "opened_at": _format(episode.opened_at),
            "told": episode.told and _told_to_item(episode.told),
            "waiting": episode.waiting
            and {
                "group": episode.waiting.group,
                "since": _format(episode.waiting.since),
                "until": _format(episode.waiting.until),
            },
            "outbox": episode.outbox
            and {
                "intent": _intent_to_item(episode.outbox.intent),
                "lease_until": _format(episode.outbox.lease_until),
            },
            "note": episode.note and _note_to_item(episode.note),
            "version": episode.version,
            "expires_at": None if episode.is_open else int((now + _KEEP_CLOSED).timestamp()),
        }
    )


def from_item(item: Mapping[str, Any]) -> Episode:
    """Read an item.

    Raises:
        KeyError, ValueError: when it was not written by :func:`to_item`.
    """
    waiting, outbox, note = item.get("waiting"), item.get("outbox"), item.get("note")
    return Episode(
        subject=Subject(Scope(item["scope"]), item["id"]),
        provider=item.get("provider", ""),
        facts={kind: _fact_from_item(fact) for kind, fact in item.get("facts", {}).items()},
        opened_at=_parse(item.get("opened_at")),
        told=_told_from_item(item["told"]) if "told" in item else None,
        waiting=waiting
        and Waiting(waiting["group"], parse_time(waiting["since"]), parse_time(waiting["until"])),
        outbox=outbox
        and Outbox(_intent_from_item(outbox["intent"]), parse_time(outbox["lease_until"])),
        note=note and _note_from_item(note),
        version=int(item["version"]),
    )


def _fact_to_item(fact: Fact) -> Item:
    """Store a fact."""
    return _filled(
        {
            "firing": fact.firing,
            "at": _format(fact.at),
            "value": fact.latest and fact.latest.value,
            "value_at": fact.latest and _format(fact.latest.at),
            "threshold": fact.threshold,
            "gone": fact.is_gone or None,
        }
    )


def _fact_from_item(item: Mapping[str, Any]) -> Fact:
    """Read a fact."""
    value_at = _parse(item.get("value_at"))
    return Fact(
        firing=item["firing"],
        at=parse_time(item["at"]),
        latest=Datapoint(item["value"], value_at) if value_at else None,
        threshold=item.get("threshold"),
        is_gone=item.get("gone", False),
    )


def _told_to_item(told: Told) -> Item:
    """Store what was told."""
    return _filled(
        {
            "severity": told.severity.value,
            "worst": told.worst.value,
            "troubles": sorted(told.troubles),
            "at": _format(told.at),
            "group": told.group,
            "setup": told.is_setup or None,
            "outcome": told.outcome,
            "balance": told.balance,
            "unit": told.unit,
        }
    )


def _told_from_item(item: Mapping[str, Any]) -> Told:
    """Read what was told."""
    balance = item.get("balance")
    return Told(
        severity=Severity(item["severity"]),
        worst=Severity(item["worst"]),
        troubles=frozenset(Trouble(name) for name in item.get("troubles", ())),
        at=parse_time(item["at"]),
        group=item.get("group", ""),
        is_setup=item.get("setup", False),
        outcome=item.get("outcome", ""),
        balance=balance if isinstance(balance, Decimal) else None,
        unit=item.get("unit", ""),
    )


def _intent_to_item(intent: Intent) -> Item:
    """Store a message that is owed."""
    return _filled(
        {
            "step": intent.step.value,
            "severity": intent.severity.value,
            "troubles": sorted(intent.troubles),
            "decided_at": _format(intent.decided_at),
            "opened_at": _format(intent.opened_at),
            "told": intent.told and _told_to_item(intent.told),
        }
    )


def _intent_from_item(item: Mapping[str, Any]) -> Intent:
    """Read a message that is owed."""
    return Intent(
        step=Step(item["step"]),
        severity=Severity(item["severity"]),
        troubles=frozenset(Trouble(name) for name in item.get("troubles", ())),
        decided_at=parse_time(item["decided_at"]),
        opened_at=_parse(item.get("opened_at")),
        told=_told_from_item(item["told"]) if "told" in item else None,
    )


def _note_to_item(note: Note) -> Item:
    """Store what there is to read about a foreign alarm."""
    return _filled({name: getattr(note, name) for name in Note._fields})


def _note_from_item(item: Mapping[str, Any]) -> Note:
    """Read what there is to read about a foreign alarm."""
    return Note(**{name: item[name] for name in Note._fields if name in item})


def _filled(values: Mapping[str, Any]) -> Item:
    """Drop what is None, empty text or an empty list: absent is their stored form."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _format(at: datetime | None) -> str | None:
    """Store a time with milliseconds: transitions are put in order by it."""
    return None if at is None else at.isoformat(timespec="milliseconds")


def _parse(text: object) -> datetime | None:
    """Read a time that may be missing."""
    return parse_time(text) if isinstance(text, str) else None
