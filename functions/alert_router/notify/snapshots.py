"""What one invocation knows of accounts: their records and the silences, each read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from alert_router.aws.balance_table import EnrichmentError
from alert_router.incidents.balance import newest_balance
from alert_router.incidents.decision import View
from alert_router.incidents.incident import Episode, Scope, Subject
from alert_router.incidents.silence import Silence, is_silenced
from shared.names import NO_SUBJECT
from shared.records import Latest

if TYPE_CHECKING:
    from alert_router.notify.ports import Records, Silences

_DAY = timedelta(hours=24)


class Knowledge:
    """The records and silences that decisions and texts of one invocation rest on.

    Nothing here fails: what cannot be read is unknown, and a message goes out with less.
    """

    def __init__(self, records: Records, silences: Silences, failures: list[str]) -> None:
        self._records = records
        self._silence_source = silences
        self._failures = failures
        self._latest: dict[str, Latest | None] = {}
        self._unreadable: set[str] = set()
        self._silences: list[Silence] | None = None

    def prepare(self, subjects: Iterable[Subject]) -> None:
        """Read the records of accounts that are not known yet, together."""
        wanted = [
            subject.id
            for subject in subjects
            if subject.scope is Scope.ACCOUNT and subject.id not in self._latest
        ]
        if not wanted:
            return
        try:
            found = self._records.read(wanted)
        except EnrichmentError as exc:
            self._failures.append(str(exc))
            self._unreadable.update(wanted)
            found = {}
        self._latest |= {account: found.get(account) for account in wanted}

    def latest(self, subject: Subject) -> Latest | None:
        """Return an account's record; None where there is none, or it cannot be read."""
        self.prepare([subject])
        return self._latest.get(subject.id)

    def forget(self, subject: Subject) -> None:
        """Read the account's record again when it is next asked for."""
        self._latest.pop(subject.id, None)
        self._unreadable.discard(subject.id)

    def history(self, subject: Subject, now: datetime) -> Mapping[datetime, Decimal]:
        """Return a day of an account's balances; nothing where they cannot be read."""
        if subject.scope is not Scope.ACCOUNT:
            return {}
        try:
            return self._records.history(subject.id, now - _DAY, now)
        except EnrichmentError as exc:
            self._failures.append(str(exc))
            return {}

    def view(self, episode: Episode, now: datetime) -> View:
        """Return what decisions about an episode rest on."""
        latest = self.latest(episode.subject)
        balance, _ = newest_balance(episode, latest)
        silenced = self._is_silenced(episode, latest, now)
        if latest is None:
            unknown = (
                episode.subject.scope is Scope.FOREIGN or episode.subject.id in self._unreadable
            )
            return View(
                balance=balance,
                is_polled=unknown,
                is_set_up=None if unknown else False,
                is_silenced=silenced,
            )
        return View(
            balance=balance,
            unit=latest.good.unit or "",
            runway_hours=latest.good.runway_hours,
            thresholds=latest.thresholds,
            balance_at=latest.good.balance_at,
            is_set_up=latest.is_set_up,
            outcome=latest.outcome.value,
            is_silenced=silenced,
        )

    def _is_silenced(self, episode: Episode, latest: Latest | None, now: datetime) -> bool:
        """Whether a silence covers the subject; a foreign alarm is covered by its name."""
        if self._silences is None:
            try:
                self._silences = list(self._silence_source.silences())
            except Exception as exc:  # noqa: BLE001 -- in doubt people are told
                self._failures.append(f"the silences cannot be read: {type(exc).__name__}")
                self._silences = []
        if episode.note is not None:
            return is_silenced(self._silences, episode.note.alarm_name, NO_SUBJECT, now)
        provider = latest.provider if latest else episode.provider
        return is_silenced(self._silences, episode.subject.id, provider, now)
