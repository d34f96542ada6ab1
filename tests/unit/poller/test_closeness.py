"""Close: the next threshold is two hours away, or the balance a quarter above it at most."""

from __future__ import annotations

from decimal import Decimal

import pytest

from balance_poller.forecast import Basis, Forecast
from balance_poller.recording.closeness import is_close
from balance_poller.recording.held_runway import HeldRunway
from shared.records import Thresholds

BOTH = Thresholds(warning=Decimal(100), critical=Decimal(20))
CALM = HeldRunway(9999)


def ahead_of(remaining: Decimal, per_hour: float) -> Forecast:
    if not per_hour:
        return Forecast(Basis.STEADY)
    return Forecast(Basis.PROFILE, at_least_95_hours=float(remaining) / per_hour)


def close(balance: float, per_hour: float = 0.0, limits: Thresholds = BOTH) -> bool:
    remaining = Decimal(str(balance))
    return is_close(
        remaining,
        ahead_of(remaining, per_hour),
        CALM,
        limits,
        lambda amount: ahead_of(amount, per_hour),
    )


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        (126, False), (125, True), (100, True),  # a quarter above warning
        (99, False), (26, False), (25, True), (20, True),  # warning is crossed: critical is next
        (19.99, False), (0, False), (-5, False),  # below the last threshold
    ],
)  # fmt: skip
def test_a_balance_when_a_quarter_above_its_next_threshold_then_is_close(
    balance: float, expected: bool
) -> None:
    assert close(balance) is expected


@pytest.mark.parametrize(
    ("balance", "per_hour", "expected"),
    [(300, 100, True), (301, 100, False), (60, 20, True), (61, 20, False), (19, 20, False)],
)
def test_a_balance_when_it_may_be_at_the_threshold_in_two_hours_then_is_close(
    balance: float, per_hour: float, expected: bool
) -> None:
    assert close(balance, per_hour) is expected


def test_the_threshold_when_it_is_what_matters_then_the_pattern_of_the_day_counts() -> None:
    """By rule of three it is four hours away, by the forecast of the part it is one."""
    assert is_close(
        Decimal(200),
        Forecast(Basis.PROFILE, at_least_95_hours=8.0),
        CALM,
        BOTH,
        lambda _part: Forecast(Basis.PROFILE, at_least_95_hours=1.0),
    )


def test_the_threshold_when_far_off_then_no_second_forecast_is_made() -> None:
    def refuse(_amount: Decimal) -> Forecast:
        raise AssertionError

    ahead = Forecast(Basis.PROFILE, at_least_95_hours=200.0)
    assert not is_close(Decimal(200), ahead, CALM, BOTH, refuse)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(51, False), (50, True), (48, True), (47.5, False), (14, True), (11.9, False), (9999, False)],
)
def test_a_bound_when_two_hours_above_its_next_threshold_then_is_close(
    hours: float, expected: bool
) -> None:
    limits = Thresholds(runway_warning_hours=Decimal(48), runway_critical_hours=Decimal(12))
    ahead = Forecast(Basis.PROFILE)

    assert is_close(Decimal(9), ahead, HeldRunway(hours), limits, lambda _: ahead) is expected


@pytest.mark.parametrize(("threshold", "expected"), [(0, True), (-10, False)])
def test_a_threshold_when_not_above_zero_then_is_met_like_others(
    threshold: int, expected: bool
) -> None:
    assert close(0, limits=Thresholds(critical=Decimal(threshold))) is expected
