"""``heartbeat``: an address goes from a prompt into the secret, and is never shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from balancectl.keys import sources
from shared.names import StackNames

Run = Callable[..., Result]
SECRET = StackNames("demo").heartbeat_secret
ADDRESS = "https://hc-ping.example/canary-7f3a9c51"


@pytest.fixture
def deployed(cloud: Any) -> Any:
    """A deployment of two shards with heartbeats."""
    cloud.secrets.secrets[SECRET] = {}
    for number in range(2):
        cloud.scheduler.add(number, [{"id": f"a{number}"}], heartbeat=True)
    return cloud


def test_an_address_is_saved_for_its_shard_and_shown_nowhere(deployed: Any, run: Run) -> None:
    results = [
        run("heartbeat", "set", "0", text=f" {ADDRESS}\r\n"),
        run("heartbeat", "set", "1", text=f"{ADDRESS}-1"),
        run("heartbeat", "set", "1", text=f"{ADDRESS}-1"),
        run("heartbeat", "remove", "0"),
        run("heartbeat", "remove", "0"),
    ]

    assert [result.exit_code for result in results] == [0] * 5
    assert json.loads(deployed.secrets.text(SECRET)) == {"1": f"{ADDRESS}-1"}
    lines = [result.stdout.splitlines()[0] for result in results]
    assert lines == [
        f"shard 0: address saved in {SECRET}",
        f"shard 1: address saved in {SECRET}",
        f"shard 1: address unchanged in {SECRET}",
        "shard 0: removed",
        "shard 0: there was none",
    ]
    assert not any("canary" in result.output for result in results)


def test_at_a_terminal_it_is_prompted_for_without_showing_it(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.secrets.secrets[SECRET] = {}
    cloud.scheduler.add(0, [{"id": "a"}], heartbeat=True)
    asked: list[tuple[str, Any]] = []

    def prompt(text: str, **options: Any) -> str:
        asked.append((text, options["hide_input"]))
        return ADDRESS

    monkeypatch.setattr("balancectl.commands.heartbeat.is_piped", lambda: False)
    monkeypatch.setattr(sources.typer, "prompt", prompt)

    assert run("heartbeat", "set").exit_code == 0

    assert asked == [("Heartbeat address of shard 0 (not shown)", True)]
    assert json.loads(cloud.secrets.text(SECRET)) == {"0": ADDRESS}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hc-ping.example/canary-1",
        "http://kuma.example/canary-1",
        "https:///canary-1",
        "https://me:canary-1@hc-ping.example/",
        "https://hc-ping.example:canary-1/",
        "https://hc-ping.example/canary 1",
        "https://hc-ping.example/canary-\u200b1",
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(
    deployed: Any, run: Run, address: str
) -> None:
    result = run("heartbeat", "set", "0", text=address)

    assert result.exit_code == 2
    assert "the address" in result.stderr
    assert "canary" not in result.output + result.stderr
    assert deployed.secrets.text(SECRET) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set",), "there are 2 shards: name one, from 0 to 1"),
        (("set", "2"), "there is no shard 2: the last is 1"),
        (("remove",), "there are 2 shards"),
    ],
)
def test_the_shard_must_be_there_and_named(
    deployed: Any, run: Run, arguments: tuple[str, ...], words: str
) -> None:
    del deployed
    result = run("heartbeat", *arguments, text=ADDRESS)

    assert result.exit_code == 2
    assert words in result.stderr


def test_without_heartbeats_the_remedy_is_said(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "a"}])

    result = run("heartbeat", "set", text=ADDRESS)

    assert "set heartbeat = true and deploy first" in result.stderr


def test_a_secret_that_is_no_object_is_left_alone(deployed: Any, run: Run) -> None:
    deployed.secrets.set("canary", SECRET)

    result = run("heartbeat", "set", "0", text=ADDRESS)

    assert "not a JSON object" in result.stderr
    assert "canary" not in result.output
    assert deployed.secrets.text(SECRET) == "canary"
