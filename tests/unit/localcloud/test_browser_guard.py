"""Requests that a web page caused, or that name another host, are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancectl.localcloud.browser_guard import refusal

PORT = 4566
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566"])
@pytest.mark.parametrize("extra", [{}, {"sec-fetch-site": "none"}], ids=["sdk", "address bar"])
def test_request_of_a_client_on_this_machine_is_accepted(host: str, extra: dict[str, str]) -> None:
    assert refusal({"host": host, "user-agent": "Boto3"} | extra, PORT) is None


@given(TEXTS)
def test_any_origin_is_refused(origin: str) -> None:
    assert "Origin" in (refusal({"host": "127.0.0.1:4566", "origin": origin}, PORT) or "")


@given(TEXTS.filter(lambda site: site != "none"))
def test_any_site_but_none_is_refused(site: str) -> None:
    headers = {"host": "127.0.0.1:4566", "sec-fetch-site": site}

    assert "Sec-Fetch-Site" in (refusal(headers, PORT) or "")


@given(TEXTS.filter(lambda host: host not in ("127.0.0.1:4566", "localhost:4566")))
def test_any_other_host_is_refused(host: str) -> None:
    assert "Host" in (refusal({"host": host}, PORT) or "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "127.0.0.1"},
        {"host": "localhost:4567"},
        {"host": "evil.example:4566"},
        {"host": "127.0.0.1.evil.example:4566"},
        {"host": "127.0.0.1:4566,127.0.0.1:4566"},
    ],
    ids=str,
)
def test_missing_foreign_or_repeated_host_is_refused(headers: dict[str, str]) -> None:
    assert "127.0.0.1:4566" in (refusal(headers, PORT) or "")
