"""One example of every kind of message, for the golden files and the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.envelope import TestRequest, read
from alert_router.incidents.incident import (
    Incident,
    IncidentKey,
    LastNotification,
    PendingNotification,
    Problem,
    Scope,
)
from alert_router.incidents.incident import NotificationReason as Reason
from alert_router.incidents.lifecycle.transitions import apply, identify, mark_deleted
from alert_router.incidents.notification import Notification, notification_of
from alert_router.messages import single
from alert_router.messages.compose import Composer
from alert_router.messages.formats.message import Message
from alert_router.reports.message import report_message
from alert_router.reports.period import Period
from alert_router.reports.report import report
from shared.names import AlarmKind, Severity
from shared.outcome import Outcome
from shared.records import Latest, Thresholds, TopUp, Wallet
from shared.records.breakdown import Breakdown, Share
from tests.latest import changed
from tests.unit.router.builders import (
    LINKS,
    NAME,
    NOW,
    alarm,
    failing,
    foreign,
    latest,
    minutes,
    published,
)
from tests.unit.router.weeks import DUE, busy_week, facts

OPENED = NOW - minutes(245)
LOW = frozenset({Problem.LOW})
STALE = frozenset({Problem.STALE})
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
BOTH = (AlarmKind.WARNING, AlarmKind.CRITICAL)
LAST_OUTAGE = "stale/firecrawl/transient/2026-11-23T10:01:00Z"

#: A poll an hour, until five hours before the first.
HISTORY = {NOW - minutes(60 * n + 1): Decimal("3.20") + Decimal("0.85") * n for n in range(20)}

#: The names are foreign texts, and one key has none that may be shown.
BY_KEY = Breakdown(
    "openrouter-main",
    NOW - minutes(2),
    "USD",
    "today (UTC)",
    (
        Share('batch "nightly"', Decimal("41.20")),
        Share("", Decimal(7)),
        Share("<ci|x>", Decimal("3.50")),
    ),
)

DRAINING = latest(
    balance=Decimal("3.20"),
    runway_hours=Decimal("9.2"),
    at_least_hours=Decimal("6.4"),
    at_most_hours=Decimal("14.5"),
    empty_at=NOW + timedelta(hours=9, minutes=10),
    burn_per_day=Decimal("8.40"),
    last_top_up=TopUp(NOW - timedelta(days=3, hours=5), Decimal(50)),
)
TOPPED_UP = changed(
    DRAINING,
    balance=Decimal("53.20"),
    runway_hours=Decimal(152),
    at_least_hours=Decimal(106),
    at_most_hours=Decimal(201),
    empty_at=NOW + timedelta(hours=152),
    last_top_up=TopUp(NOW - minutes(1), Decimal(50)),
)
REJECTED = failing(outcome=Outcome.INVALID_KEY, reason="the key was rejected: ACCOUNT_SUSPENDED")
NEVER = failing(
    "mydisct-test",
    provider="mydisct_bbre",
    provider_title="MyDisct BBRE",
    outcome=Outcome.BAD_CONFIG,
    reason="the secret has no key for this account",
    balance=None,
    balance_at=None,
    unit=None,
)
SEVEN = [failing(f"firecrawl-{name}") for name in "abcdefg"]
TEN = [latest(f"team-{n:02}", balance=Decimal(n) / 2) for n in range(10)]
WORKING = {"outcome": Outcome.OK, "reason": None, "balance_at": NOW - minutes(1)}


def announced(severity: Severity, balance: str | None = None, **changes: Any) -> LastNotification:
    """Return what people were notified of at the incident's start."""
    values: dict[str, Any] = {
        "severity": severity,
        "worst": severity,
        "problems": LOW,
        "at": OPENED,
        "balance": Decimal(balance) if balance else None,
        "unit": "USD",
    }
    return LastNotification(**values | changes)


def opened(
    record: Latest | None,
    severity: Severity = WARNING,
    kinds: Sequence[AlarmKind] = (AlarmKind.WARNING,),
    problems: frozenset[Problem] = LOW,
    reason: Reason = Reason.OPENED,
) -> Notification:
    """Return the beginning of an incident."""
    return _notification(record, PendingNotification(reason, severity, problems, NOW, NOW), kinds)


