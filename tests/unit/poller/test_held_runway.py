"""The runway's series: falls immediately, rises only well above the threshold or at a top-up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.recording.held_runway import HeldRunway, hold
from shared.names import Severity
from shared.records import Thresholds

BOTH = Thresholds(runway_warning_hours=Decimal(48), runway_critical_hours=Decimal(12))


@pytest.mark.parametrize(
    ("hours", "before", "published", "level"),
    [
        (100, None, 100, None),
        (47.9, None, 47.52, "warning"),
        (30, None, 30, "warning"),
        (60, "warning", 47.52, "warning"),
        (72, "warning", 72, None),
        (11.9, "warning", 11.88, "critical"),
        (17, "critical", 11.88, "critical"),
        (18, "critical", 18, "warning"),
        (60, "critical", 47.52, "warning"),
        (100, "critical", 100, None),
    ],
)
def test_a_bound_when_it_moves_then_the_series_goes_down_immediately_and_up_well_above(
    hours: float, before: str | None, published: float, level: str | None
) -> None:
    held = hold(hours, BOTH, before, is_topped_up=False)

    assert held.hours == pytest.approx(published)
    assert (held.level and held.level.value) == level


@pytest.mark.parametrize(("hours", "level"), [(13, Severity.WARNING), (50, None)])
def test_a_top_up_when_confirmed_then_nothing_is_held(hours: float, level: Severity | None) -> None:
    assert hold(hours, BOTH, "critical", is_topped_up=True) == HeldRunway(hours, level)


def test_a_level_when_its_threshold_was_removed_then_holds_nothing() -> None:
    assert hold(13, Thresholds(), "critical", is_topped_up=False) == HeldRunway(13)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=40))
def test_whatever_the_bound_does_then_the_series_is_never_above_it_and_each_level_is_below_its_own(
    bounds: list[float],
) -> None:
    level: str | None = None
    for hours in bounds:
        held = hold(hours, BOTH, level, is_topped_up=False)

        assert held.hours <= hours
        assert (held.hours < 12) == (held.level is Severity.CRITICAL)
        assert (held.hours < 48) == (held.level is not None)
        level = held.level and held.level.value
