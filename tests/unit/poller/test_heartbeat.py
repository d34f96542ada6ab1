"""When a heartbeat is sent, and that nothing reveals its address."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from balance_poller import event as event_module
from balance_poller import handler
from balance_poller.credentials.store import SecretStore
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.errors import FetchError
from balance_poller.handler import PollRunError, lambda_handler
from balance_poller.heartbeat import Heartbeat
from balance_poller.recording.tables.writer import Target
from balance_poller.settings import SERVICE
from shared.aws import telemetry
from tests.unit.poller.aws_fakes import FakeClient, client_error
from tests.unit.poller.fakes import PROVIDERS, FakeTransport, World, answer, entry, problem

CANARY = "https://hc-ping.example/canary-Xyzzy0001-0042"
Reply = Callable[[PreparedRequest], Response]


def heartbeat(reply: Reply, stored: Any, **settings: Any) -> tuple[Heartbeat, FakeTransport]:
    """Return a heartbeat with a secret and a service."""
    text = stored if isinstance(stored, str) else json.dumps(stored)

    def secrets(SecretIdList: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        if stored is None:
            raise client_error("AccessDeniedException")
        assert SecretIdList == ["stack/heartbeat"]
        return {"SecretValues": [{"ARN": "", "Name": "stack/heartbeat", "SecretString": text}]}

    client: Any = FakeClient(secrets)
    transport = FakeTransport(reply)
    made = Heartbeat(
        SecretStore(lambda: client, 300),
        lambda: transport,  # type: ignore[arg-type,return-value]  # sends as the real one does
        "stack/heartbeat",
        **settings,
    )
    return made, transport


def ok(_request: PreparedRequest) -> Response:
    return answer(b"OK")


def refuse(_request: PreparedRequest) -> Response:
    raise FetchError("the provider did not answer in time")


def break_down(request: PreparedRequest) -> Response:
    raise RuntimeError(request.url)


def test_the_shard_s_own_address_is_requested_and_nothing_sent_to_it() -> None:
    beats, transport = heartbeat(ok, {"0": "https://a.example/0", "1": "https://a.example/1"})

    assert beats.beat(1, 60) == ""

    (request,) = transport.sent
    assert (request.method, request.url) == ("GET", "https://a.example/1")
    assert (request.headers, request.content) == ({}, None)


@pytest.mark.parametrize(
    ("reply", "stored", "reason"),
    [
        (refuse, {"0": CANARY}, "the provider did not answer in time"),
        (break_down, {"0": CANARY}, "RuntimeError"),
        (lambda _: answer(CANARY.encode(), 404), {"0": CANARY}, "the service answered 404"),
        (lambda _: answer(b"", 302), {"0": CANARY}, "the service answered 302"),
        (ok, {"1": CANARY}, 'the secret has no key "0"'),
        (ok, {"0": {"url": CANARY}}, "the address does not begin with https://"),
        (ok, {"0": CANARY.replace("https", "http")}, "the address does not begin with https://"),
        (ok, {"0": "http://127.0.0.1:3001/x"}, "the address does not begin with https://"),
        (ok, CANARY, "the secret is not JSON"),
        (ok, None, "the secrets could not be read (AccessDeniedException)"),
    ],
)
def test_whatever_goes_wrong_is_a_reason_without_the_address(
    reply: Reply, stored: Any, reason: str
) -> None:
    assert heartbeat(reply, stored)[0].beat(0, 60) == reason


def test_plain_http_is_for_this_machine_alone_and_only_where_allowed() -> None:
    local, _ = heartbeat(ok, {"0": "http://127.0.0.1:3001/x"}, allow_http_loopback=True)
    remote, _ = heartbeat(ok, {"0": "http://127.0.0.1.example/x"}, allow_http_loopback=True)

    assert local.beat(0, 60) == ""
    assert remote.beat(0, 60)


@pytest.mark.parametrize(("seconds_left", "given"), [(60, 5), (8, 5), (4, 1), (3, None), (0, None)])
def test_a_service_that_is_slow_gets_no_more_time_than_the_run_has(
    seconds_left: float, given: float | None
) -> None:
    """Lambda would end the run, which would count as failed and be repeated."""
    beats, transport = heartbeat(ok, {"0": CANARY})

    problem = beats.beat(0, seconds_left)

    assert problem == ("no time was left for it" if given is None else "")
    assert transport.given == ([] if given is None else [given])


@pytest.fixture
def beaten(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Collect the shards that gave a sign of life."""
    found: list[int] = []

    def beat(shard: int, seconds_left: float) -> str:
        assert seconds_left == 60
        found.append(shard)
        return ""

    stub = SimpleNamespace(beat=beat)
    monkeypatch.setenv("BALANCE_MONITOR_NAME", "stack")
    monkeypatch.setattr(handler, "_heartbeat", lambda _settings: stub)
    monkeypatch.setattr(event_module, "MAX_BEHIND", event_module.MAX_BEHIND * 1000)
    forget_telemetry()
    yield found
    forget_telemetry()


