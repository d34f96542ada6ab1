"""What counts as consumption, what as a top-up, and what waits for the next reading."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from balance_poller.forecast import Basis, BurnState, forecast, observe
from balance_poller.forecast.calibration import HORIZONS
from shared.records import TopUp
from tests.unit.poller.forecast.accounts import HOUR, MINUTE, START, observed, polled


class TestFalls:
    def test_a_fall_when_seen_then_is_consumption_of_its_hour(self) -> None:
        state = observed([(START, "10.00"), (START + 5 * MINUTE, "9.70")])

        assert state.usage.hour_consumed == pytest.approx(0.30)
        assert state.usage.hour_seconds == 300
        assert state.level == 9.7

    def test_a_fall_when_over_several_hours_then_is_spread_over_them(self) -> None:
        state = observed([(START + 30 * MINUTE, "10.00"), (START + 210 * MINUTE, "7.00")])

        assert state.usage.recent == pytest.approx((1.0, 1.0, 1.0))
        assert state.usage.hour_consumed == pytest.approx(0.5)

    @pytest.mark.parametrize("minutes", [0, -5])
    def test_a_reading_when_not_newer_then_changes_nothing(self, minutes: int) -> None:
        state = observed([(START, "10.00"), (START + 5 * MINUTE, "9.00")])

        assert observe(state, START + (5 + minutes) * MINUTE, Decimal("1.00")) is state

    def test_an_hour_when_hardly_observed_then_is_merged_into_the_next(self) -> None:
        state = observed(
            [
                (START + 50 * MINUTE, "10"),
                (START + 60 * MINUTE, "7"),
                (START + 120 * MINUTE, "5"),
            ]
        )

        # Ten minutes consumed 3 and sixty consumed 2: nothing of it is lost.
        assert state.usage.recent[0] is None
        assert state.usage.recent[1] == pytest.approx(5 * 60 / 70)

    def test_a_difference_when_unseen_then_is_neither_consumption_nor_a_top_up(self) -> None:
        state, at, remaining = polled(30)

        for difference in (-500, 500):
            moved = observe(state, at + 5 * MINUTE, remaining + difference, unseen=True)

            assert moved.level == float(remaining) + difference
            assert moved.usage.last(48) == pytest.approx(state.usage.last(48))
            assert moved.last_top_up is None

    def test_a_gap_when_longer_than_a_week_then_leaves_a_state_that_works(self) -> None:
        state, at, remaining = polled(24 * 9, step=15 * MINUTE)

        for n in range(4 * 26):
            state = observe(state, at + timedelta(days=9, minutes=15 * n), remaining)
            state = BurnState.from_item(state.to_item())

        assert state.since == at + timedelta(days=9)

    def test_a_gap_when_longer_than_a_week_then_starts_again_but_for_the_top_up(self) -> None:
        topped_up = observed([(START, "10"), (START + HOUR, "60"), (START + 2 * HOUR, "60")])

        later = observe(topped_up, START + timedelta(days=9), Decimal("10.00"))

        assert (later.samples, later.since) == (1, START + timedelta(days=9))
        assert later.last_top_up == TopUp(START + HOUR, Decimal("50.0"))


class TestHugeFalls:
    """One fall many times larger than all before may be credit that expired."""

    def test_a_huge_fall_when_nothing_follows_then_leaves_the_forecast_but_counts_as_drain(
        self,
    ) -> None:
        state, at, remaining = polled(24 * 8)
        usual = forecast(state, at, Decimal(12))

        state = observe(state, at + 5 * MINUTE, remaining - 100)
        at_once = forecast(state, at + 5 * MINUTE, Decimal(12))
        for n in range(2, 14):
            state = observe(state, at + n * 5 * MINUTE, remaining - 100 - Decimal("0.1") * n)
        later = forecast(state, at + 65 * MINUTE, Decimal(12))

        assert later.runway_hours == pytest.approx(usual.runway_hours, rel=0.03)
        assert at_once.is_abnormal
        assert at_once.consumed_last_day == pytest.approx(Decimal("128.8"), rel=Decimal("0.01"))

    def test_a_huge_fall_when_the_next_reading_confirms_it_then_is_consumption(self) -> None:
        state, at, remaining = polled(24 * 8)

        for n in range(1, 4):
            state = observe(state, at + n * 5 * MINUTE, remaining - 100 * n)

        assert state.fall is None
        assert state.usage.hour_consumed == pytest.approx(300)

    def test_a_huge_fall_when_taken_back_then_was_an_old_answer(self) -> None:
        state, at, remaining = polled(24 * 8)

        state = observe(state, at + 5 * MINUTE, remaining - 1000)
        state = observe(state, at + 10 * MINUTE, remaining - Decimal("0.2"))

        assert state.last_top_up is None
        assert state.usage.hour_consumed == pytest.approx(0.2)

    def test_a_second_burst_when_like_the_first_then_is_usual(self) -> None:
        state, at, remaining = polled(24 * 8)

        state = observe(state, at + 5 * MINUTE, remaining - 100)
        state = observe(state, at + 300 * MINUTE, remaining - 106)
        state = observe(state, at + 305 * MINUTE, remaining - 200)

        assert state.usage.last(3) > 90


class TestRises:
    def test_a_rise_when_a_later_answer_confirms_it_then_is_a_top_up(self) -> None:
        readings = [(START, "10.00"), (START + 5 * MINUTE, "60.00")]

        once = observed(readings)
        twice = observed([*readings, (START + 10 * MINUTE, "59.90")])

        assert once.last_top_up is None
        assert twice.last_top_up == TopUp(START + 5 * MINUTE, Decimal("50.0"))
        assert twice.level == 59.9
        assert twice.usage.hour_consumed == pytest.approx(0.1)

    def test_a_rise_when_the_later_answer_is_within_minutes_then_still_waits(self) -> None:
        rises = [(START + n * MINUTE, "60") for n in range(1, 6)]

        assert observed([(START, "10"), *rises]).last_top_up is None
        assert observed([(START, "10"), *rises, (START + 6 * MINUTE, "60")]).last_top_up

    def test_a_rise_when_an_old_answer_follows_then_is_confirmed_by_the_next(self) -> None:
        texts = ["10.5", "10.4", "10.3", "10.2", "60.2", "10.4", "60.1"]

        state = observed((START + n * 5 * MINUTE, text) for n, text in enumerate(texts))

        assert state.last_top_up is not None
        assert state.level == 60.1

    def test_a_small_rise_when_it_stands_for_hours_then_is_followed(self) -> None:
        state = observed(
            (START + n * 30 * MINUTE, "10.00" if n == 0 else "10.05") for n in (0, 1, 8)
        )

        assert state.level == 10.05
        assert state.last_top_up == TopUp(START + 30 * MINUTE, Decimal("0.05"))

    def test_tiny_rises_when_below_a_cent_then_are_no_top_up(self) -> None:
        state = observed((START + n * HOUR, "0.004" if n == 0 else "0.012") for n in range(6))

        assert (state.level, state.last_top_up) == (0.012, None)

    def test_a_balance_when_it_bounces_within_noise_then_is_neither(self) -> None:
        bouncing = ["10.00", "9.95", "10.00", "9.95", "10.00", "9.95", "9.90"]

        state = observed((START + n * 5 * MINUTE, text) for n, text in enumerate(bouncing))

        assert state.last_top_up is None
        assert state.usage.last(1) == pytest.approx(0.10)

    def test_refills_when_before_most_polls_then_consumption_is_unknown_and_not_zero(self) -> None:
        state: BurnState | None = None
        for n in range(30):
            state = observe(state, START + n * HOUR, Decimal(50 + 10 * n))
        assert state is not None

        found = forecast(state, START + 29 * HOUR, Decimal(50))

        assert found.basis is Basis.HIDDEN
        assert (found.runway_hours, found.burn_per_day, found.consumed_last_day) == (None,) * 3


class TestOldAnswers:
    """Providers' caches answer from the past: neither top-up nor consumption."""

    @pytest.mark.parametrize("age_minutes", [30, 120])
    @pytest.mark.parametrize("in_a_row", [1, 2])
    @pytest.mark.parametrize("step", [5, 15])
    def test_old_answers_when_use_is_steady_then_the_forecast_is_right(
        self, age_minutes: int, in_a_row: int, step: int
    ) -> None:
        state, left = self._poll(age_minutes, in_a_row, step, lambda: 1 / 60)

        found = forecast(state, state.at, Decimal(12))

        assert state.last_top_up is None
        assert found.runway_hours == pytest.approx(12, rel=0.02)
        assert found.burn_per_day == pytest.approx(Decimal(24), rel=Decimal("0.02"))
        assert state.level == pytest.approx(left)

    @pytest.mark.parametrize("age_minutes", [30, 120])
    @pytest.mark.parametrize("in_a_row", [1, 2])
    def test_old_answers_when_use_is_bursty_then_nothing_is_counted_twice(
        self, age_minutes: int, in_a_row: int
    ) -> None:
        chance = random.Random(1)

        state, left = self._poll(
            age_minutes, in_a_row, 5, lambda: 1 / 6 if chance.random() < 0.1 else 0.0
        )

        assert state.last_top_up is None
        assert state.usage.last(48) <= 60 - left + 1e-6
        assert state.level == pytest.approx(left)

    def _poll(
        self, age_minutes: int, in_a_row: int, step: int, per_minute: Callable[[], float]
    ) -> tuple[BurnState, float]:
        """Poll for two days; of every five answers the last one or two are old."""
        state: BurnState | None = None
        balances = [60.0]
        back = age_minutes // step
        polls = 48 * 60 // step
        for n in range(polls + 1):
            is_old = n % 5 > 4 - in_a_row and back < n < polls
            shown = balances[-1 - back] if is_old else balances[-1]
            state = observe(state, START + n * step * MINUTE, Decimal(repr(shown)))
            if n < polls:
                balances.append(balances[-1] - step * per_minute())
        assert state is not None
        return state, balances[-1]


