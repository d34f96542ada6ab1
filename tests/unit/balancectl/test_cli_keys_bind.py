"""``keys bind``: the note beside a key says where it may go, and changes only on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from balancectl.keys.document import Change, bind, key_names, remove, set_keys

KEY = "canary-key-of-main"
Run = Callable[..., Result]
SELF_HOSTED = {"provider": "openrouter", "base_url": "https://own.example/api"}


def stored(cloud: Any) -> Any:
    return json.loads(cloud.secrets.text())


def test_set_when_configured_then_notes_where_the_key_goes_and_an_id(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "own"} | SELF_HOSTED])

    run("keys", "set", "main", text=KEY)
    run("keys", "set", "own", text=KEY)

    document = stored(cloud)
    assert document["main@for"] == "openrouter"
    assert document["own@for"] == "https://own.example"
    assert document["main@id"] != document["own@id"]


def test_set_when_the_key_is_the_same_then_keeps_its_id(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    run("keys", "set", "main", text=KEY)
    before = stored(cloud)

    run("keys", "set", "main", text=KEY)
    same = stored(cloud)
    run("keys", "set", "main", text=f"{KEY}-2")

    assert same == before
    assert stored(cloud)["main@id"] != before["main@id"]


def test_bind_when_an_address_changed_then_asks_and_moves_the_note(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"} | SELF_HOSTED])
    cloud.secrets.set(json.dumps({"main": KEY, "main@for": "openrouter"}))

    refused = run("keys", "bind", "main")
    bound = run("keys", "bind", "main", "--yes")

    assert refused.exit_code != 0
    assert "--yes" in refused.output
    assert bound.exit_code == 0
    assert "https://own.example" in bound.output
    assert stored(cloud) == {"main": KEY, "main@for": "https://own.example"}


def test_bind_when_all_are_meant_then_binds_every_named_key(cloud: Any, run: Run) -> None:
    accounts = [{"id": "a"}, {"id": "b"} | SELF_HOSTED, {"id": "c", "secret": "own/secret"}]
    cloud.scheduler.add(0, accounts)
    cloud.secrets.set(json.dumps({"a": KEY, "b": KEY}))

    result = run("keys", "bind", "--all", "--yes")

    assert result.exit_code == 0, result.output
    assert stored(cloud)["a@for"] == "openrouter"
    assert stored(cloud)["b@for"] == "https://own.example"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name the accounts"),
        (["nobody"], "no account 'nobody'"),
        (["whole"], "key_hosts"),
        (["keyless"], "no key"),
    ],
)
def test_bind_when_it_cannot_then_says_why(
    cloud: Any, run: Run, arguments: list[str], words: str
) -> None:
    cloud.scheduler.add(0, [{"id": "whole", "secret": "plain"} | SELF_HOSTED, {"id": "keyless"}])
    cloud.secrets.set("{}")

    result = run("keys", "bind", *arguments, "--yes")

    assert result.exit_code != 0
    assert words in result.output


def test_documents_when_edited_then_notes_go_along() -> None:
    document, _ = set_keys({"old": "k"}, {"a": "1", "b": "2"}, {"a": "p"}, lambda: "id")

    assert document == {"old": "k", "a": "1", "b": "2", "a@for": "p", "a@id": "id", "b@id": "id"}
    assert key_names(document) == {"old", "a", "b"}
    assert remove(document, "a")[0] == {"old": "k", "b": "2", "b@id": "id"}
    assert bind(document, "a", "q")[1] is Change.CHANGED
    assert bind(document, "b", "q")[1] is Change.ADDED
    assert bind(document, "x", "q") == (document, Change.ABSENT)
