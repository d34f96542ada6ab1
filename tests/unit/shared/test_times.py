"""Times: UTC, whole seconds, and sorting as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.times import format_time, parse_time

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def test_a_time_when_formatted_then_is_utc_in_whole_seconds() -> None:
    tokyo = AT.astimezone(timezone(timedelta(hours=9))).replace(microsecond=999_999)

    assert format_time(tokyo) == "2026-11-23T14:05:00Z"


@pytest.mark.parametrize(
    "text", ["2026-11-23T14:05:00Z", "2026-11-23T15:05:00+01:00", "2026-11-23T14:05:00+0000"]
)
def test_a_time_when_read_in_any_zone_then_is_the_same_moment(text: str) -> None:
    parsed = parse_time(text)

    assert parsed == AT
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-11-23",
        "2026-11-23T14:05:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_text_when_no_time_or_without_zone_then_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|Invalid"):
        parse_time(text)


def test_a_time_when_it_has_no_zone_then_cannot_be_formatted() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_time(AT.replace(tzinfo=None))
