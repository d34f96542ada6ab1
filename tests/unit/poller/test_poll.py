"""A run: due accounts, rotation, the order of writing; failures do not spread."""

from __future__ import annotations

import gc
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.credentials.reference import SecretError, SecretStoreError
from balance_poller.definitions.language.template import ConfigError
from balance_poller.event import PollEvent, parse_event
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.errors import FetchError
from balance_poller.forecast import BurnState, observe
from balance_poller.polling.poll import poll
from balance_poller.recording.tables.writer import Target
from balance_poller.report import RunReport
from shared.names import Metric
from shared.outcome import Outcome
from shared.redactor import redactor
from tests.unit.poller.fakes import AT, DEFINITION, PROVIDERS, World, answer, entry, key_of, problem

DEADLINE = 100.0


def event(*entries: Any, minute: int = 5) -> PollEvent:
    return parse_event(
        {
            "scheduled_at": f"2026-11-23T14:{minute:02}:00Z",
            "shard": 2,
            "accounts": list(entries),
            "providers": PROVIDERS,
        },
        AT,
    )


def run(world: World, *entries: Any, minute: int = 5) -> RunReport:
    return poll(event(*entries, minute=minute), world.adapters, DEADLINE)


def rich(_request: PreparedRequest) -> Response:
    return answer({"balance": 12.5, "bonus": 300})


def test_a_run_when_it_is_over_then_garbage_is_collected_as_before() -> None:
    before, during = gc.get_threshold(), []

    def watched(request: PreparedRequest) -> Response:
        during.append(gc.get_threshold())
        raise RuntimeError(request.method)

    run(World(watched), entry("one"))

    assert gc.get_threshold() == before
    assert during[0][0] > before[0]


def test_a_run_when_all_is_well_then_writes_metrics_history_and_latest_in_this_order() -> None:
    world = World(rich)

    report = run(world, entry("one"), entry("two"))

    assert world.log == ["metrics", "history", "latest"]
    assert [(p.account, p.provider, p.metric) for p in world.metrics.points] == [
        ("one", "plain", Metric.BALANCE),
        ("two", "plain", Metric.BALANCE),
    ]
    assert [a.account for a in world.history.attempts] == ["one", "two"]
    assert set(world.latest.items) == {"one", "two"}
    assert report.failed_parts == ()
    assert report.to_json() == {
        "scheduled_at": "2026-11-23T14:05:00Z",
        "shard": 2,
        "duration_ms": 0,
        "counts": {"ok": 2, "skipped": 0},
        "accounts": [
            {
                "account": name,
                "provider": "plain",
                "outcome": "ok",
                "wallet": "main",
                "balance": "12.5",
                "unit": "USD",
            }
            for name in ("one", "two")
        ],
        "errors": [],
    }


def test_an_event_when_it_comes_twice_then_changes_nothing_and_asks_nothing() -> None:
    world = World(rich)
    run(world, entry("one"))
    before = dict(world.latest.items)

    report = run(world, entry("one"))

    assert len(world.transport.sent) == 1
    assert len(world.history.attempts) == 1
    assert len(world.metrics.points) == 1
    assert world.latest.items == before
    assert report.counts == {"skipped": 1}
    assert report.to_json()["accounts"] == [
        {"account": "one", "provider": "plain", "outcome": "ok", "skipped": True}
    ]


def test_a_run_when_late_then_never_overwrites_a_newer_one() -> None:
    world = World(rich)
    run(world, entry("one"), minute=10)

    report = run(world, entry("one"), entry("two"), minute=5)

    assert report.counts == {"ok": 1, "skipped": 1}
    assert world.latest.items["one"].polled_at.minute == 10


def test_wallets_when_several_accounts_watch_one_answer_then_one_request_serves_all() -> None:
    world = World(rich)

    report = run(world, entry("one", secret="s"), entry("two", secret="s", wallet="bonus"))

    assert len(world.transport.sent) == 1
    rows = report.to_json()["accounts"]
    assert [(row["balance"], row["unit"]) for row in rows] == [("12.5", "USD"), ("300", "credits")]


def test_one_bad_entry_when_among_others_then_is_recorded_and_costs_nobody_else() -> None:
    world = World(rich)

    report = run(
        world,
        entry("bad", warning="twenty"),
        entry("one"),
        entry("lost", provider="nobody"),
        {"id": "no spaces please"},
        entry("one"),
    )

    assert report.counts == {"ok": 1, "bad_config": 4, "skipped": 0}
    assert {a.account: a.outcome for a in world.history.attempts} == {
        "one": Outcome.OK,
        "lost": Outcome.BAD_CONFIG,
        "bad": Outcome.BAD_CONFIG,
    }
    assert world.latest.items["one"].outcome is Outcome.OK
    assert report.failed_parts == ()


