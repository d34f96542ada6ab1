"""The messages about an account over time: one per step, and only true ones."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.notification import Notification
from alert_router.messages import single
from alert_router.messages.formats.message import Message
from alert_router.messages.wording.links import Links
from shared.names import Severity, Status
from shared.outcome import Outcome
from shared.records import TopUp
from tests.unit.router.builders import (
    NOW,
    action,
    alarm,
    eventbridge,
    failing,
    foreign,
    latest,
    minutes,
    notification,
)
from tests.unit.router.world import Crash, World

OK = AlarmState.OK
LOW = latest(balance=Decimal("3.20"))
SECOND = timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    """Return a router that knows one account with 12.30 USD, below its warning threshold."""
    return World(records={"openrouter-main": latest()})


def sent(world: World) -> list[tuple[str, str]]:
    """Return severity and status of all messages so far."""
    return [(message.severity.value, message.status.value) for message in world.messages]


def test_warning_when_it_fires_then_it_waits_for_others_and_is_announced_once(world: World) -> None:
    world.transition(alarm())
    told_at_once = list(world.subjects)

    world.wait(minutes(2))

    assert told_at_once == []
    assert world.subjects == ["WARNING OpenRouter openrouter-main: 12.30 USD left, below 20.00 USD"]


def test_warning_when_waiting_is_off_then_it_is_sent_immediately(world: World) -> None:
    world.group_wait = timedelta()

    world.transition(alarm())

    assert sent(world) == [("warning", "firing")]
    assert world.flushes == []


def test_critical_when_it_fires_then_it_is_sent_immediately(world: World) -> None:
    world.records["openrouter-main"] = LOW

    world.transition(alarm("critical"))

    assert sent(world) == [("critical", "firing")]


def test_warning_when_the_record_is_below_critical_then_it_is_critical_and_told_once(
    world: World,
) -> None:
    world.records["openrouter-main"] = LOW

    world.transition(alarm("warning"))
    world.transition(alarm("critical", at=NOW + SECOND))
    world.wait(minutes(5))

    assert sent(world) == [("critical", "firing")]


def test_warning_when_its_own_datapoint_is_below_critical_then_it_is_critical(
    world: World,
) -> None:
    change = alarm("warning", at=NOW)
    document = notification(change) | {
        "NewStateReason": "Threshold Crossed: 1 datapoint [3.2 (23/11/26 14:06:00)] was less than"
    }

    world.deliver(document)

    assert sent(world) == [("critical", "firing")]
    assert "3.20 USD left" in world.subjects[0]


@pytest.mark.parametrize("order", [("warning", "critical"), ("critical", "warning")])
def test_both_alarms_when_they_fire_in_one_batch_then_one_critical_is_announced(
    world: World, order: tuple[str, str]
) -> None:
    world.records["openrouter-main"] = LOW

    world.transition(*(alarm(kind) for kind in order))
    world.wait(minutes(5))

    assert sent(world) == [("critical", "firing")]


def test_warning_when_it_escalates_while_it_waits_then_only_the_critical_is_announced(
    world: World,
) -> None:
    world.transition(alarm())
    world.wait(timedelta(seconds=30))
    world.records["openrouter-main"] = LOW

    world.transition(alarm("critical", at=world.now))
    world.wait(minutes(5))

    assert sent(world) == [("critical", "firing")]


def test_opening_when_it_clears_while_it_waits_then_nothing_is_ever_sent(world: World) -> None:
    world.transition(alarm())
    world.wait(timedelta(seconds=30))

    world.transition(alarm(state=OK, at=world.now))
    world.wait(minutes(10))

    assert world.messages == []


def test_story_when_an_account_drains_and_is_topped_up_then_three_messages_tell_it(
    world: World,
) -> None:
    world.transition(alarm())
    world.wait(minutes(5))
    world.records["openrouter-main"] = LOW
    world.transition(alarm("critical", at=world.now))
    world.wait(minutes(60))
    top_up = TopUp(world.now - minutes(1), Decimal(50))
    world.records["openrouter-main"] = latest(balance=Decimal("53.20"), last_top_up=top_up)

    world.transition(alarm("critical", OK, at=world.now))
    world.transition(alarm("warning", OK, at=world.now + SECOND))
    world.wait(minutes(5))

    assert sent(world) == [("warning", "firing"), ("critical", "firing"), ("critical", "resolved")]
    assert "topped up by 50.00 USD at 15:10 UTC" in world.subjects[-1]


def test_improvement_when_the_warning_holds_then_it_is_announced_to_those_who_got_the_worse(
    world: World,
) -> None:
    world.records["openrouter-main"] = LOW
    world.transition(alarm("warning"), alarm("critical"))
    world.records["openrouter-main"] = latest(balance=Decimal(12))
    world.wait(minutes(30))

    world.transition(alarm("critical", OK, at=world.now))
    world.wait(minutes(5))
    world.records["openrouter-main"] = latest(balance=Decimal(60))
    world.transition(alarm("warning", OK, at=world.now))

    assert world.subjects[1].startswith("IMPROVED OpenRouter openrouter-main: 12.00 USD left")
    assert sent(world) == [
        ("critical", "firing"),
        ("critical", "firing"),
        ("critical", "resolved"),
    ]


def test_ok_when_nothing_was_announced_then_nothing_is_sent(world: World) -> None:
    world.transition(alarm("warning", OK), alarm("critical", OK), alarm("stale", OK))
    world.wait(minutes(10))
    world.reconcile()

    assert world.messages == []


@pytest.mark.parametrize("write", [notification, eventbridge, action])
def test_transition_when_it_arrives_twice_by_any_way_then_it_is_announced_once(
    world: World, write: object
) -> None:
    world.records["openrouter-main"] = LOW
    change = alarm("critical")

    world.deliver(notification(change))
    world.deliver(write(change), write(change))  # type: ignore[operator]
    world.invoke(write(change))  # type: ignore[operator]

    assert sent(world) == [("critical", "firing")]


def test_older_transition_when_it_arrives_late_then_it_changes_nothing(world: World) -> None:
    world.records["openrouter-main"] = LOW
    world.transition(alarm("critical", OK, at=NOW + minutes(5)))

    world.deliver(notification(alarm("critical", at=NOW)))
    world.wait(minutes(5))

    assert world.messages == []


def test_batch_when_it_is_out_of_order_then_the_newest_state_counts(world: World) -> None:
    world.records["openrouter-main"] = LOW

    world.transition(alarm("critical", OK, at=NOW + minutes(5)), alarm("critical", at=NOW))

    assert world.messages == []


def test_alarm_when_it_lacks_data_then_what_was_announced_is_unchanged(world: World) -> None:
    world.records["openrouter-main"] = LOW
    world.transition(alarm("critical"))

    world.transition(alarm("critical", AlarmState.INSUFFICIENT_DATA, at=NOW + SECOND))
    world.wait(minutes(5))

    assert sent(world) == [("critical", "firing")]


def test_stale_when_a_known_problem_lasts_then_it_is_announced_as_well(world: World) -> None:
    world.transition(alarm())
    world.wait(minutes(2))
    world.records["openrouter-main"] = latest(
        outcome=Outcome.INVALID_KEY, reason="the key was rejected", balance_at=NOW - minutes(40)
    )

    world.transition(alarm("stale", at=world.now))
    world.wait(minutes(2))

    assert "the key was rejected" in world.subjects[1]


def test_stale_when_it_ends_with_a_low_balance_then_that_is_the_news_and_no_end() -> None:
    world = World(records={"fc": failing("fc", outcome=Outcome.INVALID_KEY)})
    world.transition(alarm("stale", account="fc", provider="firecrawl"))
    world.wait(minutes(20))
    low = failing("fc", outcome=Outcome.OK, reason=None, balance=Decimal(900), balance_at=world.now)
    world.records["fc"] = low

    world.transition(alarm("stale", OK, account="fc", at=world.now))
    world.transition(alarm("warning", account="fc", at=world.now))
    world.wait(minutes(5))
    world.transition(alarm("warning", OK, account="fc", at=world.now))
    world.wait(minutes(5))

    assert sent(world) == [("warning", "firing"), ("warning", "firing"), ("warning", "resolved")]
    assert "900 credits left" in world.subjects[1]


def test_stale_when_it_ends_with_a_low_balance_and_no_alarm_then_the_end_is_announced() -> None:
    world = World(records={"fc": failing("fc", outcome=Outcome.INVALID_KEY)})
    world.transition(alarm("stale", account="fc", provider="firecrawl"))
    world.wait(minutes(20))
    low = failing("fc", outcome=Outcome.OK, reason=None, balance=Decimal(900), balance_at=world.now)
    world.records["fc"] = low

    world.transition(alarm("stale", OK, account="fc", at=world.now))
    for _ in range(4):
        world.wait(minutes(5))
        world.reconcile()

    assert sent(world) == [("warning", "firing"), ("warning", "resolved")]


def test_runway_when_a_low_balance_was_announced_then_it_is_no_second_message(world: World) -> None:
    world.transition(alarm())
    world.wait(minutes(2))

    world.transition(alarm("runway-warning", at=world.now))
    world.wait(minutes(2))

    assert len(world.messages) == 1


def test_enrichment_when_it_fails_then_a_reduced_message_goes_out(world: World) -> None:
    world.is_enrichment_down = True
    reason = "Threshold Crossed: 1 datapoint [3.2 (23/11/26 14:05:00)] was less than (5.0)"

    world.deliver(notification(alarm("critical")) | {"NewStateReason": reason})

    assert world.subjects == ["CRITICAL openrouter-main: 3.2 left, below 20"]
    assert world.messages[0].is_reduced
    assert world.stats.reduced == 1
    assert "the records cannot be read" in world.failures


def test_message_when_its_record_breaks_the_text_then_a_reduced_one_goes_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.records = {"one": LOW._replace(account="one"), "two": LOW._replace(account="two")}
    message = single.message

    def fragile(notification: Notification, links: Links) -> Message:
        if notification.account == "one" and notification.latest is not None:
            raise ZeroDivisionError
        return message(notification, links)

    monkeypatch.setattr(single, "message", fragile)

    failed = world.transition(alarm("critical", account="one"), alarm("critical", account="two"))

    assert failed == []
    assert world.subjects[0].startswith("CRITICAL one: ")
    assert world.subjects[1].startswith("CRITICAL OpenRouter two: 3.20 USD left")


def test_message_when_it_cannot_be_written_at_all_then_only_its_record_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.records = {"one": LOW._replace(account="one"), "two": LOW._replace(account="two")}
    message = single.message

    def broken(notification: Notification, links: Links) -> Message:
        if notification.account == "one":
            raise ZeroDivisionError
        return message(notification, links)

    monkeypatch.setattr(single, "message", broken)

    failed = world.transition(alarm("critical", account="one"), alarm("critical", account="two"))
    monkeypatch.undo()
    world.reconcile()
    world.wait(minutes(2))

    assert failed == ["0"]
    assert [subject[:12] for subject in world.subjects] == ["CRITICAL Ope", "CRITICAL Ope"]


def test_account_when_it_was_never_ok_then_its_set_up_is_requested_once_and_ends_silently() -> None:
    never = failing("new", balance=None, balance_at=None, unit=None, reason="the secret is empty")
    world = World(records={"new": never})
    stale = alarm("stale", account="new", provider="firecrawl")

    world.transition(stale)
    world.wait(minutes(2))
    world.wait(timedelta(days=3))
    world.reconcile()
    world.records["new"] = failing("new", outcome=Outcome.OK, reason=None, balance_at=world.now)
    world.transition(alarm("stale", OK, account="new", at=world.now))
    world.wait(minutes(10))

    assert world.subjects == ["NOT SET UP Firecrawl new: the secret is empty"]
    assert "balancectl keys set new" in world.messages[0].email


def test_account_when_it_was_never_polled_at_all_then_its_set_up_is_requested() -> None:
    world = World()

    world.transition(alarm("stale", account="new"))
    world.wait(minutes(10))
    silent = list(world.subjects)
    world.wait(minutes(10))

    assert silent == []
    assert world.subjects == ["NOT SET UP new: it was never polled"]


def test_new_account_when_its_first_poll_is_ok_then_nothing_is_sent() -> None:
    world = World()
    world.transition(alarm("stale"))
    world.wait(minutes(4))
    world.records["openrouter-main"] = latest(balance_at=world.now, balance=Decimal(60))
    world.wait(minutes(20))
    world.reconcile()

    world.transition(alarm("stale", OK, at=NOW + minutes(6)))
    world.wait(minutes(20))

    assert world.messages == []


def test_stale_when_records_arrive_but_metrics_do_not_then_it_is_announced_after_a_while(
    world: World,
) -> None:
    world.records["openrouter-main"] = latest(balance_at=NOW + minutes(1))
    world.transition(alarm("stale"))

    for _ in range(8):
        world.wait(minutes(5))
        world.reconcile()

    assert len(world.messages) == 1


def test_accounts_when_several_are_not_set_up_then_one_message_names_them() -> None:
    world = World()

    for name in ("one", "two", "three"):
        world.transition(alarm("stale", account=name))
    world.wait(minutes(20))

    assert world.subjects == ["NOT SET UP 3 accounts, no balance has been read yet"]


def test_new_account_when_its_first_balance_is_critical_then_that_is_announced() -> None:
    world = World()
    world.transition(alarm("stale"))
    world.wait(minutes(20))
    world.records["openrouter-main"] = LOW

    world.transition(alarm("critical", at=world.now), alarm("stale", OK, at=world.now))

    assert world.subjects[1].startswith("CRITICAL OpenRouter openrouter-main: 3.20 USD left")


def test_provider_when_it_fails_for_several_accounts_then_one_message_and_one_end() -> None:
    names = [f"fc-{n}" for n in range(7)]
    world = World(records={name: failing(name) for name in names})
    for name in names:
        world.transition(alarm("stale", account=name, provider="firecrawl", at=world.now))
        world.wait(timedelta(seconds=5))
    world.wait(minutes(60))
    for name in names:
        world.records[name] = failing(name, outcome=Outcome.OK, reason=None, balance_at=world.now)

    for name in names:
        world.transition(alarm("stale", OK, account=name, provider="firecrawl", at=world.now))
        world.wait(timedelta(seconds=10))
    world.wait(minutes(5))

    assert world.subjects[0] == "WARNING Firecrawl unreachable: 7 accounts"
    assert world.subjects[1].startswith("RESOLVED Firecrawl answers again: 7 accounts, after 1 h")
    assert len(world.messages) == 2
    assert world.messages[0].attributes(())["account"]["DataType"] == "String.Array"


def test_provider_when_some_accounts_stay_failing_then_the_end_says_so() -> None:
    names = [f"fc-{n}" for n in range(3)]
    world = World(records={name: failing(name) for name in names})
    world.transition(*(alarm("stale", account=name, provider="firecrawl") for name in names))
    world.wait(minutes(30))
    for name in names[:2]:
        world.records[name] = failing(name, outcome=Outcome.OK, balance_at=world.now)
        world.transition(alarm("stale", OK, account=name, at=world.now))

    for _ in range(6):
        world.wait(minutes(5))
        world.reconcile()
    world.transition(alarm("stale", OK, account=names[2], at=world.now))
    world.wait(minutes(5))

    assert [s.partition(", after")[0] for s in world.subjects[1:]] == [
        "RESOLVED Firecrawl answers again: 2 accounts",
        "RESOLVED Firecrawl answers again: 1 account",
    ]
    assert "1 account not yet" in world.subjects[1]


def test_openings_when_there_are_many_then_one_digest_lists_them() -> None:
    names = [f"team-{n}" for n in range(8)]
    world = World(records={name: latest(name) for name in names})

    for name in names:
        world.transition(alarm(account=name))
    world.wait(minutes(2))

    assert sent(world) == [("warning", "digest")]
    assert all(name in world.messages[0].email for name in names)
    assert world.messages[0].sms.startswith("8 accounts: ")


def test_digest_when_its_accounts_recover_together_then_one_digest_ends_it() -> None:
    names = [f"team-{n}" for n in range(8)]
    world = World(records={name: latest(name) for name in names})
    world.transition(*(alarm(account=name) for name in names))
    world.wait(minutes(30))

    for name in names:
        world.transition(alarm(state=OK, account=name, at=world.now))
    world.wait(minutes(2))

    assert sent(world) == [("warning", "digest"), ("warning", "digest")]
    assert world.subjects[1].startswith("RESOLVED 8 accounts")


def test_foreign_alarm_when_it_fires_and_clears_then_both_are_passed_on(world: World) -> None:
    world.transition(foreign())
    world.wait(minutes(2))

    world.transition(foreign(OK, at=world.now))

    assert sent(world) == [("warning", "firing"), ("warning", "resolved")]
    assert world.messages[0].providers == world.messages[0].accounts == ("-",)
    assert "Threshold Crossed" in world.messages[0].email


def test_foreign_alarm_when_it_has_no_data_then_that_is_passed_on(world: World) -> None:
    world.transition(foreign(AlarmState.INSUFFICIENT_DATA))
    world.wait(minutes(2))

    assert sent(world) == [("warning", "firing")]
    assert "it has no data" in world.messages[0].email


def test_sender_when_it_crashes_after_publishing_then_the_message_is_repeated_once(
    world: World,
) -> None:
    world.records["openrouter-main"] = LOW

    def die(_: Message) -> None:
        world.after_publish = lambda _: None
        raise Crash

    world.after_publish = die
    with pytest.raises(Crash):
        world.transition(alarm("critical"))

    busy = world.deliver(notification(alarm("critical")))
    world.wait(minutes(1))
    world.deliver(notification(alarm("critical")))
    world.deliver(notification(alarm("critical")))

    assert sent(world) == [("critical", "firing")] * 2
    assert busy == [] or len(world.messages) == 2


def test_sender_when_it_crashes_before_publishing_then_reconciling_sends_it(world: World) -> None:
    world.records["openrouter-main"] = LOW

    def die(_: Message) -> None:
        world.on_publish = lambda _: None
        raise Crash

    world.on_publish = die
    with pytest.raises(Crash):
        world.transition(alarm("critical"))
    world.wait(minutes(5))

    world.reconcile()

    assert sent(world) == [("critical", "firing")]


def test_lease_when_another_holds_it_then_the_record_comes_back(world: World) -> None:
    world.records["openrouter-main"] = LOW
    world.on_publish = lambda _: (_ for _ in ()).throw(Crash())
    with pytest.raises(Crash):
        world.transition(alarm("critical"))
    world.on_publish = lambda _: None
    world.lease = minutes(60)
    held_until = world.now + timedelta(seconds=30)

    failed = world.deliver(notification(alarm("warning")))

    assert failed == ["0"]
    assert world.messages == []
    assert world.now < held_until


def test_sns_when_it_refuses_then_the_record_comes_back_and_is_sent_then(world: World) -> None:
    world.records["openrouter-main"] = LOW
    world.on_publish = lambda _: (_ for _ in ()).throw(OSError("no"))

    failed = world.transition(alarm("critical"))
    world.on_publish = lambda _: None
    again = world.transition(alarm("critical"))

    assert failed == ["0"]
    assert again == []
    assert sent(world) == [("critical", "firing")]
    assert world.stats.publish_failures == 0


def test_concurrent_invocations_when_both_alarms_fire_then_one_critical_is_announced(
    world: World,
) -> None:
    world.records["openrouter-main"] = LOW
    other = world.deliver

    def meanwhile(_: object) -> None:
        world.table.before_save = lambda _: None
        other(notification(alarm("critical", at=NOW + SECOND)))

    world.table.before_save = meanwhile
    world.deliver(notification(alarm("warning")))
    world.wait(minutes(5))

    assert sent(world) == [("critical", "firing")]


def test_poison_record_when_in_a_batch_then_only_it_fails(world: World) -> None:
    world.records["openrouter-main"] = LOW

    failed = world.deliver({"nonsense": 1}, notification(alarm("critical")), {"kind": "what"})

    assert failed == ["0", "2"]
    assert sent(world) == [("critical", "firing")]


def test_severity_when_announced_then_the_message_carries_the_filter_attributes(
    world: World,
) -> None:
    world.records["openrouter-main"] = LOW

    world.transition(alarm("critical"))

    attributes = {k: v["StringValue"] for k, v in world.messages[0].attributes(("*",)).items()}
    assert attributes == {
        "to": "*",
        "severity": Severity.CRITICAL.value,
        "status": Status.FIRING.value,
        "provider": "openrouter",
        "account": "openrouter-main",
        "AWS.SNS.SMS.SMSType": "Transactional",
    }
