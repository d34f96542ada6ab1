"""What happened to an account around a time, and why a message was or was not sent.

It combines data that the monitor keeps anyway: the polls in table ``balances``; the incident with
its history of decisions, and the silences, in table ``alerts``; and the router's log, which has a
line for every published message and for every suppressed change, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import ClientError

from alert_router.aws.incident_item import from_item
from alert_router.incidents.incident import Incident, Scope
from balancectl.cli.errors import is_missing
from balancectl.deployment.alerts.silences import read_silences
from balancectl.deployment.balances import read_between
from balancectl.deployment.target import Target
from shared.aws.dynamo import decode, encode
from shared.money import format_amount
from shared.names import AlarmKind
from shared.outcome import Outcome

_KINDS: Final = frozenset(kind.value for kind in AlarmKind)
#: Lines of the router's log (``alert_router.notify``).
_PUBLISHED: Final = "message published"
_SUPPRESSED: Final = "notification suppressed"
#: How far apart the log and the incident's record may be.
_APART: Final = timedelta(seconds=30)
#: Why the router suppressed a change, by the reason in its log.
_REASONS: Final = {
    "silenced": "a silence covered the account",
    "grouped": "it waited for similar alerts, to be sent with them",
    "already_sent": "it had been announced already",
    "not_set_up": "the account is not set up, which had been announced",
    "clearing": "the balance contradicts the alarm, which was about to clear",
    "muted": "a mute rule of CloudWatch covered the alarm",
    "flapping": "it had come and gone too often within the hour",
    "outdated": "the change was older than what was known by then",
}


class What(StrEnum):
    """Kinds of events."""

    POLL = "poll"
    ALARM = "alarm"
    SILENCE = "silence"
    MESSAGE = "message"
    NO_MESSAGE = "no message"


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    at: datetime
    what: What
    text: str


def explain_account(target: Target, account: str, start: datetime, end: datetime) -> list[Event]:
    """Return what happened to ``account`` between two times, in order.

    Raises:
        ClientError: When a table or the router's log may not be read.
    """
    incident = read_incident(target, account)
    provider = incident.provider if incident else ""
    logged = list(_log_events(target, account, start, end))
    found = [
        *_polls(target, account, start, end),
        *_alarms(incident),
        *_silences(target, account, provider),
        *_decisions(incident, logged),
        *logged,
    ]
    return sorted(
        (event for event in found if start <= event.at <= end), key=lambda event: event.at
    )


def read_incident(target: Target, account: str) -> Incident | None:
    """Return the account's incident; None if there never was one."""
    answer = target.dynamodb.get_item(
        TableName=target.names.alerts_table,
        Key=encode({"scope": Scope.ACCOUNT.value, "id": account}),
    )
    return from_item(decode(answer["Item"])) if "Item" in answer else None


def _polls(target: Target, account: str, start: datetime, end: datetime) -> Iterator[Event]:
    """Yield the polls of the account."""
    for attempt in read_between(target, account, start, end):
        text = attempt.reason or attempt.outcome.words
        if attempt.outcome is Outcome.OK and attempt.balance is not None:
            text = f"{format_amount(attempt.balance, attempt.unit or '')} left"
        yield Event(attempt.at, What.POLL, text)


def _alarms(incident: Incident | None) -> Iterator[Event]:
    """Yield the latest change of each alarm that the router knows."""
    for kind, status in incident.alarms.items() if incident else ():
        if kind in _KINDS:
            text = f"{kind} {'fired' if status.firing else 'cleared'}"
            yield Event(getattr(status, "since", None) or status.at, What.ALARM, text)


def _decisions(incident: Incident | None, logged: Sequence[Event]) -> Iterator[Event]:
    """Yield what the incident's record says was sent or not, without what the log already says."""
    for decided in incident.history if incident else ():
        if decided.suppressed is not None:
            event = Event(decided.at, What.NO_MESSAGE, _REASONS[decided.suppressed])
        else:
            words = " ".join(filter(None, (decided.sent, decided.severity)))
            event = Event(decided.at, What.MESSAGE, f"{words}, as the incident's record says")
        if not any(_is_same(event, other) for other in logged):
            yield event


def _is_same(one: Event, other: Event) -> bool:
    """Whether the log and the record show the same decision: they write it moments apart."""
    is_close = abs(one.at - other.at) <= _APART and one.what is other.what
    return is_close and (one.what is What.MESSAGE or one.text == other.text)


def _silences(target: Target, account: str, provider: str) -> Iterator[Event]:
    """Yield the active silences that cover the account; ended ones are not stored."""
    now = target.now()
    for silence in read_silences(target, now).active:
        if silence.covers(account, provider, now):
            text = f"{silence.pattern} by {silence.by}: {silence.reason}"
            yield Event(silence.created_at or now, What.SILENCE, text)


def _log_events(target: Target, account: str, start: datetime, end: datetime) -> Iterator[Event]:
    """Yield the account's events in the router's log."""
    pages = target.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{target.names.router_function}",
        startTime=int(start.timestamp() * 1000),
        endTime=int(end.timestamp() * 1000),
        filterPattern=json.dumps(account),
    )
    try:
        entries = [entry for page in pages for entry in page["events"]]
    except ClientError as exc:
        if is_missing(exc):
            return  # the router has not run yet
        raise
    for entry in entries:
        event = _event(entry, account)
        if event is not None:
            yield event


def _event(entry: Mapping[str, Any], account: str) -> Event | None:
    """Return the event in a log line; None if it is about something else."""
    try:
        line = json.loads(entry["message"])
        at = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(line, dict):
        return None
    if line.get("message") == _SUPPRESSED and line.get("incident") == account:
        reason = str(line.get("reason"))
        return Event(at, What.NO_MESSAGE, _REASONS.get(reason, reason))
    if line.get("message") == _PUBLISHED and account in (line.get("accounts") or ()):
        to = ", ".join(map(str, line.get("to") or ()))
        parts = (str(line.get("subject", "")), f"({line['form']})" if "form" in line else "")
        return Event(at, What.MESSAGE, " ".join(filter(None, [*parts, to and f"to {to}"])))
    return None