def test_a_bad_entry_when_it_names_no_provider_then_keeps_the_last_balance() -> None:
    world = World(rich)
    run(world, entry("one"))

    run(world, entry("one", provider=None), minute=10)

    latest = world.latest.items["one"]
    assert (latest.outcome, latest.provider) == (Outcome.BAD_CONFIG, "plain")
    assert latest.good.balance == Decimal("12.5")


def test_a_bad_entry_when_the_run_is_repeated_then_is_not_recorded_again() -> None:
    world = World(rich)

    run(world, entry("bad", warning="twenty"))
    run(world, entry("bad", warning="twenty"))

    assert len(world.history.attempts) == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(401, "invalid_key"), (403, "insufficient_scope")],
    ids=["wrong key", "key of the wrong kind"],
)
def test_a_key_when_rejected_and_rotated_then_is_tried_once_more(status: int, outcome: str) -> None:
    def reply(request: PreparedRequest) -> Response:
        return (
            answer({"balance": 1})
            if key_of(request) == "new"
            else answer({"scope": "none"}, status)
        )

    world = World(reply)
    world.secrets.rotated = {"keys#one": "new"}

    report = run(world, entry("one"), entry("two"))

    assert world.secrets.reads_again == [["keys#one", "keys#two"]]
    assert Counter(map(key_of, world.transport.sent)) == {
        "key of keys#one": 1,
        "key of keys#two": 1,
        "new": 1,
    }
    assert report.counts == {"ok": 1, outcome: 1, "skipped": 0}


@pytest.mark.parametrize(
    "refusal",
    [
        answer(b"Forbidden", 403, kind="text/plain"),
        answer({"message": "Forbidden"}, 403),
        answer(b"<html>Access denied</html>", 403, kind="text/html"),
    ],
    ids=["text", "gateway", "page"],
)
def test_a_key_when_rotated_then_is_read_again_whoever_refused_the_old_one(
    refusal: Response,
) -> None:
    """A refusal that names no key as wrong may be the rotated key's all the same."""
    world = World(lambda request: answer({"balance": 1}) if key_of(request) == "new" else refusal)
    world.secrets.rotated = {"keys#one": "new"}

    report = run(world, entry("one"), entry("two"))

    assert world.secrets.reads_again == [["keys#one", "keys#two"]]
    assert report.counts == {"ok": 1, "transient": 1, "skipped": 0}


def test_a_key_when_still_rejected_after_rotation_then_is_not_tried_a_third_time() -> None:
    world = World(lambda _request: answer({}, 401))
    world.secrets.rotated = {"keys#one": "new"}

    report = run(world, entry("one"))

    assert len(world.transport.sent) == 2
    assert report.counts == {"invalid_key": 1, "skipped": 0}


def test_one_secret_when_missing_then_only_its_account_is_bad_config() -> None:
    world = World(rich)
    world.secrets.missing = {"keys#one": SecretError("the secret does not exist")}

    report = run(world, entry("one"), entry("two"))

    assert report.counts == {"bad_config": 1, "ok": 1, "skipped": 0}
    assert world.latest.items["one"].reason == "the secret does not exist"
    assert report.failed_parts == ()


def test_secrets_when_failing_as_a_whole_then_all_is_recorded_and_the_run_fails() -> None:
    world = World(rich)
    whole = SecretStoreError("the secrets could not be read (AccessDeniedException)")
    world.secrets.missing = {"keys#one": whole, "keys#two": whole}

    report = run(world, entry("one"), entry("two"), entry("three"))

    assert report.counts == {"transient": 2, "ok": 1, "skipped": 0}
    assert len(world.history.attempts) == 3
    assert report.failed_parts == ("reading secrets",)
    assert report.errors == ("the secrets could not be read (AccessDeniedException)",)


