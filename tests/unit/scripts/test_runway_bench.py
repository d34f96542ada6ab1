"""What ``bench/runway.py`` reads from files: traces of two weeks, and of any length beyond."""

from __future__ import annotations

import pytest

from bench.forecasts.measures import Found, measure_after_change
from bench.forecasts.traces import PER_DAY, Trace


def measured(days: int) -> Found:
    """Return what a change of consumption shows on an even trace."""
    trace = Trace("even", "files", [1.0] * (days * PER_DAY))
    found = Found(trace.name, trace.group)
    measure_after_change(trace, 1, found)
    return found


@pytest.mark.parametrize("days", [14, 20, 32, 33])
def test_trace_when_too_short_for_a_change_then_shows_none(days: int) -> None:
    assert measured(days).cases_after_change == []


def test_trace_when_long_enough_for_a_change_then_shows_what_followed() -> None:
    assert measured(34).cases_after_change
