"""``python -m alert_router EVENT.json`` prints what would be sent, and sends nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alert_router.__main__ import main
from alert_router.events.alarm import AlarmState
from tests.unit.router.builders import EVENTS, alarm, latest, notification


def test_preview_when_an_alarm_is_recorded_then_its_message_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main([str(EVENTS / "event-single-metric.json")])

    printed = capsys.readouterr().out
    assert code == 0
    assert printed.startswith("Subject: WARNING ")
    assert "SMS: WARNING " in printed


def test_preview_when_the_record_is_given_then_the_message_shows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event, record = tmp_path / "event.json", tmp_path / "record.json"
    event.write_text(json.dumps(notification(alarm("warning"))))
    record.write_text(json.dumps(latest().to_item(), default=float))

    main([str(event), "--record", str(record)])

    assert "WARNING OpenRouter openrouter-main: 12.30 USD left" in capsys.readouterr().out


def test_preview_when_nothing_is_due_then_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(notification(alarm("critical", AlarmState.OK))))

    code = main([str(event)])

    assert code == 1
    assert "nothing would be sent" in capsys.readouterr().err
