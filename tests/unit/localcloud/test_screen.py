"""The local cloud's output without a terminal: plain lines, in full."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console

from balancectl.localcloud.alarms.evaluator import Transition
from balancectl.localcloud.alarms.rules import AlarmState
from balancectl.localcloud.demo.screen import Screen
from balancectl.localcloud.deploy.terraform import Progress
from balancectl.localcloud.inbox import Message
from shared.outcome import Outcome
from shared.records import LastGood, Latest

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def printed(show: object) -> str:
    file = io.StringIO()
    show(Screen(Console(file=file)))  # type: ignore[operator]
    return file.getvalue()


def message(protocol: str) -> Message:
    body = "3.20 USD left, and a line that is far longer than any terminal is wide: " + "x" * 120
    return Message(
        received_at=AT,
        topic="t",
        protocol=protocol,
        endpoint="somebody",
        subject="CRITICAL [acme]",
        body=f"{body}\n\n  indented",
        attributes={"severity": "critical"},
        message_id="1",
    )


def test_email_is_shown_in_full_with_its_subject() -> None:
    text = printed(lambda screen: screen.message(message("email")))

    assert "--- E-mail to somebody" in text
    assert "| Subject: CRITICAL [acme]" in text
    assert f"| {message('email').body.splitlines()[0]}\n" in text
    assert "|   indented" in text


def test_sms_is_shown_without_a_subject() -> None:
    text = printed(lambda screen: screen.message(message("sms")))

    assert "--- SMS to somebody" in text
    assert "Subject" not in text


def test_first_state_of_an_alarm_is_no_news() -> None:
    changes = [
        Transition("new", AlarmState.INSUFFICIENT_DATA, AlarmState.OK, ""),
        Transition("known", AlarmState.OK, AlarmState.ALARM, ""),
    ]

    text = printed(lambda screen: screen.transitions(changes))

    assert "new" not in text
    assert "ALARM  known" in text


def test_stages_say_when_each_begins_and_ends() -> None:
    def show(screen: Screen) -> None:
        with screen.stages({"one": "Doing one", "two": "Doing two"}) as on_stage:
            on_stage("one", None)
            on_stage("one", Progress(1, 2, "resource"))
            on_stage("two", None)
            on_stage("untitled", None)

    lines = printed(show).splitlines()

    assert [line.split("  ")[:2] for line in lines] == [
        ["Doing one ..."],
        ["done", "Doing one"],
        ["Doing two ..."],
        ["done", "Doing two"],
    ]


def test_balances_show_the_amount_or_the_reason() -> None:
    records = {
        "acme": Latest(
            "acme",
            "p",
            "Provider",
            AT,
            Outcome.OK,
            good=LastGood(balance=Decimal(3), unit="USD"),
        ),
        "new": Latest("new", "p", "Provider", AT, Outcome.INVALID_KEY, reason="the key is wrong"),
    }

    text = printed(lambda screen: screen.balances(records))

    assert "3.00 USD" in text
    assert "the key is wrong" in text


def test_no_line_moves_the_cursor() -> None:
    text = printed(lambda screen: screen.beat(AT, "Something happens."))

    assert text == "\n14:05 UTC  Something happens.\n"
