"""Properties of every definition, whatever the provider answers."""

from __future__ import annotations

import base64
import json
import re
import traceback
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from balance_poller.definitions.catalogue import read_shipped
from balance_poller.definitions.definition import check_definition
from balance_poller.definitions.language.template import ConfigError
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.explain import explain_response
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from shared.records import MAX_REASON
from shared.secret import seal
from tests.unit.providers.corpus import (
    CANARY,
    Case,
    canary_secret,
    changed,
    default_params,
    figures,
    leaves,
    own_address,
    respond,
    some_days,
)

BODIES = {
    "json": respond(0, {"error": {"code": 1, "message": "no"}, "success": False}),
    "html": respond(0, b"<!DOCTYPE html><html><body>no</body></html>", content_type="text/html"),
    "text": respond(0, b"upstream connect error", content_type="text/plain"),
    "code": respond(0, b"error code: 1010", content_type="text/plain"),
    "empty": respond(0, b""),
    "list": respond(0, []),
    "null": respond(0, None),
    "number": respond(0, 41.37),
    "words": respond(0, "41.37"),
    "login": respond(0, b"<html><form>Sign in</form></html>", content_type="application/json"),
    "problem": respond(0, {"type": "about:blank", "title": "no", "status": 403, "detail": "no"}),
    "cut": respond(0, b'{"balance": 41.3'),
}

#: Every status with a meaning of its own, and some without.
ERROR_STATUSES = (
    *(400, 401, 402, 403, 404, 405, 408, 409, 410, 418, 422, 425, 429, 432, 451, 456, 499),
    *(500, 501, 502, 503, 504, 520, 522, 529, 599),
)
ODD_STATUSES = (100, 200, 201, 204, 206, 299, 300, 301, 302, 304, 307, 399, 999)


def test_error_status_maps_to_an_outcome_whatever_the_body(provider: Provider) -> None:
    for status, body in product(ERROR_STATUSES, BODIES):
        response = Response(status, BODIES[body].content_type, BODIES[body].body)

        reading = provider.read(response, None)

        assert reading.outcome is not Outcome.OK
        assert reading.reason
        assert len(reading.reason) <= MAX_REASON
        assert reading.balance is None


def test_answer_without_the_documented_body_is_never_ok(provider: Provider) -> None:
    for status, body in product(ODD_STATUSES, BODIES):
        response = Response(status, BODIES[body].content_type, BODIES[body].body)

        reading = provider.read(response, None)

        assert reading.outcome is not Outcome.OK, (status, body)


@pytest.mark.parametrize("body", ["html", "code"])
def test_answer_of_a_proxy_says_nothing_of_the_account(provider: Provider, body: str) -> None:
    answer = BODIES[body]

    outcomes = {
        provider.read(Response(status, answer.content_type, answer.body), None).outcome
        for status in (200, 201, *ERROR_STATUSES)
    }

    assert outcomes == {Outcome.TRANSIENT}


def test_wallet_that_does_not_exist_is_a_configuration_error_that_names_those_that_do(
    provider: Provider,
) -> None:
    reading = provider.read(respond(200, {}), "gold")

    assert reading.outcome is Outcome.BAD_CONFIG
    assert reading.reason is not None
    assert all(name in reading.reason for name in provider.definition.wallets)


def test_key_is_sent_once_and_shown_nowhere(provider: Provider) -> None:
    secret = canary_secret(provider)

    request = provider.prepare(
        seal(secret),
        default_params(provider),
        own_address(provider),
        allow_http_loopback=False,
        window=some_days(provider),
    )

    earlier = provider.prepare_before(
        seal(secret), default_params(provider), own_address(provider), allow_http_loopback=False
    )
    first = earlier or request
    sent = f"{first.url} {first.headers} {first.content!r}"
    assert any(form in sent for form in forms_of(CANARY))
    for shown in (repr(request), str(request), request.masked(), repr(provider)):
        assert not any(form in shown for form in forms_of(CANARY))
    assert "********" in request.masked()


def test_key_is_in_the_url_only_where_the_definition_says_so(provider: Provider) -> None:
    definition = read_shipped(provider.name)["request"]
    places = json.dumps([definition["url"], definition.get("query")])

    request = provider.prepare(
        seal(canary_secret(provider)),
        default_params(provider),
        own_address(provider),
        allow_http_loopback=False,
        window=some_days(provider),
    )

    assert (CANARY in request.url) == ("{key}" in places or "{secret." in places)


@pytest.mark.parametrize(
    ("secret", "base_url"),
    [
        (f"{CANARY}\r\nX-Other: 1", None),
        (f"{CANARY}\x00", None),
        (CANARY, f"https://user:{CANARY}@example.com"),
        (CANARY, f"ftp://example.com/{CANARY}"),
        (CANARY, f"https://example.com/?key={CANARY}"),
        ({"other": CANARY}, None),
        ("", None),
        (f" {CANARY}\n", f"http://example.com/{CANARY}"),
    ],
    ids=["break", "nul", "credentials", "scheme", "query", "field", "empty", "plain-http"],
)
def test_refused_configuration_does_not_show_the_key(
    provider: Provider, secret: Any, base_url: str | None
) -> None:
    if base_url is None and provider.definition.secret_fields and isinstance(secret, str):
        secret = dict.fromkeys(provider.definition.secret_fields, secret)

    with pytest.raises(ConfigError) as caught:
        prepare_all(provider, secret, base_url or own_address(provider))

    assert CANARY not in "".join(traceback.format_exception(caught.value))


