"""`up` leaves a cloud running that other commands find, and `down` stops all of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from balancectl.localcloud import up as local_up
from balancectl.localcloud.emulator.process import free_port
from balancectl.localcloud.errors import EmulatorError, RunningCloudError
from balancectl.localcloud.up import RunningCloud


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not touch the developer's own running cloud, and apply nothing."""
    folder = tmp_path / "up"
    monkeypatch.setattr(local_up, "FOLDER", folder)
    monkeypatch.setattr(local_up, "VARIABLES", tmp_path / "terraform.tfvars")
    monkeypatch.setattr(local_up, "_PORTS", tmp_path / "ports.json")
    monkeypatch.setattr(local_up, "_apply", lambda *_: None)
    monkeypatch.setattr(RunningCloud.read.__func__, "__defaults__", (folder,))


def call_control(cloud: RunningCloud, path: str, change: dict[str, Any] | None = None) -> Any:
    url = f"http://127.0.0.1:{cloud.ports['control']}{path}"
    body = None if change is None else json.dumps(change).encode()
    token = cloud.emulator.credentials.control_token
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- loopback
        return json.load(answer)


def test_cloud_keeps_running_until_down() -> None:
    cloud = local_up.up(lambda *_: None)
    try:
        found = RunningCloud.read()
        again = local_up.up(lambda *_: None)
        changed = call_control(cloud, "/accounts/simulated-openrouter", {"balance": "3.20"})
        accounts = {row["name"]: row for row in call_control(cloud, "/accounts")}
    finally:
        was_up = local_up.down()

    assert found == again == cloud
    assert changed["balance"] == accounts["simulated-openrouter"]["balance"] == "3.20"
    assert "key" not in changed
    assert was_up
    assert not cloud.emulator.is_running()
    assert not local_up.FOLDER.exists()
    assert local_up.VARIABLES.exists()
    with pytest.raises(EmulatorError, match="make up"):
        call_control(cloud, "/accounts")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"balance": "much"}, "not an amount"), ({"condition": "happy"}, "none of active, revoked")],
    ids=["balance", "condition"],
)
def test_invalid_change_is_refused_with_the_reason(change: dict[str, str], words: str) -> None:
    cloud = local_up.up(lambda *_: None)
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            call_control(cloud, "/accounts/simulated-openrouter", change)
        error = json.load(refused.value)["error"]
        refused.value.close()
    finally:
        local_up.down()

    assert words in error


def test_cloud_that_fails_to_start_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another program took the port of a simulated provider, which the tfvars name."""
    port = free_port()
    ports = {"openrouter": port, "firecrawl": port, "control": free_port()}
    monkeypatch.setattr(local_up, "_ports", lambda: ports)

    with pytest.raises(RunningCloudError, match="did not start"):
        local_up.up(lambda *_: None)

    assert not local_up.FOLDER.exists()
    assert not local_up.down()
