"""The report in a real browser: accessible to everybody, and without any request.

Pictures of every page remain in ``build/pages``; the README's ``report.png`` is ``light.png``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from shared.records import Latest
from status_page.page import page, render_report
from status_page.series import Past
from tests.browser.devtools import DevTools, devtools
from tests.unit.status_page.samples import NOW, latest, page_of, typical

PICTURES = Path(__file__).resolve().parents[2] / "build" / "pages"
SILENCE = "balancectl silence add {} --for 2h --reason ..."
HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>\u202e'\"></svg></details>"
Account = tuple[Latest | None, str, Past]


def hostile() -> list[Account]:
    """Return an account whose texts are all an attacker's."""
    known = latest("main", provider=HOSTILE, unit=HOSTILE, reason=HOSTILE, burn_basis=HOSTILE)
    return [(known, "main", Past())]


def thousand() -> list[Account]:
    """Return a thousand accounts in all conditions."""
    known = list(typical())
    return [(k, f"{account}-{n}", p) for n in range(1000) for k, account, p in [known[n % 6]]]


PAGES: dict[str, tuple[Callable[[], list[Account]], dict[str, Any]]] = {
    "light": (lambda: list(typical()), {}),
    "dark": (lambda: list(typical()), {"dark": True}),
    "phone": (lambda: list(typical()), {"width": 390, "height": 844}),
    "phone-dark": (lambda: list(typical()), {"width": 390, "height": 844, "dark": True}),
    "empty": (list, {}),
    "hostile": (hostile, {}),
    "thousand": (thousand, {}),
}


@pytest.fixture(scope="module")
def tools(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevTools]:
    """One browser for all pages."""
    with devtools(browser, tmp_path_factory.mktemp("browser")) as found:
        yield found


def write(path: Path, accounts: list[Account]) -> Path:
    """Write the page of ``accounts``."""
    found = page_of(accounts) if accounts else page("Balances", NOW, (), ())
    html = render_report(found, SILENCE.format)
    path.write_text(html, "utf-8")
    return path


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_fault_that_axe_finds_and_requests_nothing_for_anything(
    tools: DevTools, tmp_path: Path, name: str
) -> None:
    accounts, window = PAGES[name]
    path = write(tmp_path / "page.html", accounts())

    tools.open(path, **window)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(tools.screenshot())

    assert tools.requests == [path.as_uri()]
    assert tools.complaints == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tools.evaluate(wide) == 0
    assert faults(tools) == []


def faults(tools: DevTools) -> list[str]:
    """Return axe-core's findings in the details of all accounts; of a thousand, only the first."""
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    few = "(row, i) => { if (i < 12) row.open = true; else row.remove(); }"
    tools.evaluate(f"document.querySelectorAll('.row').forEach({few})")
    found = tools.evaluate(f"{axe};axe.run().then(({{violations}}) => JSON.stringify(violations))")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in json.loads(found)]


def test_axe_finds_what_is_wrong(tools: DevTools, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<p style='color:#aaa;background:#fff'>hardly legible<img src='data:,'>", "utf-8"
    )
    tools.open(path)

    assert {fault.partition(":")[0] for fault in faults(tools)} >= {"color-contrast", "image-alt"}


def test_search_and_buttons_show_what_is_requested(tools: DevTools, tmp_path: Path) -> None:
    tools.open(write(tmp_path / "page.html", list(typical())))
    shown = "[...document.querySelectorAll('.row:not([hidden]) .who b')].map(b => b.textContent)"
    search = "find.value = {}; find.dispatchEvent(new Event('input'))"
    press = "document.querySelector('[data-show={}]').click()"

    tools.evaluate(search.format("'openai eur'"))
    assert tools.evaluate(shown) == ["twilio-prod"]
    assert tools.evaluate("found.textContent") == "1 of 6 accounts"
    tools.evaluate(search.format("''"))
    tools.evaluate(press.format("warning"))
    tools.evaluate(press.format("critical"))
    assert tools.evaluate(shown) == ["openrouter-main", "firecrawl-crawler"]
    tools.evaluate(press.format("warning"))
    tools.evaluate(press.format("critical"))
    assert len(tools.evaluate(shown)) == 6


def test_a_screen_reader_gets_the_chart_in_words(tools: DevTools, tmp_path: Path) -> None:
    tools.open(write(tmp_path / "page.html", list(typical())))

    tree = tools.send("Accessibility.getFullAXTree")["nodes"]
    names = [node.get("name", {}).get("value", "") for node in tree if not node["ignored"]]
    headings = [n["name"]["value"] for n in tree if n.get("role", {}).get("value") == "heading"]

    assert any(name.startswith("Balance of the last 14 days: from") for name in names)
    assert headings == ["Balances", "Critical 1", "Failing 1", "Warning 1", "Not set up 1", "OK 2"]
    assert "Top up openrouter-main" in names


def test_everything_is_open_on_paper(tools: DevTools, tmp_path: Path) -> None:
    tools.open(write(tmp_path / "page.html", list(typical())))

    tools.send("Page.printToPDF")

    assert tools.evaluate("[...document.querySelectorAll('.row')].every(r => r.open)")
