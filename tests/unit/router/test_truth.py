"""What a message says is true when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.events.alarm import AlarmState
from alert_router.incidents.subscriber import Form
from alert_router.messages.formats.message import Message
from shared.outcome import Outcome
from shared.records import Thresholds, TopUp
from shared.silences import Silence
from tests.unit.router.builders import NOW, alarm, failing, foreign, latest, minutes, notification
from tests.unit.router.world import Crash, World

OK = AlarmState.OK
HOUR = timedelta(hours=1)
LOW = latest(balance=Decimal("3.20"))


def topped_up(world: World, **changes: Any) -> None:
    """Let somebody top the account up now."""
    values = {"balance": Decimal(100), "balance_at": world.now, "polled_at": world.now}
    top_up = TopUp(world.now, Decimal(97))
    world.records["openrouter-main"] = latest(**values | {"last_top_up": top_up} | changes)


def pass_time(world: World, length: timedelta) -> None:
    """Let time pass with a reconcile every five minutes."""
    end = world.now + length
    while world.now < end:
        world.wait(minutes(5))
        assert world.reconcile() == []


def lasted(world: World) -> int:
    """Return how long the last message says that it lasted, in seconds."""
    seconds: int = world.messages[-1].document["accounts"][0]["lasted_seconds"]
    return seconds


def test_critical_when_it_arrives_after_a_top_up_then_nothing_is_announced() -> None:
    world = World(records={"openrouter-main": LOW})
    world.wait(minutes(20))
    topped_up(world)
    over = alarm("critical", OK, at=world.now)
    world.alarms[over.alarm_name] = over

    world.deliver(notification(alarm("critical")))
    pass_time(world, HOUR)

    assert world.messages == []


def test_critical_when_the_alarm_still_fires_after_a_top_up_then_the_record_decides() -> None:
    world = World(records={"openrouter-main": LOW})
    world.wait(minutes(20))
    topped_up(world)

    world.transition(alarm("critical", at=NOW), alarm("warning", at=NOW))
    pass_time(world, HOUR)

    assert world.messages == []
    assert ("notification suppressed", "clearing") in [
        (text, fields.get("reason")) for text, fields in world.logged
    ]


def test_critical_when_sns_refused_it_until_a_top_up_then_it_is_never_sent() -> None:
    world = World(records={"openrouter-main": LOW})
    world.on_publish = lambda _: (_ for _ in ()).throw(OSError("no"))
    assert world.transition(alarm("critical")) == ["0"]
    world.wait(minutes(10))
    topped_up(world)
    world.on_publish = lambda _: None

    world.transition(alarm("critical", OK, at=world.now))
    pass_time(world, HOUR)

    assert not any(m.status.value == "firing" for m in world.messages)


def test_critical_when_its_sender_died_then_the_end_follows_where_it_is_over() -> None:
    world = World(records={"openrouter-main": LOW})

    def die(_: Message) -> None:
        world.after_publish = lambda _: None
        raise Crash

    world.after_publish = die
    with pytest.raises(Crash):
        world.transition(alarm("critical"))
    world.wait(minutes(10))
    topped_up(world)
    over = alarm("critical", OK, at=world.now)
    world.alarms[over.alarm_name] = over

    pass_time(world, HOUR)

    assert [m.status.value for m in world.messages] == ["firing", "resolved"]
    assert "100.00 USD left" in world.subjects[1]


def test_refused_key_when_it_follows_a_top_up_then_it_leads() -> None:
    world = World(records={"openrouter-main": LOW})
    world.transition(alarm("warning"), alarm("critical"))
    world.wait(minutes(10))
    topped_up(world)
    world.wait(minutes(20))
    refused = {"outcome": Outcome.INVALID_KEY, "reason": "the key was rejected"}
    topped_up(world, **refused, balance_at=world.now - minutes(20), failing_since=world.now)

    world.transition(alarm("stale", at=world.now))
    world.wait(minutes(5))

    assert world.subjects[-1].startswith("WARNING OpenRouter openrouter-main: the key was rejected")


def test_severity_when_announced_then_no_figure_contradicts_it() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("5.01"))})

    world.transition(alarm("critical"), alarm("warning"))
    world.wait(minutes(2))

    assert [m.severity.value for m in world.messages] == ["warning"]
    assert "5.01 USD left, below 20.00 USD" in world.subjects[0]


def test_duration_when_the_end_arrives_late_then_it_runs_until_the_end() -> None:
    world = World(records={"openrouter-main": LOW})
    world.transition(alarm("critical"))
    over = alarm("critical", OK, at=NOW + minutes(2))
    topped_up(world)
    world.alarms[over.alarm_name] = over
    world.wait(minutes(27))

    world.deliver(notification(over))

    assert lasted(world) == 2 * 60


def test_duration_when_a_silence_delays_the_end_then_it_runs_until_the_end() -> None:
    world = World(records={"openrouter-main": LOW})
    world.transition(alarm("critical"))
    world.table.silenced = [Silence("all", NOW + 8 * HOUR)]
    world.wait(HOUR)
    topped_up(world)
    world.transition(alarm("critical", OK, at=NOW + HOUR))

    pass_time(world, 8 * HOUR)

    assert world.subjects[-1].startswith("RESOLVED")
    assert lasted(world) == 60 * 60


def test_duration_when_polls_failed_before_the_alarm_then_it_runs_from_the_first_failure() -> None:
    refused = {"outcome": Outcome.INVALID_KEY, "failing_since": NOW - minutes(20)}
    world = World(records={"fc": failing("fc", **refused)})
    world.transition(alarm("stale", account="fc", provider="firecrawl"))
    world.wait(minutes(5))
    repaired = {"outcome": Outcome.OK, "reason": None, "failing_since": None}
    world.records["fc"] = failing("fc", **repaired, balance_at=world.now)

    world.transition(alarm("stale", OK, account="fc", provider="firecrawl", at=NOW + minutes(5)))
    world.wait(minutes(5))

    assert "after 25 min" in world.subjects[-1]


def test_new_account_when_its_first_poll_precedes_the_alarm_then_nothing_is_announced() -> None:
    record = latest(balance=Decimal(48000), balance_at=NOW - timedelta(seconds=5), polled_at=NOW)
    world = World(records={"openrouter-main": record})

    world.transition(alarm("stale"))
    world.wait(minutes(2))
    world.transition(alarm("stale", OK, at=NOW + minutes(2)))
    pass_time(world, HOUR)

    assert world.messages == []


def test_muted_alarm_when_it_fires_then_reconciling_does_not_announce_it() -> None:
    world = World(records={"openrouter-main": LOW})
    change = alarm("critical")
    world.alarms[change.alarm_name] = change
    world.muted = {change.alarm_name}

    pass_time(world, HOUR)
    muted = list(world.subjects)
    world.muted.clear()
    pass_time(world, minutes(10))

    assert muted == []
    assert len(world.messages) == 1


def test_foreign_alarm_when_its_data_ends_then_that_is_said_once() -> None:
    world = World()
    world.transition(foreign())
    world.wait(minutes(2))

    world.transition(foreign(AlarmState.INSUFFICIENT_DATA, at=world.now))
    pass_time(world, timedelta(days=3))

    assert world.subjects[1:] == ["NO DATA api-errors: it no longer has data"]


def test_foreign_alarm_when_its_type_is_unknown_then_its_absence_ends_nothing() -> None:
    world = World()
    document = notification(foreign())
    del document["Trigger"]
    world.deliver(document)
    world.wait(minutes(2))

    pass_time(world, HOUR)

    assert [m.status.value for m in world.messages] == ["firing"]


def test_suppressed_change_when_silenced_then_the_log_names_the_reason() -> None:
    world = World(records={"openrouter-main": LOW})
    world.table.silenced = [Silence("all", NOW + HOUR)]

    world.transition(alarm("critical"))

    suppressed = [fields for text, fields in world.logged if text == "notification suppressed"]
    assert suppressed == [
        {"incident": "openrouter-main", "reason": "silenced", "firing": ["critical"]}
    ]


def test_end_when_another_problem_is_about_to_clear_then_one_message_ends_both() -> None:
    world = World(records={"openrouter-main": LOW}, group_wait=timedelta())
    world.transition(alarm("warning"), alarm("stale"), alarm("drain"))
    world.wait(minutes(40))
    topped_up(world)

    world.transition(alarm("stale", OK, at=world.now))
    world.wait(minutes(5))
    held_back = len(world.messages)
    world.transition(alarm("warning", OK, at=world.now))

    assert held_back == 1
    assert [m.document["accounts"][0]["event"] for m in world.messages] == ["opened", "improved"]
    assert world.messages[1].document["accounts"][0]["problems"] == ["drain"]


@pytest.mark.parametrize("burn", [None, "0", "3.10", "900"])
def test_drain_when_the_forecast_expects_less_then_it_is_announced(burn: str | None) -> None:
    limits = Thresholds(warning=Decimal(20), max_burn_per_day=Decimal(10))
    record = latest(
        balance=Decimal(480),
        thresholds=limits,
        burn_per_day=Decimal(burn) if burn else None,
        balance_at=NOW + minutes(1),
    )
    world = World(records={"openrouter-main": record}, group_wait=timedelta())

    world.transition(alarm("drain"))

    assert [m.status.value for m in world.messages] == ["firing"]


def test_opening_when_a_topic_refused_it_before_the_record_was_read_then_the_rest_gets_it() -> None:
    world = World(group_wait=timedelta(), is_enrichment_down=True)

    def refuse(_: Message, form: Form, __: Sequence[str]) -> None:
        if form is Form.SMS:
            raise OSError("no")

    world.on_publish_form = refuse
    assert world.transition(alarm("stale")) == ["0"]
    world.is_enrichment_down = False
    world.on_publish_form = lambda *_: None
    pass_time(world, minutes(10))

    assert [d.form for d in world.deliveries].count(Form.SMS) == 1
    assert [d.form for d in world.deliveries].count(Form.EMAIL) == 1
