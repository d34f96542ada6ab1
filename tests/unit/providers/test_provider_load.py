"""Definitions are found by name, read once, and only when they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from balance_poller.definitions.catalogue import list_providers, skeleton
from balance_poller.definitions.definition import DefinitionError, check_definition
from balance_poller.exchange import provider as module
from balance_poller.exchange.provider import load_provider

INLINE = {
    "title": "Mine",
    "request": {"url": "https://api.example.com/balance", "headers": {"X-Key": "{key}"}},
    "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
}


def test_shipped_provider_when_loaded_twice_is_the_same() -> None:
    assert load_provider("openrouter", {}) is load_provider("openrouter", {})


def test_inline_definition_when_unchanged_is_compiled_once() -> None:
    first = load_provider("mine", {"mine": INLINE})

    assert load_provider("mine", {"mine": INLINE}) is first
    assert load_provider("mine", {"mine": {**INLINE}}) is first


def test_inline_definition_when_changed_is_compiled_again() -> None:
    load_provider("mine", {"mine": INLINE})

    changed = load_provider("mine", {"mine": {**INLINE, "title": "Changed"}})

    assert changed.definition.title == "Changed"


def test_inline_definition_takes_precedence_over_a_shipped_one() -> None:
    assert load_provider("openrouter", {"openrouter": INLINE}).definition.title == "Mine"


def test_inline_definition_with_nulls_as_terraform_writes_them_counts_them_as_absent() -> None:
    definition = {
        **INLINE,
        "docs": None,
        "errors": None,
        "wallets": {"balance": {"unit": "USD", "remaining": "balance", "scale": None}},
    }

    provider = load_provider("nulls", {"nulls": definition})

    assert provider.definition.docs is None


@pytest.mark.parametrize("name", ["unknown", "../provider.schema", "", "a" * 500, "Openrouter"])
def test_unknown_provider_is_refused_with_words(name: str) -> None:
    with pytest.raises(DefinitionError, match="there is no provider"):
        load_provider(name, {})


def test_malformed_inline_definition_names_the_path() -> None:
    broken = {**INLINE, "wallets": {"balance": {"unit": "USD", "remaining": {"sum": ["a", "b["]}}}}

    with pytest.raises(DefinitionError) as caught:
        load_provider("broken", {"broken": broken})

    assert caught.value.path == "wallets.balance.remaining.sum[1]"
    assert str(caught.value).startswith("wallets.balance.remaining.sum[1]: not JMESPath")


def test_providers_are_listed_by_file_name_without_reading_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("a definition was read"))

    assert {"openrouter", "firecrawl", "browser_use", "mydisct_bbre"} <= set(list_providers())


def test_loading_one_provider_reads_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Path.read_bytes

    def spy(path: Path) -> bytes:
        read.append(path.stem)
        return original(path)

    module._load_shipped.cache_clear()
    monkeypatch.setattr(Path, "read_bytes", spy)
    load_provider("firecrawl", {})

    assert read == ["firecrawl"]


def test_skeleton_is_a_definition_without_problems() -> None:
    definition = skeleton("Example")

    assert check_definition(definition) == []
    assert load_provider("example", {"example": definition}).definition.title == "Example"
