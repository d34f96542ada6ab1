"""Planning: one request serves as many accounts as possible; the others get a reason."""

from __future__ import annotations

from typing import Any

import pytest

from balance_poller.credentials.reference import SecretError, SecretStoreError
from balance_poller.event import Account, parse_account
from balance_poller.fetching.plan import Plan, PlanRules, load_providers, make_plan
from shared.outcome import Outcome
from tests.unit.poller.fakes import PROVIDERS, FakeSecrets, entry


def plan(*entries: dict[str, Any], keys: FakeSecrets | None = None) -> Plan:
    accounts: list[Account] = [parse_account(e) for e in entries]
    providers = load_providers(accounts, PROVIDERS)
    read = (keys or FakeSecrets()).read([account.secret for account in accounts])
    return make_plan(accounts, providers, read, PlanRules(allow_http_loopback=False))


def test_accounts_when_they_share_a_request_then_are_one_question() -> None:
    made = plan(
        entry("one", secret="shared"),
        entry("two", secret="shared", wallet="bonus"),
        entry("three", secret="shared", params={}),
    )

    assert [[a.id for a in q.accounts] for q in made.groups] == [["one", "two", "three"]]


@pytest.mark.parametrize(
    "other",
    [
        {"secret": "other"},
        {"params": {"host": "b.example"}},
        {"base_url": "https://self.example"},
        {"provider": "openrouter"},
    ],
    ids=["secret", "params", "base_url", "provider"],
)
def test_accounts_when_anything_of_the_request_differs_then_are_requested_separately(
    other: dict[str, Any],
) -> None:
    made = plan(entry("one", secret="shared"), entry("two", secret="shared") | other)

    assert len(made.groups) == 2


def test_an_account_when_its_definition_is_unknown_then_says_so_and_costs_no_other() -> None:
    made = plan(entry("one", provider="nobody"), entry("two"))

    assert made.readings["one"].outcome is Outcome.BAD_CONFIG
    assert "nobody" in (made.readings["one"].reason or "")
    assert [q.accounts[0].id for q in made.groups] == ["two"]


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (SecretError("the secret is empty"), Outcome.BAD_CONFIG),
        (SecretStoreError("the secrets could not be read (X)"), Outcome.TRANSIENT),
    ],
)
def test_an_account_when_its_key_cannot_be_had_then_says_why(
    problem: SecretError, outcome: Outcome
) -> None:
    made = plan(entry("one"), entry("two"), keys=FakeSecrets(missing={"keys#one": problem}))

    assert (made.readings["one"].outcome, made.readings["one"].reason) == (outcome, str(problem))
    assert len(made.groups) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"params": {"host": "elsewhere.example"}},
        {"params": {"unknown": "x"}},
        {"base_url": "http://plain.example"},
        {"base_url": "https://user:secret@self.example"},
    ],
)
def test_an_account_when_its_settings_do_not_fit_then_is_bad_config(wrong: dict[str, Any]) -> None:
    made = plan(entry("one") | wrong, entry("two"))

    assert made.readings["one"].outcome is Outcome.BAD_CONFIG
    assert [q.accounts[0].id for q in made.groups] == ["two"]


def test_definitions_when_not_used_then_are_not_read() -> None:
    broken = PROVIDERS | {"broken": {"title": 7}}

    loaded = load_providers([parse_account(entry("one"))], broken)

    assert list(loaded) == ["plain"]
