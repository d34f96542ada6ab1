"""SMS are limited: otherwise AWS's spend limit would block the next critical alert."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.events.alarm import AlarmState
from alert_router.incidents.sms_budget import BUDGET, HOUR, SmsBudget
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.formats.limits import MAX_SMS, septets, sms_with_note
from alert_router.messages.formats.message import Message
from tests.unit.router.builders import NOW, alarm, foreign, latest, minutes
from tests.unit.router.world import World

PAGER = Subscriber("pager", Form.SMS)


def sms(world: World) -> list[str]:
    return [d.message.sms for d in world.deliveries if PAGER.name in d.to]


def noisy_world() -> World:
    """Return a world in which the pager's hour is used up by other people's alarms."""
    world = World()
    world.table.declared = [PAGER]
    for number in range(BUDGET + 3):
        world.transition(foreign(name=f"other-{number}", at=world.now))
        world.wait(minutes(2))
    return world


def test_sms_when_an_hour_is_used_up_then_e_mails_still_go_out() -> None:
    world = noisy_world()

    assert len(sms(world)) == BUDGET
    assert len(world.messages) == BUDGET + 3


def test_sms_when_the_hour_is_used_up_then_a_new_critical_passes_and_says_how_many_did_not() -> (
    None
):
    world = noisy_world()
    world.records["openrouter-main"] = latest(balance=Decimal("3.20"), balance_at=world.now)

    world.transition(alarm("critical", at=world.now))

    assert len(sms(world)) == BUDGET + 1
    assert sms(world)[-1].startswith("3.20 USD left: openrouter-main")
    assert sms(world)[-1].endswith("3 more were held back.")
    world.wait(HOUR)
    world.transition(foreign(name="later", at=world.now))
    world.wait(minutes(2))
    assert "held back" not in sms(world)[-1]


def test_sms_when_the_account_was_critical_within_the_hour_then_it_does_not_pass() -> None:
    world = noisy_world()
    world.records["openrouter-main"] = latest(balance=Decimal("3.20"), balance_at=world.now)
    world.transition(alarm("critical", at=world.now))
    world.wait(minutes(2))
    world.records["openrouter-main"] = latest(balance=Decimal(60), balance_at=world.now)
    world.transition(alarm("critical", AlarmState.OK, at=world.now))
    world.wait(minutes(5))
    world.records["openrouter-main"] = latest(balance=Decimal("3.20"), balance_at=world.now)

    world.transition(alarm("critical", at=world.now))
    world.wait(minutes(2))

    assert [m.status.value for m in world.messages[-3:]] == ["firing", "resolved", "firing"]
    assert len(sms(world)) == BUDGET + 1


def test_sms_when_sns_refuses_it_then_it_uses_nothing_up_and_is_sent_again() -> None:
    world = World()
    world.table.declared = [PAGER]
    refused: list[str] = []

    def refuse(message: Message, form: Form, to: Sequence[str]) -> None:
        del message
        if form is Form.SMS and PAGER.name in to and not refused:
            refused.append(PAGER.name)
            raise OSError("SNS is not there")

    world.on_publish_form = refuse
    world.records["openrouter-main"] = latest(balance=Decimal("3.20"))
    assert world.transition(alarm("critical")) == ["0"]
    assert world.table.budgets[PAGER.name].sent == ()

    assert world.transition(alarm("critical")) == []

    assert len(sms(world)) == 1
    assert len(world.table.budgets[PAGER.name].sent) == 1


def test_sms_when_the_budget_cannot_be_read_then_it_goes_out() -> None:
    world = World(records={"openrouter-main": latest(balance=Decimal("3.20"))})
    world.table.declared = [PAGER]

    def down(name: str) -> SmsBudget:
        raise OSError(name)

    world.table.sms_budget = down  # type: ignore[method-assign]
    assert world.transition(alarm("critical")) == []

    assert len(sms(world)) == 1


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60))
@settings(max_examples=50, deadline=None)
def test_budget_when_anything_is_sent_then_no_hour_has_more_than_it_admits(
    tries: list[tuple[int, bool]],
) -> None:
    budget, now, told, held = SmsBudget("pager"), NOW, 0, 0
    sent: list[tuple[object, bool]] = []
    for wait, is_urgent in tries:
        now += minutes(wait)
        if budget.admits(now, is_urgent=is_urgent):
            told += budget.held_back
            budget = budget.used(now)
            sent.append((now, is_urgent))
        else:
            held += 1
            budget = budget.exceeded()

    for at, is_urgent in sent:
        within = [each for each, _ in sent if at - HOUR < each <= at]  # type: ignore[operator]
        assert is_urgent or len(within) <= BUDGET
    assert told + budget.held_back == held


@given(st.text(alphabet="aä€[ ", max_size=200), st.integers(1, 10_000))
def test_note_when_an_sms_is_full_then_the_sms_makes_room_for_it(text: str, count: int) -> None:
    noted = sms_with_note(text, f"{count} more were held back.")

    assert septets(noted) <= MAX_SMS
    assert noted.endswith(f"{count} more were held back.")
