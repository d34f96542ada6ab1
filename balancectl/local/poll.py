"""Polls accounts from this machine with the deployed poller's code, without AWS.

Allows plain http on loopback, to try a service out; nowhere else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from balance_poller.credentials.reference import Keys, SecretError, StoredKey
from balance_poller.definitions.definition import DefinitionError
from balance_poller.event import Account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.explain import explain_response
from balance_poller.exchange.provider import Provider
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.fetch import Providers
from balance_poller.fetching.plan import Plan, PlanRules, load_providers, make_plan
from balance_poller.fetching.request_group import RequestGroup
from balance_poller.fetching.transport.addresses import AddressPolicy
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.workers import FetchLimits, Transport, fetch_all
from balance_poller.ledger.budget import budget_left
from balance_poller.ledger.window import Window, month_window
from balance_poller.recording.records import ProviderFacts, Recorded, record
from balancectl.cli.errors import CliError
from balancectl.keys.files import variable_of
from shared.money import format_amount
from shared.secret import PlainKey, seal

_MAX_IN_FLIGHT: Final = 20
_TIMEOUT_SECONDS: Final = 15.0
#: The user of this machine can reach these addresses anyway.
_ANYWHERE: Final = AddressPolicy(private=True, loopback=True)
#: For all requests, including retries.
_DEADLINE_SECONDS: Final = 120.0

TransportFactory = Callable[[], AbstractAsyncContextManager[Transport]]


@dataclass(frozen=True, slots=True)
class LocalPoll:
    """The result of polling one account."""

    account: Account
    reading: Reading
    at: datetime
    """The poll's scheduled time."""
    provider: Provider | None
    """None if there is no usable definition."""
    remark: str | None
    """A remark on an unusual form of the account's key."""
    group: RequestGroup | None = field(repr=False)
    """The request with whatever comes before it; None if none was sent."""
    response: Response | None = field(repr=False)
    """The response; None if there was none. Its body may name people: never print it."""

    @property
    def request(self) -> str | None:
        """The request with its keys masked; None if none was sent."""
        return self.group.masked() if self.group else None

    @property
    def status(self) -> int | None:
        """The response's HTTP status; None if there was none."""
        return self.response.status if self.response else None

    @property
    def content_type(self) -> str:
        """The response's content type; empty if there was none."""
        return self.response.content_type if self.response else ""

    @property
    def evaluated(self) -> Mapping[str, object]:
        """The result of each expression of the definition, by path; empty without a response."""
        if self.provider is None or self.response is None:
            return {}
        return explain_response(self.provider.definition, self.response, self.at)

    @property
    def spent(self) -> str | None:
        """What a cost report says of this month; None where a balance is read."""
        spend = self.provider.definition.spend if self.provider else None
        if spend is None or self.reading.costs is None:
            return None
        return format_amount(sum(self.reading.costs.values(), Decimal(0)), spend.unit)

    @property
    def recorded(self) -> Recorded:
        """What the deployed poller would publish and record."""
        definition = self.provider and self.provider.definition
        facts = (
            ProviderFacts(definition.title, definition.top_up_url)
            if definition
            else ProviderFacts(self.account.provider)
        )
        return record(self.account, facts, self.reading, None, self.at)


@dataclass(slots=True)
class _Recording:
    """Sends through another transport, and keeps the last response to each request."""

    inner: Transport
    answers: dict[object, Response] = field(default_factory=dict)
    """By the ticket of the request."""

    async def send(self, request: PreparedRequest, slot: int, seconds: float) -> Response:
        """Send one request."""
        self.answers.pop(request.ticket, None)
        answer = await self.inner.send(request, slot, seconds)
        self.answers[request.ticket] = answer
        return answer


