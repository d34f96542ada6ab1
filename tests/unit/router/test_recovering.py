"""A runway alarm that is held after the bound rose: the text agrees with the figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from alert_router.incidents.incident import NotificationReason
from alert_router.messages.wording import phrases
from shared.names import AlarmKind, Severity
from shared.records import Thresholds
from tests.latest import changed
from tests.unit.router.kinds import DRAINING, announced, went_on

LIMITS = Thresholds(runway_warning_hours=Decimal(48), runway_critical_hours=Decimal(12))


@pytest.mark.parametrize(
    ("at_least", "severity", "kind", "words"),
    [
        ("16.4", Severity.CRITICAL, AlarmKind.RUNWAY_CRITICAL, "at least 16 h, ends above 18 h"),
        ("50", Severity.WARNING, AlarmKind.RUNWAY_WARNING, "at least 50 h, ends above 72 h"),
    ],
)
def test_words_when_the_bound_is_above_the_threshold_again_then_are_recovering(
    at_least: str, severity: Severity, kind: AlarmKind, words: str
) -> None:
    record = changed(DRAINING, at_least_hours=Decimal(at_least), thresholds=LIMITS)

    reminder = went_on(NotificationReason.REMINDER, record, announced(severity), severity, [kind])

    assert phrases.outlook(reminder) == f"recovering: {words}"
    assert phrases.limit(reminder) == f"recovering: {words}"


def test_words_when_the_bound_is_below_the_threshold_then_are_the_forecast() -> None:
    record = changed(DRAINING, thresholds=LIMITS)
    critical = [AlarmKind.RUNWAY_CRITICAL]

    reminder = went_on(
        NotificationReason.REMINDER,
        record,
        announced(Severity.CRITICAL),
        Severity.CRITICAL,
        critical,
    )

    assert phrases.outlook(reminder) == "empty in about 9 h, at least 6 h"
    assert phrases.limit(reminder) == "less than 12 h"
