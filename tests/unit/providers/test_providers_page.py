"""The generated pages list every provider, and what it needs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from balance_poller.definitions.catalogue import read_shipped
from balance_poller.exchange.provider import load_provider
from tests.unit.providers.corpus import all_names

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "docs" / "providers.py"
    spec = importlib.util.spec_from_file_location("docs_providers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_when_rendered_has_a_row_and_a_section_per_provider(script: ModuleType) -> None:
    page = "<!-- providers:begin -->\nstale row\n<!-- providers:end -->\n"
    page += "<!-- provider-notes:begin -->\n<!-- provider-notes:end -->\n"

    rendered = script.render(page, in_docs=True)

    assert "stale row" not in rendered
    for name in all_names():
        assert f"| [`{name}`](#{name}) |" in rendered
        assert f"### {name}\n" in rendered
    assert "an object: `account_sid`, `auth_token`" in rendered


def test_overview_when_rendered_has_a_row_per_kind_and_every_provider_once(
    script: ModuleType,
) -> None:
    rows = script.render("<!-- providers:begin -->\n<!-- providers:end -->\n", in_docs=False)

    assert len(rows.splitlines()) == 2 + 2 + len(script.by_kind())
    for name in all_names():
        assert rows.count(f"](docs/providers.md#{name})") == 1


def test_section_when_a_provider_has_no_page_to_top_up_at_links_none(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = {**read_shipped("tavily"), "least_key": {"what": "any key"}}
    del definition["top_up_url"]
    monkeypatch.setattr(script, "read_shipped", lambda _: definition)
    monkeypatch.setattr(
        script, "load_provider", lambda name, _: load_provider(name, {name: definition})
    )

    section = script.section("tavily")

    assert "Top up" not in section
    assert "\nKey: any key.\n" in section


def test_page_when_rendered_twice_stays_the_same(script: ModuleType) -> None:
    page = "<!-- providers:begin -->\n<!-- providers:end -->\n"

    once = script.render(page, in_docs=False)

    assert script.render(once, in_docs=False) == once


def test_page_without_markers_is_left_alone(script: ModuleType) -> None:
    assert script.render("# Title\n", in_docs=True) == "# Title\n"