def went_on(
    reason: Reason,
    record: Latest,
    before: LastNotification,
    severity: Severity = WARNING,
    kinds: Sequence[AlarmKind] = (AlarmKind.WARNING,),
) -> Notification:
    """Return a later notification about an incident that was announced."""
    is_over = reason in (Reason.RECOVERED, Reason.CLOSED)
    problems = frozenset() if is_over else before.problems | _problems(kinds)
    return _notification(
        record, PendingNotification(reason, severity, problems, NOW, OPENED, before), kinds
    )


def somebody_elses(reason: Reason, change: AlarmChange) -> Notification:
    """Return what happened to a foreign alarm."""
    key, kind = identify(change, NAME)
    incident = apply(Incident(key), kind, change)
    before = (
        announced(WARNING, problems=frozenset({Problem.FOREIGN}))
        if reason is not Reason.OPENED
        else None
    )
    start = change.changed_at if before is None else change.changed_at - minutes(245)
    pending = PendingNotification(reason, WARNING, frozenset({Problem.FOREIGN}), NOW, start, before)
    return notification_of(incident, pending, change.changed_at + minutes(1), None)


def _notification(
    record: Latest | None, pending: PendingNotification, kinds: Sequence[AlarmKind]
) -> Notification:
    """Return what happened to an account, with the day before where it has a forecast."""
    account = record.account if record else "openrouter-main"
    provider = record.provider if record else "openrouter"
    is_over = pending.reason in (Reason.RECOVERED, Reason.CLOSED)
    state = AlarmState.OK if is_over else AlarmState.ALARM
    value, threshold = ("4.10", "5.0") if record is None else (None, None)
    incident = Incident(IncidentKey(Scope.ACCOUNT, account), provider=provider)
    for kind in kinds:
        change = alarm(kind.value, state, account=account, value=value, threshold=threshold)
        incident = apply(incident, kind.value, change)
    if pending.reason is Reason.CLOSED:
        incident = mark_deleted(incident, frozenset(incident.alarms), NOW)
    history = HISTORY if record and record.good.empty_at else {}
    return notification_of(incident, pending, NOW, record, history)


def _problems(kinds: Sequence[AlarmKind]) -> frozenset[Problem]:
    """Return what firing alarms mean."""
    return STALE if AlarmKind.STALE in kinds else frozenset()


def _low() -> Mapping[str, list[Notification]]:
    """Return what is said of balances that run out."""
    hours = Thresholds(runway_warning_hours=Decimal(48), runway_critical_hours=Decimal(12))
    runway = changed(DRAINING, thresholds=hours)
    drain = Thresholds(max_burn_per_day=Decimal(100))
    burning = changed(DRAINING, burn_per_day=Decimal(312), balance=Decimal(940), thresholds=drain)
    expiring = latest(
        credit_expires_at=NOW + timedelta(days=12),
        resets_at=NOW + timedelta(days=8),
        thresholds=Thresholds(expiry_warning_days=Decimal(14)),
        others={"monthly": Wallet(Decimal("1.50"), "USD")},
    )
    return {
        "warning": [opened(latest())],
        "critical": [opened(DRAINING, CRITICAL, BOTH)],
        "critical-by-key": [replace(opened(DRAINING, CRITICAL, BOTH), breakdown=BY_KEY)],
        "overdrawn": [opened(latest(balance=Decimal("-1.10")), CRITICAL, BOTH)],
        "runway": [opened(runway, CRITICAL, [AlarmKind.RUNWAY_CRITICAL])],
        "drain": [opened(burning, WARNING, [AlarmKind.DRAIN], frozenset({Problem.DRAIN}))],
        "expiry": [opened(expiring, WARNING, [AlarmKind.EXPIRY], frozenset({Problem.EXPIRY}))],
        "reduced": [opened(None, CRITICAL, [AlarmKind.CRITICAL])],
        "escalated": [
            went_on(Reason.ESCALATED, DRAINING, announced(WARNING, "19.20"), CRITICAL, BOTH)
        ],
        "improved": [went_on(Reason.IMPROVED, latest(), announced(CRITICAL, "3.20"))],
        "reminder": [
            went_on(Reason.REMINDER, DRAINING, announced(CRITICAL, "4.60"), CRITICAL, BOTH)
        ],
        "recovered-topped-up": [
            went_on(Reason.RECOVERED, TOPPED_UP, announced(CRITICAL, "3.20"), CRITICAL)
        ],
        "closed": [went_on(Reason.CLOSED, DRAINING, announced(CRITICAL, "3.20"), CRITICAL)],
        "digest": [opened(record, CRITICAL, BOTH) for record in TEN],
        "digest-recovered": [
            went_on(Reason.RECOVERED, record, announced(WARNING, "3.20"))
            for record in (changed(low, balance=Decimal(60)) for low in TEN)
        ],
    }  # fmt: skip


