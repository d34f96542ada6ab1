"""One request, and the accounts that share its answer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from balance_poller.event import Account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.provider import Provider
from balance_poller.exchange.request import PreparedRequest
from shared.outcome import Outcome
from shared.secret import Secret

if TYPE_CHECKING:
    from balance_poller.ledger.window import Window

KeptValues = dict[bytes, tuple[float, Mapping[str, Secret]]]
"""By a digest of the preceding request: until when its values are valid, and these."""


class Before(NamedTuple):
    """A preceding request, and its purpose."""

    request: PreparedRequest
    complete: Callable[[Mapping[str, Secret]], PreparedRequest]
    """Returns the group's request with the first answer's values; raises ``ConfigError``."""


class RequestGroup(NamedTuple):
    """Accounts that share provider, parameters, base URL and key, and so one request."""

    provider: Provider
    request: PreparedRequest
    accounts: tuple[Account, ...]
    key_id: str | None = None
    """Differs for each key; None if unknown."""
    before: Before | None = None
    """The preceding request, whose values ``request`` still lacks."""
    window: Window | None = None
    """The days that it covers, if the answer is a cost report."""

    def masked(self) -> str:
        """Return the requests as text for a person, with asterisks for what is secret."""
        earlier = f"{self.before.request.masked()}\n\n" if self.before else ""
        return f"{earlier}{self.request.masked()}"


def read_answer(group: RequestGroup, response: Response, at: datetime) -> dict[str, Reading]:
    """Return each account's reading of the answer, received at ``at``."""
    window, params = group.window, group.accounts[0].params
    scope = None if window is None else group.provider.scope(window, params)
    return {
        account.id: group.provider.read(response, account.wallet, at, scope)._replace(
            key_id=group.key_id
        )
        for account in group.accounts
    }


def fail_all(group: RequestGroup, outcome: Outcome, reason: str) -> dict[str, Reading]:
    """Return the same failure for every account of the group."""
    return {account.id: Reading(outcome, reason) for account in group.accounts}
