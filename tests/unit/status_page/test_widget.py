"""The widget: what it shows for a dashboard's request, and what it reads for that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.records import DayTotals, Wallet
from status_page.chart import Window
from status_page.handler import DESCRIPTION, lambda_handler
from status_page.series import Past, Point
from status_page.widget.event import EventError, parse_event
from status_page.widget.kept import Kept
from status_page.widget.records import UnreadError, read_records
from status_page.widget.show import PastError, Sources, show, window_of
from status_page.widget.today import past_of_today
from tests.unit.status_page.samples import NOW, latest, typical
from tests.unit.status_page.test_page import HOSTILE, Elements
from tests.unit.status_page.widgets import Store, event, render, show_in

#: What CloudWatch removes, and what would ask somebody else for something.
REMOVED = {"script", "iframe", "use", "foreignObject", "img", "link", "object", "embed", "form"}


def test_every_account_is_shown_the_worst_first_with_its_reason() -> None:
    html = render(list(typical()))

    names = re.findall(r'<th scope="row"><b>([^<]*)</b>', html)
    assert names == [
        "openrouter-main", "solver", "firecrawl-crawler", "twilio-new", "openai-research",
        "twilio-prod",
    ]  # fmt: skip
    for text in ("below 5.00 USD", "INVALID_API_KEY", "never polled", "540.70 USD", "As of 14:10"):
        assert text in html


def test_nothing_is_in_it_that_cloudwatch_removes_or_that_leaks_into_the_console() -> None:
    html = render(list(typical()), days=14)
    elements = Elements(html.replace("<br>", "")).found

    assert not {tag for tag, _ in elements} & REMOVED
    assert ("div", {"class": "cwdb-no-default-styles"}) in elements
    for _, attributes in elements:
        assert not any(name.startswith("on") for name in attributes)
        assert not {"src", "id", "style"} & attributes.keys()
    style = html.split("<style>")[1].split("</style>")[0]
    selectors = [one for rule in style.split("}") for one in rule.split("{")[0].split(",")]
    assert all(one.strip().startswith(".bm-page") for one in selectors if one.strip())


@pytest.mark.parametrize(
    ("context", "classes"),
    [
        ({"theme": "light"}, "bm-page"),
        ({"theme": "dark"}, "bm-page bm-dark"),
        ({"theme": "dark", "width": 400}, "bm-page bm-dark bm-narrow"),
        ({"theme": ["dark"], "width": "wide", "timeRange": 7}, "bm-page"),
        ({"timeRange": {"start": 1e300}}, "bm-page"),
    ],
)
def test_it_follows_the_dashboard_s_theme_and_width(context: dict[str, Any], classes: str) -> None:
    assert f'<div class="{classes}">' in render(list(typical()), **context)


@pytest.mark.parametrize("days", [0, 0.125, 1])
def test_a_short_range_asks_cloudwatch_for_nothing(days: float) -> None:
    store = Store(list(typical()))

    html = show_in(store, event(list(store.past), days))

    assert store.asked == []
    assert "Today and 6 days ahead" in html


@pytest.mark.parametrize(
    ("days", "behind", "step", "words"),
    [
        (2, 2, 1, "Last 2 days and 1 day ahead"),
        (14, 14, 1, "Last 14 days and 4 days ahead"),
        (29.5, 30, 3, "Last 30 days and 9 days ahead"),
        (400, 90, 7, "Last 90 days and 26 days ahead"),
    ],
)
def test_a_longer_range_is_read_from_cloudwatch_in_few_points(
    days: float, behind: int, step: int, words: str
) -> None:
    store = Store(list(typical()))

    html = show_in(store, event(list(store.past), days))

    assert store.asked == [(timedelta(days=behind), step)]
    assert words in html


def test_what_is_zoomed_into_is_the_range() -> None:
    store = Store(list(typical()))
    asked = event(list(store.past), 0.1)
    zoom = round((NOW - timedelta(days=3)).timestamp() * 1000)
    asked["widgetContext"]["timeRange"]["zoom"] = {"start": zoom, "end": zoom + 1}

    show_in(store, asked)

    assert store.asked == [(timedelta(days=3), 1)]


def test_without_cloudwatch_the_figures_are_shown_and_the_reason() -> None:
    store = Store(list(typical()))

    def fail(*_: object) -> Any:
        raise PastError

    html = show(parse_event(event(list(store.past), 7)), Sources(store.records, fail), NOW)

    assert "3.20" in html
    assert "CloudWatch is not responding" in html


@pytest.mark.parametrize(
    "damage", [{"polled_at": 7}, {"outcome": "odd"}, {"balance": "many"}, {"day": {}}, {"unit": 3}]
)
def test_a_record_that_cannot_be_read_costs_itself_alone(damage: Mapping[str, Any]) -> None:
    store = Store(list(typical()))
    store.items["openrouter-main"] |= damage

    html = show_in(store, event(list(store.past)))

    row = html.split("<b>openrouter-main</b>")[1].split("</tr>")[0]
    assert "its record cannot be read" in row
    assert "4,200" in html


def test_texts_of_others_stay_texts() -> None:
    hostile = latest(
        "main",
        provider=HOSTILE,
        unit=HOSTILE,
        reason=HOSTILE,
        others={HOSTILE: Wallet(Decimal(1), HOSTILE)},
        top_up_url="javascript:alert(1)",
    )
    html = render([(hostile, "main", Past())])

    tags = {tag for tag, _ in Elements(html.replace("<br>", "")).found}
    assert not tags & (REMOVED | {"a"})
    for character in "\u202e\x1b":
        assert character not in html


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        (None, "accounts must map"),
        (["main"], "accounts must map"),
        ({"a/b": 30}, "cannot exist"),
        ({"<img>": 30}, "cannot exist"),
        ({"main": "30"}, "minutes of main"),
        ({"main": True}, "minutes of main"),
        ({"main": 0}, "between 0 and a year"),
        ({"main": float("nan")}, "between 0 and a year"),
        ({f"a{n}": 30 for n in range(101)}, "101 accounts"),
    ],
)
def test_malformed_parameters_are_refused_by_name(accounts: object, words: str) -> None:
    with pytest.raises(EventError, match=words):
        parse_event({"accounts": accounts})


@given(st.dictionaries(st.text(max_size=12), st.text() | st.integers() | st.none()))
@settings(max_examples=40, deadline=None)
def test_any_context_is_read(context: dict[str, Any]) -> None:
    assert parse_event({"accounts": {"main": 5}, "widgetContext": context}).accounts


def test_the_console_gets_the_documentation_without_any_setting() -> None:
    assert lambda_handler({"describe": True}, None) == DESCRIPTION


def totals(**changes: Any) -> DayTotals:
    values = {"spent": Decimal(8), "unit": "USD", "known_seconds": 14 * 3600} | changes
    return DayTotals(NOW.date(), **values)


def test_the_day_so_far_is_a_line_from_its_first_balance() -> None:
    past = past_of_today(latest("main", day=totals()))

    assert past.points == (Point(NOW.replace(hour=0, minute=0), 420.0),)


@pytest.mark.parametrize(
    "changes",
    [
        {"topped_up": Decimal(5)},
        {"unit": "EUR"},
        {"known_seconds": 3600},
        {"day": None},
        {"balance": None},
        {"balance_at": NOW - timedelta(days=1)},
    ],
)
def test_a_day_whose_course_is_not_known_has_no_line(changes: dict[str, Any]) -> None:
    of_day = {k: v for k, v in changes.items() if k in DayTotals._fields and k != "day"}
    of_record = {k: v for k, v in changes.items() if k not in of_day}

    assert past_of_today(latest("main", **({"day": totals(**of_day)} | of_record))).points == ()


def test_what_was_read_is_kept_for_its_time_and_an_error_is_not() -> None:
    kept, reads = Kept[int](timedelta(minutes=5)), iter(range(100))

    def read(key: str, minutes: int) -> int:
        return kept.get(key, NOW + timedelta(minutes=minutes), lambda: next(reads))

    assert [read("a", 0), read("a", 4), read("b", 4), read("a", 5), read("a", 1)] == [0, 0, 1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        kept.get("c", NOW, lambda: 1 // 0)
    assert kept.get("c", NOW, lambda: 7) == 7
    assert [read(str(n), 0) for n in range(20)] == list(range(4, 24))
    assert read("0", 0) == 24


class Table:
    """A DynamoDB client that leaves all keys but one unprocessed each time."""

    def __init__(self, moves: bool = True) -> None:
        self.moves = moves

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 -- AWS's
        (table, asked), *_ = RequestItems.items()
        done, left = (asked["Keys"][:1], asked["Keys"][1:]) if self.moves else ([], asked["Keys"])
        items = [{**key, "seen": {"BOOL": True}} for key in done]
        return {
            "Responses": {table: items},
            "UnprocessedKeys": {table: {"Keys": left}} if left else {},
        }


def test_records_that_dynamodb_leaves_out_are_requested_again_but_not_for_ever() -> None:
    client: Any = Table()

    assert list(read_records(client, "t", ["a", "b", "c"])) == ["a", "b", "c"]
    assert read_records(client, "t", []) == {}
    with pytest.raises(UnreadError):
        read_records(client, "t", "abcd")


def test_windows_are_in_whole_days_and_end_after_now() -> None:
    for days in (0, 1, 1.5, 3, 50, 1000):
        window = window_of(NOW - timedelta(days=days), NOW)
        assert isinstance(window, Window)
        assert window.start <= NOW - min(timedelta(days=days), timedelta(days=90))
        assert 0 < window.place(NOW) < 9000
    assert window_of(NOW + timedelta(days=1), NOW) == window_of(None, NOW)
