"""Balances from public reports, and the correct reading of each (read 2026-11)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from balance_poller.forecast import Basis, BurnState, forecast, observe
from tests.unit.poller.forecast.accounts import HOUR, MINUTE, START, observed, polled

#: Balances before and after credit went although nothing was spent.
GONE = {
    # github.com/anthropics/claude-code/issues/44198
    "a promotion is withdrawn": ("326.55", "16.55"),
    # github.com/recoupable/app/issues/1960: a refill that sets the balance cuts what was above it
    "a refill sets the plan's total": ("1333", "333"),
}


@pytest.mark.parametrize("name", GONE)
def test_credit_that_goes_unspent_stays_out_of_the_forecast_but_is_drain_immediately(
    name: str,
) -> None:
    before, after = (Decimal(text) for text in GONE[name])
    state, at, level = polled(24 * 8, balance=float(before) + 1.2 * 24 * 8)

    state = observe(state, at + 5 * MINUTE, after)
    at_once = forecast(state, at + 5 * MINUTE, after)
    for n in range(2, 14):
        state = observe(state, at + n * 5 * MINUTE, after - Decimal("0.1") * n)
    later = forecast(state, at + 65 * MINUTE, Decimal(12))

    assert level == before
    assert at_once.is_abnormal
    assert later.runway_hours == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [
        # github.com/Nanako0129/coralline/pull/21: a slope over a second or two says "1 minute left"
        (2, 58),
        # github.com/Soju06/codex-lb/pull/1797: one reading just before the window, one in it
        (60, 59),
    ],
)
def test_readings_that_span_little_of_an_hour_neither_explode_nor_lose_what_they_saw(
    seconds: int, minutes: int
) -> None:
    begin = START + minutes * MINUTE

    state = observed(
        [
            (begin, "100"),
            (begin + timedelta(seconds=seconds), "99"),
            (START + 2 * HOUR, "98"),
        ]
    )
    found = forecast(state, START + 2 * HOUR, Decimal(98))

    seen = sum(amount or 0 for amount in state.usage.recent) + state.usage.hour_consumed
    assert seen == pytest.approx(2, rel=0.1)
    assert found.runway_hours is None or found.runway_hours > 24


@pytest.mark.parametrize(
    ("floor", "pack"),
    [
        # github.com/xdevplatform/docs/pull/310: a pack is bought whenever the balance falls below 5
        (5, 5),
        # github.com/akash-network/console/pull/3583: "runs out on a date" beside "stays funded"
        (20, 100),
    ],
)
def test_a_balance_that_buys_by_itself_before_each_poll_is_unknown_and_not_steady(
    floor: int, pack: int
) -> None:
    state: BurnState | None = None
    level = Decimal(floor + pack)
    for n in range(40):
        state = observe(state, START + n * HOUR, level)
        level -= Decimal(pack) * (n % 3 + 5) / 8
        while level < floor or level <= Decimal(str(state.level)):
            level += pack
    assert state is not None

    found = forecast(state, START + 39 * HOUR, Decimal(floor))

    assert found.basis is Basis.HIDDEN
    assert (found.runway_hours, found.burn_per_day) == (None, None)
