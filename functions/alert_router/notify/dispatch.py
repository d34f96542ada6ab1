"""Takes an invocation's records to where they belong, and says which of them failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alert_router.events.alarm import AlarmChange
from alert_router.events.envelope import Content, Flush, Ignored, Parcel, TestRequest, Tick
from alert_router.incidents.incident import Subject, locate
from alert_router.notify.context import Desk
from alert_router.notify.send import send
from alert_router.notify.update import Work, settle


class RouteError(Exception):
    """An invocation that is no queue's batch could not be done; Lambda is to try it again."""


def run(desk: Desk, parcels: Sequence[Parcel]) -> list[str | None]:
    """Handle all records; return the ids of those that failed, each for itself.

    Transitions of one account are taken together, so that what fires together is told once.
    """
    failed: list[str | None] = []
    changes: dict[Subject, list[tuple[Parcel, str, AlarmChange]]] = {}
    others: list[tuple[Parcel, Content]] = []
    for parcel in parcels:
        try:
            content = parcel.open()
        except ValueError as exc:
            desk.log.warning("unreadable record", reason=str(exc), record=parcel.record_id)
            failed.append(parcel.record_id)
            continue
        if isinstance(content, AlarmChange) and not content.ignored_because:
            subject, kind = locate(content, desk.name)
            changes.setdefault(subject, []).append((parcel, kind, content))
        else:
            others.append((parcel, content))
    failed += _route(desk, changes)
    for parcel, content in others:
        try:
            _handle(desk, content)
        except Exception as exc:  # noqa: BLE001 -- one record's failure is not another's
            desk.log.warning(
                "record failed", error=type(exc).__name__, reason=str(exc), record=parcel.record_id
            )
            failed.append(parcel.record_id)
    return list(dict.fromkeys(failed))


def _route(
    desk: Desk, changes: Mapping[Subject, Sequence[tuple[Parcel, str, AlarmChange]]]
) -> list[str | None]:
    """Take transitions into their episodes and send what they owe; return what failed."""
    desk.knowledge.prepare(changes)
    owing, failed = [], []
    for subject, grouped in changes.items():
        work = Work(subject, changes=[(kind, change) for _, kind, change in grouped])
        try:
            episode = settle(desk, work)
        except Exception as exc:  # noqa: BLE001 -- one account's failure is not another's
            desk.log.warning("alarm not routed", subject=subject.id, error=type(exc).__name__)
            failed.append(subject)
            continue
        if episode is not None:
            owing.append(episode)
    failed += send(desk, owing)
    return [parcel.record_id for subject in failed for parcel, _, _ in changes[subject]]


def _handle(desk: Desk, content: Content) -> None:
    """Handle what is no transition.

    Raises:
        RouteError: when a message was not taken.
    """
    match content:
        case Tick():
            from alert_router.notify.reconcile import tick  # noqa: PLC0415 -- rare, and a cold start counts

            tick(desk)
        case Flush():
            from alert_router.notify.flush import flush  # noqa: PLC0415 -- the same

            if flush(desk):
                raise RouteError("grouped messages were not taken")
        case TestRequest():
            from alert_router.notify.selftest import send_trial  # noqa: PLC0415 -- the same

            send_trial(desk, content)
        case AlarmChange():
            desk.log.info("alarm ignored", alarm=content.alarm_name, why=content.ignored_because)
        case Ignored():
            desk.log.info("event ignored", why=content.why)
