"""The page: its text for each account, their order, and that foreign texts remain plain text."""

from __future__ import annotations

import base64
import hashlib
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.records import Wallet
from status_page.account import view
from status_page.chart import Window
from status_page.health import Condition
from status_page.page import Page, page, render_report
from status_page.series import Past
from tests.unit.status_page.samples import NOW, STALE_AFTER, latest, page_of, typical, view_of

HOSTILE = "<script>alert(1)</script>\"'><img src=https://evil.example/x>\u202e\x1b[2J\nWhat to do"
VOID = {"meta", "input"}


def render(known: Page) -> str:
    return render_report(known, lambda account: f"balancectl silence add {account}")


class Elements(HTMLParser):
    """Collects the elements; complains of one that is closed by another."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_accounts_are_grouped_by_condition_the_worst_first() -> None:
    found = page_of(list(typical()))

    assert [group.condition for group in found.groups] == [
        Condition.CRITICAL,
        Condition.FAILING,
        Condition.WARNING,
        Condition.NOT_SET_UP,
        Condition.OK,
    ]
    assert found.count == 6


def test_totals_are_by_unit_and_never_across() -> None:
    totals = {total.left: total.burn for total in page_of(list(typical())).totals}

    assert totals == {
        "540.70 USD": "33.60 USD",
        "4,200 credits": "2,950 credits",
        "412.00 EUR": "11.20 EUR",
    }


def lasting(least: int | None, most: int | None) -> dict[str, Any]:
    """Return a forecast's bounds, in hours since the last poll."""
    hours = (None if n is None else Decimal(n) for n in (least, most))
    return dict(zip(("at_least_hours", "at_most_hours"), hours, strict=True))


@pytest.mark.parametrize(
    ("changes", "lasts", "empty"),
    [
        ({}, "at least 7 d", "3 Dec to 13 Dec"),
        ({"at_most_hours": None}, "at least 7 d", "3 Dec or later"),
        (lasting(4, 6), "at least 3 h", "today 18:07 to 20:07"),
        (lasting(20, 40), "at least 19 h", "Fri 10:07 to Sat 06:07"),
        (lasting(0, 2), "perhaps empty already", "today 14:10 to 16:07"),
        (lasting(9000, None), "at least 374 d", "6 Dec 2027 or later"),
        (lasting(None, None), "about 12 d", ""),
        (lasting(None, None) | {"empty_at": None}, "not yet known", ""),
        (lasting(None, None) | {"empty_at": NOW}, "empty by now", ""),
    ],
)
def test_how_long_it_lasts(changes: dict[str, Any], lasts: str, empty: str) -> None:
    known = view_of(latest("main", **changes), "main", Past())

    assert (known.lasts, known.empty) == (lasts, empty)


def test_every_condition_has_its_reason_beside_the_figures() -> None:
    html = render(page_of(list(typical())))

    for text in (
        "below 5.00 USD",
        "the key was rejected: INVALID_API_KEY (for 3 d)",
        "below 5,000 credits",
        "never polled",
        "warning 20.00, critical 5.00",
    ):
        assert text in html
    assert "no top-up" in html
    assert "3 top-ups" in html


def test_the_page_is_well_formed_and_requests_nothing_for_anything() -> None:
    html = render(page_of(list(typical())))
    elements = Elements(html).found

    assert not {tag for tag, _ in elements} & {"img", "link", "iframe", "object", "embed"}
    for tag, attributes in elements:
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "a":
            assert (attributes["href"] or "").startswith("https://")
        if tag == "use":
            assert (attributes["href"] or "").startswith("#")
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_policy_admits_the_page_own_style_and_script_and_nothing_else() -> None:
    html = render(page_of(list(typical())))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)

    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy.replace("&#39;", "'").replace("&#34;", '"')
    assert "default-src 'none'" in policy.replace("&#39;", "'")


def test_texts_of_others_stay_texts_in_every_place() -> None:
    hostile = latest(
        "main",
        provider=HOSTILE,
        unit=HOSTILE,
        reason=HOSTILE,
        burn_basis=HOSTILE,
        burn_per_day=None,
        others={HOSTILE: Wallet(Decimal(1), HOSTILE)},
        top_up_url="javascript:alert(1)",
    )
    html = render(page_of([(hostile, "main", Past())]))

    elements = Elements(html).found
    assert [tag for tag, _ in elements].count("script") == 1
    assert not {tag for tag, _ in elements} & {"img", "a"}
    for character in "\u202e\x1b":
        assert character not in html
    assert not re.search(r"^What to do", html, re.MULTILINE)


def test_a_thousand_accounts_fit_into_three_megabytes() -> None:
    known = list(typical())
    hundred = [known[n % len(known)] for n in range(100)]
    views = [
        view(f"{a}-{n}", k, p, Window(NOW), STALE_AFTER) for n, (k, a, p) in enumerate(hundred)
    ]
    whole = len(render(page("Balances", NOW, views, ())).encode())
    without = len(render(page("Balances", NOW, views[:1], ())).encode())

    assert (whole - without) / 99 * 1000 + without < 3_000_000


def test_a_page_without_accounts_says_so() -> None:
    html = render(page("Balances", NOW, (), ()))

    Elements(html)
    assert "No account is configured yet." in html
