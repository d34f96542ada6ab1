"""Looks at everything that is open: what was missed, what is overdue, what is worth repeating."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.incidents.decision import take_over
from alert_router.incidents.incident import FOREIGN_KIND, Episode, Scope, Subject, locate
from alert_router.notify.context import Desk
from alert_router.notify.flush import flush
from alert_router.notify.send import send
from alert_router.notify.update import BusyError, Work, advance, claim, settle
from shared.names import AlarmKind, AlarmName


class TickError(Exception):
    """A part of the tick failed, after everything else was attempted. The text says which."""


def tick(desk: Desk) -> None:
    """Bring every open episode up to date.

    Raises:
        TickError: when something could not be done; the next tick tries again.
    """
    episodes = list(desk.memory.episodes())
    now = desk.clock()
    failures: list[str] = []
    overdue = [e for e in episodes if e.outbox and e.outbox.lease_until <= now]
    taken = claim(desk, (take_over(e, now, desk.policy) for e in overdue), now)
    if send(desk, taken):
        failures.append("overdue messages were not taken")
    works = _works(desk, episodes, failures)
    owing = _settle_all(desk, works, {e.subject: e for e in episodes}, now, failures)
    if send(desk, owing):
        failures.append("messages were not taken")
    try:
        if flush(desk, episodes):
            failures.append("grouped messages were not taken")
    except BusyError as exc:
        failures.append(str(exc))
    if failures:
        raise TickError("; ".join(failures))


def _settle_all(
    desk: Desk,
    works: Sequence[Work],
    remembered: Mapping[Subject, Episode],
    now: datetime,
    failures: list[str],
) -> list[Episode]:
    """Settle what has anything to do; return what owes a message."""
    desk.knowledge.prepare(work.subject for work in works)

    def bring_up_to_date(work: Work) -> Episode | None:
        known = remembered.get(work.subject) or Episode(work.subject)
        try:
            if known.outbox is None and advance(desk, known, work, now) == known:
                return None
            return settle(desk, work)
        except BusyError:
            # Whoever is sending goes on with it, or the next tick does.
            desk.log.info("left to another invocation", subject=work.subject.id)
        except Exception as exc:  # noqa: BLE001 -- one account's failure is not another's
            failures.append(f"{work.subject.id}: {type(exc).__name__}")
        return None

    return [owing for owing in desk.each(bring_up_to_date, works) if owing is not None]


def _works(desk: Desk, episodes: Iterable[Episode], failures: list[str]) -> list[Work]:
    """Compare what is open with CloudWatch; without CloudWatch, only remind."""
    known = list(episodes)
    opened = [episode for episode in known if episode.is_open]
    plain = {e.subject: Work(e.subject, reminds=True) for e in opened}
    try:
        unheard = _unheard(desk, {e.subject: e for e in known})
        compared = _compared(desk, opened)
    except Exception as exc:  # noqa: BLE001 -- reminders and overdue messages still go out
        failures.append(f"CloudWatch was not asked: {type(exc).__name__}")
        return list(plain.values())
    return list((plain | unheard | compared).values())


def _unheard(desk: Desk, known: Mapping[Subject, Episode]) -> dict[Subject, Work]:
    """Find account alarms that fire and that nobody told the router of."""
    found: dict[Subject, list[tuple[str, AlarmChange]]] = {}
    for change in desk.alarms.firing():
        subject, kind = locate(change, desk.name)
        episode = known.get(subject)
        if subject.scope is Scope.ACCOUNT and not (episode and kind in episode.firing):
            found.setdefault(subject, []).append((kind, change))
    return {
        subject: Work(subject, changes=changes, reminds=True) for subject, changes in found.items()
    }


def _compared(desk: Desk, opened: Sequence[Episode]) -> dict[Subject, Work]:
    """Compare the alarms of open episodes with what CloudWatch says of them."""
    names = {e.subject: _alarm_names(desk, e) for e in opened}
    states = desk.alarms.states(name for kinds in names.values() for name in kinds.values())
    works: dict[Subject, Work] = {}
    for episode in opened:
        kinds = names[episode.subject]
        works[episode.subject] = Work(
            episode.subject,
            changes=[
                (kind, states[name])
                for kind, name in kinds.items()
                if name in states and _differs(episode, kind, states[name])
            ],
            gone=frozenset(kind for kind, name in kinds.items() if name not in states),
            reminds=True,
        )
    return works


def _alarm_names(desk: Desk, episode: Episode) -> dict[str, str]:
    """Return the names of an episode's alarms that CloudWatch can be asked for, by kind."""
    kinds = [kind for kind, fact in episode.facts.items() if not fact.is_gone]
    if episode.subject.scope is Scope.ACCOUNT:
        account = episode.subject.id
        return {kind: AlarmName(account, AlarmKind(kind)).format(desk.name) for kind in kinds}
    note = episode.note
    if note is None or not desk.links.is_here(note.alarm_arn):
        return {}
    return dict.fromkeys(kinds, note.alarm_name)


def _differs(episode: Episode, kind: str, change: AlarmChange) -> bool:
    """Whether CloudWatch's state is news; of a series' alarm only its end is."""
    fires = change.state is AlarmState.ALARM
    if kind == FOREIGN_KIND and episode.note is not None and episode.note.contributor:
        return change.state is AlarmState.OK and episode.facts[kind].firing
    if change.state is AlarmState.INSUFFICIENT_DATA:
        return False
    return fires is not episode.facts[kind].firing