def poll_accounts(
    accounts: Sequence[Account],
    inline: Mapping[str, object],
    keys: Mapping[str, PlainKey],
    at: datetime,
    transport: TransportFactory | None = None,
) -> list[LocalPoll]:
    """Poll ``accounts`` once and return their results, in the same order.

    Args:
        accounts: What to poll.
        inline: Definitions of custom providers by name.
        keys: Keys by account; without one, an account's outcome is ``bad_config``.
        at: The poll's scheduled time.
        transport: Makes what sends the requests; by default, they go to the network.

    Raises:
        CliError: When accounts that share a secret are given different keys.
    """
    providers = load_providers(accounts, inline)
    usable_keys = _usable_keys(accounts, keys, providers)
    rules = PlanRules(allow_http_loopback=True, windows=_windows(accounts, providers, at))
    plan = make_plan(accounts, providers, usable_keys, rules)
    fetched, answers = _send(plan, transport) if plan.groups else ({}, {})
    readings = plan.readings | fetched
    groups = {account.id: group for group in plan.groups for account in group.accounts}
    polls = []
    for account in accounts:
        provider = providers[account.provider]
        usable = provider if isinstance(provider, Provider) else None
        group = groups.get(account.id)
        polls.append(
            LocalPoll(
                account=account,
                reading=_of_budget(readings[account.id], account, usable, at),
                at=at,
                provider=usable,
                remark=_remark(usable, keys.get(account.id)),
                group=group,
                response=None if group is None else answers.get(group.request.ticket),
            )
        )
    return polls


def _windows(accounts: Sequence[Account], providers: Providers, at: datetime) -> dict[str, Window]:
    """Return the days of which reported cost is requested, by account.

    A ledger's days are known to the deployment alone; this month shows what a key can read.
    """
    return {
        account.id: month_window(at)
        for account in accounts
        if isinstance(provider := providers[account.provider], Provider)
        and provider.definition.spend is not None
    }


def _of_budget(
    reading: Reading, account: Account, provider: Provider | None, at: datetime
) -> Reading:
    """Return a reading of reported cost with what is left of the account's budget, if any."""
    spend = provider.definition.spend if provider else None
    if spend is None or reading.costs is None or account.budget is None:
        return reading
    wallet, meter = budget_left(
        account.budget, spend.unit, reading.costs, at, None, is_by_day=spend.total is None
    )
    return reading._replace(balance=wallet, meter=meter)


def _send(
    plan: Plan, transport: TransportFactory | None
) -> tuple[dict[str, Reading], dict[object, Response]]:
    """Send the plan's requests; return the readings by account, and the answers by ticket."""

    async def run() -> tuple[dict[str, Reading], dict[object, Response]]:
        limits = FetchLimits(_MAX_IN_FLIGHT, _TIMEOUT_SECONDS)
        make = transport or (lambda: Fetcher(_TIMEOUT_SECONDS, _ANYWHERE))
        async with make() as inner:
            recording = _Recording(inner)
            deadline = time.monotonic() + _DEADLINE_SECONDS
            return await fetch_all(plan.groups, recording, deadline, limits), recording.answers

    return asyncio.run(run())


def _usable_keys(
    accounts: Sequence[Account],
    keys: Mapping[str, PlainKey],
    providers: Mapping[str, Provider | DefinitionError],
) -> Keys:
    """Return the keys by secret, and why a secret has none that can be sent.

    Raises:
        CliError: When accounts that share a secret are given different keys.
    """
    found: dict[str, PlainKey] = {}
    missing: dict[str, SecretError] = {}
    for account in accounts:
        key = keys.get(account.id)
        provider = providers[account.provider]
        if key is not None and found.setdefault(account.secret, key) != key:
            raise CliError(
                f"'{account.id}' shares its secret with another account, but was given another key"
            )
        if isinstance(key, str) and isinstance(provider, Provider):
            kinds = provider.definition.key_pattern
            if kinds and (refusal := kinds.refusal(key)):
                missing[account.secret] = SecretError(refusal)
    for account in accounts:
        if account.secret not in found:
            missing[account.secret] = SecretError(f"no key: set {variable_of(account.id)}")
    return Keys({reference: StoredKey(seal(key)) for reference, key in found.items()}, missing)


def _remark(provider: Provider | None, key: PlainKey | None) -> str | None:
    """Return a remark on an unusual form of a key."""
    if provider is None or not isinstance(key, str):
        return None
    kinds = provider.definition.key_pattern
    return kinds.remark(key) if kinds else None
