"""Addresses: mistakes are reported immediately, and no address is ever shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from courier.channels import quiet
from courier.channels.address import Address, AddressError
from courier.channels.channel import ChannelError, send
from courier.posts import Level, Post
from shared.redactor import redactor

TOKEN = "TIiajkdnlazkcOXrIdevi7FQ"
POST = Post("ops", Level.CRITICAL, "CRITICAL x", "Balance: 1", "https://top.example", "bm/x")

#: Addresses with a canary in the place of the token.
CANARIES = {
    "slack": f"slack://T1JJ3T3L2/A1BRTD4JD/{TOKEN}",
    "webhook": f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{TOKEN}",
    "discord": f"discord://4174216298/{TOKEN}",
    "telegram": f"tgram://123456789:{TOKEN}/12315544",
    "pagerduty": f"pagerduty://{TOKEN}@events",
    "opsgenie": f"opsgenie://{TOKEN}",
    "json": f"jsons://user:{TOKEN}@hooks.example/path?+X-Key={TOKEN}",
    "matrix": f"matrix://{TOKEN}@matrix.example?mode=slack",
}


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Collect whatever reaches the root logger at DEBUG."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, before, handler = logging.getLogger(), logging.getLogger().level, Collector()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture(autouse=True)
def _no_keys_left() -> Iterator[None]:
    """Forget the canaries."""
    yield
    redactor.cache_clear()


@pytest.mark.parametrize("address", CANARIES.values(), ids=CANARIES)
@pytest.mark.parametrize("status", [200, 403, 500, None], ids=str)
def test_post_when_taken_refused_or_lost_then_nothing_shows_the_token(
    address: str, status: int | None, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apprise and urllib3 log addresses at DEBUG, an answer may echo one, and so may an error."""

    def answer(_self: object, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        logging.getLogger("urllib3.connectionpool").debug("POST %s", request.url)
        if status is None:
            raise requests.ConnectionError(f"Max retries exceeded with url: {request.url}")
        response = requests.Response()
        response.status_code, response._content = status, f"ok {request.url} {TOKEN}".encode()
        return response

    monkeypatch.setattr(requests.Session, "send", answer)
    found: list[str] = []
    channel = Address(address)
    try:
        send(channel, POST)
    except ChannelError as exc:
        found += [str(exc), repr(exc)]

    assert TOKEN not in "\n".join([*logged, *found, repr(channel), str(channel)])
    if status in (403, 500, None):
        assert found


@pytest.mark.parametrize("address", CANARIES.values(), ids=CANARIES)
def test_reason_when_a_library_quotes_an_address_then_is_masked(address: str) -> None:
    Address(address)

    shown = quiet.reason([f"refused {TOKEN}\nat {address}", f"({TOKEN.lower()})"])

    assert TOKEN.lower() not in shown.lower()
    assert shown.startswith("refused [key] at ")


@pytest.mark.parametrize(
    ("address", "word"),
    [
        (f"{CANARIES['slack']}?retry=3", "retry"),
        (f"{CANARIES['slack']}?optional=yes", "optional"),
        (f"{CANARIES['pagerduty']}?wait=9", "wait"),
        (f"nosuch://{TOKEN}", "Apprise knows"),
        (TOKEN, "Apprise knows"),
        ("", "Apprise knows"),
        (f"slack://{TOKEN}", "complete"),
        ("opsgenie://", "complete"),
        (f"dbus://{TOKEN}", "complete"),
        (f"pagerduty://{TOKEN}", "complete"),
    ],
)
def test_address_when_unusable_then_says_why_and_quotes_nothing(address: str, word: str) -> None:
    with pytest.raises(AddressError, match=word) as caught:
        Address(address)

    assert TOKEN not in str(caught.value)


def test_post_when_a_service_redirects_then_does_not_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A redirect would carry what is posted to another host."""
    followed: list[bool] = []

    def answer(_self: object, _request: object, **options: Any) -> requests.Response:
        followed.append(options["allow_redirects"])
        response = requests.Response()
        response.status_code, response._content = 302, b""
        return response

    monkeypatch.setattr(requests.Session, "send", answer)

    with pytest.raises(ChannelError):
        send(Address(CANARIES["json"]), POST)

    assert followed == [False]
