"""Asks providers which keys of an account consumed most. Failures are silent: this is an extra."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from balance_poller.credentials.binding import check_binding, destination_of
from balance_poller.credentials.reference import Keys, SecretError
from balance_poller.definitions.language.template import ConfigError
from balance_poller.event import Account
from balance_poller.exchange.breakdown import read_breakdown
from balance_poller.exchange.provider import Provider
from balance_poller.fetching.fetch import BalanceFetcher, Providers
from balance_poller.fetching.transport.errors import FetchError
from balance_poller.fetching.workers import Transport
from balance_poller.ledger.window import DAY, Window, today
from shared.records.breakdown import Breakdown

#: At most this many at a time; if a whole provider runs dry, the first ones are enough.
_MOST: Final = 20


async def ask_breakdowns(
    fetcher: BalanceFetcher, accounts: Sequence[Account], providers: Providers, deadline: float
) -> list[Breakdown]:
    """Return the breakdowns received by ``deadline``, for accounts whose provider has them.

    Args:
        fetcher: Sends the requests.
        accounts: Those that have just turned critical, or begun to drain.
        providers: The definitions.
        deadline: When to stop (``fetcher.limits.monotonic``).
    """
    asked = [
        (account, provider)
        for account in accounts
        if isinstance(provider := providers.get(account.provider), Provider)
        and provider.definition.breakdown is not None
    ][:_MOST]
    if not asked or deadline <= fetcher.limits.monotonic():
        return []
    keys = await asyncio.to_thread(fetcher.secrets.read, [account.secret for account, _ in asked])
    found: list[Breakdown] = []
    async with fetcher.transport() as transport:

        async def ask(slot: int, account: Account, provider: Provider) -> None:
            with suppress(FetchError, ConfigError, SecretError):
                one = await _ask(fetcher, account, provider, keys, transport, slot, deadline)
                found.extend([one] if one else [])

        tasks = [asyncio.create_task(ask(slot, *one)) for slot, one in enumerate(asked)]
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _ask(  # noqa: PLR0913, PLR0917 -- whatever one request needs
    fetcher: BalanceFetcher,
    account: Account,
    provider: Provider,
    keys: Keys,
    transport: Transport,
    slot: int,
    deadline: float,
) -> Breakdown | None:
    """Return the breakdown of one account; None if the answer is not one."""
    spec, stored = provider.definition.breakdown, keys.found.get(account.secret)
    if spec is None or stored is None:
        return None
    now = fetcher.limits.now()
    request = provider.prepare_breakdown(
        stored.key,
        account.params,
        account.base_url,
        allow_http_loopback=fetcher.allow_http_loopback,
        window=_days(now),
    )
    if request is None:
        return None
    destination = destination_of(provider, request.url, account.base_url)
    check_binding(account.id, account.secret, stored, destination, fetcher.keys)
    response = await transport.send(request, slot, deadline - fetcher.limits.monotonic())
    shares = read_breakdown(spec, response)
    return Breakdown(account.id, now, spec.unit, spec.over, shares) if shares else None


def _days(now: datetime) -> Window:
    """Return the days of a cost report by key: yesterday and today, which may have just begun."""
    return Window(today(now) - DAY, today(now) + DAY)
