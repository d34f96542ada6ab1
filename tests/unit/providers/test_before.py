"""A definition's preceding request: what it sends, what is taken, how it fails."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.before import Taken
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from shared.secret import reveal, seal
from tests.unit.providers.corpus import CANARY, Case, first_answers, respond

DEFINITION: Final[dict[str, Any]] = {
    "title": "Two steps",
    "params": {"team": {"description": "t", "default": ""}},
    "before": {
        "request": {
            "method": "POST",
            "url": "/oauth2/token",
            "query": {"team": "{param.team}"},
            "json": {"id": "{secret.id}", "secret": "{secret.secret}"},
        },
        "take": {"token": "access_token", "project": "projects[0].id"},
        "keep_seconds": "expires_in",
    },
    "request": {
        "url": "https://api.example.com/{before.project}/balance",
        "headers": {"Authorization": "Bearer {before.token}"},
    },
    "error_code": "code",
    "errors": [
        {"when": "code == 'SUSPENDED'", "outcome": "account_blocked", "reason": "suspended"}
    ],
    "wallets": {"main": {"unit": "USD", "remaining": "left"}},
}
SECRET: Final = {"id": "me", "secret": CANARY}
GOOD: Final = {"access_token": "t-1", "projects": [{"id": 7}], "expires_in": 3600}
FIXTURES = {case.id: case for case in first_answers()}


def provider(**fields: Any) -> Provider:
    return load_provider("two_steps", {"two_steps": DEFINITION | fields})


def test_first_request_goes_to_the_same_host_with_the_key_and_the_parameters() -> None:
    request = provider().prepare_before(
        seal(SECRET), {"team": "a b"}, None, allow_http_loopback=False
    )

    assert request is not None
    assert (request.method, request.url) == (
        "POST",
        "https://api.example.com/oauth2/token?team=a%20b",
    )
    assert json.loads(request.content or b"") == SECRET
    assert CANARY not in request.masked()


def test_first_request_of_an_account_with_an_address_of_its_own_goes_there() -> None:
    request = provider().prepare_before(
        seal(SECRET), {}, "https://mine.example/api/", allow_http_loopback=False
    )

    assert request is not None
    assert request.url == "https://mine.example/api/oauth2/token"


def test_values_stand_in_the_request_and_nowhere_else() -> None:
    taken = provider().read_before(respond(200, GOOD))

    assert isinstance(taken, Taken)
    request = provider().prepare(
        seal(SECRET), {}, None, allow_http_loopback=False, before=taken.values
    )
    assert request.url == "https://api.example.com/7/balance"
    assert request.headers["Authorization"] == "Bearer t-1"
    assert taken.seconds == 3600
    for shown in (repr(taken), repr(request), request.masked()):
        assert "t-1" not in shown


def test_value_cannot_break_out_of_its_place() -> None:
    answer = GOOD | {"projects": [{"id": "../../x?y"}]}

    taken = provider().read_before(respond(200, answer))

    assert isinstance(taken, Taken)
    request = provider().prepare(
        seal(SECRET), {}, None, allow_http_loopback=False, before=taken.values
    )
    assert request.url == "https://api.example.com/..%2F..%2Fx%3Fy/balance"


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (401, {"code": "BAD"}, Outcome.INVALID_KEY, "the key was rejected (HTTP 401): BAD"),
        (400, {"code": "SUSPENDED"}, Outcome.ACCOUNT_BLOCKED, "suspended: SUSPENDED"),
        (429, {}, Outcome.RATE_LIMITED, "limits our requests"),
        (500, {}, Outcome.TRANSIENT, "has a problem"),
        (200, b"<html>", Outcome.TRANSIENT, "a web page came"),
        (200, b"", Outcome.SCHEMA_CHANGED, "the answer is empty"),
        (200, {}, Outcome.SCHEMA_CHANGED, "access_token is missing"),
        (200, GOOD | {"access_token": None}, Outcome.SCHEMA_CHANGED, "access_token is missing"),
        (200, GOOD | {"access_token": ["t"]}, Outcome.SCHEMA_CHANGED, "is a list, not text"),
        (200, GOOD | {"access_token": " "}, Outcome.SCHEMA_CHANGED, "text that cannot be sent"),
        (200, GOOD | {"access_token": "a\nb"}, Outcome.SCHEMA_CHANGED, "cannot be sent"),
        (200, GOOD | {"access_token": "a\ud83d"}, Outcome.SCHEMA_CHANGED, "cannot be sent"),
        (200, GOOD | {"access_token": "t" * 4097}, Outcome.SCHEMA_CHANGED, "cannot be sent"),
        (200, GOOD | {"access_token": 1.5}, Outcome.SCHEMA_CHANGED, "a number, not text"),
        (200, GOOD | {"projects": []}, Outcome.SCHEMA_CHANGED, "projects[0].id is missing"),
    ],
)
def test_failure_is_classified_as_any_and_named_as_what_came_before(
    status: int, body: object, outcome: Outcome, reason: str
) -> None:
    found = provider().read_before(respond(status, body))

    assert not isinstance(found, Taken)
    assert found[0] is outcome
    assert found[1].startswith("before the balance: ")
    assert reason in found[1]


@pytest.mark.parametrize(
    ("keep", "expires_in", "seconds"),
    [
        ("expires_in", 3600, 3600),
        ("expires_in", 999_999, 86_400),
        ("expires_in", None, 0),
        ("expires_in", "3600", 0),
        ("expires_in", -5, 0),
        ("expires_in", True, 0),
        (900, 3600, 900),
        (None, 3600, 0),
    ],
)
def test_values_are_kept_for_as_long_as_is_said(keep: Any, expires_in: Any, seconds: int) -> None:
    before = DEFINITION["before"] | {"keep_seconds": keep}

    taken = provider(before=before).read_before(respond(200, GOOD | {"expires_in": expires_in}))

    assert isinstance(taken, Taken)
    assert taken.seconds == seconds


@settings(max_examples=60)
@given(status=st.integers(100, 599), body=st.binary(max_size=40) | st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(["access_token", "projects", "id", "code", "expires_in"]), inner
    ), max_leaves=6).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_answer_that_is_anything_at_all_gives_values_or_a_failure(status: int, body: bytes) -> None:
    found = provider().read_before(Response(status, "application/json", body))

    if isinstance(found, Taken):
        assert all(reveal(value) for value in found.values.values())
    else:
        assert found[0] is not Outcome.OK


@pytest.mark.parametrize("first", FIXTURES.values(), ids=FIXTURES)
def test_first_answer_of_a_provider_is_read_as_its_fixture_says(first: Case) -> None:
    found = first.provider.read_before(first.response)

    if first.expect["outcome"] == "ok":
        assert isinstance(found, Taken)
        assert {name: reveal(text) for name, text in found.values.items()} == first.expect["takes"]
        assert found.seconds == first.expect["seconds"]
        return
    assert not isinstance(found, Taken)
    assert found[0].value == first.expect["outcome"]
    assert first.expect.get("reason_contains", "") in found[1]


@pytest.mark.parametrize("first", FIXTURES.values(), ids=FIXTURES)
def test_first_request_of_a_provider_is_as_it_documents_it(first: Case) -> None:
    expect = first.expected_request
    if expect is None:
        return
    request = first.provider.prepare_before(
        seal(first.secret), first.params, None, allow_http_loopback=False
    )

    assert request is not None
    assert (request.method, request.url) == (expect["method"], expect["url"])
    assert expect.get("headers", {}).items() <= request.headers.items()
    assert expect.get("json") == (json.loads(request.content) if request.content else None)
