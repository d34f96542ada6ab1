"""When a balance will be empty, how sure that is, and whether it burns abnormally."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.forecast import Basis, forecast, observe
from balance_poller.forecast.burn_profile import BurnProfile, Deviation
from balance_poller.forecast.projection import Projection
from tests.unit.poller.forecast.accounts import HOUR, MINUTE, START, polled


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
        assert (found.runway_hours, found.burn_per_day, found.drain) == (None, None, None)

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

    def test_a_forecast_when_nights_are_idle_then_waits_for_the_morning(self) -> None:
        state, at, _ = polled(24 * 8 + 20, lambda at: 6.0 if 8 <= at.hour < 20 else 0.0)

        found = forecast(state, at, Decimal(6))  # it is 20:00: an hour's worth, from 8:00 on

        assert found.runway_hours == pytest.approx(13.0, abs=0.1)

    def test_a_forecast_when_far_ahead_then_repeats_the_week(self) -> None:
        state, at, _ = polled(24 * 8)

        found = forecast(state, at, Decimal("28.8") * 1000)

        assert found.runway_hours == pytest.approx(24_000, rel=0.01)

    def test_a_balance_when_exactly_some_weeks_worth_then_ends_with_the_week(self) -> None:
        by_hour = tuple(3.0 if hour % 24 == 12 else 0.0 for hour in range(168))

        ahead = Projection(BurnProfile(by_hour, 3 / 24), Deviation(), START.timestamp())

        assert ahead.hours_until(3.0 * 7 * 4) == pytest.approx(4 * 168, abs=12)

    @settings(deadline=None)
    @given(
        by_hour=st.lists(st.sampled_from([0.0, 1e-9, 0.1, 3.0, 1e6]), min_size=24, max_size=24),
        fast=st.floats(-5, 5),
        slow=st.floats(-5, 5),
        lasting=st.floats(-2, 2),
        minute=st.integers(0, 7 * 24 * 60),
        amount=st.floats(1e-9, 1e9),
    )
    def test_a_projection_whatever_the_profile_then_consumes_the_balance_by_its_end(
        self,
        *,
        by_hour: list[float],
        fast: float,
        slow: float,
        lasting: float,
        minute: int,
        amount: float,
    ) -> None:
        profile = BurnProfile(tuple(by_hour * 7), sum(by_hour) / 24)
        at = (START + minute * MINUTE).timestamp()
        ahead = Projection(profile, Deviation(fast, slow, lasting), at)

        hours = ahead.hours_until(amount)

        if ahead.is_idle:
            assert hours is None
        elif hours is not None and hours < 2000:
            assert ahead.consumption(math.ceil(hours + 1e-6)) >= amount * (1 - 1e-6)
            if hours > 1:
                assert ahead.consumption(math.floor(hours - 1e-6)) <= amount * (1 + 1e-6)

    def test_a_forecast_when_nothing_is_consumed_then_is_steady(self) -> None:
        state, at, remaining = polled(30, lambda _at: 0.0)

        found = forecast(state, at, remaining)

        assert found.basis is Basis.STEADY
        assert (found.runway_hours, found.empty_at) == (None, None)
        assert (found.burn_per_day, found.drain) == (Decimal(0), None)

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
        assert found.drain is None

    def test_a_forecast_when_the_provider_reports_no_burn_then_uses_what_was_seen(self) -> None:
        state, at, _ = polled(24 * 8)

        assert forecast(state, at, Decimal(12), Decimal(0)).basis is Basis.PROFILE

    def test_a_forecast_when_beyond_a_century_then_names_no_date(self) -> None:
        state, at, _ = polled(30, lambda _at: 1e-6, balance=1.0)

        found = forecast(state, at, Decimal(10**14))

        assert found.runway_hours is not None
        assert found.runway_hours > 24 * 365 * 100
        assert found.empty_at is None

    def test_a_burst_when_recent_then_shortens_the_runway_immediately(self) -> None:
        usual, at, _ = polled(24 * 8)
        state, _, _ = polled(24 * 8, lambda at: 12.0 if at >= START + 186 * HOUR else 1.2)

        calm, alarmed = (forecast(known, at, Decimal(12)) for known in (usual, state))

        assert calm.runway_hours is not None
        assert alarmed.runway_hours is not None
        assert alarmed.runway_hours < calm.runway_hours / 2


class TestBounds:
    def test_bounds_when_use_is_even_then_come_close_to_the_forecast(self) -> None:
        state, at, _ = polled(24 * 15, step=15 * MINUTE)

        found = forecast(state, at, Decimal(12))

        assert found.runway_hours is not None
        assert found.at_least_hours is not None
        assert found.at_least_95_hours is not None
        assert found.at_most_hours is not None
        assert found.at_least_95_hours <= found.at_least_hours <= found.runway_hours
        assert found.at_least_hours > 0.8 * found.runway_hours
        assert found.at_most_hours >= found.runway_hours

    def test_bounds_when_an_account_is_young_then_are_wide(self) -> None:
        state, at, _ = polled(20)

        found = forecast(state, at, Decimal(12))

        assert found.runway_hours == pytest.approx(10.0, rel=1e-3)
        assert found.at_least_hours is not None
        assert found.at_least_hours < 4
        assert found.at_most_hours is None or found.at_most_hours > 30

    def test_a_range_when_consumption_is_abnormal_then_has_no_upper_end(self) -> None:
        state, at, _ = polled(24 * 15, lambda at: 12.0 if at >= START + 358 * HOUR else 1.2)

        found = forecast(state, at, Decimal(12))

        assert found.is_abnormal
        assert found.at_most_hours is None
        assert found.at_least_hours is not None
        assert found.at_least_hours <= 1.0  # as it goes on now

    @pytest.mark.parametrize("more", [1.05, 1.1])
    def test_a_bound_when_a_quiet_night_is_near_then_allows_for_an_end_before_it(
        self, more: float
    ) -> None:
        state, at, _ = polled(24 * 15 + 17, lambda at: 6.0 if 8 <= at.hour < 20 else 0.0)

        found = forecast(state, at, Decimal(repr(18 * more)))  # 18 are consumed until 20:00

        assert found.runway_hours is not None
        assert found.runway_hours > 15
        assert found.at_least_hours is not None
        assert found.at_least_hours <= 3

    def test_bounds_when_the_balance_is_gone_then_are_zero(self) -> None:
        state, at, _ = polled(50)

        found = forecast(state, at, Decimal(0))

        assert (found.at_least_hours, found.at_least_95_hours, found.at_most_hours) == (0, 0, 0)

    def test_bounds_when_use_is_irregular_then_are_kept_as_often_as_promised(self) -> None:
        kept = asked = 0
        state, at, remaining = None, START, 50_000.0
        chance = random.Random(3)
        use = [chance.lognormvariate(0, 0.8) for _ in range(24 * 60)]
        for hour, amount in enumerate(use):
            state = observe(state, at, Decimal(f"{remaining:.6f}"))
            if hour > 24 * 10 and hour % 7 == 0 and hour < 24 * 58:
                asked += 1
                found = forecast(state, at, Decimal(12))
                assert found.at_least_hours is not None
                whole = math.floor(found.at_least_hours)
                part = found.at_least_hours - whole
                consumed = sum(use[hour : hour + whole]) + part * use[hour + whole]
                kept += consumed <= 12
            remaining -= amount
            at += HOUR

        assert 0.82 <= kept / asked <= 0.99
