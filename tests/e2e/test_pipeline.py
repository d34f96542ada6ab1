"""Schedule, poll, metric, alarm, message: the whole path for a low and a healthy account."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from balancectl.localcloud.alarms.rules import AlarmState
from balancectl.localcloud.cloud import LocalCloud
from balancectl.localcloud.demo import story
from shared.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from balancectl.localcloud.cloud import Step

LOW, FINE = "pipeline-low", "pipeline-fine"


def changes(step: Step) -> dict[str, AlarmState]:
    return {change.alarm: change.after for change in step.transitions}


def endpoints(messages: Iterable[object]) -> list[str]:
    return sorted(message.endpoint for message in messages)  # type: ignore[attr-defined]


def test_two_accounts_when_one_breaches_then_it_alone_is_announced(cloud: LocalCloud) -> None:
    cloud.providers.set_balance(LOW, Decimal("3.50"))
    cloud.providers.set_balance(FINE, Decimal("80.25"))

    breach = cloud.next_poll()
    records = cloud.latest()
    cloud.providers.set_balance(LOW, Decimal(90))
    first_good = cloud.next_poll()
    second_good = cloud.next_poll()

    assert (records[LOW].outcome, records[LOW].good.balance) == (Outcome.OK, Decimal("3.50"))
    assert (records[FINE].outcome, records[FINE].good.balance) == (
        Outcome.OK,
        Decimal("80.25"),
    )
    assert records[LOW].polled_at == breach.at
    assert changes(breach) == {
        f"balance-monitor/{LOW}/warning": AlarmState.ALARM,
        f"balance-monitor/{LOW}/critical": AlarmState.ALARM,
    }
    assert endpoints(breach.messages) == sorted([story.TEAM, story.ON_CALL])
    assert all("3.50 USD" in message.body for message in breach.messages)
    assert first_good.messages == ()
    assert endpoints(second_good.messages) == sorted([story.TEAM, story.ON_CALL])
    assert {message.attribute("status") for message in second_good.messages} == {"resolved"}


def test_warning_and_critical_together_then_one_critical_message(cloud: LocalCloud) -> None:
    cloud.providers.set_balance(LOW, Decimal(2))

    breach = cloud.next_poll()
    cloud.providers.set_balance(LOW, Decimal(90))
    cloud.next_poll()
    cloud.next_poll()

    to_team = [message for message in breach.messages if message.endpoint == story.TEAM]
    assert [message.attribute("severity") for message in to_team] == ["critical"]


def test_same_schedule_event_twice_then_nothing_changes(cloud: LocalCloud) -> None:
    step = cloud.next_poll()
    before = cloud.latest()
    history = cloud.history("twice")

    reports = cloud.deployment.poll(step.at)

    assert {count for report in reports for count in report["counts"]} == {"skipped"}
    assert cloud.latest() == before
    assert cloud.history("twice") == history


def test_late_event_of_an_earlier_time_then_newer_records_stay(cloud: LocalCloud) -> None:
    step = cloud.next_poll()
    before = cloud.latest()

    cloud.deployment.poll(step.at - cloud.interval / 5)

    assert cloud.latest() == before
