"""A key that somebody wrote into a definition is refused, and no error repeats it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.definitions.catalogue import list_providers, read_shipped
from balance_poller.definitions.definition import check_definition

HEXADECIMAL = "9f86d081884c7d659a2feaa0c55ad015"
RANDOM = "aB3dE5gH7jK9mN1pQ3rS5tU7"


def definition(**request: Any) -> dict[str, Any]:
    """Return a definition with these parts of a request."""
    return {
        "title": "Shop",
        "top_up_url": "https://shop.example/billing",
        "request": {"url": "https://shop.example/balance", **request},
        "wallets": {"main": {"unit": "USD", "remaining": "left"}},
    }


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"Authorization": "Bearer sk-live-0123456789"}},
        {"headers": {"authorization": "Basic dXNlcjpwYXNz"}},
        {"headers": {"X-API-Key": "hunter2"}},
        {"headers": {"X-Shop-Auth-Token": "hunter2"}},
        {"headers": {"Cookie": "session=abc"}},
        {"headers": {"X-Shop": HEXADECIMAL}},
        {"headers": {"X-Shop": f"{{key}} {RANDOM}"}},
        {"query": {"token": HEXADECIMAL}},
        {"query": {"q": "fc-0123456789abcdef"}},
        {"basic": ["user", RANDOM]},
        {"method": "POST", "json": {"auth": [{"clientKey": RANDOM}]}},
    ],
)
def test_definition_when_a_key_is_written_out_then_is_refused_without_repeating_it(
    request_: dict[str, Any],
) -> None:
    found = check_definition(definition(**request_))

    assert ["looks like a key" in problem for problem in found] == [True]
    assert not any(key in found[0] for key in (HEXADECIMAL, RANDOM, "hunter2", "sk-live", "fc-01"))


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"Authorization": "Bearer {key}", "Accept": "application/vnd.shop.v3+json"}},
        {"headers": {"Cookie": "session={before.session}"}},
        {"headers": {"X-Api-Version": "2024-06-01", "X-Client": "balance-monitor"}},
        {"headers": {"X-Api-Key": "{key}"}, "query": {"project": HEXADECIMAL}},
        {"query": {"key": "{key}", "format": "json"}},
        {"method": "POST", "json": {"query": "{ viewer { balance } }", "key": "{key}"}},
    ],
)
def test_definition_when_no_key_is_written_out_then_says_nothing_of_keys(
    request_: dict[str, Any],
) -> None:
    found = check_definition(definition(**request_))

    assert [problem for problem in found if "looks like a key" in problem] == []


@pytest.mark.parametrize("name", list_providers())
def test_shipped_definitions_have_no_key(name: str) -> None:
    assert check_definition(read_shipped(name)) == []


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["sk-", "sk_", "xai-", "gsk_", "tvly-", "fc-", "ghp_"]),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=12, max_size=60),
    st.sampled_from(["headers", "query", "json"]),
)
def test_key_of_a_known_form_is_refused_wherever_it_stands(
    beginning: str, rest: str, part: str
) -> None:
    found = check_definition(definition(method="POST", **{part: {"x": f"a {beginning}{rest}"}}))

    assert any("looks like a key" in problem for problem in found)
    assert not any(rest in problem for problem in found)