def _stale() -> Mapping[str, list[Notification]]:
    """Return what is said where no balance is read."""
    stale = [AlarmKind.STALE]
    stopped = failing(outcome=Outcome.OK, reason=None, polled_at=NOW - minutes(46))
    grouped = announced(
        WARNING, problems=STALE, group=LAST_OUTAGE, outcome="transient", unit="credits"
    )
    alone = announced(WARNING, "73250", problems=STALE, outcome="invalid_key", unit="credits")
    setup = Reason.NOT_SET_UP
    new = [changed(NEVER, account=f"new-{n}") for n in range(3)]
    working = [changed(record, **WORKING) for record in SEVEN]
    return {
        "stale": [opened(REJECTED, WARNING, stale, STALE)],
        "stale-monitor-stopped": [opened(stopped, WARNING, stale, STALE)],
        "stale-provider": [opened(record, WARNING, stale, STALE) for record in SEVEN],
        "stale-provider-reminder": [
            went_on(Reason.REMINDER, record, grouped, kinds=stale) for record in SEVEN
        ],
        "stale-provider-recovered": [
            went_on(Reason.RECOVERED, record, grouped, kinds=stale) for record in working
        ],
        "also-stale": [
            went_on(
                Reason.ESCALATED,
                changed(REJECTED, balance=Decimal(4100)),
                announced(WARNING, "4100", unit="credits"),
                kinds=[AlarmKind.WARNING, AlarmKind.STALE],
            )
        ],
        "recovered-key": [went_on(Reason.RECOVERED, failing(**WORKING), alone, kinds=stale)],
        "not-set-up": [opened(NEVER, WARNING, stale, STALE, setup)],
        "not-set-up-several": [opened(record, WARNING, stale, STALE, setup) for record in new],
    }  # fmt: skip


def _foreign() -> Mapping[str, list[Notification]]:
    """Return what is said of somebody else's alarms, as AWS's own samples come out."""
    samples = {
        "foreign-single-metric": "event-single-metric",
        "foreign-metric-math": "event-metric-math",
        "foreign-anomaly": "event-anomaly",
        "foreign-composite": "sns-composite",
        "foreign-contributor": "event-contributor",
        "foreign-multi-series": "event-multi-series",
    }
    found = {}
    for name, sample in samples.items():
        change = read(published(sample))
        assert isinstance(change, AlarmChange)
        found[name] = [somebody_elses(Reason.OPENED, change)]
    return found | {
        "foreign-recovered": [somebody_elses(Reason.RECOVERED, foreign(AlarmState.OK))],
    }


def every_kind() -> dict[str, Message]:
    """Return an example of every kind of message, by name."""
    composer = Composer(LINKS, digest_above=5)
    messages = {
        name: composer.compose(notifications)
        for name, notifications in {**_low(), **_stale(), **_foreign()}.items()
    }
    assert all(len(found) == 1 for found in messages.values()), messages
    request = TestRequest("openrouter-main", CRITICAL, NOW, "sam")
    return {name: found[0] for name, found in messages.items()} | {
        "test": single.test_message(request, latest(), LINKS, NOW),
        "weekly-report": report_message(report(busy_week(), Period.before(DUE)), LINKS, DUE),
        "weekly-report-well": report_message(
            report([facts("openrouter-main")], Period.before(DUE)), LINKS, DUE
        ),
    }
