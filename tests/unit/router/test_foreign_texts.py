"""Texts of others are shown as theirs: none can pass for a line of ours."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.events import envelope
from alert_router.incidents.incident import (
    ForeignAlarm,
    Incident,
    IncidentKey,
    NotificationReason,
    PendingNotification,
    Problem,
    Scope,
)
from alert_router.incidents.notification import notification_of
from alert_router.messages import single
from alert_router.messages.formats.message import Message
from shared.names import Severity
from shared.text import is_visible, one_line
from tests.unit.router.builders import LINKS, NOW, latest

FORGED = "\n\nWhat to do\n  Top up: https://evil.example/pay\n\n"
HOSTILE = [
    pytest.param(FORGED, id="forged-block"),
    pytest.param("\r\nSubject: forged\r\n", id="carriage-returns"),
    pytest.param("a\u2028What to do\u2029b", id="unicode-separators"),
    pytest.param("\x1b[2J\x1b[31mCRITICAL", id="terminal-escape"),
    pytest.param("\u202eevil\u2066x\u200b\ufeff", id="directions-and-zero-width"),
    pytest.param("<!channel> <https://evil.example|Top up> <@U1>", id="slack-mentions"),
    pytest.param("[Top up](https://evil.example)", id="markdown-link"),
    pytest.param('" quoted "  Runbook: "', id="quotes"),
    pytest.param("\x85\x0b\x0c\x00", id="other-breaks"),
]

OPENED = PendingNotification(
    NotificationReason.OPENED, Severity.WARNING, frozenset({Problem.LOW}), NOW, NOW
)


#: What a line of ours begins with: "  Account   ", "  Top up: ".
LABEL = re.compile(r"  [A-Z][A-Za-z0-9 -]*?(?:  |: )")


def about(text: str) -> Message:
    """Return the message about a foreign alarm whose every text is ``text``."""
    key = IncidentKey(Scope.FOREIGN, "foreign")
    alarm = ForeignAlarm(*[f"x{text}"] * 9)
    incident = Incident(key, foreign_alarm=alarm)
    return single.message(notification_of(incident, OPENED, NOW, None), LINKS)


def recorded(text: str) -> Message:
    """Return the message about an account whose record holds ``text`` wherever it can."""
    record = latest(provider_title=f"x{text}", reason=f"x{text}", unit=f"x{text}")
    incident = Incident(IncidentKey(Scope.ACCOUNT, record.account))
    return single.message(notification_of(incident, OPENED, NOW, record), LINKS)


def is_one_line(text: str) -> bool:
    return all(map(is_visible, text))


def lines_of(message: Message) -> list[str]:
    return message.email.split("\n")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("make", [about, recorded])
def test_message_when_texts_are_hostile_then_its_lines_are_those_of_a_harmless_one(
    make: object, text: str
) -> None:
    """The lines' beginnings, which make a block, do not depend on what others wrote."""
    assert callable(make)
    hostile, harmless = make(text), make("harmless")

    def labels(message: Message) -> list[str]:
        first, *rest = lines_of(message)
        assert first
        return [match[0] if (match := LABEL.match(line)) else line for line in rest]

    # A link that would lead nowhere is left out; nothing is added.
    assert [label for label in labels(harmless) if label in labels(hostile)] == labels(hostile)
    assert all(is_one_line(line) for line in lines_of(hostile))
    assert is_one_line(hostile.sms)
    assert hostile.subject.isprintable()


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_message_when_texts_are_anything_then_it_has_no_line_more(text: str) -> None:
    """The alarm's own link may be missing: it needs a Region that is one."""
    assert len(lines_of(about(text))) <= len(lines_of(about("harmless")))
    assert len(lines_of(recorded(text))) == len(lines_of(recorded("harmless")))


@given(st.text(max_size=300))
def test_one_line_is_visible_and_idempotent(text: str) -> None:
    line = one_line(text)

    assert is_one_line(line)
    assert line == one_line(line)
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cf", "Zl", "Zp"}


@pytest.mark.parametrize("text", HOSTILE)
def test_chat_when_texts_are_hostile_then_nobody_is_mentioned_and_nothing_is_linked(
    text: str,
) -> None:
    content = about(text).chat["content"]
    shown = "\n".join([content["title"], content["description"], *content.get("nextSteps", ())])

    assert "<" not in shown
    assert "](" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_test_message_when_the_requester_is_hostile_then_it_is_quoted_on_one_line(
    text: str,
) -> None:
    request = envelope.TestRequest(
        "main", Severity.CRITICAL, NOW, requested_by=one_line(f"x{text}", 100)
    )

    message = single.test_message(request, None, LINKS, NOW)

    (line,) = [line for line in lines_of(message) if line.startswith("Requested by")]
    assert line.startswith('Requested by "')
    assert line.endswith('".')


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "http://pay.example", "https://pay.example/\nTop up: x", "docs/pay.md"],
)
def test_link_when_it_is_not_absolute_and_in_one_piece_then_it_is_left_out(link: str) -> None:
    message = single.message(
        notification_of(
            Incident(IncidentKey(Scope.ACCOUNT, "openrouter-main")),
            OPENED,
            NOW,
            latest(top_up_url=link),
        ),
        LINKS,
    )

    assert "Top up:" not in message.email
    assert "top_up_url" not in message.document["accounts"][0]


def test_command_when_the_deployment_is_not_the_default_then_it_names_it() -> None:
    named = LINKS._replace(stack_name="team-monitor", region="eu-west-1")
    default = LINKS._replace(stack_name="balance-monitor", region="")

    assert named.command("status") == "balancectl status --name team-monitor --region eu-west-1"
    assert default.command("status") == "balancectl status"


def test_runbook_when_none_is_published_then_its_advice_stands_in_the_message() -> None:
    incident = Incident(IncidentKey(Scope.ACCOUNT, "openrouter-main"))
    notification = notification_of(incident, OPENED, NOW, latest())

    with_runbook = single.message(notification, LINKS)
    without = single.message(notification, LINKS._replace(runbook_url=""))

    assert "Runbook: https://" in with_runbook.email
    assert "Advice" not in with_runbook.email
    assert "Runbook" not in without.email
    assert "Advice: top up" in without.email
    assert "runbook_url" not in without.document["accounts"][0]
