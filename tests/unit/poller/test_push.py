"""Pushed accounts: what is accepted, what is refused, and what polls do in between."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.event import parse_event
from balance_poller.forecast import BurnState
from balance_poller.polling.poll import poll
from balance_poller.push import PushReport, push
from balance_poller.pushed.alias import is_push
from balance_poller.pushed.event import MAX_PUSHES, parse_push_event
from balance_poller.recording.tables.writer import Target
from balance_poller.recording.write_order import Sinks
from shared.names import Metric
from shared.outcome import Outcome
from tests.unit.poller.fakes import AT, World, answer, entry, problem

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:stack-balance-poller"


def world() -> World:
    return World(lambda _request: answer({"balance": 12.5, "bonus": 3}))


def run(made: World, at: datetime, **fields: Any) -> None:
    """Poll one pushed account, and one that is asked for."""
    pushed = {"id": "ads", "provider": "pushed", "unit": "USD", "warning": 50} | fields
    event = {
        "scheduled_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "accounts": [pushed],
    }
    poll(parse_event(event, at), made.adapters, 100.0)


def hand_in(
    made: World, at: datetime, *entries: dict[str, Any], by: str | None = None
) -> PushReport:
    event = parse_push_event({"pushes": list(entries), "by": by}, at)
    return push(event, Sinks(made.metrics, made.history, made.latest))


def amounts(made: World) -> list[tuple[datetime, float]]:
    return [(p.at, p.value) for p in made.metrics.points if p.metric is Metric.BALANCE]


def known(at: datetime = AT) -> World:
    """Return a world in which the account was polled, and nothing pushed."""
    made = world()
    run(made, at)
    return made


def test_an_account_when_nothing_was_pushed_then_is_not_set_up_and_has_no_sample() -> None:
    made = known()

    latest = made.latest.items["ads"]
    assert (latest.outcome, latest.is_set_up, latest.good.unit) == (
        Outcome.NOT_PUSHED,
        False,
        "USD",
    )
    assert latest.provider_title == "Pushed"
    assert made.metrics.points == []
    assert made.transport.sent == []


def test_a_push_when_it_is_taken_then_is_recorded_as_a_balance_with_who_says_so() -> None:
    made = known()
    at = AT + timedelta(minutes=3)

    report = hand_in(made, at, {"account": "ads", "balance": "41.20"}, by="arn:aws:iam::1:user/a")

    assert report.to_json() == {
        "pushed": [
            {"account": "ads", "balance": "41.20", "unit": "USD", "at": "2026-11-23T14:08:00Z"}
        ],
        "refused": [],
        "errors": [],
    }
    latest = made.latest.items["ads"]
    assert (latest.outcome, latest.good.balance, latest.good.balance_at) == (
        Outcome.OK,
        Decimal("41.20"),
        at,
    )
    assert latest.thresholds.warning == 50
    assert latest.failing_since is None
    assert made.history.attempts[-1].pushed_by == "arn:aws:iam::1:user/a"
    assert amounts(made) == [(at, 41.2)]
    assert made.log[-3:] == ["metrics", "history", "latest"]


def test_polls_between_pushes_then_repeat_the_figure_until_it_is_too_old() -> None:
    made = known()
    hand_in(made, AT + timedelta(minutes=3), {"account": "ads", "balance": 41.2})
    recorded = len(made.history.attempts)

    for minutes in (5, 10, 1_563):
        run(made, AT + timedelta(minutes=minutes))

    latest = made.latest.items["ads"]
    assert [value for _, value in amounts(made)] == [41.2] * 4
    assert len(made.history.attempts) == recorded, "a repeated figure is no new record"
    assert latest.good.balance_at == AT + timedelta(minutes=3)
    assert latest.polled_at == AT + timedelta(minutes=1_563)

    run(made, AT + timedelta(minutes=1_568))

    latest = made.latest.items["ads"]
    assert (latest.outcome, latest.reason) == (
        Outcome.NOT_PUSHED,
        "no new balance was pushed in time",
    )
    assert latest.good.balance == Decimal("41.2")
    assert len(amounts(made)) == 4


@pytest.mark.parametrize("minutes", [60, 20_000])
def test_a_figure_when_stale_after_is_set_then_lives_as_long(minutes: int) -> None:
    made = known()
    hand_in(made, AT, {"account": "ads", "balance": 41.2})

    outcomes = []
    for later in (minutes, minutes + 1):
        run(made, AT + timedelta(minutes=later), stale_after_minutes=minutes)
        outcomes.append(made.latest.items["ads"].outcome)

    assert outcomes == [Outcome.OK, Outcome.NOT_PUSHED]


def test_burn_when_polls_repeat_then_is_observed_at_pushes_alone() -> None:
    often, seldom = known(), known()
    for hour in range(1, 8):
        at = AT + timedelta(hours=hour)
        for made in (often, seldom):
            hand_in(made, at, {"account": "ads", "balance": 100 - 2 * hour})
        for minute in range(5, 60, 5):
            run(often, at + timedelta(minutes=minute))

    first, second = often.latest.items["ads"], seldom.latest.items["ads"]
    assert BurnState.from_item(first.good.burn or b"") == BurnState.from_item(
        second.good.burn or b""
    )
    assert first.good.empty_at is not None
    assert second.good.empty_at is not None
    # A stored state is rounded.
    assert abs(first.good.empty_at - second.good.empty_at) < timedelta(minutes=10)
    assert first.day is not None
    assert second.day is not None
    assert (first.day.spent, first.day.known_seconds) == (
        second.day.spent,
        second.day.known_seconds,
    )


def test_the_runway_when_time_passes_without_a_push_then_shrinks_with_it() -> None:
    made = known()
    for hour in range(1, 8):
        hand_in(made, AT + timedelta(hours=hour), {"account": "ads", "balance": 100 - 2 * hour})
    last = AT + timedelta(hours=7)
    hours = []
    for later in (1, 3, 500):
        run(made, last + timedelta(hours=later), runway_warning_hours=1, stale_after_minutes=44_000)
        hours.append(made.metrics.points[-1].value)

    assert made.metrics.points[-1].metric is Metric.RUNWAY_HOURS
    assert hours[0] - hours[1] == pytest.approx(2)
    assert hours[2] == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account": "nobody"}, "no pushed account of this name"),
        ({"account": "one"}, "no pushed account of this name"),
        ({"unit": "EUR"}, "unit is USD, not EUR"),
        ({"at": "2026-11-23T14:04:59Z"}, "this one is not newer"),
        ({"at": "2026-11-23T14:05:00Z", "balance": 3}, "this one is not newer"),
        ({"at": "2026-11-23T15:00:00Z"}, "in the future"),
        ({"at": "2026-10-01T00:00:00Z"}, "more than 31 days ago"),
        ({"at": "yesterday"}, "not a time"),
        ({"at": "2026-11-23T14:05:00"}, "not a time"),
        ({"balance": None}, "the balance is missing"),
        ({"balance": "1,250.00"}, "balance: expected a number"),
        ({"balance": float("nan")}, "balance: expected a number"),
        ({"balance": 1e15}, "outside 1e-30"),
        ({"balance": True}, "expected a number, got a boolean"),
        ({"account": "no spaces"}, "missing or malformed"),
        ({"secret": "other"}, "there is no field secret"),
    ],
)  # fmt: skip
def test_a_figure_when_it_is_no_good_then_is_refused_and_costs_no_other(
    fields: dict[str, Any], reason: str
) -> None:
    made = known()
    poll(
        parse_event(
            {
                "scheduled_at": "2026-11-23T14:05:00Z",
                "accounts": [
                    entry("one"),
                    {"id": "other", "provider": "pushed", "unit": "credits"},
                ],
                "providers": {},
            },
            AT,
        ),
        made.adapters,
        100.0,
    )
    hand_in(made, AT, {"account": "ads", "balance": 90})
    before = dict(made.latest.items)

    report = hand_in(
        made,
        AT + timedelta(minutes=20),
        {"account": "ads", "balance": 80} | fields,
        {"account": "other", "balance": 5},
    )

    (refused,) = report.refused
    assert reason in refused.reason
    assert [latest.account for latest in report.pushed] == ["other"]
    assert {n: made.latest.items[n] for n in ("ads", "one")} == {
        n: before[n] for n in ("ads", "one")
    }


def test_an_account_when_it_is_no_longer_pushed_then_takes_no_push() -> None:
    made = known()
    made.latest.items["ads"] = made.latest.items["ads"]._replace(provider="openrouter")

    assert hand_in(made, AT, {"account": "ads", "balance": 1}).refused


def test_an_account_when_its_unit_changes_then_the_figure_is_forgotten() -> None:
    made = known()
    hand_in(made, AT, {"account": "ads", "balance": 90})

    run(made, AT + timedelta(minutes=5), unit="EUR")

    latest = made.latest.items["ads"]
    assert (latest.outcome, latest.good.balance, latest.good.unit) == (
        Outcome.NOT_PUSHED,
        None,
        "EUR",
    )


def test_a_push_when_a_poll_writes_meanwhile_then_is_made_again_over_it() -> None:
    made = known()
    hand_in(made, AT, {"account": "ads", "balance": 90})
    made.latest.meanwhile.append(
        made.latest.items["ads"]._replace(polled_at=AT + timedelta(minutes=5))
    )

    report = hand_in(made, AT + timedelta(minutes=4), {"account": "ads", "balance": 80})

    assert [latest.good.balance for latest in report.pushed] == [Decimal(80)]
    assert made.latest.items["ads"].good.balance == 80
    assert made.latest.items["ads"].polled_at > AT + timedelta(minutes=5)


def test_a_poll_when_somebody_pushes_meanwhile_then_keeps_what_was_pushed() -> None:
    made = known()
    hand_in(made, AT, {"account": "ads", "balance": 90})
    other = known()
    hand_in(other, AT + timedelta(minutes=4), {"account": "ads", "balance": 80})
    made.latest.meanwhile.append(other.latest.items["ads"])

    run(made, AT + timedelta(minutes=5))

    assert made.latest.items["ads"].good.balance == 80


def test_a_push_when_it_comes_twice_then_is_done_once() -> None:
    made = known()
    figure = {"account": "ads", "balance": 90, "at": "2026-11-23T14:05:00Z"}
    hand_in(made, AT, figure)
    before = len(made.history.attempts)

    report = hand_in(made, AT + timedelta(minutes=1), figure)

    assert (len(report.pushed), report.refused) == (1, [])
    assert len(made.history.attempts) == before


def test_a_push_when_it_cannot_be_written_then_says_so() -> None:
    made = known()
    made.latest.problems.append(problem(Target.LATEST)._replace(accounts=("ads",)))

    report = hand_in(made, AT, {"account": "ads", "balance": 90})

    assert report.pushed == []
    assert "push it again" in report.refused[0].reason
    assert report.write_failures == 1
    assert report.errors


def test_a_push_when_the_record_cannot_be_read_then_is_refused() -> None:
    made = known()
    made.latest.unknown, made.latest.problem = frozenset({"ads"}), "not read"

    report = hand_in(made, AT, {"account": "ads", "balance": 90})

    assert "could not be read" in report.refused[0].reason
    assert made.latest.items["ads"].good.balance is None


@pytest.mark.parametrize(
    "event",
    [
        {"accounts": [], "scheduled_at": "2026-11-23T14:05:00Z"},
        {"pushes": [{"account": "a", "balance": 1}], "accounts": []},
        {"pushes": [{"account": "a", "balance": 1}], "providers": {}},
        {"pushes": "abc"},
        {"pushes": []},
        {"pushes": [{"account": "a", "balance": 1}] * (MAX_PUSHES + 1)},
        {"pushes": {"account": "a"}},
        [],
        None,
    ],
)
def test_an_event_when_it_is_no_push_then_is_refused_whole(event: object) -> None:
    with pytest.raises(ValueError, match="push"):
        parse_push_event(event, AT)


@given(event=st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["pushes", "by", "account", "balance", "unit", "at", "x"]), inner
    )
), max_leaves=8))  # fmt: skip
def test_an_event_when_it_is_anything_at_all_then_is_read_or_refused(event: object) -> None:
    try:
        found = parse_push_event(event, AT)
    except ValueError:
        return
    assert all(each.at <= AT for each in found.pushes)


def test_who_pushed_when_it_is_hostile_then_is_one_short_line() -> None:
    made = known()
    hand_in(made, AT, {"account": "ads", "balance": 1}, by="a\n\x1b[31m\u202eb" + "c" * 500)

    claim = made.latest.items["ads"].good.pushed_by or ""
    assert len(claim) <= 200
    assert claim.isprintable()


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"{ARN}:push", True),
        (ARN, False),
        (f"{ARN}:$LATEST", False),
        (f"{ARN}:pushes", False),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:x:push", True),
        ("arn:aws:lambda:eu-central-1:123456789012:function:push", False),
        ("", False),
    ],
)
def test_the_alias_when_it_is_not_push_then_polls(arn: str, expected: bool) -> None:
    assert is_push(arn) is expected
