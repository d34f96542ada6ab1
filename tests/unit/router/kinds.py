"""One example of every kind of message, for the golden files and the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from alert_router.events.alarm import AlarmChange, AlarmState
from alert_router.events.envelope import TestRequest, read
from alert_router.incidents.incident import (
    Episode,
    Intent,
    Scope,
    Step,
    Subject,
    Told,
    Trouble,
    apply,
    locate,
)
from alert_router.messages import single
from alert_router.messages.compose import Composer
from alert_router.messages.message import Message
from alert_router.messages.notification import Notice, notice_of
from shared.names import AlarmKind, Severity
from shared.outcome import Outcome
from shared.records import Latest, Thresholds, TopUp, Wallet
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

OPENED = NOW - minutes(245)
LOW = frozenset({Trouble.LOW})
STALE = frozenset({Trouble.STALE})
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
BOTH = (AlarmKind.WARNING, AlarmKind.CRITICAL)
LAST_OUTAGE = "stale/firecrawl/transient/2026-11-23T10:01:00Z"

#: A poll an hour, until five hours before the first.
HISTORY = {NOW - minutes(60 * n + 1): Decimal("3.20") + Decimal("0.85") * n for n in range(20)}

DRAINING = latest(
    balance=Decimal("3.20"),
    runway_hours=Decimal("9.2"),
    empty_at=NOW + timedelta(hours=9, minutes=10),
    burn_per_day=Decimal("8.40"),
    last_top_up=TopUp(NOW - timedelta(days=3, hours=5), Decimal(50)),
)
TOPPED_UP = changed(
    DRAINING,
    balance=Decimal("53.20"),
    runway_hours=Decimal(152),
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


def told(severity: Severity, balance: str | None = None, **changes: Any) -> Told:
    """Return what people were told at the episode's start."""
    values: dict[str, Any] = {
        "severity": severity,
        "worst": severity,
        "troubles": LOW,
        "at": OPENED,
        "balance": Decimal(balance) if balance else None,
        "unit": "USD",
    }
    return Told(**values | changes)


def opened(
    record: Latest | None,
    severity: Severity = WARNING,
    kinds: Sequence[AlarmKind] = (AlarmKind.WARNING,),
    troubles: frozenset[Trouble] = LOW,
    step: Step = Step.OPENED,
) -> Notice:
    """Return the beginning of an episode."""
    return _notice(record, Intent(step, severity, troubles, NOW, NOW), kinds)


def went_on(
    step: Step,
    record: Latest,
    before: Told,
    severity: Severity = WARNING,
    kinds: Sequence[AlarmKind] = (AlarmKind.WARNING,),
) -> Notice:
    """Return a later step of an episode that was told of before."""
    is_over = step in (Step.RECOVERED, Step.CLOSED)
    troubles = frozenset() if is_over else before.troubles | _troubles(kinds)
    return _notice(record, Intent(step, severity, troubles, NOW, OPENED, before), kinds)


def somebody_elses(step: Step, change: AlarmChange) -> Notice:
    """Return what happened to a foreign alarm."""
    subject, kind = locate(change, NAME)
    episode = apply(Episode(subject), kind, change)
    before = (
        told(WARNING, troubles=frozenset({Trouble.FOREIGN})) if step is not Step.OPENED else None
    )
    start = change.changed_at if before is None else change.changed_at - minutes(245)
    intent = Intent(step, WARNING, frozenset({Trouble.FOREIGN}), NOW, start, before)
    return notice_of(episode, intent, change.changed_at + minutes(1), None)


def _notice(record: Latest | None, intent: Intent, kinds: Sequence[AlarmKind]) -> Notice:
    """Return what happened to an account, with the day before where it has a forecast."""
    account = record.account if record else "openrouter-main"
    provider = record.provider if record else "openrouter"
    is_over = intent.step in (Step.RECOVERED, Step.CLOSED)
    state = AlarmState.OK if is_over else AlarmState.ALARM
    value, threshold = ("4.10", "5.0") if record is None else (None, None)
    episode = Episode(Subject(Scope.ACCOUNT, account), provider=provider)
    for kind in kinds:
        change = alarm(kind.value, state, account=account, value=value, threshold=threshold)
        episode = apply(episode, kind.value, change)
    history = HISTORY if record and record.good.empty_at else {}
    return notice_of(episode, intent, NOW, record, history)


