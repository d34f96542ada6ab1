"""Burn and runway: what counts as consumption, what as a top-up, and when it will be empty."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.forecast.burn_profile import Rhythm, Walk
from balance_poller.forecast.burn_state import HOURS
from balance_poller.forecast.runway import Basis, BurnState, BurnStateError, forecast, observe
from shared.records import TopUp

START = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def observed(readings: Iterable[tuple[datetime, str | Decimal]]) -> BurnState:
    state: BurnState | None = None
    for at, remaining in readings:
        state = observe(state, at, Decimal(remaining))
    assert state is not None
    return state


def polled(
    hours: float,
    per_hour: Callable[[datetime], float] = lambda _at: 1.2,
    start: datetime = START,
    step: timedelta = 5 * MINUTE,
    balance: float = 100_000.0,
) -> tuple[BurnState, datetime, Decimal]:
    """Return what is known after polling usage for some hours."""
    state: BurnState | None = None
    at, remaining = start, balance
    while True:
        state = observe(state, at, Decimal(f"{remaining:.6f}"))
        if at >= start + timedelta(hours=hours):
            return state, at, Decimal(f"{remaining:.6f}")
        remaining -= per_hour(at) * step / HOUR
        at += step


class TestObserving:
    def test_a_fall_when_seen_then_is_consumption_of_its_hour(self) -> None:
        state = observed([(START, "10.00"), (START + 5 * MINUTE, "9.70")])

        assert state.hour_consumed == pytest.approx(0.30)
        assert state.hour_seconds == 300
        assert state.level == 9.7

    def test_a_fall_when_over_several_hours_then_is_spread_over_them(self) -> None:
        state = observed([(START + 30 * MINUTE, "10.00"), (START + 210 * MINUTE, "7.00")])

        assert state.hours[-3:] == pytest.approx((1.0, 1.0, 1.0))
        assert state.hours[-4] is None
        assert state.hour_consumed == pytest.approx(0.5)

    def test_a_rise_when_more_than_noise_then_is_a_top_up_and_no_consumption(self) -> None:
        state = observed([(START, "10.00"), (START + 5 * MINUTE, "60.00")])

        assert state.last_top_up == TopUp(START + 5 * MINUTE, Decimal("50.00"))
        assert state.hour_consumed == 0
        assert state.hour_seconds == 0
        assert state.level == 60.0

    def test_a_monthly_reset_when_seen_then_is_a_top_up(self) -> None:
        state = observed([(START, "-3"), (START + 5 * MINUTE, "500")])

        assert state.last_top_up == TopUp(START + 5 * MINUTE, Decimal(503))

    def test_a_balance_when_it_bounces_within_noise_then_is_neither(self) -> None:
        bouncing = ["10.00", "9.95", "10.00", "9.95", "10.00", "9.95", "9.90"]

        state = observed((START + n * 5 * MINUTE, text) for n, text in enumerate(bouncing))

        assert state.last_top_up is None
        assert state.hour_consumed == pytest.approx(0.10)

    def test_tiny_rises_when_below_a_cent_then_are_noise_even_of_a_tiny_balance(self) -> None:
        state = observed([(START, "0.004"), (START + 5 * MINUTE, "0.012")])

        assert state.last_top_up is None

    def test_rises_when_each_is_noise_but_their_sum_is_not_then_are_a_top_up(self) -> None:
        state = observed((START + n * 5 * MINUTE, str(100 + n)) for n in range(3))

        assert state.last_top_up is not None
        assert state.last_top_up.amount == 2

    @pytest.mark.parametrize("minutes", [0, -5])
    def test_a_reading_when_not_newer_then_changes_nothing(self, minutes: int) -> None:
        state = observed([(START, "10.00"), (START + 5 * MINUTE, "9.00")])

        assert observe(state, START + (5 + minutes) * MINUTE, Decimal("1.00")) is state

    def test_a_gap_when_longer_than_what_is_kept_then_starts_anew_but_for_the_top_up(self) -> None:
        state = observed([(START, "10.00"), (START + HOUR, "60.00")])

        later = observe(state, START + timedelta(days=9), Decimal("10.00"))

        assert (later.samples, later.since) == (1, START + timedelta(days=9))
        assert later.last_top_up == TopUp(START + HOUR, Decimal("50.00"))

    def test_hours_when_a_week_has_passed_then_only_the_last_week_is_kept(self) -> None:
        state, _, _ = polled(24 * 10, step=15 * MINUTE)

        assert len(state.hours) == HOURS
        assert state.hours == pytest.approx((1.2,) * HOURS)

    def test_an_hour_when_partly_observed_then_counts_by_what_was_seen_of_it(self) -> None:
        readings = {0: "10", 10: "9", 55: "59", 65: "58"}

        state = observed((START + minute * MINUTE, text) for minute, text in readings.items())

        # Ten minutes and five were observed in the first hour; the top-up's interval was not.
        assert state.hours[-1] == pytest.approx((1 + 0.5) * 60 / 15)

    def test_an_hour_when_hardly_observed_then_counts_as_unseen(self) -> None:
        readings = {0: "10", 5: "9", 55: "59", 65: "58"}

        state = observed((START + minute * MINUTE, text) for minute, text in readings.items())

        assert state.hours[-1] is None

    @given(
        st.lists(
            st.tuples(st.integers(1, 3000), st.decimals(-1000, 1000, places=2)),
            min_size=1,
            max_size=60,
        )
    )
    def test_whatever_is_observed_then_consumption_is_never_negative_and_packs_again(
        self, steps: list[tuple[int, Decimal]]
    ) -> None:
        state: BurnState | None = None
        at = START
        for minutes, remaining in steps:
            at += minutes * MINUTE
            state = observe(state, at, remaining)
        assert state is not None

        packed = state.to_item()
        found = forecast(state, at, steps[-1][1])

        assert all(amount is None or amount >= 0 for amount in state.hours)
        assert BurnState.from_item(packed).to_item() == packed
        assert found.runway_hours is None or found.runway_hours >= 0


class TestPacking:
    def test_a_state_when_packed_then_is_small_and_keeps_what_matters(self) -> None:
        state, at, remaining = polled(24 * 8, lambda at: 1 + at.hour)
        state = observe(state, at + 5 * MINUTE, remaining + 5000)

        packed = state.to_item()
        unpacked = BurnState.from_item(packed)

        assert len(packed) == 210
        assert unpacked.hours == pytest.approx(state.hours, rel=0.02)
        assert (unpacked.at, unpacked.since, unpacked.level) == (
            state.at,
            state.since,
            state.level,
        )
        assert unpacked.last_top_up is not None
        assert unpacked.last_top_up.amount == Decimal(5000)

    def test_a_state_when_packed_at_every_poll_then_does_not_drift(self) -> None:
        state: BurnState | None = None
        remaining = Decimal(1000)
        for n in range(12 * 24 * 8):
            state = observe(state, START + n * 5 * MINUTE, remaining)
            state = BurnState.from_item(state.to_item())
            remaining -= Decimal("0.1")

        assert state is not None
        assert state.hours == pytest.approx((1.2,) * HOURS, rel=0.02)

    def test_hours_when_of_very_different_size_then_none_is_lost_or_zero(self) -> None:
        hours = (None, 0.0, 1e-3, 1.0, 9.99e6, 1e7) * 28
        state = BurnState(START, START, 9, 5.0, hours)

        unpacked = BurnState.from_item(state.to_item()).hours

        assert unpacked[:2] == (None, 0.0)
        assert unpacked[4:6] == pytest.approx((9.99e6, 1e7), rel=0.02)
        assert all(amount and amount <= 1e4 for amount in unpacked[2:4])

    @pytest.mark.parametrize("stored", [b"", b"\x01", b"\x02" + bytes(209), bytes(210)])
    def test_bytes_when_not_a_state_then_are_refused(self, stored: bytes) -> None:
        with pytest.raises(BurnStateError):
            BurnState.from_item(stored)

    def test_a_state_when_its_times_are_impossible_then_is_refused(self) -> None:
        state = observed([(START, "10.00")])
        packed = bytearray(state.to_item())
        packed[9:10] = b"\xff"

        assert BurnState.from_item(bytes(packed)).samples == 255


class TestForecasting:
    @pytest.mark.parametrize(
        ("hours", "step"), [(0.9, 5 * MINUTE), (4, HOUR)], ids=["too short", "too few"]
    )
    def test_a_forecast_when_too_little_is_known_then_is_accumulating(
        self, hours: float, step: timedelta
    ) -> None:
        state, at, remaining = polled(math.floor(hours * 12) / 12, step=step)

        found = forecast(state, at, remaining)

        assert found.basis is Basis.ACCUMULATING
        assert (found.runway_hours, found.burn_per_day, found.drain_factor) == (None, None, None)

    def test_a_forecast_when_less_than_a_day_is_known_then_is_the_recent_rate(self) -> None:
        state, at, _ = polled(5)

        found = forecast(state, at, Decimal(12))

        assert found.basis is Basis.RECENT
        assert found.runway_hours == pytest.approx(10.0, rel=1e-3)
        assert found.burn_per_day == Decimal("28.8")
        assert found.consumed_last_day == Decimal("6.0")

    def test_a_forecast_when_usage_is_even_then_is_exact(self) -> None:
        state, at, _ = polled(24 * 8)

        found = forecast(state, at, Decimal(12))

        assert found.basis is Basis.PROFILE
        assert found.runway_hours == pytest.approx(10.0, rel=1e-3)
        assert found.empty_at == pytest.approx(at + 10 * HOUR, abs=MINUTE)
        assert found.burn_per_day == Decimal("28.8")
        assert found.drain_factor == pytest.approx(1.0, rel=0.02)

    def test_a_forecast_when_nights_are_idle_then_waits_for_the_morning(self) -> None:
        state, at, _ = polled(24 * 8 + 20, lambda at: 6.0 if 8 <= at.hour < 20 else 0.0)

        found = forecast(state, at, Decimal(6))  # it is 20:00: an hour's worth, from 8:00 on

        assert found.runway_hours == pytest.approx(13.0, abs=0.1)

    def test_a_forecast_when_far_ahead_then_repeats_the_week(self) -> None:
        state, at, _ = polled(24 * 8)

        found = forecast(state, at, Decimal("28.8") * 1000)

        assert found.runway_hours == pytest.approx(24_000, rel=0.01)

    def test_a_balance_when_exactly_some_weeks_worth_then_ends_with_the_week(self) -> None:
        by_hour = tuple(3.0 if hour == 12 else 0.0 for hour in range(24))

        hours = Walk(Rhythm(by_hour), START).hours_until(3.0 * 7 * 4)

        assert hours == pytest.approx(4 * 168, abs=12)

    @given(
        by_hour=st.lists(st.sampled_from([0.0, 1e-9, 0.1, 3.0, 1e6]), min_size=24, max_size=24),
        fast=st.floats(-5, 5),
        slow=st.floats(-5, 5),
        minute=st.integers(0, 7 * 24 * 60),
        amount=st.floats(1e-9, 1e9),
    )
    def test_a_walk_whatever_the_rhythm_then_consumes_the_balance_by_its_end(
        self, by_hour: list[float], fast: float, slow: float, minute: int, amount: float
    ) -> None:
        walk = Walk(Rhythm(tuple(by_hour), (1.1, 0.75), fast, slow), START + minute * MINUTE)

        hours = walk.hours_until(amount)

        if walk.is_idle:
            assert hours is None
        elif hours is not None and hours < 2000:
            assert walk.consumption(math.ceil(hours + 1e-6)) >= amount * (1 - 1e-6)
            if hours > 1:
                assert walk.consumption(math.floor(hours - 1e-6)) <= amount * (1 + 1e-6)

    def test_a_forecast_when_nothing_is_consumed_then_is_steady(self) -> None:
        state, at, remaining = polled(30, lambda _at: 0.0)

        found = forecast(state, at, remaining)

        assert found.basis is Basis.STEADY
        assert (found.runway_hours, found.empty_at) == (None, None)
        assert (found.burn_per_day, found.drain_factor) == (Decimal(0), 1.0)

    def test_a_forecast_when_the_last_hours_were_idle_then_still_ends(self) -> None:
        state, at, _ = polled(24 * 8, lambda at: 0.0 if at > START + 186 * HOUR else 1.2)

        found = forecast(state, at, Decimal(12))

        assert found.runway_hours is not None
        assert 10 < found.runway_hours < 20

    @pytest.mark.parametrize("remaining", ["0", "-4.20"])
    def test_a_forecast_when_the_balance_is_gone_then_is_zero(self, remaining: str) -> None:
        state, at, _ = polled(5)

        found = forecast(state, at, Decimal(remaining))

        assert (found.runway_hours, found.empty_at) == (0.0, at)

    def test_a_forecast_when_the_provider_reports_its_rate_then_uses_it(self) -> None:
        state, at, _ = polled(24 * 8)

        found = forecast(state, at, Decimal(12), Decimal("2.4"))

        assert found.basis is Basis.REPORTED
        assert found.runway_hours == pytest.approx(5.0)
        assert found.burn_per_day == Decimal("57.6")

    @pytest.mark.parametrize(
        ("reported", "basis", "hours"),
        [("50", Basis.REPORTED, 0.6), ("0", Basis.STEADY, None)],
        ids=["burning", "idle"],
    )
    def test_a_forecast_when_the_provider_reports_its_rate_then_needs_no_history(
        self, reported: str, basis: Basis, hours: float | None
    ) -> None:
        at = datetime(2026, 11, 2, tzinfo=UTC)

        found = forecast(observe(None, at, Decimal(30)), at, Decimal(30), Decimal(reported))

        assert (found.basis, found.runway_hours) == (basis, hours)
        assert found.consumed_last_day is None
        assert found.drain_factor is None

    def test_a_forecast_when_the_provider_reports_no_burn_then_uses_what_was_seen(self) -> None:
        state, at, _ = polled(24 * 8)

        assert forecast(state, at, Decimal(12), Decimal(0)).basis is Basis.PROFILE

    def test_a_forecast_when_beyond_a_century_then_names_no_date(self) -> None:
        state, at, _ = polled(30, lambda _at: 1e-6, balance=1.0)

        found = forecast(state, at, Decimal(10**14))

        assert found.runway_hours is not None
        assert found.runway_hours > 24 * 365 * 100
        assert found.empty_at is None
        assert found.runway_rounded is not None

    def test_a_burst_when_recent_then_shortens_the_runway_at_once(self) -> None:
        usual, at, _ = polled(24 * 8)
        state, _, _ = polled(24 * 8, lambda at: 12.0 if at >= START + 186 * HOUR else 1.2)

        calm, alarmed = (forecast(known, at, Decimal(12)) for known in (usual, state))

        assert calm.runway_hours is not None
        assert alarmed.runway_hours is not None
        assert alarmed.runway_hours < calm.runway_hours / 3


class TestDrain:
    def test_the_factor_when_a_key_leaks_then_is_many_times_the_usual(self) -> None:
        state, at, remaining = polled(24 * 8, lambda at: 24.0 if at >= START + 186 * HOUR else 1.2)

        found = forecast(state, at, remaining)

        assert found.drain_factor == pytest.approx(20.0, rel=0.05)
        assert found.consumed_last_day == pytest.approx(Decimal("165.6"), rel=Decimal("0.03"))

    def test_the_factor_when_the_hour_is_usually_busy_then_is_usual(self) -> None:
        state, at, remaining = polled(
            24 * 7 + 15, lambda at: 24.0 if 9 <= at.hour < 15 else 0.1, step=15 * MINUTE
        )

        assert forecast(state, at, remaining).drain_factor == pytest.approx(1.0, rel=0.1)

    def test_the_factor_when_an_idle_account_wakes_then_is_large_but_finite(self) -> None:
        state, at, remaining = polled(
            24 * 4, lambda at: 5.0 if at >= START + 95 * HOUR else 0.0, balance=5000.0
        )

        assert forecast(state, at, remaining).drain_factor == 999.0

    def test_the_factor_when_nothing_is_known_to_be_usual_then_is_one(self) -> None:
        state, at, remaining = polled(30)

        assert forecast(state, at, remaining).drain_factor == 1.0
