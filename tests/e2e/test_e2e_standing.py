"""`up` leaves a cloud running that other commands find, and `down` stops all of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from balancectl.localcloud import up as standing
from balancectl.localcloud.emulator.process import free_port
from balancectl.localcloud.errors import StandingError
from balancectl.localcloud.up import Standing


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a standing cloud of the developer's alone, and apply nothing."""
    folder = tmp_path / "up"
    monkeypatch.setattr(standing, "FOLDER", folder)
    monkeypatch.setattr(standing, "VARIABLES", tmp_path / "terraform.tfvars")
    monkeypatch.setattr(standing, "_PORTS", tmp_path / "ports.json")
    monkeypatch.setattr(standing, "_apply", lambda *_: None)
    monkeypatch.setattr(Standing.read.__func__, "__defaults__", (folder,))


def ask(cloud: Standing, path: str, change: dict[str, Any] | None = None) -> Any:
    url = f"http://127.0.0.1:{cloud.ports['control']}{path}"
    body = None if change is None else json.dumps(change).encode()
    with urllib.request.urlopen(url, data=body, timeout=10) as answer:
        return json.load(answer)


def test_cloud_stays_until_it_is_taken_down() -> None:
    up = standing.up(lambda *_: None)
    try:
        found = Standing.read()
        again = standing.up(lambda *_: None)
        changed = ask(up, "/accounts/simulated-openrouter", {"balance": "3.20"})
        accounts = {row["name"]: row for row in ask(up, "/accounts")}
    finally:
        was_up = standing.down()

    assert found == again == up
    assert changed["balance"] == accounts["simulated-openrouter"]["balance"] == "3.20"
    assert "key" not in changed
    assert was_up
    assert not up.emulator.is_running()
    assert not standing.FOLDER.exists()
    assert standing.VARIABLES.exists()
    with pytest.raises(urllib.error.URLError):
        ask(up, "/accounts")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"balance": "much"}, "not an amount"), ({"condition": "happy"}, "none of active, revoked")],
    ids=["balance", "condition"],
)
def test_change_that_makes_no_sense_is_refused_in_words(change: dict[str, str], words: str) -> None:
    up = standing.up(lambda *_: None)
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(up, "/accounts/simulated-openrouter", change)
        said = json.load(refused.value)["error"]
        refused.value.close()
    finally:
        standing.down()

    assert words in said


def test_cloud_that_cannot_come_up_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The port of a simulated provider, which the tfvars name, was taken meanwhile."""
    port = free_port()
    ports = {"openrouter": port, "firecrawl": port, "control": free_port()}
    monkeypatch.setattr(standing, "_ports", lambda: ports)

    with pytest.raises(StandingError, match="did not start"):
        standing.up(lambda *_: None)

    assert not standing.FOLDER.exists()
    assert not standing.down()