def _troubles(kinds: Sequence[AlarmKind]) -> frozenset[Trouble]:
    """Return what firing alarms mean."""
    return STALE if AlarmKind.STALE in kinds else frozenset()


def _low() -> Mapping[str, list[Notice]]:
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
        "overdrawn": [opened(latest(balance=Decimal("-1.10")), CRITICAL, BOTH)],
        "runway": [opened(runway, CRITICAL, [AlarmKind.RUNWAY_CRITICAL])],
        "drain": [opened(burning, WARNING, [AlarmKind.DRAIN], frozenset({Trouble.DRAIN}))],
        "expiry": [opened(expiring, WARNING, [AlarmKind.EXPIRY], frozenset({Trouble.EXPIRY}))],
        "reduced": [opened(None, CRITICAL, [AlarmKind.CRITICAL])],
        "escalated": [went_on(Step.ESCALATED, DRAINING, told(WARNING, "19.20"), CRITICAL, BOTH)],
        "improved": [went_on(Step.IMPROVED, latest(), told(CRITICAL, "3.20"))],
        "reminder": [went_on(Step.REMINDER, DRAINING, told(CRITICAL, "4.60"), CRITICAL, BOTH)],
        "recovered-topped-up": [
            went_on(Step.RECOVERED, TOPPED_UP, told(CRITICAL, "3.20"), CRITICAL)
        ],
        "closed": [went_on(Step.CLOSED, DRAINING, told(CRITICAL, "3.20"), CRITICAL)],
        "digest": [opened(record, CRITICAL, BOTH) for record in TEN],
        "digest-recovered": [
            went_on(Step.RECOVERED, changed(record, balance=Decimal(60)), told(WARNING, "3.20"))
            for record in TEN
        ],
    }  # fmt: skip


def _stale() -> Mapping[str, list[Notice]]:
    """Return what is said where no balance is read."""
    stale = [AlarmKind.STALE]
    stopped = failing(outcome=Outcome.OK, reason=None, polled_at=NOW - minutes(46))
    grouped = told(WARNING, troubles=STALE, group=LAST_OUTAGE, outcome="transient", unit="credits")
    alone = told(WARNING, "73250", troubles=STALE, outcome="invalid_key", unit="credits")
    setup = Step.NOT_SET_UP
    new = [changed(NEVER, account=f"new-{n}") for n in range(3)]
    working = [changed(record, **WORKING) for record in SEVEN]
    return {
        "stale": [opened(REJECTED, WARNING, stale, STALE)],
        "stale-monitor-stopped": [opened(stopped, WARNING, stale, STALE)],
        "stale-provider": [opened(record, WARNING, stale, STALE) for record in SEVEN],
        "stale-provider-reminder": [
            went_on(Step.REMINDER, record, grouped, kinds=stale) for record in SEVEN
        ],
        "stale-provider-recovered": [
            went_on(Step.RECOVERED, record, grouped, kinds=stale) for record in working
        ],
        "also-stale": [
            went_on(
                Step.ESCALATED, REJECTED, told(WARNING, "73250", unit="credits"),
                kinds=[AlarmKind.WARNING, AlarmKind.STALE],
            )
        ],
        "recovered-key": [went_on(Step.RECOVERED, failing(**WORKING), alone, kinds=stale)],
        "not-set-up": [opened(NEVER, WARNING, stale, STALE, setup)],
        "not-set-up-several": [opened(record, WARNING, stale, STALE, setup) for record in new],
    }  # fmt: skip


def _foreign() -> Mapping[str, list[Notice]]:
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
        found[name] = [somebody_elses(Step.OPENED, change)]
    return found | {
        "foreign-recovered": [somebody_elses(Step.RECOVERED, foreign(AlarmState.OK))],
    }


def every_kind() -> dict[str, Message]:
    """Return an example of every kind of message, by name."""
    composer = Composer(LINKS, digest_above=5)
    messages = {
        name: composer.compose(notices)
        for name, notices in {**_low(), **_stale(), **_foreign()}.items()
    }
    assert all(len(found) == 1 for found in messages.values()), messages
    request = TestRequest("openrouter-main", CRITICAL, NOW, "sam")
    return {name: found[0] for name, found in messages.items()} | {
        "test": single.trial(request, latest(), LINKS, NOW)
    }