def test_a_test_of_forecasts_when_it_would_end_in_an_idle_hour_then_is_not_started() -> None:
    state, _, _ = polled(24 * 10, lambda at: 6.0 if 8 <= at.hour < 20 else 0.0, step=15 * MINUTE)

    ends = [
        (datetime.fromtimestamp(test.started, UTC) + hours * HOUR - MINUTE).hour
        for hours, tests in zip(HORIZONS, state.calibration.running, strict=True)
        for test in tests
    ]

    assert ends
    assert all(8 <= hour < 20 for hour in ends)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(1, 3000), st.just(20_000)),  # 20,000 minutes: over a week
            st.decimals(-1000, 1000, places=2),
            st.booleans(),
        ),
        min_size=1,
        max_size=60,
    )
)
@example(
    # A fall of a day is held out, and confirmed a minute later.
    [
        (1, Decimal(0), False),
        (1, Decimal(0), False),
        (1439, Decimal("-0.01"), False),
        (1, Decimal(0), True),
        (1, Decimal("-0.01"), False),
    ]
)
def test_whatever_is_observed_then_consumption_is_never_negative_and_packs_again(
    steps: list[tuple[int, Decimal, bool]],
) -> None:
    state: BurnState | None = None
    at = START
    for minutes, remaining, unseen in steps:
        at += minutes * MINUTE
        state = observe(state, at, remaining, unseen=unseen)
    assert state is not None

    packed = state.to_item()
    found = forecast(state, at, steps[-1][1])

    assert len(packed) <= 600
    assert all(amount is None or amount >= 0 for amount in state.usage.recent)
    assert BurnState.from_item(packed).to_item() == packed
    assert found.runway_hours is None or found.runway_hours >= 0


@settings(deadline=None, max_examples=50)
@given(
    before=st.lists(
        st.tuples(st.integers(1, 90), st.decimals(0, 300, places=0)), min_size=1, max_size=30
    ),
    level=st.decimals(0, 300, places=0),
)
@example(
    # A top-up like the last hours' consumption, of which the next minutes take a part.
    before=[(5, Decimal(200)), (60, Decimal(30)), (15, Decimal(217))],
    level=Decimal(196),
)
def test_whatever_was_observed_then_a_balance_that_stands_for_hours_is_accepted(
    before: list[tuple[int, Decimal]], level: Decimal
) -> None:
    state: BurnState | None = None
    at = START
    for minutes, remaining in before:
        at += minutes * MINUTE
        state = observe(state, at, remaining)
    for _ in range(14):
        at += 15 * MINUTE
        state = observe(state, at, level)
    assert state is not None

    assert (state.at, state.level) == (at, float(level))
