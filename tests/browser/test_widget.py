"""The widget in a real browser, as a dashboard would show it. Pictures go to ``build/pages``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.browser.devtools import DevTools, devtools
from tests.browser.test_report_page import PICTURES, hostile, thousand
from tests.unit.status_page.samples import typical
from tests.unit.status_page.widgets import Account, render

#: The console around it, with styles of its own that a widget must survive.
CONSOLE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>CloudWatch</title>
<style>body{{margin:0;background:{ground}}}main{{width:{width}px}}td{{color:red;padding:9px}}</style>
<main><h1 hidden>Dashboard</h1>{widget}</main></html>"""
WIDGETS: dict[str, tuple[Callable[[], list[Account]], float, dict[str, Any]]] = {
    "widget-light": (lambda: list(typical()), 14, {}),
    "widget-dark": (lambda: list(typical()), 14, {"theme": "dark"}),
    "widget-today": (lambda: list(typical()), 0.125, {}),
    "widget-narrow-dark": (lambda: list(typical()), 14, {"theme": "dark", "width": 420}),
    "widget-hundred": (lambda: thousand()[:100], 14, {}),
    "widget-hostile": (hostile, 14, {}),
    "widget-empty": (list, 14, {}),
}


@pytest.fixture(scope="module")
def tools(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevTools]:
    """One browser for all widgets."""
    with devtools(browser, tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.mark.parametrize("name", WIDGETS)
def test_widget_has_no_fault_that_axe_finds_and_requests_nothing_for_anything(
    tools: DevTools, tmp_path: Path, name: str
) -> None:
    accounts, days, context = WIDGETS[name]
    width = context.get("width", 1150)
    ground = "#161d26" if context.get("theme") == "dark" else "#fff"
    path = tmp_path / "console.html"
    widget = render(accounts(), days, **context)
    path.write_text(CONSOLE.format(ground=ground, width=width, widget=widget), "utf-8")

    tools.open(path, width=width + 40, height=700)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(tools.screenshot())

    assert tools.requests == [path.as_uri()]
    assert tools.complaints == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tools.evaluate(wide) == 0
    assert tools.evaluate("document.querySelectorAll('script,img,use').length") == 0
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    # A widget is part of a page whose heading and landmarks belong to the console.
    found = tools.evaluate(
        f"{axe};axe.run('.bm-page').then(({{violations}}) => JSON.stringify(violations))"
    )
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in json.loads(found)] == []
