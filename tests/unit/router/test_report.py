"""A weekly report's content, checked by hand, and without other subscribers' accounts."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.incidents.incident import PastIncident, Problem
from alert_router.messages.formats.limits import MAX_MESSAGE
from alert_router.reports.message import report_message
from alert_router.reports.period import Period
from alert_router.reports.report import Facts, report
from alert_router.reports.usage import usage_of
from shared.names import Severity
from tests.unit.router.builders import LINKS
from tests.unit.router.weeks import DUE, END, busy_week, days, facts, incident

PERIOD = Period.before(DUE)


def body(accounts: list[Facts], period: Period = PERIOD) -> str:
    return report_message(report(accounts, period), LINKS, period.due).email


def test_the_week_is_the_seven_days_before_and_the_month_that_of_its_last() -> None:
    assert (PERIOD.start, PERIOD.last) == (date(2026, 11, 16), date(2026, 11, 22))
    assert (PERIOD.month, PERIOD.month_end, PERIOD.days_left) == (
        date(2026, 11, 1),
        date(2026, 11, 30),
        8,
    )
    assert PERIOD.first_read == date(2026, 11, 1)
    first = Period.before(DUE.replace(month=12, day=1))
    assert (first.month, first.days_left, first.first_read) == (
        date(2026, 11, 1),
        0,
        date(2026, 11, 1),
    )
    assert Period.before(DUE.replace(month=12, day=5)).first_read == date(2026, 11, 21)


def test_usage_is_what_a_hand_computes() -> None:
    usage = usage_of("main", days([3] * 15 + [2.5] * 7 + [5.75] * 7), PERIOD)

    assert usage is not None
    assert (usage.spent, usage.before, usage.change) == (
        Decimal("40.25"),
        Decimal("17.5"),
        Decimal("22.75"),
    )
    # 22 days of November: 8 x 3 + 17.50 + 40.25, and 8 more as in the week.
    assert usage.month == Decimal("81.75")
    assert usage.projected == Decimal("81.75") + 8 * Decimal("5.75")
    assert not usage.is_partial


def test_what_is_not_known_is_not_taken_for_nothing() -> None:
    """Half of the days are known: the rest of the month counts double."""
    half = days([4] * 3, END - timedelta(days=4)) + days([4], END, known_seconds=43_200)
    usage = usage_of("main", half, PERIOD)

    assert usage is not None
    assert usage.spent == 16
    assert usage.is_partial
    assert usage.projected - usage.month == 8 * 16 / Decimal("3.5")
    assert "as far as known" in body([facts("main", days=half)])


def test_days_in_another_unit_and_the_day_that_is_not_over_do_not_count() -> None:
    other = days([100], END - timedelta(days=1), unit="EUR") + days([2], END)
    today = days([50], END + timedelta(days=1))

    usage = usage_of("main", other + today, PERIOD)

    assert usage is not None
    assert (usage.spent, usage.unit) == (2, "USD")
    assert usage_of("main", today, PERIOD) is None


@pytest.mark.parametrize(
    ("before", "week", "words"),
    [
        (1, 1.5, "50 % more than the week before"),
        (2, 1, "50 % less than the week before"),
        (1, 1, "as much as the week before"),
        (0, 1, "nothing the week before"),
        (1000, 1001, "slightly more than the week before"),
        (0.01, 2, "200 times the week before"),
    ],
)
def test_a_week_is_compared_in_words(before: float, week: float, words: str) -> None:
    assert words in body([facts("main", [before] * 7 + [week] * 7)])


def test_movers_are_compared_by_their_share_of_the_unit_and_the_largest_come_first() -> None:
    found = report(
        [
            facts("steady", [10] * 14),
            facts("doubled", [10] * 7 + [20] * 7),
            facts("credits", days=days([1000] * 7 + [0] * 7, unit="credits")),
            facts("tiny", [0.01] * 7 + [0.02] * 7),
        ],
        PERIOD,
    )

    assert [usage.account for usage in found.movers] == ["credits", "doubled"]


def test_incidents_of_other_weeks_and_accounts_not_set_up_are_left_out() -> None:
    def past(days_ago: float, hours: float) -> PastIncident:
        end = DUE - timedelta(days=days_ago)
        return PastIncident(end - timedelta(hours=hours), end, Severity.WARNING, frozenset())

    known = incident("main", past(9, 1), past(6, 40), since=DUE - timedelta(days=20))
    found = report([facts("main", incident=known)], PERIOD)

    assert [one.incident.ended_at for one in found.incidents] == [None, DUE - timedelta(days=6)]
    text = body([facts("main", incident=known)])
    assert "main: critical, low, open for 20 days" in text
    assert "main: warning, for 40 h" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"balance_at": DUE - timedelta(hours=47)}, None),
        ({"balance_at": DUE - timedelta(hours=49)}, "main: none since 21 Nov"),
        ({"balance_at": None, "balance": None}, "main: never read"),
        ({"latest": None}, "main: never read"),
        ({"latest": None, "is_readable": False}, "main: its record cannot be read"),
        ({"credit_expires_at": DUE + timedelta(days=31)}, None),
        ({"credit_expires_at": DUE - timedelta(days=1)}, None),
        ({"credit_expires_at": DUE + timedelta(days=29)}, "main: credit or key, on 22 Dec"),
        ({"anchor_at": DUE - timedelta(days=29)}, None),
        ({"anchor_at": DUE - timedelta(days=31)}, "ledger set main"),
        ({"empty_at": DUE + timedelta(days=40), "at_least_hours": Decimal(800)}, None),
        ({"empty_at": DUE, "at_least_hours": Decimal(0)}, "main: 80.00 USD left, may be empty"),
        (
            {"empty_at": DUE + timedelta(days=9), "at_least_hours": Decimal(100)},
            "main: 80.00 USD left, at least 4 days, empty 27 Nov or later",
        ),
    ],
)
def test_an_account_is_mentioned_when_it_needs_attention(
    fields: dict[str, Any], words: str | None
) -> None:
    found = report([facts("main", **fields)], PERIOD)

    assert found.is_empty is (words is None)
    assert (words or "nothing needs attention") in body([facts("main", **fields)])


def test_it_reads_well_on_a_phone() -> None:
    """Short lines, of which few are broken, and a subject that SNS takes."""
    message = report_message(report(busy_week(), PERIOD), LINKS, DUE)

    lines = message.email.splitlines()
    assert max(map(len, (line for line in lines if "https://" not in line))) <= 110
    assert sum(len(line) > 60 for line in lines) <= len(lines) / 4
    assert len(message.subject) <= 99
    assert message.subject.isascii()


def test_a_report_of_ten_thousand_accounts_fits_into_a_message() -> None:
    unread = [facts(f"account-{n:05}-{'x' * 50}", latest=None) for n in range(10_000)]

    message = report_message(report(unread, PERIOD), LINKS, DUE)

    assert message.size_bytes() <= MAX_MESSAGE
    assert message.attributes(["team"])["account"]["StringValue"] == "-"


names = st.sampled_from(["alpha", "beta", "gamma", "delta"])


@given(st.sets(names), st.integers(0, 6), st.floats(0, 99))
@settings(max_examples=60, deadline=None)
def test_a_report_names_no_account_but_its_own(own: set[str], kind: int, spent: float) -> None:
    template = busy_week()[kind]
    accounts = [
        template._replace(
            account=name,
            latest=template.latest and facts(name, reason=f"{name} failed").latest,
            days=days([spent] * 14),
        )
        for name in ("alpha", "beta", "gamma", "delta")
    ]
    message = report_message(report([a for a in accounts if a.account in own], PERIOD), LINKS, DUE)

    said = message.email + json.dumps(message.document) + message.subject
    assert set(re.findall("alpha|beta|gamma|delta", said)) <= own


def test_texts_of_others_stay_on_one_line() -> None:
    text = body(
        [
            facts(
                "main",
                balance_at=DUE - timedelta(days=3),
                reason="odd\n\nINCIDENTS\nother: critical\u202e",
            )
        ]
    )

    assert "\nINCIDENTS" not in text
    assert "\u202e" not in text


def test_a_past_incident_is_announced_with_its_problems() -> None:
    assert incident("main", since=DUE).announced == PastIncident(
        DUE, None, Severity.CRITICAL, frozenset({Problem.LOW})
    )