def prepare_all(provider: Provider, secret: Any, base_url: str | None) -> None:
    """Make every request of an account."""
    params = default_params(provider)
    provider.prepare_before(seal(secret), params, base_url, allow_http_loopback=False)
    days = some_days(provider)
    provider.prepare(seal(secret), params, base_url, allow_http_loopback=False, window=days)


def test_answer_that_echoes_the_key_leaves_none_of_it_in_the_reading(case: Case) -> None:
    if "body" not in case.data:
        return
    body = case.data["body"]

    for path in leaves(body):
        echo = changed(body, path, lambda parent, step: parent.__setitem__(step, CANARY))
        for twin in (echo, {**echo, "api_key": CANARY} if isinstance(echo, dict) else echo):
            response = respond(case.data["status"], twin, **case.data["headers"])
            reading = case.read(response)
            assert CANARY not in repr(reading)
            assert CANARY not in repr(explain_response(case.provider.definition, response))
            assert CANARY not in repr(response)


def test_every_leaf_that_vanishes_or_turns_null_never_becomes_zero(case: Case) -> None:
    if "body" not in case.data:
        return
    body = case.data["body"]
    before = figures(case.read())

    for path in leaves(body):
        twins = [changed(body, path, lambda p, s: p.pop(s))]
        if not chooses(case, path):  # null is an account of its own there
            twins.append(changed(body, path, lambda p, s: p.__setitem__(s, None)))
        for twin in twins:
            found = figures(case.read(respond(case.data["status"], twin)))
            assert found == before or None in (found, before)


def chooses(case: Case, path: tuple[str | int, ...]) -> bool:
    """Whether a value tells the entries of one account from another's."""
    spend = case.provider.definition.spend
    only = spend.only.items() if spend else ()
    return any(str(path[-1]) in place.source for name, place in only if name in case.params)


def test_leaf_of_another_type_never_becomes_another_balance(case: Case) -> None:
    if "body" not in case.data:
        return
    body = case.data["body"]
    before = figures(case.read())

    for path, other in product(leaves(body), (["x"], {"amount": 41.37}, "x", True, "41,37")):
        if chooses(case, path) and isinstance(other, str):  # another account's
            continue
        twin = changed(body, path, lambda p, s, other=other: p.__setitem__(s, other))
        found = figures(case.read(respond(case.data["status"], twin)))
        assert found == before or None in (found, before)


def test_shipped_definition_has_no_problem_and_says_where_its_facts_come_from(
    provider: Provider,
) -> None:
    definition = read_shipped(provider.name)

    assert check_definition(definition) == []
    assert definition["$schema"] == "../provider.schema.json"
    assert provider.definition.docs
    assert definition["sources"]
    assert definition["kind"]
    assert definition["least_key"]
    assert re.search(r"Read 2026-\d\d\.$", definition["notes"][-1])


def test_rule_for_a_status_recognises_the_own_answer_of_the_api(provider: Provider) -> None:
    """A proxy's or a CDN's answer has the same status, and says nothing of the key."""
    for rule in read_shipped(provider.name).get("errors", ()):
        assert "when" in rule, rule


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("anthropic_ledger", "sk-ant-api03-canary"),
        ("brevo", "xsmtpsib-canary"),
        ("moonshot", "sk-kimi-canary"),
        ("moonshot_cn", "sk-kimi-canary"),
        ("openai_budget", "sk-proj-canary"),
        ("openai_ledger", "sk-svcacct-canary"),
    ],
)
def test_key_of_a_documented_other_kind_is_refused_with_words(name: str, key: str) -> None:
    words = load_provider(name, {}).definition.key_pattern.refusal(key)

    assert words
    assert "canary" not in words


#: Where nothing but the status tells a blocked account.
ONE_STATUS = {
    "deepl": "456 is its own, and the body has no code",
    "scrapingbee": "at 429, a limit that is reached is that of concurrent requests",
    "tavily": "432 and 433 are its own, and the body has no code",
}


def test_rule_for_a_blocked_account_holds_at_any_status(provider: Provider) -> None:
    """Providers tell a spent or suspended account with 400, 401, 402, 403 and 429 alike."""
    for rule in read_shipped(provider.name).get("errors", ()):
        if rule["outcome"] == "account_blocked" and provider.name not in ONE_STATUS:
            assert "status" not in rule, rule


def forms_of(key: str) -> set[str]:
    """Return the key as it may stand in a request: plain, URL-encoded, and in Basic credentials."""
    encoded = base64.b64encode(key[:24].encode()).decode().rstrip("=")
    return {key, quote(key, safe=""), encoded[:32]}
