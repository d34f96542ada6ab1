"""Breakdowns by key, requested when an account turns critical or drains, after all else.

The router has no keys and the poller sees no alarms, so the poller asks in the run that detects it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from balance_poller.event import Account
from balance_poller.fetching.breakdown import ask_breakdowns
from balance_poller.fetching.fetch import BalanceFetcher, Providers
from balance_poller.recording.records import Recorded
from balance_poller.recording.tables.breakdown_table import BreakdownTable
from shared.records import Latest

#: Balances are recorded by then, and a run ends before the next one begins.
_SECONDS: Final = 8.0


def newly_alarming(recorded: Sequence[Recorded], known: Mapping[str, Latest]) -> list[str]:
    """Return the accounts that are below critical, or drain, and were not before."""
    return [
        made.latest.account
        for made in recorded
        if made.latest.good.is_alarming and not _was_alarming(known.get(made.latest.account))
    ]


def _was_alarming(latest: Latest | None) -> bool:
    """Return whether an account was alarming when it was last read."""
    return latest is not None and latest.good.is_alarming


def record_breakdowns(
    accounts: Sequence[Account],
    providers: Providers,
    fetcher: BalanceFetcher,
    table: Callable[[], BreakdownTable],
    deadline: float,
) -> list[str]:
    """Ask about accounts whose provider can say, and store it; return what could not be stored.

    Args:
        accounts: Those that have just become alarming.
        providers: The definitions.
        fetcher: Sends the requests.
        table: Where it is stored.
        deadline: When requests must end (``fetcher.limits.monotonic``).
    """
    if not accounts:
        return []
    ends = min(deadline, fetcher.limits.monotonic() + _SECONDS)
    errors = table().write(asyncio.run(ask_breakdowns(fetcher, accounts, providers, ends)))
    return [f"the keys that consumed most could not be stored: {code}" for code in errors]