def test_an_error_nobody_foresaw_when_recording_then_costs_only_this_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(
        state: BurnState | None, at: datetime, remaining: Decimal, *, unseen: bool
    ) -> BurnState:
        if remaining == 13:
            raise ValueError("sk-canary")
        return observe(state, at, remaining, unseen=unseen)

    monkeypatch.setattr("balance_poller.recording.success.observe", broken)
    balances = iter([12, 50, 13, 51])
    world = World(lambda _request: answer({"balance": next(balances)}))
    run(world, entry("one", secret="1"), entry("two", secret="2"))

    report = run(world, entry("one", secret="1"), entry("two", secret="2"), minute=10)

    assert report.counts == {"ok": 1, "transient": 1, "skipped": 0}
    ill = world.latest.items[next(r.account for r in report.rows if r.outcome != Outcome.OK)]
    assert ill.good.balance in (12, 50), "the last good balance stands"
    assert ill.good.burn is not None
    assert (ill.reason or "").startswith("an error in the poller: ValueError at test_poll.py:")
    assert "sk-canary" not in repr((report, world.latest, world.history))


@pytest.mark.parametrize(
    ("sink", "target"),
    [
        ("metrics", Target.METRICS),
        ("history", Target.HISTORY),
        ("latest", Target.LATEST),
    ],
)
@pytest.mark.parametrize("is_whole", [True, False], ids=["as a whole", "for one account"])
def test_a_sink_when_failing_then_everything_else_is_still_written(
    sink: str, target: Target, is_whole: bool
) -> None:
    world = World(rich)
    getattr(world, sink).problems.append(problem(target, is_whole=is_whole))

    report = run(world, entry("one"))

    assert world.log == ["metrics", "history", "latest"]
    assert len(report.errors) == 1
    assert report.write_failures == 1
    assert report.failed_parts == ((f"writing {target}",) if is_whole else ())


def test_latest_when_unreadable_then_accounts_are_polled_but_their_latest_is_not_overwritten() -> (
    None
):
    world = World(rich)
    world.latest.unknown = frozenset({"one"})
    world.latest.problem = "latest balances not read: InternalServerError"

    report = run(world, entry("one"), entry("two"))

    assert len(world.metrics.points) == 2
    assert len(world.history.attempts) == 2
    assert set(world.latest.items) == {"two"}
    assert report.failed_parts == ("reading the latest balances",)


def test_failures_when_of_every_kind_then_stay_with_their_accounts() -> None:
    def reply(request: PreparedRequest) -> Response:
        match key_of(request).removeprefix("key of keys#"):
            case "refused":
                raise FetchError("the provider's host refused the connection")
            case "page":
                return answer(b"<html>", kind="text/html")
            case "odd":
                return answer({"balance": "NaN"})
            case "moved":
                return answer(b"", 302)
            case "limited":
                return answer({}, 429)
            case _:
                return answer({"balance": 5})

    world = World(reply)
    names = ("refused", "page", "odd", "moved", "limited", "fine")

    report = run(world, *(entry(name) for name in names))

    outcomes = {row.account: row.outcome for row in report.rows}
    assert outcomes == {
        "refused": Outcome.TRANSIENT,
        "page": Outcome.TRANSIENT,
        "odd": Outcome.SCHEMA_CHANGED,
        "moved": Outcome.SCHEMA_CHANGED,
        "limited": Outcome.RATE_LIMITED,
        "fine": Outcome.OK,
    }
    assert [p.account for p in world.metrics.points] == ["fine"]
    assert report.failed_parts == ()


def test_a_poll_when_balances_fall_then_publishes_the_runway_where_it_is_watched() -> None:
    balances = iter(range(1000, 0, -10))
    world = World(lambda _request: answer({"balance": next(balances)}))

    for minute in range(0, 60, 5):
        run(world, entry("one", runway_warning_hours=48), minute=minute)
    poll(
        parse_event(
            {
                "scheduled_at": "2026-11-23T15:05:00Z",
                "accounts": [entry("one", runway_warning_hours=48)],
                "providers": PROVIDERS,
            },
            AT,
        ),
        world.adapters,
        DEADLINE,
    )

    metrics = Counter(point.metric for point in world.metrics.points)
    assert metrics == {Metric.BALANCE: 13, Metric.RUNWAY_HOURS: 1}
    latest = world.latest.items["one"]
    assert float(latest.good.runway_hours or 0) == pytest.approx(880 / 120 * 65 / 60, abs=0.2)
    assert latest.good.burn_basis == "recent"
    assert latest.good.empty_at is not None


def test_an_event_without_accounts_when_run_then_reports_nothing() -> None:
    world = World(rich)

    report = run(world)

    assert report.counts == {"skipped": 0}
    assert not world.transport.sent


