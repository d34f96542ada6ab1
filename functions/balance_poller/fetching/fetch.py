"""Gets a reading for every account: reads the keys, plans the requests, sends them.

If a request is refused and another key has been stored meanwhile, it sends the request again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple

from balance_poller.credentials.binding import KeyPolicy
from balance_poller.credentials.reference import Keys, SecretStoreError
from balance_poller.credentials.store import SecretStore
from balance_poller.definitions.definition import DefinitionError
from balance_poller.event import Account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.provider import Provider
from balance_poller.fetching.plan import PlanRules, Windows, make_plan
from balance_poller.fetching.request_group import KeptValues, RequestGroup
from balance_poller.fetching.workers import FetchLimits, Transport, fetch_all

Providers = Mapping[str, Provider | DefinitionError]


class Fetched(NamedTuple):
    """The result of fetching."""

    readings: Mapping[str, Reading]
    secret_errors: tuple[str, ...] = ()
    """Why no secrets could be read, if so."""


class BalanceFetcher:
    """Fetches the balances of accounts.

    Args:
        secrets: Reads the keys.
        transport: Opens a run's connections.
        limits: Limits of concurrency, time and retries.
        keys: Where keys may be sent.
        allow_http_loopback: Whether requests may be plain http on loopback.
    """

    def __init__(
        self,
        secrets: SecretStore,
        transport: Callable[[], AbstractAsyncContextManager[Transport]],
        limits: FetchLimits,
        keys: KeyPolicy,
        *,
        allow_http_loopback: bool = False,
    ) -> None:
        self.secrets = secrets
        self.transport = transport
        self.limits = limits
        self.keys = keys
        self.allow_http_loopback = allow_http_loopback
        self._kept: KeptValues = {}

    async def fetch(
        self,
        accounts: Sequence[Account],
        providers: Providers,
        not_before: Mapping[str, datetime],
        deadline: float,
        windows: Windows | None = None,
    ) -> Fetched:
        """Return a reading for every account.

        Args:
            accounts: Whose balances to fetch.
            providers: The definitions that could be read in time.
            not_before: Accounts whose provider asked to wait, and until when.
            deadline: When fetching must end (``limits.monotonic``).
            windows: The days to request, for accounts whose provider reports cost.
        """
        if not accounts:
            return Fetched({})
        keys = await asyncio.to_thread(self.secrets.read, [a.secret for a in accounts])
        rules = PlanRules(
            self.allow_http_loopback,
            self.keys,
            not_before,
            windows or {},
            lambda: self.limits.monotonic() >= deadline,
        )
        plan = make_plan(accounts, providers, keys, rules)
        readings = dict(plan.readings)
        if plan.groups:
            async with self.transport() as transport:
                readings |= await self._sent(plan.groups, transport, deadline)
                refused = _refused(plan.groups, readings)
                if refused and self.limits.monotonic() < deadline:
                    changed, now_stored = await self._rotated(refused, keys)
                    groups = make_plan(changed, providers, now_stored, rules).groups
                    readings |= await self._sent(groups, transport, deadline)
        return Fetched(readings, _store_errors(keys))

    async def _sent(
        self, groups: Sequence[RequestGroup], transport: Transport, deadline: float
    ) -> dict[str, Reading]:
        """Send the requests of ``groups``; values from preceding ones serve later runs, too."""
        return await fetch_all(groups, transport, deadline, self.limits, self._kept)

    async def _rotated(self, refused: Sequence[Account], keys: Keys) -> tuple[list[Account], Keys]:
        """Return the accounts whose key has changed meanwhile, and the current keys."""
        references = {account.secret for account in refused}
        now_stored = await asyncio.to_thread(self.secrets.read_again, references)
        changed = [
            account
            for account in refused
            if account.secret in now_stored.found
            and now_stored.found[account.secret].key != keys.found[account.secret].key
        ]
        return changed, now_stored


def _store_errors(keys: Keys) -> tuple[str, ...]:
    """Return why secrets could not be read, each reason once."""
    problems = [each for each in keys.missing.values() if isinstance(each, SecretStoreError)]
    return tuple(dict.fromkeys(map(str, problems)))


def _refused(groups: Sequence[RequestGroup], readings: Mapping[str, Reading]) -> list[Account]:
    """Return the accounts whose request was refused, perhaps for its key."""
    return [
        account for group in groups for account in group.accounts if readings[account.id].is_refusal
    ]
