"""Plans the requests, and which accounts each of them serves.

Pure except for reading the definitions of the providers in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from balance_poller.credentials.binding import KeyPolicy, check_binding, destination_of
from balance_poller.credentials.reference import Keys, SecretError, StoredKey
from balance_poller.definitions.definition import DefinitionError
from balance_poller.definitions.language.template import ConfigError
from balance_poller.event import Account
from balance_poller.exchange.answer.reading import OUT_OF_TIME, Reading, describe_unexpected
from balance_poller.exchange.provider import Provider, load_provider
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.request_group import Before, RequestGroup
from balance_poller.ledger.window import LedgerError, Window
from shared.outcome import Outcome
from shared.secret import Secret

_OUT_OF_TIME: Final = f"{OUT_OF_TIME} before a request was planned"


Windows = Mapping[str, Window | LedgerError]
"""By account: the days to request of a cost report, or why there are none."""


class Plan(NamedTuple):
    """The requests to send, and the failures that are already known."""

    groups: list[RequestGroup]
    readings: dict[str, Reading]
    """Failures of accounts for which no request can be sent."""


class PlanRules(NamedTuple):
    """Which requests may be sent."""

    allow_http_loopback: bool = False
    keys: KeyPolicy | None = None
    """Where keys may be sent; None allows any place, for keys that the caller supplies."""
    not_before: Mapping[str, datetime] = {}
    """Accounts whose provider asked to wait, and until when."""
    windows: Mapping[str, Window | LedgerError] = {}
    """The days to request, for accounts whose provider reports cost."""
    is_late: Callable[[], bool] = lambda: False
    """Whether the run's time is over."""


def load_providers(
    accounts: Sequence[Account],
    inline: Mapping[str, object],
    is_late: Callable[[], bool] = lambda: False,
) -> dict[str, Provider | DefinitionError]:
    """Return the definitions that ``accounts`` use, as long as there is time; no others."""
    loaded: dict[str, Provider | DefinitionError] = {}
    for name in dict.fromkeys(account.provider for account in accounts):
        if is_late():
            break
        try:
            loaded[name] = load_provider(name, inline)
        except DefinitionError as exc:
            loaded[name] = exc
        except Exception as exc:  # noqa: BLE001 -- one provider's error is never another's
            loaded[name] = DefinitionError("", describe_unexpected(exc))
    return loaded


def make_plan(
    accounts: Sequence[Account],
    providers: Mapping[str, Provider | DefinitionError],
    keys: Keys,
    rules: PlanRules,
) -> Plan:
    """Return one request for every group of accounts that can share it."""
    plan = Plan([], {})
    for members in _alike(accounts, rules.windows):
        try:
            group = _request_group(members, providers, keys, rules)
        except PlanError as exc:
            failure = Reading(exc.outcome, str(exc), retry_at=exc.retry_at)
            plan.readings.update((account.id, failure) for account in members)
        else:
            plan.groups.append(group)
    return plan


class PlanError(Exception):
    """No request can be sent for a group of accounts; the text says why."""

    def __init__(
        self,
        reason: str,
        outcome: Outcome = Outcome.BAD_CONFIG,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.retry_at = retry_at


def _alike(accounts: Sequence[Account], windows: Windows) -> list[list[Account]]:
    """Group the accounts whose requests are the same."""
    lists: dict[object, list[Account]] = {}
    for account in accounts:
        params = tuple(sorted(account.params.items()))
        days = windows.get(account.id)
        source = (account.provider, account.base_url, params, account.secret, days)
        lists.setdefault(source, []).append(account)
    return list(lists.values())


def _request_group(
    members: Sequence[Account],
    providers: Mapping[str, Provider | DefinitionError],
    keys: Keys,
    rules: PlanRules,
) -> RequestGroup:
    """Return the request for accounts that share it.

    Raises:
        PlanError: when it cannot be sent.
    """
    first = members[0]
    provider = _usable_provider(first, providers, rules)
    window = rules.windows.get(first.id)
    if isinstance(window, LedgerError):
        outcome = Outcome.TRANSIENT if window.is_passing else Outcome.BAD_CONFIG
        raise PlanError(str(window), outcome)
    _check_wait(members, rules)
    if first.secret in keys.missing:
        problem = keys.missing[first.secret]
        raise PlanError(str(problem), problem.outcome)
    stored = keys.found[first.secret]
    request, before = _prepared(first, provider, stored, rules, window)
    for each in [request] if before is None else [request, before.request]:
        _check_binding(first, provider, stored, each, rules)
    return RequestGroup(provider, request, tuple(members), stored.id, before, window)


def _usable_provider(
    account: Account, providers: Mapping[str, Provider | DefinitionError], rules: PlanRules
) -> Provider:
    """Return the account's provider; raise if its definition is invalid or was not read in time."""
    provider = providers.get(account.provider)
    if provider is None or rules.is_late():
        raise PlanError(_OUT_OF_TIME, Outcome.TRANSIENT)
    if isinstance(provider, DefinitionError):
        raise PlanError(f'provider "{account.provider}": {provider}')
    return provider


def _prepared(
    account: Account,
    provider: Provider,
    stored: StoredKey,
    rules: PlanRules,
    window: Window | None,
) -> tuple[PreparedRequest, Before | None]:
    """Return the account's request, and the one to make before it if there is one."""
    of_account = (stored.key, account.params, account.base_url)
    allow = rules.allow_http_loopback
    prepare = partial(provider.prepare, *of_account, allow_http_loopback=allow, window=window)
    try:
        request = prepare()
        earlier = provider.prepare_before(*of_account, allow_http_loopback=allow)
    except ConfigError as exc:
        raise PlanError(str(exc)) from None
    except Exception as exc:  # noqa: BLE001 -- one account's error is never another's
        raise PlanError(describe_unexpected(exc)) from None
    if earlier is None:
        return request, None

    def complete(taken: Mapping[str, Secret]) -> PreparedRequest:
        whole = prepare(before=taken)
        whole.ticket = request.ticket
        return whole

    return request, Before(earlier, complete)


def _check_binding(
    account: Account,
    provider: Provider,
    stored: StoredKey,
    request: PreparedRequest,
    rules: PlanRules,
) -> None:
    """Raise if the key was not stored for the request's destination."""
    if rules.keys is None:
        return
    destination = destination_of(provider, request.url, account.base_url)
    try:
        check_binding(account.id, account.secret, stored, destination, rules.keys)
    except SecretError as exc:
        raise PlanError(str(exc), exc.outcome) from None


def _check_wait(members: Sequence[Account], rules: PlanRules) -> None:
    """Raise while the provider asked to wait with the key of any of ``members``."""
    retry_at = max(
        (rules.not_before[account.id] for account in members if account.id in rules.not_before),
        default=None,
    )
    if retry_at is not None:
        words = f"the provider asked to wait until {retry_at:%H:%M} UTC, so no request was sent"
        raise PlanError(words, Outcome.RATE_LIMITED, retry_at)
