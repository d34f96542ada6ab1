"""From accounts to questions: which requests to make, and which accounts each of them serves.

Pure but for reading the definitions of the providers in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from balance_poller.credentials.store import Keys
from balance_poller.definitions.definition import DefinitionError
from balance_poller.definitions.template import ConfigError
from balance_poller.event import Account
from balance_poller.exchange.provider import Provider, load_provider
from balance_poller.exchange.reading import Reading, describe_unexpected
from balance_poller.fetching.workers import Question
from shared.outcome import Outcome

#: Accounts of one group share one request: provider, parameters, secret and base URL.
Group = tuple[str, str | None, tuple[tuple[str, str], ...], str]


@dataclass(slots=True)
class Plan:
    """What to ask, and what is already known not to work."""

    questions: list[Question] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)
    """Failures of accounts that cannot be asked about."""


def load_providers(
    accounts: Sequence[Account], inline: Mapping[str, object]
) -> dict[str, Provider | DefinitionError]:
    """Return the definitions that ``accounts`` use; no other is read."""
    loaded: dict[str, Provider | DefinitionError] = {}
    for name in dict.fromkeys(account.provider for account in accounts):
        try:
            loaded[name] = load_provider(name, inline)
        except DefinitionError as exc:
            loaded[name] = exc
        except Exception as exc:  # noqa: BLE001 -- one provider's trouble is never another's
            loaded[name] = DefinitionError("", describe_unexpected(exc))
    return loaded


def make_plan(
    accounts: Sequence[Account],
    providers: Mapping[str, Provider | DefinitionError],
    keys: Keys,
    *,
    allow_http_loopback: bool,
) -> Plan:
    """Return one question per group of accounts that one request serves."""
    plan = Plan()
    for members in _groups(accounts).values():
        first = members[0]
        try:
            question = _question(members, providers[first.provider], keys, allow_http_loopback)
        except PlanError as exc:
            plan.readings |= {account.id: Reading(exc.outcome, str(exc)) for account in members}
        else:
            plan.questions.append(question)
    return plan


class PlanError(Exception):
    """A group of accounts cannot be asked about; the text says why."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.BAD_CONFIG) -> None:
        super().__init__(reason)
        self.outcome = outcome


def _groups(accounts: Sequence[Account]) -> dict[Group, list[Account]]:
    """Sort accounts by what makes their requests the same."""
    groups: dict[Group, list[Account]] = {}
    for account in accounts:
        params = tuple(sorted(account.params.items()))
        group = (account.provider, account.base_url, params, account.secret)
        groups.setdefault(group, []).append(account)
    return groups


def _question(
    members: Sequence[Account],
    provider: Provider | DefinitionError,
    keys: Keys,
    allow_http_loopback: bool,
) -> Question:
    """Return the question for one group, or raise why there is none."""
    first = members[0]
    if isinstance(provider, DefinitionError):
        raise PlanError(f'provider "{first.provider}": {provider}')
    if first.secret in keys.missing:
        problem = keys.missing[first.secret]
        raise PlanError(str(problem), problem.outcome)
    try:
        request = provider.prepare(
            keys.found[first.secret],
            first.params,
            first.base_url,
            allow_http_loopback=allow_http_loopback,
        )
    except ConfigError as exc:
        raise PlanError(str(exc)) from None
    except Exception as exc:  # noqa: BLE001 -- one account's trouble is never another's
        raise PlanError(describe_unexpected(exc)) from None
    return Question(provider, request, tuple(members))
