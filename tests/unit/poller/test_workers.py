"""Workers: shared out by host, not held by retries, and not blocked by a dead host."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

from balance_poller.event import Account, parse_account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.plan import PlanRules, load_providers, make_plan
from balance_poller.fetching.request_group import RequestGroup
from balance_poller.fetching.retry import RetryPolicy
from balance_poller.fetching.transport.errors import TOO_LATE, FetchError
from balance_poller.fetching.workers import FetchLimits, fetch_all
from shared.outcome import Outcome
from tests.unit.poller.fakes import (
    PROVIDERS,
    Clock,
    FakeSecrets,
    FakeTransport,
    answer,
    entry,
    host_of,
    key_of,
    limits,
)

DEADLINE = 60.0


def groups(*accounts: Account) -> list[RequestGroup]:
    providers = load_providers(accounts, PROVIDERS)
    keys = FakeSecrets().read([account.secret for account in accounts])
    return make_plan(accounts, providers, keys, PlanRules(allow_http_loopback=False)).groups


def accounts(count: int, host: str = "a.example", prefix: str = "") -> list[Account]:
    return [
        parse_account(entry(f"{prefix or host[0]}{n}", params={"host": host})) for n in range(count)
    ]


def asked(
    transport: FakeTransport,
    members: list[Account],
    how: FetchLimits | None = None,
    deadline: float = DEADLINE,
) -> dict[str, Reading]:
    return asyncio.run(fetch_all(groups(*members), transport, deadline, how or limits()))


def outcomes(readings: dict[str, Reading]) -> Counter[Outcome]:
    return Counter(reading.outcome for reading in readings.values())


def test_questions_when_many_then_no_more_than_the_limit_are_under_way() -> None:
    async def reply(_request: PreparedRequest) -> Response:
        await asyncio.sleep(0.001)
        return answer({"balance": 5})

    transport = FakeTransport(reply)

    readings = asked(transport, accounts(200), limits(max_in_flight=20))

    assert outcomes(readings) == {Outcome.OK: 200}
    assert transport.most_in_flight == 20


def test_hosts_when_more_than_places_then_all_are_requested() -> None:
    async def reply(_request: PreparedRequest) -> Response:
        await asyncio.sleep(0)
        return answer({"balance": 5})

    transport = FakeTransport(reply)
    members = [a for name in "abcdefghij" for a in accounts(5, f"{name}.example")]

    readings = asked(transport, members, limits(max_in_flight=3))

    assert outcomes(readings) == {Outcome.OK: 50}
    assert transport.most_in_flight <= 3


def test_a_host_when_it_never_answers_then_delays_no_other() -> None:
    """The dead host fails only after the other host's accounts are all done."""

    async def scenario() -> dict[str, Reading]:
        all_done = asyncio.Event()
        done: list[str] = []

        async def reply(request: PreparedRequest) -> Response:
            if host_of(request) == "a.example":
                await asyncio.wait_for(all_done.wait(), 30)
                raise FetchError("the provider did not answer in time")
            await asyncio.sleep(0)
            done.append(request.url)
            if len(done) == 100:
                all_done.set()
            return answer({"balance": 5})

        members = accounts(300, "a.example") + accounts(100, "b.example")
        how = limits(max_in_flight=40)
        return await fetch_all(groups(*members), FakeTransport(reply), 1e9, how)

    readings = asyncio.run(scenario())

    assert outcomes(readings) == {Outcome.OK: 100, Outcome.TRANSIENT: 300}


def test_a_host_when_down_for_the_whole_run_then_costs_a_bounded_number_of_requests() -> None:
    def reply(_request: PreparedRequest) -> Response:
        raise FetchError("the provider's host refused the connection")

    transport = FakeTransport(reply)

    readings = asked(transport, accounts(500), limits(max_in_flight=20))

    assert outcomes(readings) == {Outcome.TRANSIENT: 500}
    assert len(transport.sent) <= 60
    reasons = Counter(reading.reason for reading in readings.values())
    assert reasons["the provider's host refused the connection"] >= 20
    assert any(reason and reason.startswith("no request was sent") for reason in reasons)


def test_a_host_when_it_times_out_again_and_again_then_is_given_up_after_three() -> None:
    clock = Clock()

    async def reply(_request: PreparedRequest) -> Response:
        await clock.sleep(15)
        raise FetchError("the provider did not answer in time")

    transport = FakeTransport(reply)

    readings = asked(transport, accounts(5), limits(clock, max_in_flight=1), deadline=1000)

    assert outcomes(readings) == {Outcome.TRANSIENT: 5}
    assert len(transport.sent) == 3


def test_accounts_that_always_fail_do_not_hide_the_same_others_at_every_run() -> None:
    """The first thirty always fail; asked in a fixed order, they would hide the last ten."""

    async def reply(request: PreparedRequest) -> Response:
        await asyncio.sleep(0)
        if int(key_of(request).rsplit("a", 1)[1]) < 30:
            raise FetchError("the connection broke before the whole answer arrived")
        return answer({"balance": 5})

    chance = Random(1)
    members = accounts(40)

    seen: set[str] = set()
    for _ in range(20):
        how = limits(max_in_flight=1, jitter=chance.random)
        readings = asked(FakeTransport(reply), members, how)
        seen |= {name for name, reading in readings.items() if reading.outcome is Outcome.OK}

    assert seen == {f"a{n}" for n in range(30, 40)}


