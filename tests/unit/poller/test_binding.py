"""A key goes only where it was stored for: nobody who edits accounts can send it elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from balance_poller.credentials.binding import KeyPolicy, origin_of
from balance_poller.credentials.reference import Keys, SecretError, SecretReference
from balance_poller.credentials.stored import parse_stored
from balance_poller.event import parse_account
from balance_poller.fetching.plan import Plan, PlanRules, load_providers, make_plan
from shared.outcome import Outcome
from shared.secret import Secret

OWN = "balance-monitor/api-keys"
OWN_ARN = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{OWN}-AbCdEf"
CUSTOM: dict[str, Any] = {
    "title": "Custom",
    "docs": "https://custom.example/docs",
    "request": {
        "url": "https://api.custom.example/v1/balance",
        "headers": {"Authorization": "Bearer {key}"},
    },
    "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
}
SHIPPED: dict[str, Any] = {"provider": "openrouter"}
SELF_HOSTED: dict[str, Any] = {"provider": "openrouter", "base_url": "https://evil.example"}
OF_CUSTOM = {"provider": "custom"}
TEXT = "sk-canary-0001"


def plan(secret: str, stored: str, policy: KeyPolicy | None = None, **fields: Any) -> Plan:
    """Plan one account's request with what is stored in its secret."""
    account = parse_account({"id": "main", "secret": secret, **fields})
    reference = SecretReference.parse(secret)
    keys = Keys({secret: parse_stored(stored).take(reference.json_key)}, {})
    providers = load_providers([account], {"custom": CUSTOM})
    return make_plan(
        [account], providers, keys, PlanRules(keys=policy or KeyPolicy("balance-monitor"))
    )


def entry(bound_to: str | None) -> str:
    return json.dumps({"main": TEXT} | ({} if bound_to is None else {"main@for": bound_to}))


@pytest.mark.parametrize("secret", [f"{OWN}#main", f"{OWN_ARN}#main", f"{OWN_ARN[:-7]}#main"])
@pytest.mark.parametrize(
    ("fields", "bound_to"),
    [
        (SHIPPED, "openrouter"),
        (SHIPPED, None),
        (SELF_HOSTED, "https://evil.example"),
        (OF_CUSTOM, "https://api.custom.example"),
    ],
)
def test_a_key_when_stored_for_the_place_then_is_sent(
    secret: str, fields: dict[str, Any], bound_to: str | None
) -> None:
    assert len(plan(secret, entry(bound_to), **fields).groups) == 1


@pytest.mark.parametrize("secret", [f"{OWN}#main", f"{OWN_ARN}#main", f"{OWN_ARN[:-7]}#main"])
@pytest.mark.parametrize(
    ("fields", "bound_to"),
    [
        (SHIPPED, "tavily"),
        (SHIPPED, "https://openrouter.ai"),
        (SELF_HOSTED, "openrouter"),
        (SELF_HOSTED, None),
        (SELF_HOSTED, "https://evil.example:8443"),
        (SELF_HOSTED, "https://evil.example.org"),
        (OF_CUSTOM, "custom"),
        (OF_CUSTOM, None),
        (OF_CUSTOM, "https://custom.example"),
    ],
)
def test_a_key_when_not_stored_for_the_place_then_no_request_is_made(
    secret: str, fields: dict[str, Any], bound_to: str | None
) -> None:
    policy = KeyPolicy("balance-monitor", frozenset({"https://evil.example"}))

    made = plan(secret, entry(bound_to), policy, **fields)

    assert not made.groups
    reading = made.readings["main"]
    assert reading.outcome is Outcome.BAD_CONFIG
    assert (reading.reason or "").endswith("run: balancectl keys bind main")
    assert TEXT not in (reading.reason or "")


def test_a_command_when_the_deployment_has_its_own_name_then_names_it() -> None:
    made = plan("team/api-keys#main", entry(None), KeyPolicy("team"), **SELF_HOSTED)

    assert "balancectl --name team keys bind main" in (made.readings["main"].reason or "")


@pytest.mark.parametrize("secret", ["prod/database", "prod/keys#main"])
def test_a_secret_of_others_when_it_has_no_note_then_goes_to_shipped_providers_and_key_hosts(
    secret: str,
) -> None:
    stored = entry(None) if "#" in secret else TEXT
    allowed = KeyPolicy("balance-monitor", frozenset({"https://evil.example"}))

    assert plan(secret, stored, **SHIPPED).groups
    assert plan(secret, stored, allowed, **SELF_HOSTED).groups
    refused = plan(secret, stored, **SELF_HOSTED).readings["main"]

    assert "list https://evil.example in key_hosts" in (refused.reason or "")


def test_an_inline_definition_when_named_as_a_shipped_one_then_is_not_trusted_as_one() -> None:
    account = parse_account({"id": "main", "secret": f"{OWN}#main", **SHIPPED})
    keys = Keys({account.secret: parse_stored(entry("openrouter")).take("main")}, {})
    providers = load_providers([account], {"openrouter": CUSTOM})

    made = make_plan([account], providers, keys, PlanRules(keys=KeyPolicy("balance-monitor")))

    assert not made.groups


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.Example.com/v1?x=1", "https://api.example.com"),
        ("https://api.example.com:443/", "https://api.example.com"),
        ("https://api.example.com:8443/x", "https://api.example.com:8443"),
        ("http://[::1]:80/x", "http://[::1]"),
    ],
)
def test_an_origin_when_written_in_any_way_then_has_one_form(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("note", ["main@for", "main@id"])
def test_a_note_when_named_as_a_key_then_is_refused(note: str) -> None:
    with pytest.raises(SecretError, match="note about a key"):
        SecretReference.parse(f"{OWN}#{note}")


def test_notes_when_no_texts_then_count_as_absent() -> None:
    stored = parse_stored(json.dumps({"main": TEXT, "main@for": 5, "main@id": {}}), "version-1")

    key = stored.take("main")

    assert (key.key, key.bound_to, key.id) == (Secret(TEXT), None, "v-version-")
