"""Dispatch an invocation's records and return those that failed. No record affects another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alert_router.events.alarm import AlarmChange
from alert_router.events.envelope import (
    CloseRequest,
    Content,
    Flush,
    Ignored,
    ReconcileRequest,
    Record,
    ReportRequest,
    TestRequest,
    parse,
)
from alert_router.events.notice import Notice
from alert_router.incidents.belief import dated
from alert_router.incidents.incident import IncidentKey
from alert_router.incidents.lifecycle.transitions import identify
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.send import send
from alert_router.notify.update import IncidentUpdate, update_incident, verified

_Changes = dict[IncidentKey, list[tuple[Record, str, AlarmChange]]]


class RouteError(Exception):
    """An invocation that is not a queue's batch failed; Lambda has to retry it."""


def run(context: RouterContext, records: Sequence[Record]) -> list[str | None]:
    """Handle all records; return the ids of those that failed, None for one without an id.

    Transitions of one account are applied together, so that alarms that fire together cause one
    message.
    """
    changes: _Changes = {}
    others: list[tuple[Record, Content]] = []
    failed = _sort(context, records, changes, others)
    failed += _route(context, changes)
    for record, content in others:
        try:
            _handle(context, content)
        except Exception as exc:  # noqa: BLE001 -- one record's failure does not block the others
            _log_failure(context, record, exc)
            failed.append(record.record_id)
    return list(dict.fromkeys(failed))


def _sort(
    context: RouterContext,
    records: Sequence[Record],
    changes: _Changes,
    others: list[tuple[Record, Content]],
) -> list[str | None]:
    """Parse the records into ``changes`` and ``others``; return the ids of unreadable ones."""
    failed: list[str | None] = []
    for record in records:
        try:
            content = parse(record)
            if isinstance(content, AlarmChange) and not content.ignored_because:
                key, kind = identify(content, context.name)
                change = dated(content, context.clock())
                changes.setdefault(key, []).append((record, kind, change))
            else:
                others.append((record, content))
        except Exception as exc:  # noqa: BLE001 -- a malformed record affects nothing else
            _log_failure(context, record, exc)
            context.stats.faults += 1
            failed.append(record.record_id)
    return failed


def _route(
    context: RouterContext, changes: Mapping[IncidentKey, Sequence[tuple[Record, str, AlarmChange]]]
) -> list[str | None]:
    """Apply transitions to their incidents and send what is due; return the ids that failed."""
    context.snapshots.prepare(changes)
    pending, failed = [], []
    updates = [
        IncidentUpdate(key, changes=[(kind, change) for _, kind, change in grouped])
        for key, grouped in changes.items()
    ]
    for update in verified(context, updates):
        try:
            incident = update_incident(context, update)
        except Exception as exc:  # noqa: BLE001 -- one incident's failure does not block the others
            context.log.warning(
                "alarm not routed", incident=update.key.id, error=type(exc).__name__
            )
            failed.append(update.key)
            continue
        if incident is not None:
            pending.append(incident)
    failed += send(context, pending)
    return [record.record_id for key in failed for record, _, _ in changes[key]]


def _handle(context: RouterContext, content: Content) -> None:
    """Handle a record that is not a transition.

    Raises:
        RouteError: when SNS did not accept a message.
    """
    match content:
        case ReconcileRequest():
            from alert_router.notify.reconcile import (  # noqa: PLC0415 -- rare, and cold starts count
                reconcile,
            )

            reconcile(context)
        case Flush():
            from alert_router.notify.flush import flush  # noqa: PLC0415 -- the same

            if flush(context):
                raise RouteError("SNS did not accept the grouped messages")
        case ReportRequest():
            from alert_router.notify.sending.weekly import send_reports  # noqa: PLC0415 -- the same

            send_reports(context, content.due)
        case TestRequest():
            from alert_router.notify.sending.selftest import send_test  # noqa: PLC0415 -- the same

            send_test(context, content)
        case CloseRequest():
            from alert_router.notify.sending.closing import close  # noqa: PLC0415 -- the same

            close(context, content)
        case Notice():
            from alert_router.notify.sending.notice import send_notice  # noqa: PLC0415 -- the same

            send_notice(context, content)
        case AlarmChange():
            context.log.info("alarm ignored", alarm=content.alarm_name, why=content.ignored_because)
        case Ignored():
            context.log.info("event ignored", why=content.why)


def _log_failure(context: RouterContext, record: Record, exc: Exception) -> None:
    """Log a record that has to be retried."""
    context.log.warning(
        "record failed", error=type(exc).__name__, reason=str(exc), record=record.record_id
    )
