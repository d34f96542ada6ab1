"""Times, durations and amounts read at a glance."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from alert_router.messages.wording.units import about, amount, clock, full_time, lasted, sparkline
from tests.unit.router.builders import NOW, minutes


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-5), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (minutes(1), "1 min"),
        (minutes(59), "59 min"),
        (minutes(60), "1 h"),
        (minutes(245), "4 h 5 min"),
        (timedelta(hours=47, minutes=59), "47 h 59 min"),
        (timedelta(hours=50), "2 days 2 h"),
        (timedelta(days=9), "9 days"),
    ],
)
def test_duration_when_said_then_it_has_two_units(length: timedelta, text: str) -> None:
    assert lasted(length) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "no time"),
        (timedelta(seconds=20), "about 1 min"),
        (minutes(40), "about 40 min"),
        (minutes(59.8), "about 60 min"),
        (timedelta(hours=9, minutes=10), "about 9 h"),
        (timedelta(hours=47), "about 47 h"),
        (timedelta(days=3, hours=2), "about 3 days"),
    ],
)
def test_estimate_when_said_then_it_has_one_unit(length: timedelta, text: str) -> None:
    assert about(length) == text


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(0), "14:06 UTC"),
        (timedelta(days=1), "22 Nov, 14:06 UTC"),
        (timedelta(days=365), "23 Nov 2025, 14:06 UTC"),
    ],
    ids=["today", "this-year", "another-year"],
)
def test_time_when_said_then_it_names_what_is_not_obvious(back: timedelta, text: str) -> None:
    assert clock(NOW - back, NOW) == text


def test_full_time_when_said_then_it_has_its_day() -> None:
    assert full_time(NOW) == "23 Nov 2026, 14:06 UTC"


def test_amount_when_its_unit_is_unknown_then_it_stands_alone() -> None:
    assert amount(Decimal("4.10"), "") == "4.1"


def test_sparkline_when_a_day_falls_steadily_then_it_falls() -> None:
    history = {NOW - timedelta(hours=n, minutes=30): Decimal(n) for n in range(24)}

    line = sparkline(history, NOW)

    assert len(line) == 24
    assert line == "".join(sorted(line, reverse=True))
    assert line[0] == "█"


def test_sparkline_when_hours_are_missing_then_there_are_gaps() -> None:
    history = {NOW - timedelta(hours=n, minutes=30): Decimal(5) for n in (0, 2, 23)}

    line = sparkline(history, NOW)

    assert line == "█" + " " * 20 + "█ █"


@pytest.mark.parametrize("count", [0, 1])
def test_sparkline_when_there_is_next_to_nothing_then_none_is_drawn(count: int) -> None:
    assert sparkline({NOW - timedelta(hours=n): Decimal(5) for n in range(count)}, NOW) == ""


def test_sparkline_when_the_balance_is_negative_then_zero_is_within() -> None:
    history = {NOW - minutes(90): Decimal(-10), NOW - minutes(30): Decimal(0)}

    assert sparkline(history, NOW).strip() == "▁█"


def test_sparkline_when_all_is_zero_then_it_is_flat() -> None:
    history = {NOW - minutes(90): Decimal(0), NOW - minutes(30): Decimal(0)}

    assert sparkline(history, NOW).strip() == "▁▁"