def test_reason_when_an_answer_echoes_the_key_as_its_error_code_then_it_is_masked() -> None:
    """An error code is recorded when it looks like one, and a key may look like one."""
    key = "CanaryKeyOfLettersAlone"
    redactor().add([key])
    coded = {**DEFINITION, "error_code": "code"}
    world = World(lambda _request: answer({"code": key}, 401))
    parsed = parse_event(
        {
            "scheduled_at": "2026-11-23T14:05:00Z",
            "accounts": [entry()],
            "providers": {"plain": coded},
        },
        AT,
    )

    report = poll(parsed, world.adapters, DEADLINE)

    assert key not in f"{report}{world.history.attempts}{world.latest.items}"
    assert report.rows[0].reason == "the key was rejected (HTTP 401): [key]"


class TestRetryAfter:
    """A provider that asked to wait gets no request before, run after run."""

    HOUR = 3600

    def limited(self, seconds: object = HOUR, status: int = 429) -> World:
        return World(lambda _request: answer({}, status, retry_after=str(seconds)))

    def test_the_next_runs_when_a_wait_was_requested_then_send_nothing_and_say_why(self) -> None:
        world = self.limited()

        reports = [run(world, entry("one", stale_after_minutes=60), minute=m) for m in (5, 10, 15)]

        assert len(world.transport.sent) == 1
        assert {row.outcome for report in reports for row in report.rows} == {Outcome.RATE_LIMITED}
        assert "asked to wait until 15:05 UTC" in (reports[-1].rows[0].reason or "")
        assert world.latest.items["one"].retry_at == AT + timedelta(hours=1)
        assert world.latest.items["one"].failing_since == AT

    def test_a_wait_when_longer_than_the_staleness_limit_then_ends_with_it(self) -> None:
        world = self.limited(86_400)

        for minute in (5, 10, 15, 20, 25):
            run(world, entry("one", stale_after_minutes=15), minute=minute)

        assert len(world.transport.sent) == 2

    def test_a_wait_when_over_then_the_account_is_polled_and_the_wait_forgotten(self) -> None:
        world = self.limited(400)
        run(world, entry("one"))
        world.transport.reply = rich

        run(world, entry("one"), minute=10)
        report = run(world, entry("one"), minute=15)

        assert report.rows[0].outcome is Outcome.OK
        assert world.latest.items["one"].retry_at is None

    def test_accounts_when_they_share_the_request_then_wait_together(self) -> None:
        world = self.limited()
        run(world, entry("one", secret="shared"))

        run(world, entry("one", secret="shared"), entry("new", secret="shared"), minute=10)
        run(world, entry("other"), minute=10)

        assert len(world.transport.sent) == 2

    @pytest.mark.parametrize(
        ("status", "wait"),
        [(503, "3600"), (429, "Mon, 23 Nov 2026 15:05:00 GMT"), (429, "9" * 40)],
    )
    def test_a_wait_when_it_comes_in_another_form_then_holds(self, status: int, wait: str) -> None:
        world = self.limited(wait, status)

        for minute in (5, 10, 15):
            run(world, entry("one"), minute=minute)

        assert len(world.transport.sent) == 1

    @pytest.mark.parametrize(
        ("status", "wait"),
        [
            (401, "3600"),
            (429, "soon"),
            (429, "-5"),
            (429, "0"),
            (429, "Mon, 23 Nov 2026 13:00 GMT"),
        ],
    )
    def test_a_wait_when_none_or_not_of_a_limit_then_the_next_run_asks(
        self, status: int, wait: str
    ) -> None:
        world = self.limited(wait, status)
        run(world, entry("one"))
        sent = len(world.transport.sent)

        run(world, entry("one"), minute=10)

        assert len(world.transport.sent) > sent


def test_planning_when_it_takes_the_runs_time_then_costs_only_what_comes_after() -> None:
    """A definition that takes forever to prepare leaves the run its time for writing."""
    world = World(rich)

    def prepare_slowly(*_: object, **__: object) -> PreparedRequest:
        world.clock.seconds = DEADLINE + 1
        raise ConfigError("slow")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("balance_poller.exchange.provider.Provider.prepare", prepare_slowly)
        report = run(world, entry("slow"), entry("other"))

    assert [row.outcome for row in report.rows] == [Outcome.BAD_CONFIG, Outcome.TRANSIENT]
    assert "ran out of time" in (report.rows[1].reason or "")
    assert world.log == ["metrics", "history", "latest"]
