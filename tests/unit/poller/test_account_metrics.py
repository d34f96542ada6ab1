"""Series: only those that are needed, but on every ok poll, so that no alarm sticks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.forecast import Basis, Drain, Forecast
from balance_poller.recording.account_metrics import NEVER, values
from balance_poller.recording.held_runway import HeldRunway
from shared.names import Metric
from shared.records import Thresholds, Wallet
from tests.unit.poller.fakes import AT

ALL = Thresholds(
    runway_warning_hours=Decimal(48),
    max_burn_per_day=Decimal(100),
    drain_sensitivity=Decimal(2),
    expiry_warning_days=Decimal(14),
)
USUAL = Forecast(
    Basis.PROFILE,
    runway_hours=9.5,
    empty_at=AT,
    burn_per_day=Decimal(24),
    consumed_last_day=Decimal(30),
    drain=Drain(ratio=0.25, hours=3, consumed=5.0),
)


HELD = HeldRunway(9.5)


def published(
    forecast: Forecast = USUAL,
    thresholds: Thresholds = ALL,
    runway: HeldRunway = HELD,
    **wallet: Any,
) -> dict[Metric, float]:
    return dict(values(Wallet(Decimal(10), "USD", **wallet), forecast, thresholds, AT, runway))


def test_an_account_when_it_sets_no_such_threshold_then_has_one_series() -> None:
    only_balances = Thresholds(warning=Decimal(20), critical=Decimal(5))

    assert published(thresholds=only_balances) == {Metric.BALANCE: 10.0}


def test_an_account_when_it_sets_every_threshold_then_has_every_series() -> None:
    assert published(expires_at=AT + timedelta(days=3, hours=12)) == {
        Metric.BALANCE: 10.0,
        Metric.RUNWAY_HOURS: 9.5,
        Metric.BURN_PER_DAY: 30.0,
        Metric.DRAIN_FACTOR: 0.5,
        Metric.EXPIRES_IN_DAYS: 3.5,
    }


@pytest.mark.parametrize("name", ["runway_warning_hours", "runway_critical_hours"])
def test_either_runway_threshold_when_set_then_publishes_the_runway(name: str) -> None:
    thresholds = Thresholds(**{name: Decimal(1)})

    assert published(thresholds=thresholds)[Metric.RUNWAY_HOURS] == 9.5


def test_nothing_when_consumed_then_values_are_published_that_no_alarm_fires_on() -> None:
    steady = Forecast(Basis.STEADY, burn_per_day=Decimal(0), consumed_last_day=Decimal(0))

    found = published(steady, runway=HeldRunway(NEVER))

    assert found[Metric.RUNWAY_HOURS] == 9999.0
    assert found[Metric.BURN_PER_DAY] == 0.0
    assert found[Metric.DRAIN_FACTOR] == 0.0


def test_a_runway_when_very_long_then_is_as_if_nothing_were_consumed() -> None:
    assert published(runway=HeldRunway(123_456.0))[Metric.RUNWAY_HOURS] == 9999.0


def test_a_rate_when_still_accumulating_then_is_not_published() -> None:
    found = published(Forecast(Basis.ACCUMULATING), expires_at=AT)

    assert found == {Metric.BALANCE: 10.0, Metric.EXPIRES_IN_DAYS: 0.0}


def test_a_runway_when_the_provider_reports_its_rate_immediately_then_is_published_alone() -> None:
    found = published(Forecast(Basis.REPORTED, 0.6), runway=HeldRunway(0.6))

    assert found[Metric.RUNWAY_HOURS] == 0.6
    assert not {Metric.BURN_PER_DAY, Metric.DRAIN_FACTOR} & found.keys()


@pytest.mark.parametrize(
    ("expires_in", "days"),
    [(None, 9999.0), (timedelta(days=-2), -2.0), (timedelta(days=40_000), 9999.0)],
    ids=["never", "has expired", "in a century"],
)
def test_an_expiry_when_watched_then_is_published_whatever_it_is(
    expires_in: timedelta | None, days: float
) -> None:
    expires_at = None if expires_in is None else AT + expires_in

    assert published(expires_at=expires_at)[Metric.EXPIRES_IN_DAYS] == days
