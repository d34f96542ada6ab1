"""Nothing that others wrote controls the terminal, whatever command shows it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from balancectl.cli.printable import printable, printable_json

Run = Callable[..., Result]

#: However slow the machine is.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
#: Clears the screen, sets the window's title, writes the clipboard; and turns a line around.
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202eexe\u2066\u200b\rOK"


def is_harmless(text: str) -> bool:
    """Whether no character of ``text`` does anything but be shown, or end a line."""
    return all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"} for c in text)


@UNTIMED
@given(st.text())
def test_printable_when_given_any_text_then_leaves_only_what_is_shown(text: str) -> None:
    shown = printable(text)

    assert is_harmless(shown)
    assert printable(shown) == shown


@UNTIMED
@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_printable_when_text_is_harmless_then_changes_nothing(text: str) -> None:
    assert printable(text) == text


@UNTIMED
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_printable_json_when_given_any_document_then_stays_that_document(text: str) -> None:
    shown = printable_json(json.dumps({"text": text}, ensure_ascii=False))

    assert json.loads(shown) == {"text": text}
    assert is_harmless(shown)


def _silence(cloud: Any, _: Path) -> list[str]:
    cloud.dynamo.tables["demo-alerts"].append(
        {
            "scope": "silence",
            "id": f"1{HOSTILE}",
            "pattern": f"main{HOSTILE}",
            "reason": HOSTILE,
            "by": HOSTILE,
            "created_at": "2026-11-23T14:00:00Z",
            "until": "2026-11-23T18:00:00Z",
        }
    )
    return ["silence", "list"]


def _definition(_: Any, folder: Path) -> list[str]:
    definition = {HOSTILE: 1, "title": HOSTILE, "request": {"url": HOSTILE}, "wallets": {}}
    (folder / "mine.json").write_text(json.dumps(definition))
    return ["provider", "check", str(folder / "mine.json")]


def _report(cloud: Any, _: Path) -> list[str]:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.functions.rows = {"main": {"outcome": "transient", "reason": HOSTILE}}
    cloud.functions.run_errors = [HOSTILE]
    return ["poll"]


def _function_error(cloud: Any, _: Path) -> list[str]:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.functions.error = {"errorType": HOSTILE, "errorMessage": HOSTILE}
    return ["poll"]


def _subscriber(cloud: Any, _: Path) -> list[str]:
    cloud.sns.subscribe("demo-notifications", HOSTILE, HOSTILE, "PendingConfirmation")
    return ["subscribers"]


def _file(_: Any, folder: Path) -> list[str]:
    (folder / "a.json").write_text(json.dumps({"accounts": {HOSTILE: {"provider": HOSTILE}}}))
    return ["verify", "--file", str(folder / "a.json")]


def _argument(cloud: Any, _: Path) -> list[str]:
    cloud.scheduler.add(0, [{"id": "main"}])
    return ["poll", HOSTILE]


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize(
    "scene",
    [_silence, _definition, _report, _function_error, _subscriber, _file, _argument],
    ids=["silence", "definition", "report", "error", "subscriber", "file", "argument"],
)
def test_output_when_others_wrote_escapes_then_shows_them_as_text(
    cloud: Any, run: Run, tmp_path: Path, scene: Callable[[Any, Path], list[str]], as_json: bool
) -> None:
    args = scene(cloud, tmp_path)

    result = run(*args, *(["--json"] if as_json else []))

    assert is_harmless(result.stdout + result.stderr)
    assert result.stdout + result.stderr
