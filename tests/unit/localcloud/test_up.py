"""The record of a running cloud, its processes, settings and clock."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from balancectl.localcloud import up as local_up
from balancectl.localcloud.background import _seconds_until_evaluation
from balancectl.localcloud.clock import StoryClock, next_minute
from balancectl.localcloud.deploy.repository import ROOT
from balancectl.localcloud.emulator import processes, server
from balancectl.localcloud.emulator.settings import ServerSettings
from balancectl.localcloud.errors import RunningCloudError
from balancectl.localcloud.up import RunningCloud


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = RunningCloud(tmp_path, 4566, 11, 12, {"control": 13})

    written.write()

    assert RunningCloud.read(tmp_path) == written


def test_missing_cloud_is_reported_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(RunningCloudError, match="make up"):
        RunningCloud.read(tmp_path)


def test_another_programs_process_is_left_alone() -> None:
    """A recorded pid may belong to another program by now."""
    processes.stop(os.getpid())

    assert not processes.is_ours(os.getpid())
    assert not processes.is_ours(0)


def test_example_names_the_simulated_providers_addresses() -> None:
    text = local_up._example({"openrouter": 1111, "firecrawl": 2222, "control": 3333})

    assert 'base_url = "http://127.0.0.1:1111"' in text
    assert 'base_url = "http://127.0.0.1:2222"' in text
    assert "@openrouter@" not in text


@pytest.mark.parametrize("clock_file", [None, Path("/cloud/clock")], ids=["wall", "story"])
def test_server_settings_survive_the_environment(clock_file: Path | None) -> None:
    settings = ServerSettings(
        port=4566,
        permissions_file=Path("/cloud/permissions.jsonl"),
        mailbox_file=Path("/cloud/mailbox.jsonl"),
        clock_file=clock_file,
        hold_schedules=True,
        lifeline=False,
    )

    assert ServerSettings.from_environment(settings.to_environment()) == settings


def test_other_release_of_the_emulator_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "version", lambda name: f"9.9 of {name}")

    code = server.main()

    assert code == 1
    assert "needs MiniStack 1.5.33, but 9.9 of ministack is installed" in capsys.readouterr().err


def test_every_patch_of_the_emulator_is_described() -> None:
    """The documentation names every difference from plain MiniStack."""
    folder = Path(server.__file__).with_name("patches")
    modules = {
        ".".join(file.relative_to(folder).with_suffix("").parts)
        for file in folder.rglob("*.py")
        if file.stem != "__init__"
    }
    document = (ROOT / "docs" / "local-cloud.md").read_text("utf-8")

    described = set(re.findall(r"^\| `([a-z_.]+)` \|", document, re.MULTILINE))

    assert modules == set(server.PATCHES) == described


def test_story_clock_stands_still_until_it_is_advanced(tmp_path: Path) -> None:
    clock = StoryClock(tmp_path / "clock")
    start = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    clock.set(start)
    before = clock.now
    after = clock.advance(timedelta(hours=4))

    assert (before, after, clock.now) == (start, start + timedelta(hours=4), after)


def test_stories_begin_at_a_full_minute() -> None:
    start = next_minute()

    assert (start.second, start.microsecond) == (0, 0)
    assert timedelta(0) < start - datetime.now(UTC) <= timedelta(minutes=1)


@pytest.mark.parametrize(("second", "seconds"), [(0, 5), (4, 1), (5, 60), (30, 35)], ids=str)
def test_alarms_are_evaluated_shortly_after_each_full_minute(second: int, seconds: int) -> None:
    now = datetime(2026, 11, 23, 12, 0, second, tzinfo=UTC)

    assert _seconds_until_evaluation(now) == seconds
