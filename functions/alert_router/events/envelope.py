"""Unwraps an invocation's records from their envelopes.

Records of a queue or a topic, EventBridge events, Lambda actions and the router's own requests all
become one of the same few types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeGuard

from alert_router.events.alarm import AlarmChange
from alert_router.events.cloudwatch import is_configuration_change, read_alarm
from alert_router.events.notice import Notice, is_notice_event, read_notice, text_notice
from shared.names import ACCOUNT_PATTERN, Severity
from shared.text import one_line
from shared.times import parse_time

Document = Mapping[str, Any]

#: Envelopes are a queue record, SNS's and EventBridge's; nothing legitimate is nested deeper.
_DEEPEST: Final = 4


class UnreadableError(ValueError):
    """A record of an unknown kind. The text quotes no content."""


class TestRequest(NamedTuple):
    """A request for a test message."""

    account: str
    severity: Severity
    at: datetime
    requested_by: str = ""


class CloseRequest(NamedTuple):
    """A request to close an incident by hand."""

    incident: str
    """The account's id, or the key of a foreign alarm."""
    is_account: bool
    at: datetime
    """When it was requested: an incident that began later is not affected."""
    requested_by: str
    reason: str


class Flush(NamedTuple):
    """A request to send a group whose waiting time is over."""

    group: str


class ReportRequest(NamedTuple):
    """The schedule's request for the weekly reports."""

    due: datetime


class ReconcileRequest(NamedTuple):
    """The schedule's request to reconcile all incidents."""


class Ignored(NamedTuple):
    """A document that needs no action; the log says why."""

    why: str


Content = (
    AlarmChange
    | Notice
    | TestRequest
    | CloseRequest
    | Flush
    | ReportRequest
    | ReconcileRequest
    | Ignored
)


class Record(NamedTuple):
    """One unparsed record of an invocation."""

    record_id: str | None
    """The queue's message id, to report the failure of this record; None without a queue."""
    document: object
    """The record itself, or the whole event if it is not a batch."""


def unpack(event: Document) -> list[Record]:
    """Return the unparsed records of an invocation; :func:`parse` parses one."""
    records = event.get("Records")
    if not isinstance(records, list):
        return [Record(None, event)]
    return [Record(None if _is_sns(record) else _record_id(record), record) for record in records]


def parse(record: Record) -> Content:
    """Return the content of a record.

    Raises:
        ValueError: when it cannot be read.
    """
    if _is_sns(record.document):
        return read(record.document["Sns"])
    return read(record.document) if record.record_id is None else _read_body(record.document)


def read(document: object, depth: int = 0) -> Content:
    """Parse a document, opening its envelopes.

    Raises:
        UnreadableError: when its kind is unknown.
        UnreadableAlarmError: when it is an incomplete alarm.
    """
    if not isinstance(document, dict):
        raise UnreadableError("the record is not a JSON object")
    if isinstance(document.get("Message"), str) and "TopicArn" in document:
        if depth >= _DEEPEST:
            raise UnreadableError("the record is wrapped too deeply")
        return _read_text(document["Message"], depth + 1)
    if "kind" in document:
        return _read_request(document)
    alarm = read_alarm(document)
    if alarm is not None:
        return alarm
    if is_configuration_change(document):
        return Ignored("an alarm's configuration changed")
    if (notice := _read_notice(document)) is not None:
        return notice
    if is_notice_event(document):
        return Ignored("it reports nothing wrong")
    raise UnreadableError("the record is neither an alarm nor a request")


def _read_text(text: str, depth: int = 0) -> Content:
    """Parse a message: JSON, or any other text.

    A text that begins like JSON is a malformed document.
    """
    try:
        document = _parse(text)
    except UnreadableError:
        if text.lstrip()[:1] in ("", "{", "[", '"'):
            raise
        return text_notice(text)
    return read(document, depth)


def _read_notice(document: Document) -> Notice | None:
    """Parse a notice of another service, which may lack anything."""
    try:
        return read_notice(document)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise UnreadableError("the notice lacks its content") from None


def _read_request(document: Document) -> Content:
    """Parse one of the router's own requests."""
    match document["kind"]:
        case "tick":  # as deployed schedules of 0.1 call it
            return ReconcileRequest()
        case "flush" if isinstance(document.get("group"), str):
            return Flush(document["group"])
        case "report" if isinstance(document.get("due"), str):
            return ReportRequest(parse_time(document["due"]))
        case "test":
            return _read_test(document)
        case "close":
            return _read_close(document)
        case _:
            raise UnreadableError("the request is of an unknown kind")


def _read_test(document: Document) -> TestRequest:
    """Parse a request for a test message."""
    account, at, by = (document.get(name) for name in ("account", "at", "requested_by"))
    if not isinstance(account, str) or not ACCOUNT_PATTERN.fullmatch(account):
        raise UnreadableError("the test names no account")
    if not isinstance(at, str):
        raise UnreadableError("the test names no time")
    return TestRequest(
        account=account,
        severity=Severity(document.get("severity", Severity.CRITICAL)),
        at=parse_time(at),
        requested_by=one_line(by, 100) if isinstance(by, str) else "",
    )


def _read_close(document: Document) -> CloseRequest:
    """Parse a request to close an incident: of an ``account``, or of a foreign ``alarm``."""
    account, alarm, at = (document.get(name) for name in ("account", "alarm", "at"))
    incident = alarm if account is None else account
    if not isinstance(incident, str) or not incident:
        raise UnreadableError("the request names no incident")
    if not isinstance(at, str):
        raise UnreadableError("the request names no time")
    by, reason = (document.get(name) for name in ("requested_by", "reason"))
    return CloseRequest(
        incident=incident,
        is_account=account is not None,
        at=parse_time(at),
        requested_by=one_line(by, 100) if isinstance(by, str) else "somebody",
        reason=one_line(reason, 200) if isinstance(reason, str) else "",
    )


def _read_body(record: object) -> Content:
    """Parse a queue record."""
    body = record.get("body") if isinstance(record, dict) else None
    if not isinstance(body, str):
        raise UnreadableError("the record has no body")
    return _read_text(body)


def _is_sns(record: object) -> TypeGuard[Document]:
    """Return whether a record was delivered by SNS."""
    return isinstance(record, dict) and "Sns" in record


def _record_id(record: object) -> str:
    """Return a queue record's id, with which its failure is reported."""
    identifier = record.get("messageId") if isinstance(record, dict) else None
    return identifier if isinstance(identifier, str) else ""


def _parse(text: str) -> object:
    """Parse JSON with exact numbers.

    Raises:
        UnreadableError: when it is not JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError):
        raise UnreadableError("the record is not JSON") from None
