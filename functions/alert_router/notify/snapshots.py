"""Account records and silences, each read once per invocation. Reads here never fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from alert_router.incidents.belief import is_future_record
from alert_router.incidents.incident import Incident, IncidentKey, Scope
from alert_router.incidents.snapshot import AccountSnapshot, EnrichmentError, newest_balance
from shared.names import NO_SUBJECT
from shared.records import Latest
from shared.records.breakdown import Breakdown
from shared.silences import Silence, is_silenced

if TYPE_CHECKING:
    from alert_router.notify.adapters import BalanceTable, SilenceTable

_DAY = timedelta(hours=24)


class AccountSnapshots:
    """The records and silences that one invocation's decisions and texts use.

    Nothing here fails: what cannot be read is unknown, and the message goes out without it.
    """

    def __init__(self, balances: BalanceTable, silences: SilenceTable, failures: list[str]) -> None:
        self._balances = balances
        self._silence_table = silences
        self._failures = failures
        self._latest: dict[str, Latest | None] = {}
        self._unreadable: set[str] = set()
        self._silences: list[Silence] | None = None

    def prepare(self, keys: Iterable[IncidentKey]) -> None:
        """Read the records of accounts not read yet, in one batch."""
        wanted = [
            key.id for key in keys if key.scope is Scope.ACCOUNT and key.id not in self._latest
        ]
        if not wanted:
            return
        try:
            found = self._balances.read(wanted)
        except EnrichmentError as exc:
            self._failures.append(str(exc))
            self._unreadable.update(wanted)
            found = {}
        for account in wanted:
            self._latest[account] = found.get(account)
            if account in found and found[account] is None:
                self._distrust(account)

    def latest(self, key: IncidentKey) -> Latest | None:
        """Return an account's record; None if there is none or it cannot be read."""
        self.prepare([key])
        return self._latest.get(key.id)

    def is_readable(self, key: IncidentKey) -> bool:
        """Whether an account's record was read, or is known not to exist."""
        return key.id not in self._unreadable

    def distrust(self, key: IncidentKey) -> None:
        """Ignore an account's record from now on, because it broke something."""
        if self._latest.get(key.id) is not None:
            self._latest[key.id] = None
            self._distrust(key.id)

    def forget(self, key: IncidentKey) -> None:
        """Read the account's record again when it is next needed."""
        self._latest.pop(key.id, None)
        self._unreadable.discard(key.id)

    def history(self, key: IncidentKey, now: datetime) -> Mapping[datetime, Decimal]:
        """Return a day of an account's balances; empty if they cannot be read."""
        try:
            return self._balances.history(key.id, now - _DAY, now)
        except EnrichmentError as exc:
            self._failures.append(str(exc))
            return {}

    def breakdown(self, key: IncidentKey, now: datetime) -> Breakdown | None:
        """Return which keys consumed most, if that is known and fresh."""
        try:
            found = self._balances.breakdown(key.id)
        except EnrichmentError as exc:
            self._failures.append(str(exc))
            return None
        return found if found is not None and found.is_fresh(now) else None

    def of(self, incident: Incident, now: datetime) -> AccountSnapshot:
        """Return the snapshot for decisions about an incident."""
        latest = self.latest(incident.key)
        if latest is not None and is_future_record(latest, now):
            self.distrust(incident.key)
            latest = None
        balance, balance_at = newest_balance(incident, latest, now)
        return AccountSnapshot(
            latest=latest,
            is_readable=incident.key.scope is Scope.ACCOUNT
            and incident.key.id not in self._unreadable,
            is_silenced=self._is_silenced(incident, latest, now),
            balance=balance,
            balance_at=balance_at,
        )

    def _distrust(self, account: str) -> None:
        """Count a record that cannot be read."""
        self._unreadable.add(account)
        self._failures.append(f"the record of {account} cannot be read")

    def _is_silenced(self, incident: Incident, latest: Latest | None, now: datetime) -> bool:
        """Whether a silence covers the incident; a foreign alarm is silenced by its name."""
        if self._silences is None:
            try:
                self._silences = list(self._silence_table.silences())
            except Exception as exc:  # noqa: BLE001 -- in doubt people are alerted
                self._failures.append(f"the silences cannot be read: {type(exc).__name__}")
                self._silences = []
        if incident.foreign_alarm is not None:
            return is_silenced(self._silences, incident.foreign_alarm.alarm_name, NO_SUBJECT, now)
        provider = latest.provider if latest else incident.provider
        return is_silenced(self._silences, incident.key.id, provider, now)
