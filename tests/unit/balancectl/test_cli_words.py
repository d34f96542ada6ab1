"""Durations, times and names as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from balancectl.cli import formatting as words
from shared.times import format_clock

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        (" 3D ", timedelta(days=3)),
        ("1d1h1m1s", timedelta(days=1, hours=1, minutes=1, seconds=1)),
    ],
)
def test_parse_duration_when_written_as_people_do_then_is_read(
    text: str, expected: timedelta
) -> None:
    assert words.parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", " ", "10", "m", "-5m", "0s", "1m1h", "1.5h", "9" * 20 + "d"])
def test_parse_duration_when_it_is_none_then_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        words.parse_duration(text)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=9, minutes=40), "9 h"),
        (timedelta(days=16), "16 d"),
    ],
)
def test_duration_when_formatted_then_has_one_unit(length: timedelta, expected: str) -> None:
    assert words.format_duration(length) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW + timedelta(hours=4), "18:05 UTC"),
        (NOW + timedelta(hours=16), "Tue 24 Nov 06:05 UTC"),
        (NOW + timedelta(days=400), "2027-12-28 14:05 UTC"),
    ],
    ids=["today", "this year", "far"],
)
def test_clock_when_formatted_then_is_as_short_as_it_stays_clear(
    at: datetime, expected: str
) -> None:
    assert format_clock(at, NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (630, "10 min 30 s"), (7_200, "2 h"), (90_061, "1 d 1 h 1 min 1 s")],
)
def test_exactly_when_formatted_then_loses_no_second(seconds: int, expected: str) -> None:
    assert words.format_exact_duration(timedelta(seconds=seconds)) == expected


def test_ago_when_just_now_then_says_so() -> None:
    assert words.format_age(NOW, NOW) == "just now"
    assert words.format_age(NOW - timedelta(minutes=5), NOW) == "5 min ago"


@pytest.mark.parametrize(
    ("names", "expected"),
    [([], ""), (["a"], "a"), (["a", "b", "c"], "a, b and c"), (list("abcd"), "a, b and 2 more")],
)
def test_listed_when_many_then_is_cut_short(names: list[str], expected: str) -> None:
    assert words.join_names(names, 3 if len(names) < 4 else 2) == expected


def test_did_you_mean_when_near_then_names_it_else_all() -> None:
    assert words.did_you_mean("opnrouter", ["openrouter", "fal"]) == "did you mean 'openrouter'?"
    assert words.did_you_mean("xyz", ["b", "a"]) == "known: a and b"
    assert words.did_you_mean("xyz", []) == ""
