"""Text answers, figures in headers, self-hosted services, kinds of keys."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.definitions.definition import check_definition
from balance_poller.definitions.language.template import ConfigError
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.explain import explain_response
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from shared.secret import seal

#: The protocol of SMS-activation sites: a word for a failure, else a word and a number.
SMS: Final[dict[str, Any]] = {
    "title": "SMS",
    "request": {
        "url": "https://api.example.com/handler_api.php",
        "query": {"api_key": "{key}", "action": "getBalance"},
    },
    "text": "(?P<word>[A-Z_]+):?(?P<balance>[0-9.]*)",
    "errors": [{"when": "word == 'BAD_KEY'", "outcome": "invalid_key", "reason": "it is wrong"}],
    "success": "word == 'ACCESS_BALANCE'",
    "wallets": {"balance": {"unit": "RUB", "remaining": "balance"}},
}
QUOTA: Final[dict[str, Any]] = {
    "title": "Quota",
    "request": {"url": "https://api.example.com/v1/models", "headers": {"X-Key": "{key}"}},
    "headers": ["x-ratelimit-remaining-requests", "x-ratelimit-limit-requests"],
    "wallets": {
        "requests": {
            "unit": "requests",
            "remaining": 'headers."x-ratelimit-remaining-requests"',
            "granted": 'headers."x-ratelimit-limit-requests"',
        }
    },
}


def provider(definition: dict[str, Any], **fields: Any) -> Provider:
    """Return a provider whose definition has other fields."""
    name = str(definition["title"]).lower()
    return load_provider(name, {name: {**definition, **fields}})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"ACCESS_BALANCE:123.45", "ok 123.45"),
        (b"\xef\xbb\xbfACCESS_BALANCE:0\r\n", "ok 0"),
        (b"BAD_KEY", "invalid_key it is wrong"),
        (b"ERROR_SQL", "schema_changed the answer does not report success"),
        (b"ACCESS_BALANCE:", "schema_changed balance is text that is not a number"),
        (b"ACCESS_BALANCE:1.2.3", "schema_changed balance is text that is not a number"),
        (b"access_balance:5", "schema_changed the answer is not the text that the definition"),
        (b"ACCESS_BALANCE:5 extra", "schema_changed the answer is not the text"),
        (b'{"balance": 5}', "schema_changed the answer is not the text"),
        (b"5", "schema_changed the answer is not the text"),
        (b"", "schema_changed the answer is empty"),
        (b"A" * 1025, "schema_changed the answer is not the text"),
        (b"\xff\xfe", "schema_changed the answer is not the text"),
        (b"<html>login</html>", "transient a web page came instead"),
    ],
)
def test_text_is_read_as_a_whole_or_not_at_all(body: bytes, expected: str) -> None:
    reading = provider(SMS).read(Response(200, "text/html" if b"<" in body else "", body), None)

    found = reading.balance.remaining if reading.balance else reading.reason
    assert f"{reading.outcome} {found}".startswith(expected)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (401, b"BAD_KEY", Outcome.INVALID_KEY),
        (401, b"whatever", Outcome.INVALID_KEY),
        (403, b"error code: 1010", Outcome.TRANSIENT),
        (403, b"FORBIDDEN", Outcome.TRANSIENT),
        (503, b"ACCESS_BALANCE:5", Outcome.TRANSIENT),
    ],
)
def test_text_of_a_failure_is_classified_as_any(status: int, body: bytes, outcome: Outcome) -> None:
    assert provider(SMS).read(Response(status, "text/plain", body), None).outcome is outcome


@given(st.binary(max_size=1100))
def test_random_text_gives_no_invented_number(body: bytes) -> None:
    reading = provider(SMS).read(Response(200, "text/plain", body), None)

    if reading.balance is not None:
        assert str(reading.balance.remaining).encode() in body


def test_text_of_another_form_is_outlined_without_its_values() -> None:
    explained = explain_response(
        provider(SMS).definition, Response(200, "text/plain", b"Left: 5 EUR")
    )

    assert explained == {"answer": 'text/plain, 11 bytes, written like "aaaa: 9 aaa"'}


def answer(headers: dict[str, str], body: bytes = b"[]", status: int = 200) -> Response:
    return Response(status, "application/json", body, None, headers)


def test_headers_are_part_of_the_document() -> None:
    quota = provider(QUOTA)
    headers = {"x-ratelimit-remaining-requests": " 14370 ", "x-ratelimit-limit-requests": "14400"}

    reading = quota.read(answer(headers), None)

    assert reading.balance is not None
    assert str(reading.balance.remaining) == "14370"
    assert str(reading.balance.granted) == "14400"
    request = quota.prepare(seal("KEY"), {}, None, allow_http_loopback=False)
    assert request.answer_headers == tuple(QUOTA["headers"])


@pytest.mark.parametrize(
    ("headers", "body", "outcome", "words"),
    [
        ({}, b"[]", Outcome.SCHEMA_CHANGED, 'headers."x-ratelimit-remaining-requests" is missing'),
        ({"x-ratelimit-remaining-requests": ""}, b"{}", Outcome.SCHEMA_CHANGED, "is missing"),
        ({"x-ratelimit-remaining-requests": "many"}, b"{}", Outcome.SCHEMA_CHANGED, "is text"),
        (
            {"x-ratelimit-remaining-requests": "9" * 201},
            b"{}",
            Outcome.SCHEMA_CHANGED,
            "is missing",
        ),
        ({"x-ratelimit-remaining-requests": "5"}, b"ok", Outcome.SCHEMA_CHANGED, "is not JSON"),
        ({"x-ratelimit-remaining-requests": "5"}, b"<html>", Outcome.TRANSIENT, "a web page"),
    ],
    ids=["missing", "empty", "text", "long", "not JSON", "page"],
)
def test_header_that_cannot_be_read_is_never_0(
    headers: dict[str, str], body: bytes, outcome: Outcome, words: str
) -> None:
    reading = provider(QUOTA).read(answer(headers, body), None)

    assert reading.outcome is outcome
    assert words in str(reading.reason)


def test_body_beside_headers_is_under_its_name() -> None:
    quota = provider(QUOTA, errors=[{"when": "body.error", "outcome": "transient", "reason": "x"}])

    assert quota.read(answer({}, b'{"error": "no"}'), None).reason == "x"


SELF_HOSTED: Final[dict[str, Any]] = {
    "title": "Relay",
    "self_hosted": True,
    "request": {"url": "/api/usage/token/", "headers": {"Authorization": "Bearer {key}"}},
    "wallets": {"quota": {"unit": "quota", "remaining": "data.total_available"}},
}


def test_self_hosted_service_is_found_at_the_account_s_address() -> None:
    relay = provider(SELF_HOSTED)

    request = relay.prepare(
        seal("KEY"), {}, "https://relay.internal:8443/one", allow_http_loopback=False
    )

    assert request.url == "https://relay.internal:8443/one/api/usage/token/"
    assert relay.definition.is_self_hosted


def test_self_hosted_service_without_an_address_sends_nothing() -> None:
    with pytest.raises(ConfigError, match="base_url is missing"):
        provider(SELF_HOSTED).prepare(seal("KEY"), {}, None, allow_http_loopback=False)


@pytest.mark.parametrize("url", ["https://relay.invalid/api", "api", "/a?b", "/a#b", ""])
def test_self_hosted_service_has_no_host_in_its_definition(url: str) -> None:
    problems = check_definition({**SELF_HOSTED, "request": {**SELF_HOSTED["request"], "url": url}})

    assert problems
    assert all(problem.startswith("request.url: ") for problem in problems)


KINDS: Final = {
    "right": ["sk-admin-[A-Za-z0-9_-]{20,}"],
    "wrong": [{"pattern": "sk-proj-.+", "reason": "this is a project key: use an admin key"}],
}


@pytest.mark.parametrize(
    ("key", "refusal", "remark"),
    [
        ("sk-admin-0123456789abcdefghij", None, None),
        (" sk-proj-0123\n", "this is a project key: use an admin key", "does not look like"),
        ("0123456789", None, "does not look like"),
        ("sk-admin-" + "a" * 5000, None, "does not look like"),
    ],
)
def test_kind_of_a_key_is_refused_only_where_it_is_documented_as_wrong(
    key: str, refusal: str | None, remark: str | None
) -> None:
    pattern = provider(QUOTA, key_pattern=KINDS).definition.key_pattern

    assert pattern.refusal(key) == refusal
    assert (remark is None) == (pattern.remark(key) is None)
    assert remark is None or remark in str(pattern.remark(key))
    assert key.strip() not in str(pattern.remark(key))


def test_poller_refuses_no_key_by_its_kind() -> None:
    kinds = provider(QUOTA, key_pattern=KINDS)

    assert kinds.prepare(seal("sk-proj-1"), {}, None, allow_http_loopback=False).headers["X-Key"]
