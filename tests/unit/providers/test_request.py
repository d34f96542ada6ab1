"""A request has the key where the definition puts it, and nothing breaks out of its place."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from balance_poller.definitions.language.template import ConfigError, Values
from balance_poller.exchange.provider import load_provider
from balance_poller.exchange.request import PreparedRequest
from shared.secret import seal
from tests.unit.providers.corpus import CANARY


def prepare(
    request: dict[str, Any],
    secret: Any = CANARY,
    params: dict[str, str] | None = None,
    base_url: str | None = None,
    **options: Any,
) -> PreparedRequest:
    definition = {
        "title": "Example",
        "request": request,
        "params": options.get("specs") or None,
        "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
    }
    provider = load_provider("request_example", {"request_example": definition})
    loopback = options.get("allow_http_loopback", False)
    return provider.prepare(seal(secret), params or {}, base_url, allow_http_loopback=loopback)


BEARER = {"url": "https://api.example.com/v1/x", "headers": {"Authorization": "Bearer {key}"}}
TEAM = {"description": "the team"}


def test_request_has_defaults_that_a_definition_may_replace() -> None:
    plain = prepare(BEARER)
    replaced = prepare({**BEARER, "headers": {"accept": "text/json", "X-Key": "{key}"}})

    assert plain.method == "GET"
    assert plain.content is None
    assert plain.headers == {
        "Accept": "application/json",
        "Cache-Control": "no-cache",
        "User-Agent": "balance-monitor",
        "Authorization": f"Bearer {CANARY}",
    }
    assert "Accept" not in replaced.headers
    assert replaced.headers["accept"] == "text/json"


def test_key_is_trimmed() -> None:
    assert prepare(BEARER, f"  {CANARY}\r\n").headers["Authorization"] == f"Bearer {CANARY}"


def test_key_in_the_query_is_encoded() -> None:
    request = prepare({"url": "https://e.com/x", "query": {"api key": "{key}"}}, "a&b=c d/é")

    assert request.url == "https://e.com/x?api%20key=a%26b%3Dc%20d%2F%C3%A9"


def test_multi_part_secret_fills_path_and_basic_credentials() -> None:
    request = prepare(
        {
            "url": "https://e.com/Accounts/{secret.sid}/Balance.json",
            "basic": ["{secret.sid}", "{secret.token}"],
        },
        {"sid": "AC/1 ", "token": "t:ö"},
    )

    assert request.url == "https://e.com/Accounts/AC%2F1/Balance.json"
    assert request.headers["Authorization"] == f"Basic {b64('AC/1:t:ö')}"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_body_is_filled_in_recursively_and_sent_as_json() -> None:
    body = {
        "clientKey": "{key}",
        "deep": [{"a": "x-{key}-{param.team}", "n": None}, 1, None, True, ""],
    }

    request = prepare(
        {"method": "POST", "url": "https://e.com/x", "json": body},
        'k"\\é',
        {"team": "t"},
        specs={"team": TEAM},
    )

    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content or b"") == {
        "clientKey": 'k"\\é',
        "deep": [{"a": 'x-k"\\é-t', "n": None}, 1, None, True, ""],
    }


def test_braces_that_are_not_a_single_word_are_text() -> None:
    query = "query { me { balance } }"

    request = prepare(
        {"method": "POST", "url": "https://e.com/x", "json": {"query": query, "k": "{key}"}}
    )

    assert json.loads(request.content or b"")["query"] == query


def test_value_that_looks_like_a_placeholder_is_not_filled_in_again() -> None:
    request = prepare(
        {"url": "https://e.com/x", "headers": {"X": "{param.team}", "Y": "{key}"}},
        params={"team": "{key}"},
        specs={"team": TEAM},
    )

    assert request.headers["X"] == "{key}"


@pytest.mark.parametrize("place", ["headers", "query"])
def test_entry_that_comes_out_empty_is_left_out(place: str) -> None:
    request = prepare(
        {**BEARER, place: {"X-Team": "{param.team}", "k": "{key}"}},
        specs={"team": {**TEAM, "default": ""}},
    )

    assert "X-Team" not in request.headers
    assert "X-Team" not in request.url


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://own.example", "https://own.example/v1/x"),
        ("https://own.example/", "https://own.example/v1/x"),
        ("https://own.example:8443/pre/fix/", "https://own.example:8443/pre/fix/v1/x"),
        ("https://[::1]:8443", "https://[::1]:8443/v1/x"),
    ],
)
def test_base_url_replaces_the_origin_and_prefixes_the_path(base_url: str, expected: str) -> None:
    assert prepare(BEARER, base_url=base_url).url == expected


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "http://127.9.9.9/x"],
)
def test_plain_http_is_taken_on_loopback_only_where_the_deployment_allows_it(base_url: str) -> None:
    allowed = prepare(BEARER, base_url=base_url, allow_http_loopback=True)

    assert allowed.url.startswith("http://")
    with pytest.raises(ConfigError, match="https"):
        prepare(BEARER, base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://169.254.169.254",
        "ftp://localhost",
        "//localhost",
        "localhost:8080",
        "https://",
        "https://user:pass@own.example",
        "https://user@own.example",
        "https://own.example?x=1",
        "https://own.example?",
        "https://own.example#x",
        "https://own.example\\@evil.example",
        "https://own.example:0",
        "https://own.example:99999",
        "https://own.example:x",
        "https://own exam.ple",
        "https://own.example\n.evil.example",
        "https://[::1",
        "https://ownä.example",
    ],
)
def test_base_url_that_is_not_plainly_a_safe_origin_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(BEARER, base_url=base_url, allow_http_loopback=True)

    assert str(caught.value).startswith("base_url")


def test_definition_on_loopback_is_taken_only_where_the_deployment_allows_it() -> None:
    request = {**BEARER, "url": "http://127.0.0.1:8080/x"}

    assert prepare(request, allow_http_loopback=True).url == "http://127.0.0.1:8080/x"
    with pytest.raises(ConfigError, match="plain http"):
        prepare(request)


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("{key}", {"sid": "a"}, "the secret is an object, but the provider takes a single key"),
        (
            "{secret.sid}",
            "text",
            "the secret is plain text, but the provider needs an object with sid",
        ),
        ("{secret.sid}/{secret.a}", "x", "the provider needs an object with sid, a"),
        ("{secret.sid}/{secret.a}", {}, "the secret has no field sid, a"),
        ("{secret.sid}/{secret.a}", {"sid": "x"}, "the secret has no field a"),
        ("{secret.sid}", {"token": "a"}, "the secret has no field sid"),
        ("{secret.sid}", {"sid": " "}, "the secret's sid is empty"),
        ("{key}", " \n", "the key is empty"),
        ("{key}", "a\r\nb", "the key has a line break"),
        ("{key}", "a\x1bb", "the key has a line break or another control character"),
        ("{key}", "a\ud83d", "the key has a line break or another control character"),
        ("{key}", "..", "dots alone"),
    ],
)
def test_secret_that_does_not_fit_is_refused_in_words(url: str, secret: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        prepare({"url": f"https://e.com/{url}/x"}, secret)


def test_key_that_cannot_stand_in_a_header_is_refused_before_the_client_quotes_it() -> None:
    with pytest.raises(ConfigError, match="the header Authorization has a control or a non-ASCII"):
        prepare(BEARER, "schlüssel")


BASIC = {"url": "https://e.com/x", "basic": ["{secret.a}", "{secret.b}"]}


@pytest.mark.parametrize(
    ("request_", "secret"),
    [
        (BEARER, "canary-schlüssel"),
        (BEARER, "canary\x00key"),
        (BEARER, "canary\nkey"),
        ({"url": "https://e.com/{key}"}, "canary\tkey"),
        (BEARER, {"canary": "canary"}),
        (BASIC, "canary"),
        (BASIC, {"a": "canary:x", "b": "canary"}),
        (BASIC, {"a": "canary"}),
        (BASIC, {"a": "canary", "b": " "}),
    ],
)
def test_key_that_cannot_be_sent_is_in_no_error(request_: dict[str, Any], secret: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(request_, secret)

    assert "canary" not in repr(caught.value)


def test_values_and_requests_when_shown_then_have_no_key() -> None:
    assert CANARY not in repr(Values(seal(CANARY), {}))
    assert CANARY not in repr(prepare(BEARER, CANARY))


def test_user_of_basic_credentials_with_a_colon_is_refused() -> None:
    with pytest.raises(ConfigError, match="colon"):
        prepare(
            {"url": "https://e.com/x", "basic": ["{secret.a}", "{secret.b}"]},
            {"a": "x:y", "b": "z"},
        )


@pytest.mark.parametrize(
    ("spec", "given", "words"),
    [
        (TEAM, {}, "params.team is missing: the team"),
        (
            TEAM,
            {"team": "a", "other": "b"},
            "params.other: there is no such parameter; known: team",
        ),
        ({**TEAM, "one_of": ["a", "b"]}, {"team": "c"}, "params.team must be one of a, b"),
        ({**TEAM, "pattern": "[0-9]+"}, {"team": "12a"}, r"params.team does not match \[0-9\]\+"),
        (TEAM, {"team": "a\nb"}, "params.team is longer than 200 characters, or has a control"),
        (TEAM, {"team": "a\ud83d"}, "params.team is longer than 200 characters, or has a control"),
        (TEAM, {"team": "a" * 201}, "params.team is longer than 200"),
    ],
)
def test_parameter_that_does_not_fit_is_named(
    spec: dict[str, Any], given: dict[str, str], words: str
) -> None:
    request = {**BEARER, "query": {"team": "{param.team}"}}

    with pytest.raises(ConfigError, match=words):
        prepare(request, params=given, specs={"team": spec})


def test_parameter_of_a_definition_without_any_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is no such parameter; known: none"):
        prepare(BEARER, params={"team": "a"})


def test_parameter_in_the_path_cannot_leave_it() -> None:
    request = {"url": "https://e.com/a/{param.team}/b", "headers": {"X": "{key}"}}

    inside = prepare(request, params={"team": "../../c?d#e"}, specs={"team": TEAM})

    assert inside.url == "https://e.com/a/..%2F..%2Fc%3Fd%23e/b"
    with pytest.raises(ConfigError, match="dots alone"):
        prepare(request, params={"team": ".."}, specs={"team": TEAM})


def test_masked_request_shows_everything_but_the_keys() -> None:
    request = prepare(
        {
            "method": "POST",
            "url": "https://e.com/{param.team}/{key}",
            "query": {"api_key": "{key}"},
            "basic": ["{key}", "x"],
            "json": {"k": "{key}", "team": "{param.team}"},
        },
        params={"team": "t1"},
        specs={"team": TEAM},
    )

    assert request.masked().splitlines() == [
        "POST https://e.com/t1/********?api_key=********",
        "Accept: application/json",
        "Cache-Control: no-cache",
        "User-Agent: balance-monitor",
        "Content-Type: application/json",
        "Authorization: Basic ********:x",
        "",
        '{"k":"********","team":"t1"}',
    ]
