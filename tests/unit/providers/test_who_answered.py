"""Who answered is judged before what was answered."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.definitions.catalogue import list_providers
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from tests.unit.providers.foreign_answers import COINCIDES, FOREIGN

#: What the poller gets since it sends ``Accept: application/json``
#: (github.com/diegosouzapw/OmniRoute/issues/8775, read 2026-11).
PROBLEM: Final[dict[str, Any]] = {
    "type": "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/"
    "cloudflare-1xxx-errors/error-1010/",
    "title": "Error 1010: Access denied",
    "status": 403,
    "detail": "The site owner has blocked access based on your browser's signature.",
    "instance": "a105ee31cf145053",
    "error_code": 1010,
    "error_name": "browser_signature_banned",
    "error_category": "access_denied",
    "ray_id": "a105ee31cf145053",
    "timestamp": "2026-07-27T19:34:49Z",
    "zone": "api.example.com",
    "cloudflare_error": True,
    "retryable": False,
    "owner_action_required": True,
}
PAGE: Final = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
MARKS: Final = {
    "page": ("text/html; charset=UTF-8", PAGE),
    "page without its type": ("", b"\xef\xbb\xbf\n" + PAGE),
    "page as JSON": ("application/json", PAGE),
    "page that begins with a comment": ("text/plain", b"<!-- proxy -->" + PAGE),
    "page in another encoding": ("text/html", PAGE.decode().encode("utf-16")),
    "xml": ("application/xml", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"),
    "text": ("text/plain", b"error code: 1010"),
    "text in capitals": ("text/plain", b"Error code: 1015"),
    "text without a colon": ("text/plain", b"\xef\xbb\xbferror code 1010"),
    "title alone": ("text/plain", b"Error 1020: Access denied"),
    "title of a document": ("text/markdown", b"# Error 1020\nAccess denied"),
    "page in another encoding, without its type": (
        "",
        "<!DOCTYPE html><title>No</title>".encode("utf-16"),
    ),
    # github.com/Chanzhaoyu/chatgpt-web/issues/1748 and WiiLink24/web/issues/14, read 2026-11.
    "a hosting platform's text": (
        "text/plain",
        b"The deployment could not be found on Vercel.\n\nDEPLOYMENT_NOT_FOUND\n\niad1::jfcqs-1\n",
    ),
    "a hosting platform's text on payment": (
        "text/plain; charset=utf-8",
        b"402: PAYMENT_REQUIRED\nCode: DEPLOYMENT_DISABLED\nID: arn1::6zsv8-1704985243623-a79d",
    ),
    "text with a line break": ("text/plain; charset=UTF-8", b"error code: 1020\r\n"),
    # github.com/alexjustesen/speedtest-tracker/issues/2326, read 2026-11.
    "page that leads to a login": (
        "",
        b"<!DOCTYPE html>\n<html><head><meta http-equiv='refresh' content='0;url=/login' />",
    ),
    # github.com/Kilo-Org/kilocode/issues/14325, read 2026-11.
    "checkpoint": (
        "text/html; charset=utf-8",
        b'<!DOCTYPE html><html lang="en"><title>Vercel Security Checkpoint</title>',
    ),
    # github.com/Ekultek/WhatWaf/issues/1168, read 2026-11.
    "another CDN's page": (
        "text/html",
        b"<html><head>\n<title>Access Denied</title></head>\nReference #18.2d00a81f.4395aa2",
    ),
    "markdown": (
        "text/markdown",
        b"---\nstatus: 403\nerror_code: 1015\nzone: a.example\n---\n# No",
    ),
}


def provider() -> Provider:
    definition = {
        "title": "Example",
        "request": {"url": "https://api.example.com/balance", "headers": {"X-Key": "{key}"}},
        "error_code": "error.code",
        "errors": [
            {"when": "error_code || error", "outcome": "invalid_key", "reason": "the key is wrong"}
        ],
        "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
    }
    return load_provider("example", {"example": definition})


def coded() -> Provider:
    """Return a provider without a rule for errors; it only says where their code is."""
    definition = {
        "title": "Example",
        "request": {"url": "https://api.example.com/balance", "headers": {"X-Key": "{key}"}},
        "error_code": "error.code",
        "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
    }
    return load_provider("coded", {"coded": definition})


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 410, 422, 429, 500, 503])
def test_answer_of_a_proxy_is_transient_at_any_status(mark: str, status: int) -> None:
    content_type, body = MARKS[mark]

    reading = provider().read(Response(status, content_type, body), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert reading.reason == f"a CDN or proxy answered, not the API (HTTP {status})"


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 503])
def test_problem_document_of_a_cdn_is_transient_whatever_the_definition_says(status: int) -> None:
    body = json.dumps(PROBLEM | {"status": status}).encode()

    reading = provider().read(Response(status, "application/json", body), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert "not the API" in str(reading.reason)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": "403"}, id="status as text"),
        pytest.param({"status": None}, id="no status"),
        pytest.param({"title": None}, id="no title"),
        pytest.param({"type": None, "instance": None}, id="no type"),
    ],
)
def test_problem_document_of_a_cdn_needs_only_its_words_and_marks(change: dict[str, Any]) -> None:
    body = {name: value for name, value in (PROBLEM | change).items() if value is not None}

    reading = provider().read(Response(403, "application/json", json.dumps(body).encode()), None)

    assert "not the API" in str(reading.reason)


def test_problem_document_s_members_count_in_any_spelling() -> None:
    body = {"title": "Forbidden", "status": 401, "clientIP": "192.0.2.1", "ray-id": "a105ee31"}

    reading = provider().read(Response(401, "", json.dumps(body).encode()), None)

    assert reading.outcome is Outcome.TRANSIENT


@pytest.mark.parametrize(
    "extra", [{}, {"title": "Plan"}, {"title": "Plan", "zone": "eu"}, {"detail": "x", "pop": "a"}]
)
def test_balance_beside_members_of_problem_documents_is_read(extra: dict[str, str]) -> None:
    body = {"balance": 5, "zone": "eu", "retryable": False} | extra

    reading = provider().read(Response(200, "application/json", json.dumps(body).encode()), None)

    assert reading.outcome is Outcome.OK


#: Another CDN's (github.com/akamai/cli-property/issues/53, read 2026-11).
OTHER_PROBLEM: Final[dict[str, Any]] = {
    "type": "https://problems.luna.akamaiapis.net/-/pep-authn/request-error",
    "title": "Bad request",
    "status": 400,
    "detail": "WAF deny rule IPBLOCK-BURST4-54013",
    "instance": "https://api.example.com/v1/balance",
    "method": "GET",
    "serverIp": "192.0.2.168",
    "clientIp": "198.51.100.10",
    "requestId": "366e36b9",
    "requestTime": "2018-01-10T06:45:48Z",
}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429])
def test_problem_document_that_names_both_ends_is_from_between_them(status: int) -> None:
    body = json.dumps(OTHER_PROBLEM | {"status": status}).encode()

    reading = provider().read(Response(status, "application/problem+json", body), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert "not the API" in str(reading.reason)


@pytest.mark.parametrize("body", [b"", b"{}", b"Proxy Authentication Required"])
def test_407_is_a_proxy_s_whatever_it_says(body: bytes) -> None:
    reading = provider().read(Response(407, "text/plain", body), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert reading.reason == "a proxy in front of the API requires credentials (HTTP 407)"


@given(left_out=st.sets(st.sampled_from(["type", "cloudflare_error", "ray_id", "error_code"])))
def test_problem_document_of_a_cdn_is_known_by_its_shape(left_out: set[str]) -> None:
    body = {name: value for name, value in PROBLEM.items() if name not in left_out}

    reading = provider().read(Response(403, "application/json", json.dumps(body).encode()), None)

    assert reading.outcome is Outcome.TRANSIENT


@pytest.mark.parametrize(
    "body",
    [
        {"type": "about:blank", "title": "Forbidden", "status": 403, "error": "x"},
        {
            "title": "x",
            "status": 403,
            "detail": "y",
            "instance": "/balance",
            "error": {},
            "code": 1,
        },
        {"title": "x", "status": 500, "ray_id": "a", "zone": "b", "error": "x"},
        {"ray_id": "a", "zone": "b", "retryable": False, "error": "x"},
    ],
    ids=["base members", "own members", "another status", "no problem document"],
)
def test_problem_document_of_the_api_itself_is_read_by_its_definition(body: object) -> None:
    reading = provider().read(Response(403, "", json.dumps(body).encode()), None)

    assert reading.outcome is not Outcome.OK
    assert "CDN" not in str(reading.reason)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"Forbidden"),
        ("text/plain", b"RBAC: access denied"),
        ("application/json", b'{"message":"Forbidden"}'),
        ("", b""),
        ("application/json", b"[]"),
        # github.com/NousResearch/hermes-agent/issues/118203, read 2026-11.
        ("text/plain; charset=utf-8", b"Forbidden\n"),
        ("application/json", b'{"error": {"code": "403", "message": "Forbidden"}}'),
        ("application/json", b'{"error": {"code": 403, "status": "PERMISSION_DENIED"}}'),
        ("application/json", b'{"error": {"code": "Forbidden", "message": "It is blocked."}}'),
    ],
    ids=[
        "text",
        "service mesh",
        "gateway",
        "empty",
        "list",
        "CDN's text",
        "status as text",
        "status as number",
        "status in words",
    ],
)
def test_403_in_a_foreign_shape_names_no_key_as_wrong(content_type: str, body: bytes) -> None:
    reading = coded().read(Response(403, content_type, body), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert str(reading.reason).startswith(
        "refused by the API or by something in front of it (HTTP 403)"
    )


@pytest.mark.parametrize("code", ["10000", "access_denied", "KEY_REVOKED", "15"])
def test_403_with_a_code_that_no_rule_knows_names_no_key_and_shows_the_code(code: str) -> None:
    reading = coded().read(json_response(403, {"error": {"code": code}}), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert reading.reason == f"refused by the API or by something in front of it (HTTP 403): {code}"
    assert reading.is_refusal, "another key may have been stored meanwhile"


@pytest.mark.parametrize("body", [b"", b"Unauthorized", b'{"message":"Unauthorized"}'])
def test_401_without_a_mark_stays_a_rejected_key(body: bytes) -> None:
    reading = provider().read(Response(401, "text/plain", body), None)

    assert reading.outcome is Outcome.INVALID_KEY


def test_login_page_with_200_is_perhaps_a_proxy_s() -> None:
    reading = provider().read(Response(200, "text/html", PAGE), None)

    assert reading.outcome is Outcome.TRANSIENT
    assert reading.reason == (
        "a web page came instead of the API's answer, perhaps from a proxy (HTTP 200)"
    )


def test_definition_may_say_that_the_api_itself_answers_with_pages() -> None:
    definition = {
        "title": "Example",
        "request": {"url": "https://api.example.com/balance", "headers": {"X-Key": "{key}"}},
        "errors": [
            {
                "status": 401,
                "web_page": True,
                "outcome": "invalid_key",
                "reason": "the key is wrong",
            }
        ],
        "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
    }
    example = load_provider("pages", {"pages": definition})

    assert example.read(Response(401, "text/html", PAGE), None).reason == "the key is wrong"
    assert example.read(Response(403, "text/html", PAGE), None).outcome is Outcome.TRANSIENT
    assert example.read(Response(401, "text/plain", b"error code: 1010"), None).outcome is (
        Outcome.TRANSIENT
    )


#: What may be said by each status itself; beyond that, only the API knows a key or an account.
BY_STATUS: Final = {
    200: set(),
    401: {Outcome.INVALID_KEY},
    402: {Outcome.ACCOUNT_BLOCKED},
    403: set(),
    404: set(),
    502: set(),
}
KNOWS_THE_ACCOUNT: Final = {
    Outcome.OK,
    Outcome.INVALID_KEY,
    Outcome.INSUFFICIENT_SCOPE,
    Outcome.ACCOUNT_BLOCKED,
    Outcome.NO_BILLING_ACCOUNT,
}


@pytest.mark.parametrize("name", list_providers())
def test_foreign_answer_is_no_shipped_provider_s_word(name: str) -> None:
    shipped = load_provider(name, {})
    wrong = [
        (who, status, reading.outcome.value, reading.reason)
        for who, body in FOREIGN.items()
        for status, allowed in BY_STATUS.items()
        for reading in [shipped.read(json_response(status, body), None)]
        if reading.outcome in KNOWS_THE_ACCOUNT - allowed and (name, who) not in COINCIDES
    ]

    assert not wrong


def test_coincidences_are_still_needed() -> None:
    for name, who in COINCIDES:
        reading = load_provider(name, {}).read(json_response(403, FOREIGN[who]), None)
        assert reading.outcome in KNOWS_THE_ACCOUNT, (name, who)


def json_response(status: int, body: object) -> Response:
    return Response(status, "application/json", json.dumps(body).encode())