def forget_telemetry() -> None:
    """Drop what Powertools keeps per process."""
    telemetry.logger.cache_clear()
    logging.Logger.manager.loggerDict.pop(SERVICE, None)


def run(world: World, monkeypatch: pytest.MonkeyPatch, **event: Any) -> None:
    """Run the function with accounts of which one cannot be read."""
    limits = world.limits._replace(monotonic=lambda: 0.0)
    monkeypatch.setattr(handler, "_adapters", lambda _settings: world.adapters)
    world.limits = limits
    context: Any = SimpleNamespace(
        get_remaining_time_in_millis=lambda: 60_000,
        invoked_function_arn="arn:aws:lambda:eu-central-1:1:function:stack-balance-poller",
    )
    asked = {
        "scheduled_at": "2026-11-23T14:05:00Z",
        "shard": 3,
        "heartbeat": True,
        "accounts": [entry("one"), entry("two", provider="unknown")],
        "providers": PROVIDERS,
    }
    lambda_handler(asked | event, context)


def poller(**fields: Any) -> World:
    return World(lambda _request: answer({"balance": 12.5, "bonus": 3}), **fields)


def test_a_complete_run_gives_a_sign_of_life_even_where_an_account_cannot_be_read(
    beaten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(poller(), monkeypatch)

    assert beaten == [3]


@pytest.mark.parametrize(
    "event", [{"heartbeat": False}, {"heartbeat": "yes"}, {"heartbeat": None}, {"accounts": []}]
)
def test_without_the_flag_or_an_account_there_is_none(
    beaten: list[int], monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    run(poller(), monkeypatch, **event)

    assert beaten == []


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("part", ["metrics", "history", "latest"])
def test_a_run_that_did_not_write_everything_gives_none(
    beaten: list[int], monkeypatch: pytest.MonkeyPatch, part: str, is_whole: bool
) -> None:
    world = poller()
    getattr(world, part).problems = [problem(Target.HISTORY, is_whole=is_whole)]

    try:
        run(world, monkeypatch)
    except PollRunError:
        assert is_whole

    assert beaten == []


def test_a_run_that_left_an_account_out_gives_none(
    beaten: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = poller()
    monkeypatch.setattr(handler, "_seconds_to_fetch", lambda *_: -1e9)

    run(world, monkeypatch)

    assert beaten == []


def test_no_log_holds_the_address(
    beaten: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del beaten
    made, _ = heartbeat(break_down, {"3": CANARY})
    monkeypatch.setattr(handler, "_heartbeat", lambda _settings: made)

    run(poller(), monkeypatch)
    telemetry.logger(SERVICE).warning("somebody logs it", url=CANARY, words=f"to {CANARY}")

    out = capsys.readouterr()
    assert "heartbeat not accepted" in out.out
    assert "canary-Xyzzy0001" not in out.out + out.err
    assert CANARY not in repr(made)
