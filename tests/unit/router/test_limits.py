"""Messages stay within SNS's limits, whatever accounts, providers and reasons are called."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.incidents.incident import NotificationReason
from alert_router.incidents.subscriber import Form
from alert_router.messages.compose import Composer
from alert_router.messages.formats.limits import (
    MAX_SMS,
    MAX_SUBJECT,
    septets,
    sms_text,
    subject_line,
    to_gsm,
)
from alert_router.messages.formats.message import Message
from shared.names import AlarmKind, Severity
from tests.unit.router.builders import LINKS, failing, foreign, latest
from tests.unit.router.kinds import STALE, announced, opened, somebody_elses, went_on

TEXT = st.text(max_size=300)
ACCOUNT = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
AMOUNT = st.decimals(
    min_value=Decimal("-1e14"), max_value=Decimal("1e14"), allow_nan=False, places=4
)
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


def assert_within_limits(message: Message) -> None:
    """Check what SNS and a telephone network would refuse or split."""
    assert 0 < len(message.subject) <= MAX_SUBJECT
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert message.subject[0].isalnum()
    assert 0 < septets(message.sms) <= MAX_SMS
    assert set(message.sms) <= GSM - {"\n", "\r"}
    json.loads(message.text(Form.EVENTS))
    assert message.size_bytes([f"{number:064}" for number in range(200)]) <= 262_144


def test_sms_of_a_digest_in_parts_when_rendered_then_it_counts_once() -> None:
    due = [opened(latest(f"team-{n:03}"), Severity.CRITICAL) for n in range(200)]

    texts = [message.sms for message in Composer(LINKS, 5).compose(due)]

    assert [text.partition(",")[0] for text in texts] == [
        "125 accounts (1 of 2)",
        "75 accounts (2 of 2)",
    ]


@pytest.mark.parametrize("count", [1, 6, 26, 50, 400])
def test_foreign_alarms_when_their_texts_are_long_then_each_message_is_within_the_size(
    count: int,
) -> None:
    """26 descriptions and reasons of 1,000 characters made 267,571 bytes, which SNS refuses."""
    long = "ä" * 1000
    due = [
        somebody_elses(
            NotificationReason.OPENED,
            foreign(name=f"alarm-{n}")._replace(description=long, reason=long),
        )
        for n in range(count)
    ]

    messages = Composer(LINKS, 5).compose(due)

    assert sum(len(message.members) for message in messages) == count
    for message in messages:
        assert_within_limits(message)


@pytest.mark.parametrize("count", [50, 1000])
@pytest.mark.parametrize("is_stale", [False, True], ids=["low", "stale"])
def test_accounts_when_links_and_names_are_long_then_each_message_is_within_the_size(
    count: int, *, is_stale: bool
) -> None:
    link = f"https://pay.example/{'ü' * 460}"
    texts = {"top_up_url": link, "provider_title": "x" * 100}
    due = [
        opened(failing(f"{n:064}", **texts), Severity.WARNING, [AlarmKind.STALE], STALE)
        if is_stale
        else opened(latest(f"{n:064}", **texts), Severity.CRITICAL)
        for n in range(count)
    ]

    messages = Composer(LINKS._replace(runbook_url=link), 5).compose(due)

    assert sum(len(message.members) for message in messages) == count
    for message in messages:
        assert_within_limits(message)


@given(TEXT)
def test_subject_when_made_of_any_text_then_sns_accepts_it(text: str) -> None:
    line = subject_line(text)

    assert 0 < len(line) <= 99
    assert line.isascii()
    assert line.isprintable()


@given(TEXT, st.lists(TEXT, max_size=5))
def test_sms_when_made_of_any_texts_then_it_is_one_part(text: str, more: list[str]) -> None:
    sms = sms_text(text, more)

    assert septets(sms) <= 160
    assert set(sms) <= GSM


@given(ACCOUNT, TEXT, AMOUNT, TEXT, st.sampled_from(["USD", "credits", "€", "日本円"]))
@settings(max_examples=60, deadline=None)
def test_low_message_when_names_are_anything_then_limits_hold(
    account: str, title: str, balance: Decimal, link: str, unit: str
) -> None:
    record = latest(account, provider_title=title, balance=balance, top_up_url=link, unit=unit)

    (message,) = Composer(LINKS, 5).compose([opened(record, Severity.CRITICAL)])

    assert_within_limits(message)


@given(st.lists(ACCOUNT, min_size=1, max_size=30, unique=True), TEXT, TEXT)
@settings(max_examples=30, deadline=None)
def test_stale_message_when_names_are_anything_then_limits_hold(
    accounts: list[str], title: str, reason: str
) -> None:
    records = [failing(name, provider_title=title, reason=reason) for name in accounts]
    notifications = [opened(r, Severity.WARNING, [AlarmKind.STALE], STALE) for r in records]

    (message,) = Composer(LINKS, 5).compose(notifications)

    assert_within_limits(message)


@given(st.text(min_size=1, max_size=255), TEXT)
@settings(max_examples=60, deadline=None)
def test_foreign_message_when_names_are_anything_then_limits_hold(name: str, text: str) -> None:
    change = foreign(name=name)._replace(description=text, reason=text)

    (message,) = Composer(LINKS, 5).compose([somebody_elses(NotificationReason.OPENED, change)])

    assert_within_limits(message)


@pytest.mark.parametrize("count", [6, 50, 51, 1000])
def test_digest_when_it_lists_many_long_names_then_its_size_holds(count: int) -> None:
    names = [f"{n:05}-{'x' * 58}" for n in range(count)]
    notifications = [
        opened(latest(name, top_up_url="https://example.com/" + "y" * 150)) for name in names
    ]

    messages = Composer(LINKS, 5).compose(notifications)

    for message in messages:
        assert_within_limits(message)
        assert_within_limits(message)
    assert sorted(a for m in messages for a in m.accounts) == names


def test_group_when_it_names_a_thousand_accounts_then_its_size_holds() -> None:
    names = [f"{n:05}-{'x' * 58}" for n in range(1000)]
    before = announced(Severity.WARNING, problems=STALE, group="stale/firecrawl/transient/t")
    records = [failing(name) for name in names]
    notifications = [
        went_on(NotificationReason.REMINDER, record, before, kinds=[AlarmKind.STALE])
        for record in records
    ]

    (message,) = Composer(LINKS, 5).compose(notifications)

    assert_within_limits(message)
    assert message.document["count"] == 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("naïve café", "nai?ve café"), ("“quoted”", "?quoted?"), ("a\n\tb", "a b"), ("日本", "??")],
)
def test_gsm_when_a_character_is_not_in_the_alphabet_then_it_is_replaced(
    text: str, expected: str
) -> None:
    assert to_gsm(text).replace("i?", "i") == expected.replace("i?", "i")


def test_septets_when_a_character_is_in_the_extension_then_it_counts_twice() -> None:
    assert septets("{}[]|~^\\€") == 18


def test_sms_when_the_last_piece_does_not_fit_then_it_is_left_out_whole() -> None:
    sms = sms_text("a" * 100, ["b" * 60, "c" * 10])

    assert sms == f"{'a' * 100} {'c' * 10}"


def test_subject_when_it_is_too_long_then_its_last_clauses_go_first() -> None:
    line = subject_line(f"RESOLVED name: {'a' * 60}, {'b' * 20}, {'c' * 20}")

    assert line == f"RESOLVED name: {'a' * 60}, {'b' * 20}"
