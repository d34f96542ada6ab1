"""Charts show known values in the right place, and nothing that was not measured."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.names import AlarmKind
from shared.records import Thresholds, TopUp
from status_page.chart import AHEAD, BEHIND, HEIGHT, WIDTH, Chart, Window, days, draw
from status_page.series import Past, Point, Span, thin, unbroken
from tests.unit.status_page.samples import NOW, latest

NO_FORECAST: dict[str, Any] = {"empty_at": None, "at_least_hours": None, "at_most_hours": None}

hours = st.sets(st.integers(1, 335), max_size=60)
amounts = st.floats(-50, 1e6, allow_nan=False)


def places(path: str) -> list[tuple[int, int]]:
    """Return the points of a line's path data."""
    begin, _, rest = path.partition("l")
    x, y = map(int, begin.removeprefix("M").removesuffix("h0").split())
    numbers = list(map(int, rest.split()))
    steps = zip(numbers[::2], numbers[1::2], strict=True)
    return list(accumulate(steps, lambda a, b: (a[0] + b[0], a[1] + b[1]), initial=(x, y)))


@given(hours, st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_was_read_the_line_stays_in_its_box_and_ends_at_the_balance(
    known: set[int], data: st.DataObject
) -> None:
    points = [
        Point(NOW - timedelta(hours=back), data.draw(amounts)) for back in sorted(known)[::-1]
    ]
    balance = data.draw(amounts)
    account = latest("main", balance=Decimal(str(balance)))

    chart = draw(account, Past(points), Window(NOW))

    for path in chart.lines:
        for x, y in places(path):
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
    assert places(chart.lines[-1])[-1] == chart.end


@given(st.lists(amounts, min_size=1, max_size=400), st.integers(2, 100))
@settings(max_examples=60, deadline=None)
def test_thinning_keeps_the_extremes_the_order_and_the_last(values: list[float], most: int) -> None:
    points = [Point(NOW + timedelta(hours=n), value) for n, value in enumerate(values)]

    few = thin(points, most)

    assert {min(values), max(values)} <= {point.balance for point in few}
    assert few == sorted(set(few))
    assert few[-1] == points[-1]
    assert len(few) <= most + 2


def test_a_stretch_without_an_answer_is_not_drawn_through() -> None:
    points = [Point(NOW - timedelta(hours=back), 50.0) for back in (30, 29, 28, 3, 2, 1)]

    chart = draw(latest("main"), Past(points), Window(NOW))

    assert len(chart.lines) == 2
    (gap,) = chart.gaps
    assert places(chart.lines[0])[-1][0] == gap.begin
    assert places(chart.lines[1])[0][0] == gap.begin + gap.length


def test_daily_polls_are_no_gaps() -> None:
    points = [Point(NOW - timedelta(days=back), 50.0) for back in (9, 8, 7, 6, 2, 1)]

    assert [len(part) for part in unbroken(points)] == [4, 2]


def test_the_wedge_reaches_zero_between_the_earliest_and_the_latest_time() -> None:
    account = latest("main", balance_at=NOW, at_least_hours=Decimal(24), at_most_hours=Decimal(72))
    chart = draw(account, Past(), Window(NOW))
    day = WIDTH // (BEHIND + AHEAD).days
    zero = HEIGHT

    begin, *corners = re.findall(r"(\d+) (\d+)", chart.range)
    assert (int(begin[0]), int(begin[1])) == chart.end
    assert corners == [
        (str(Window(NOW).place(NOW) + day), str(zero)),
        (str(Window(NOW).place(NOW) + 3 * day), str(zero)),
    ]


def test_a_wedge_without_an_end_stays_open() -> None:
    chart = draw(latest("main", at_most_hours=None), Past(), Window(NOW))

    assert chart.end is not None
    assert chart.range.endswith(f"L{WIDTH} {HEIGHT}V{chart.end[1]}Z")


def test_without_a_forecast_nothing_is_drawn_ahead() -> None:
    chart = draw(latest("main", **NO_FORECAST), Past([Point(NOW, 3.0)]), Window(NOW))

    assert (chart.ahead, chart.range) == ("", "")


def test_an_account_that_never_had_a_balance_draws_nothing() -> None:
    empty = latest("main", balance=None, balance_at=None, unit=None, **NO_FORECAST)
    chart: Chart = draw(empty, Past(), Window(NOW))

    assert not chart.lines
    assert chart.end is None


def test_thresholds_stand_at_their_height_below_which_the_line_falls() -> None:
    limits = Thresholds(warning=Decimal(50), critical=Decimal(25))
    chart = draw(latest("main", balance=Decimal(30), thresholds=limits), Past(), Window(NOW))
    warning, critical = chart.limits

    assert chart.end is not None
    assert warning.at < chart.end[1] < critical.at < HEIGHT
    assert (warning.label, critical.label) == ("50", "25")


def test_spans_and_top_ups_before_the_first_day_are_left_out() -> None:
    old, lately = NOW - timedelta(days=20), NOW - timedelta(days=2)
    spans = [
        Span(AlarmKind.CRITICAL, old, old + timedelta(days=1)),
        Span(AlarmKind.WARNING, old, lately),
        Span(AlarmKind.STALE, lately, None),
    ]
    chart = draw(
        latest("main"),
        Past((), [TopUp(old, Decimal(5)), TopUp(lately, Decimal(9))], spans),
        Window(NOW),
    )

    assert [(span.begin, span.style) for span in chart.spans] == [
        (0, "warning"),
        (Window(NOW).place(lately), "failing"),
    ]
    assert chart.spans[1].begin + chart.spans[1].length == Window(NOW).place(NOW)
    assert [mark.label for mark in chart.top_ups] == ["+9.00"]


def test_the_axis_names_every_second_day() -> None:
    assert [mark.label for mark in days(Window(NOW))] == [f"{day} Nov" for day in range(14, 31, 2)]
