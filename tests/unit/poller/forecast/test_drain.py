"""When consumption is abnormal: further above the usual than ever before."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from balance_poller.forecast import BurnState, forecast, observe
from balance_poller.forecast.drain import WINDOWS
from tests.unit.poller.forecast.accounts import HOUR, MINUTE, START, polled

#: Records are known by then.
KNOWN = 24 * 15


def alarms(
    per_hour: Callable[[datetime], float], days: int, *, shown: Callable[[float], float] = float
) -> list[int]:
    """Return the hours at which consumption is abnormal, polled hourly and packed."""
    found = []
    state, remaining = None, 1e6
    for hour in range(days * 24):
        at = START + hour * HOUR
        state = observe(state, at, Decimal(f"{shown(remaining):.6f}"))
        state = BurnState.from_item(state.to_item())
        if forecast(state, at, Decimal(1)).is_abnormal:
            found.append(hour)
        remaining -= per_hour(at)
    return found


def office(at: datetime) -> float:
    return 6.0 if 8 <= at.hour < 18 and at.weekday() < 5 else 0.5


class TestLeaks:
    def test_a_leak_when_it_begins_then_is_abnormal_within_the_hour(self) -> None:
        state, at, remaining = polled(
            KNOWN, lambda at: 24.0 if at >= START + (KNOWN - 1) * HOUR else 1.2
        )

        found = forecast(state, at, remaining)

        assert found.is_abnormal
        assert found.drain is not None
        assert found.drain.hours == 1
        assert found.drain.consumed == pytest.approx(24.0, rel=0.03)

    def test_a_leak_when_it_goes_on_for_hours_then_does_not_excuse_itself(self) -> None:
        state, at, remaining = polled(
            KNOWN, lambda at: 6.0 if at >= START + (KNOWN - 22) * HOUR else 1.2
        )

        assert forecast(state, at, remaining).is_abnormal

    def test_a_leak_when_it_begins_at_night_then_need_not_exceed_the_day(self) -> None:
        begun_at = START + (KNOWN + 2) * HOUR

        def leaking(at: datetime) -> float:
            return office(at) + (4.0 if at >= begun_at else 0.0)

        state, at, remaining = polled(KNOWN + 3, leaking)

        found = forecast(state, at, remaining)
        assert found.is_abnormal
        assert found.drain is not None
        assert found.drain.consumed < state.records.amounts[WINDOWS.index(found.drain.hours)]

    @pytest.mark.parametrize(("sensitivity", "is_abnormal"), [(1.5, True), (2, True), (3, False)])
    def test_a_sensitivity_when_set_then_decides(
        self, sensitivity: float, is_abnormal: bool
    ) -> None:
        state, at, remaining = polled(
            KNOWN, lambda at: 3.1 if at >= START + (KNOWN - 2) * HOUR else 1.2
        )

        found = forecast(state, at, remaining, drain_sensitivity=sensitivity)

        assert found.is_abnormal is is_abnormal

    def test_a_leak_when_the_account_is_young_then_must_be_larger(self) -> None:
        ratios = []
        for days in (4, 15):
            state, at, remaining = polled(days * 24)
            state = observe(state, at + HOUR, remaining - 6)
            drain = forecast(state, state.at, remaining).drain
            assert drain is not None
            ratios.append(drain.ratio)

        assert ratios[0] < ratios[1]

    def test_consumption_when_two_days_are_not_known_then_is_not_judged(self) -> None:
        state, at, remaining = polled(30)

        assert forecast(state, at, remaining).drain is None


class TestFalseAlarms:
    @pytest.mark.parametrize("doubles_in_days", [5, 20])
    def test_consumption_when_it_grows_steadily_then_is_normal(self, doubles_in_days: int) -> None:
        def growing(at: datetime) -> float:
            return office(at) * 2 ** ((at - START) / (24 * doubles_in_days * HOUR))

        assert alarms(growing, 30) == []

    def test_consumption_when_in_whole_units_then_is_normal(self) -> None:
        assert alarms(lambda _at: 20 / 168, 30, shown=math.ceil) == []

    @pytest.mark.parametrize("seed", range(2))
    def test_consumption_when_it_fluctuates_as_ever_then_is_normal(self, seed: int) -> None:
        chance = random.Random(seed)

        assert len(alarms(lambda at: office(at) * chance.lognormvariate(0, 0.4), 30)) <= 1

    def test_a_burst_when_bursts_are_usual_then_is_normal_at_any_hour(self) -> None:
        chance = random.Random(1)

        def bursts(_at: datetime) -> float:
            return 20.0 if chance.random() < 0.05 else 0.2

        assert len(alarms(bursts, 30)) <= 3

    @pytest.mark.parametrize("minutes", [30, 120])
    def test_an_old_answer_of_a_cache_when_it_is_read_then_is_normal(self, minutes: int) -> None:
        state, levels = None, [1000.0]
        for poll in range(12 * 24 * 4):
            is_old = poll % 5 == 4 and poll >= minutes // 5
            shown = levels[-1 - minutes // 5] if is_old else levels[-1]
            state = observe(state, START + 5 * poll * MINUTE, Decimal(f"{shown:.6f}"))
            if poll % 12 == 0:
                assert not forecast(state, state.at, Decimal(1)).is_abnormal
            levels.append(levels[-1] - 1 / 12)

    @pytest.mark.parametrize("difference", [-90_000, 500_000])
    def test_a_difference_when_it_was_not_consumed_then_is_normal(self, difference: int) -> None:
        state, at, remaining = polled(KNOWN)

        state = observe(state, at + HOUR, remaining + difference, unseen=True)

        assert not forecast(state, state.at, remaining).is_abnormal

    def test_a_top_up_when_it_was_confirmed_then_is_normal(self) -> None:
        state, at, remaining = polled(KNOWN)

        for minutes in (5, 10, 15):
            state = observe(state, at + minutes * MINUTE, remaining + 5000)

        assert state.last_top_up is not None
        assert not forecast(state, state.at, remaining).is_abnormal