def test_a_host_when_only_some_keys_fail_then_is_not_down() -> None:
    def reply(request: PreparedRequest) -> Response:
        is_odd = int(key_of(request)[-1]) % 2
        return answer({}, 503) if is_odd else answer({"balance": 1})

    readings = asked(FakeTransport(reply), accounts(100), limits(max_in_flight=1), deadline=1e9)

    assert outcomes(readings) == {Outcome.OK: 50, Outcome.TRANSIENT: 50}
    assert not any((r.reason or "").startswith("no request was sent") for r in readings.values())


@pytest.mark.parametrize(
    ("status", "attempts"),
    [(429, 3), (503, 3), (500, 3), (401, 1), (403, 3), (404, 1), (400, 1), (200, 1)],
)
def test_an_answer_when_a_retry_can_help_then_is_requested_thrice(
    status: int, attempts: int
) -> None:
    transport = FakeTransport(lambda _request: answer({}, status))

    asked(transport, accounts(1))

    assert len(transport.sent) == attempts


def test_an_account_when_it_recovers_between_attempts_then_is_ok() -> None:
    replies = iter([answer({}, 503), answer({}, 429), answer({"balance": 7})])

    readings = asked(FakeTransport(lambda _request: next(replies)), accounts(1))

    assert readings["a0"].outcome is Outcome.OK


def test_retry_after_when_given_then_is_waited_for_while_others_are_requested() -> None:
    clock = Clock()
    seen: list[str] = []

    def reply(request: PreparedRequest) -> Response:
        seen.append(key_of(request))
        is_first = seen.count("key of keys#a0") == 1 and seen[-1].endswith("a0")
        return answer({}, 429, retry_after="20") if is_first else answer({"balance": 7})

    readings = asked(FakeTransport(reply), accounts(3), limits(clock, max_in_flight=1))

    assert outcomes(readings) == {Outcome.OK: 3}
    assert [key[-2:] for key in seen] == ["a0", "a1", "a2", "a0"]
    assert sum(clock.slept) >= 20


def test_retry_after_when_longer_than_the_run_then_is_left_to_the_next_run() -> None:
    transport = FakeTransport(lambda _request: answer({}, 429, retry_after="3600"))

    readings = asked(transport, accounts(1))

    assert readings["a0"].outcome is Outcome.RATE_LIMITED
    assert len(transport.sent) == 1


def test_the_run_when_out_of_time_then_keeps_what_was_gathered() -> None:
    async def reply(request: PreparedRequest) -> Response:
        if key_of(request).endswith("a1"):
            await asyncio.sleep(30)
        return answer({"balance": 7})

    async def scenario() -> dict[str, Reading]:
        loop = asyncio.get_running_loop()
        how = FetchLimits(max_in_flight=10, timeout_seconds=15, monotonic=loop.time)
        return await fetch_all(groups(*accounts(3)), FakeTransport(reply), loop.time() + 0.1, how)

    readings = asyncio.run(scenario())

    assert [readings[a].outcome for a in ("a0", "a2")] == [Outcome.OK, Outcome.OK]
    assert readings["a1"].outcome is Outcome.TRANSIENT
    assert readings["a1"].reason == "the run ran out of time before the provider answered"


def test_the_run_when_out_of_time_while_waiting_to_retry_then_keeps_the_last_outcome() -> None:
    """The wait ends just after the run's time: nothing more is asked, and 429 stands."""
    clock = Clock()

    async def oversleep(seconds: float) -> None:
        await clock.sleep(seconds + 3)

    transport = FakeTransport(lambda _request: answer({}, 429))
    how = limits(clock, retries=RetryPolicy(base_seconds=9), jitter=lambda: 1.0, sleep=oversleep)

    readings = asked(transport, accounts(1), how, deadline=10.0)

    assert readings["a0"].outcome is Outcome.RATE_LIMITED
    assert len(transport.sent) == 1


def test_no_time_when_left_at_all_then_nothing_is_requested() -> None:
    transport = FakeTransport(lambda _request: answer({"balance": 7}))

    readings = asked(transport, accounts(2), deadline=0.0)

    assert outcomes(readings) == {Outcome.TRANSIENT: 2}


def test_an_unforeseen_error_when_one_account_causes_it_then_costs_no_other() -> None:
    def reply(request: PreparedRequest) -> Response:
        if key_of(request).endswith("a1"):
            raise RuntimeError("quoting the key of keys#a1")
        return answer({"balance": 7})

    readings = asked(FakeTransport(reply), accounts(3))

    assert outcomes(readings) == {Outcome.OK: 2, Outcome.TRANSIENT: 1}
    assert "RuntimeError at test_workers.py:" in (readings["a1"].reason or "")
    assert "key of" not in (readings["a1"].reason or "")


def test_no_requests_when_sent_then_no_readings() -> None:
    assert asked(FakeTransport(lambda _request: answer({})), []) == {}


def test_request_when_it_outlasts_the_run_then_the_run_ran_out_of_time() -> None:
    clock = Clock()

    def hang(_request: PreparedRequest) -> Response:
        clock.seconds = DEADLINE
        raise FetchError(TOO_LATE)

    (found,) = asked(FakeTransport(hang), accounts(1), limits(clock)).values()

    assert found.reason == "the run ran out of time before the provider answered"
