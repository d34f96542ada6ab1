"""What is published to whom, and what happens when SNS refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import Incident, IncidentKey, Scope
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.formats.message import Message
from shared.outcome import Outcome
from shared.silences import Silence
from tests.unit.router.builders import NOW, alarm, eventbridge, failing, latest, minutes
from tests.unit.router.world import World

KEY = IncidentKey(Scope.ACCOUNT, "openrouter-main")
TEAM, PAGER = Subscriber("team", Form.EMAIL), Subscriber("pager", Form.SMS)


def critical_world() -> World:
    """Return a router whose one account is critical."""
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.table.declared = [TEAM, PAGER]
    return world


def test_chat_when_messages_are_for_everybody_then_gets_each_once() -> None:
    world = critical_world()
    world.records["team-1"] = latest("team-1")

    world.transition(alarm("critical"))
    world.transition(alarm("warning", account="team-1"))
    world.wait(minutes(2))

    assert world.chats == world.messages
    assert len(world.chats) == 2


def test_chat_when_it_refuses_then_the_e_mail_is_not_repeated() -> None:
    world = critical_world()

    def refuse(_: Message) -> None:
        raise OSError("no")

    world.publish_chat = refuse  # type: ignore[method-assign]

    assert world.transition(alarm("critical")) == []
    assert world.stats.publish_failures == 1
    world.reconcile()
    assert len(world.messages) == 1


def test_message_when_published_then_the_run_and_the_log_name_it() -> None:
    world = critical_world()

    world.transition(alarm("critical"))

    subject = "CRITICAL OpenRouter openrouter-main: 3.20 USD left, below 5.00 USD"
    assert [(each["form"], each["subject"]) for each in world.stats.published] == [
        ("email", subject),
        ("sms", subject),
        ("events", subject),
    ]
    assert {each["message_id"] for each in world.stats.published} == {"id-1", "id-2", "id-3"}
    logged = [fields for text, fields in world.logged if text == "message published"]
    assert [fields["to"] for fields in logged] == [["team", "*"], ["pager", "*"], ["*"]]
    assert {fields["severity"] for fields in logged} == {"critical"}


@pytest.mark.parametrize("refusals", [1, 3])
def test_mark_when_it_is_throttled_then_is_tried_again_after_growing_pauses(refusals: int) -> None:
    """Unmarked, the message would be repeated."""
    world = critical_world()
    world.now = NOW + timedelta(microseconds=500_000)
    left = [OSError("throttled")] * refusals

    def throttle(incident: Incident) -> None:
        if incident.last_notification is not None and left:
            raise left.pop()

    world.table.before_save = throttle

    assert world.transition(alarm("critical")) == []
    waited = (world.now - NOW).total_seconds() - 0.5
    # Twice, four times, eight times 0.2 seconds, of which the jitter leaves half at least.
    assert sum(0.1 * 2**n for n in range(1, refusals + 1)) <= waited
    assert waited <= sum(0.2 * 2**n for n in range(1, refusals + 1))
    world.reconcile()
    assert len(world.messages) == 1


def test_mark_when_it_is_throttled_for_long_then_others_are_not_held_up() -> None:
    world = critical_world()
    tries: list[Incident] = []

    def throttle(incident: Incident) -> None:
        if incident.last_notification is not None:
            tries.append(incident)
            raise OSError("throttled")

    world.table.before_save = throttle

    assert world.transition(alarm("critical")) == ["0"]
    assert len(tries) == 4
    assert timedelta(seconds=1.4) <= world.now - NOW <= timedelta(seconds=2.8)


@pytest.mark.parametrize("microsecond", [0, 250_000, 999_999])
def test_pause_when_clocks_differ_then_so_does_the_pause(microsecond: int) -> None:
    world = critical_world()
    world.now = started = NOW + timedelta(microseconds=microsecond)
    left = [OSError("throttled")]

    def throttle(incident: Incident) -> None:
        if incident.last_notification is not None and left:
            raise left.pop()

    world.table.before_save = throttle
    world.transition(alarm("critical"))

    paused = (world.now - started).total_seconds()
    assert paused == pytest.approx(0.4 * (1 + microsecond / 1_000_000) / 2, abs=1e-5)


def test_conflict_when_another_wrote_first_then_the_record_is_read_again() -> None:
    """What another invocation decided on may be newer than what this one has read."""
    world = critical_world()

    def overtake(incident: Incident) -> None:
        world.table.before_save = lambda _: None
        world.table.save(replace(incident, outbox=None), NOW)
        world.records["openrouter-main"] = latest(balance=Decimal(60))

    world.table.before_save = overtake

    assert world.transition(alarm("critical")) == []

    assert world.messages == []
    assert world.table.load(KEY).firing == {"critical"}


def test_conflict_when_records_are_readable_by_then_they_are_believed() -> None:
    never = failing("new", balance=None, balance_at=None, unit=None, outcome=Outcome.BAD_CONFIG)
    world = World(records={"new": never}, is_enrichment_down=True, group_wait=timedelta())

    def overtake(incident: Incident) -> None:
        world.table.before_save = lambda _: None
        world.table.save(replace(incident, outbox=None), NOW)
        world.is_enrichment_down = False

    world.table.before_save = overtake
    world.transition(alarm("stale", account="new", provider="firecrawl"))

    assert [subject.split(" Fire")[0] for subject in world.subjects] == ["NOT SET UP"]


def test_end_when_it_is_refused_then_only_who_missed_it_gets_it() -> None:
    world = critical_world()
    world.transition(alarm("critical"))
    world.wait(minutes(10))
    world.records["openrouter-main"] = latest(balance=Decimal(60), balance_at=world.now)

    def refuse(_: Message, form: Form, __: object) -> None:
        if form is Form.SMS:
            raise OSError("no")

    world.on_publish_form = refuse
    assert world.transition(alarm("critical", AlarmState.OK, at=world.now)) == ["0"]
    before = len(world.deliveries)
    world.on_publish_form = lambda *_: None
    world.wait(minutes(5))
    assert world.reconcile() == []

    assert [(d.form, d.to) for d in world.deliveries[before:]] == [(Form.SMS, ("pager", "*"))]


def test_mute_rules_when_they_cannot_be_read_then_alarms_are_announced_and_it_is_logged_once() -> (
    None
):
    world = critical_world()
    world.records["other"] = latest("other", balance=Decimal(1))
    world.is_muted = lambda _: None  # type: ignore[method-assign, assignment, return-value]
    for account in ("openrouter-main", "other"):
        change = alarm("critical", account=account)
        world.alarms[change.alarm_name] = change
    world.wait(minutes(5))

    world.reconcile()

    assert [text for text, _ in world.logged].count("mute rules cannot be read") == 1
    assert len({a for m in world.messages for a in m.accounts}) == 2


def test_subscribers_when_one_is_unreadable_then_the_others_get_it_and_it_is_counted() -> None:
    world = critical_world()
    world.table.subscribers = lambda: ([TEAM], ["entry 1: KeyError"])  # type: ignore[method-assign]

    assert world.transition(alarm("critical")) == []

    assert TEAM.name in world.deliveries[0].to
    assert world.stats.publish_failures == 1
    assert ("subscriber unreadable", {"entry": "entry 1: KeyError"}) in world.logged


def test_subscribers_when_they_are_unknown_then_that_is_one_failure() -> None:
    world = critical_world()

    def unknown() -> tuple[list[Subscriber], list[str]]:
        raise OSError("no answer")

    world.table.subscribers = unknown  # type: ignore[method-assign]

    assert world.transition(alarm("critical")) == ["0"]
    assert world.stats.publish_failures == 1


def test_silences_when_they_cannot_be_read_then_people_are_alerted_and_it_is_counted() -> None:
    world = critical_world()

    def down() -> list[Silence]:
        raise OSError("no answer")

    world.table.silences = down  # type: ignore[method-assign]

    assert world.transition(alarm("critical")) == []
    assert len(world.messages) == 1
    assert world.failures == ["the silences cannot be read: OSError"]


def test_records_when_some_cannot_be_read_then_each_is_one_fault() -> None:
    world = critical_world()

    assert world.deliver({"nonsense": 1}, {"kind": "tick"}, {"kind": "what"}) == ["0", "2"]
    assert world.stats.faults == 2


def test_record_when_it_is_ignored_then_the_log_says_why() -> None:
    world = critical_world()
    muted = eventbridge(alarm("critical"))
    muted["detail"]["state"]["actionsSuppressedBy"] = "Alarm"

    assert world.deliver(muted) == []
    assert world.messages == []
    ((text, fields),) = world.logged
    assert text == "alarm ignored"
    assert fields["why"]


REQUEST = {"kind": "test", "account": "openrouter-main", "at": "2026-11-23T14:00:00Z"}
TEST_LEASE = "test/openrouter-main/critical/2026-11-23T14:00:00Z"


def test_selftest_when_it_is_requested_again_then_it_is_sent_once_a_day() -> None:
    world = critical_world()
    for hours in (0, 1, 22):
        world.wait(timedelta(hours=hours))
        assert world.deliver(REQUEST) == []
    assert len(world.messages) == 1

    world.wait(timedelta(hours=1))
    assert world.deliver(REQUEST) == []
    assert len(world.messages) == 2


def test_selftest_when_another_invocation_sends_it_then_the_request_comes_back() -> None:
    """That one may die before the message is accepted."""
    world = critical_world()
    world.table.leases[TEST_LEASE] = world.now + world.lease

    assert world.deliver(REQUEST) == ["0"]
    world.wait(world.lease)
    assert world.deliver(REQUEST) == []
    assert len(world.messages) == 1


def test_selftest_when_sns_refuses_then_the_request_is_tried_again_immediately() -> None:
    world = critical_world()
    world.on_publish = lambda _: (_ for _ in ()).throw(OSError("no"))
    assert world.deliver(REQUEST) == ["0"]
    world.on_publish = lambda _: None

    assert world.deliver(REQUEST) == []
    assert len(world.messages) == 1


def test_selftest_when_filtered_then_reaches_whom_an_alert_would_reach() -> None:
    world = critical_world()
    world.table.declared = [
        TEAM,
        Subscriber("other", Form.EMAIL, accounts=frozenset({"other"})),
        Subscriber("resolved", Form.EMAIL, statuses=frozenset({"resolved"})),
        Subscriber("calm", Form.EMAIL, severities=frozenset({"warning"})),
        Subscriber("crawl", Form.EMAIL, providers=frozenset({"firecrawl"})),
    ]

    world.deliver(REQUEST)

    assert [d.to for d in world.deliveries if d.form is Form.EMAIL] == [("team", "resolved", "*")]


@pytest.mark.parametrize(
    ("kind", "count", "asked"),
    [("critical", 1, 1), ("critical", 5, 5), ("critical", 6, 0), ("stale", 1, 0)],
)
def test_message_when_credit_runs_out_then_looks_for_the_keys_that_spend(
    monkeypatch: pytest.MonkeyPatch, kind: str, count: int, asked: int
) -> None:
    """Where messages are many, reading what each account's keys spend would cost too much."""
    names = [f"team-{number}" for number in range(count)]
    low = {"balance": Decimal("3.20"), "balance_at": NOW - minutes(20), "is_alarming": True}
    world = World(records={n: latest(n, **low) for n in names}, group_wait=timedelta())
    found: list[str] = []
    monkeypatch.setattr(World, "breakdown", lambda _, account: found.append(account))

    world.transition(*(alarm(kind, account=name) for name in names))

    assert found == names[:asked]
