"""Who gets a weekly report, when, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.incidents.incident import IncidentKey, PastIncident, Problem, Scope
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.notify.sending.weekly import gather_facts
from alert_router.reports.period import Period
from alert_router.reports.sent import SentReport
from shared.names import AlarmKind, Severity
from shared.records import Meter
from shared.times import format_time
from tests.unit.router.builders import alarm
from tests.unit.router.weeks import DUE, busy_week, days, facts
from tests.unit.router.world import Crash, World

TEAM = Subscriber("team", Form.EMAIL)


def world(*subscribers: Subscriber, spent: float = 2) -> World:
    """Return a deployment with accounts of two providers that spend every day."""
    found = World(now=DUE + timedelta(minutes=1))
    found.table.declared = list(subscribers or (TEAM,))
    found.report_store.names = {subscriber.name for subscriber in found.table.declared}
    for account, provider in (("alpha", "openrouter"), ("beta", "openrouter"), ("gamma", "fal")):
        found.report_store.accounts[account] = provider
        record = facts(account, provider=provider).latest
        assert record is not None
        found.records[account] = record
        found.report_store.totals[account] = days([spent] * 30)
    return found


def ask(at: World, due: datetime = DUE) -> list[str | None]:
    return at.invoke({"kind": "report", "due": format_time(due)})


def reports(at: World) -> list[tuple[str, ...]]:
    return [delivery.to for delivery in at.deliveries]


def test_a_report_goes_to_who_wants_it_and_to_nobody_else() -> None:
    ops = Subscriber("ops", Form.EMAIL)
    found = world(TEAM, ops)
    found.report_store.names = {"team"}

    assert ask(found) == []

    assert reports(found) == [("team",)]
    (delivery,) = found.deliveries
    assert "42.00 USD, as much as the week before" in delivery.message.email
    assert delivery.message.attributes(delivery.to)["status"]["StringValue"] == "report"


def test_who_may_see_the_same_accounts_shares_a_message_and_each_form_has_its_own() -> None:
    found = world(
        TEAM,
        Subscriber("other", Form.EMAIL, severities=frozenset({"critical"})),
        Subscriber("queue", Form.EVENTS),
        Subscriber("fal", Form.EMAIL, providers=frozenset({"fal"})),
        Subscriber("none", Form.EMAIL, accounts=frozenset({"-"})),
        Subscriber("phone", Form.SMS),
    )

    ask(found)

    assert sorted((d.form, d.to) for d in found.deliveries) == [
        (Form.EMAIL, ("fal",)),
        (Form.EMAIL, ("team", "other")),
        (Form.EVENTS, ("queue",)),
    ]


@pytest.mark.parametrize("late", [0, 1, 12])
def test_a_report_is_sent_once_however_often_and_late_it_is_requested(late: int) -> None:
    found = world()

    for _ in range(3):
        found.now += timedelta(hours=late)
        assert ask(found) == []
    assert ask(found, DUE - timedelta(days=7)) == []

    assert reports(found) == [("team",)]


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_crash_around_publishing_sends_nothing_twice(where: str) -> None:
    found = world(TEAM, Subscriber("fal", Form.EMAIL, providers=frozenset({"fal"})))

    def crash(*_: Any) -> None:
        found.on_publish_form = found.after_delivery = lambda *_: None
        raise Crash

    if where == "before":
        found.on_publish_form = crash
    else:
        found.after_delivery = crash
    with pytest.raises(Crash):
        ask(found)
    ask(found)

    lost = [("fal",)] if where == "before" else [("team",), ("fal",)]
    assert reports(found) == lost


def test_a_refused_message_is_counted_and_not_repeated() -> None:
    found = world()

    def refuse(*_: Any) -> None:
        raise OSError("no answer, perhaps accepted")

    found.on_publish_form = refuse
    assert ask(found) == []
    assert found.stats.publish_failures == 1
    found.on_publish_form = lambda *_: None
    ask(found)

    assert reports(found) == []


def test_two_concurrent_invocations_send_one_report() -> None:
    found = world()
    mark = found.report_store.mark

    def overtaken(address: str, before: SentReport, now: SentReport) -> None:
        found.report_store.mark = mark  # type: ignore[method-assign]
        ask(found)
        mark(address, before, now)

    found.report_store.mark = overtaken  # type: ignore[method-assign]
    ask(found)

    assert reports(found) == [("team",)]


def test_an_invocation_that_is_overtaken_while_it_reads_sends_nothing() -> None:
    found = world()
    read = found.report_store.anchors

    def overtaken(accounts: Sequence[str]) -> Mapping[str, datetime]:
        found.report_store.anchors = read  # type: ignore[method-assign]
        ask(found)
        return read(accounts)

    found.report_store.anchors = overtaken  # type: ignore[method-assign]
    ask(found)

    assert reports(found) == [("team",)]


def test_nothing_is_sent_while_the_records_cannot_be_read_and_everything_after() -> None:
    found = world()
    found.is_enrichment_down = True

    assert ask(found) == [None]
    assert reports(found) == []

    found.is_enrichment_down = False
    assert ask(found) == []
    assert reports(found) == [("team",)]


def test_an_unreadable_record_is_named_and_costs_itself_alone() -> None:
    found = world()
    found.records["alpha"] = None  # type: ignore[assignment]

    ask(found)

    (delivery,) = found.deliveries
    assert "alpha: its record cannot be read" in delivery.message.email
    assert "42.00 USD" in delivery.message.email


def test_a_day_that_only_the_record_has_counts() -> None:
    found = world()
    *before, last = found.report_store.totals["alpha"]
    found.report_store.totals["alpha"] = before
    record = facts("alpha", day=last).latest
    assert record is not None
    found.records["alpha"] = record

    gathered = gather_facts(found.context(), {"alpha": "openrouter"}, Period.before(DUE))

    assert last in gathered["alpha"].days


def test_only_accounts_with_a_ledger_are_checked_for_when_their_balance_was_entered() -> None:
    found = world()
    found.records["beta"] = facts("beta", meter=Meter(Decimal(3))).latest  # type: ignore[assignment]
    found.records["gamma"] = None  # type: ignore[assignment]
    accounts = {"alpha": DUE, "beta": DUE, "gamma": DUE}
    found.report_store.set_at = dict(accounts)

    gathered = gather_facts(
        found.context(), dict.fromkeys(accounts, "openrouter"), Period.before(DUE)
    )

    assert {account: each.anchor_at for account, each in gathered.items()} == {
        "alpha": None,
        "beta": DUE,
        "gamma": None,
    }


def test_a_year_of_mondays_without_anything_to_say_is_a_message_a_month() -> None:
    found = world(spent=0)
    for week in range(52):
        found.now = DUE + timedelta(weeks=week)
        for account, known in list(found.records.items()):
            found.records[account] = renewed(known, found.now)
        ask(found, found.now)

    months = [delivery.at.month for delivery in found.deliveries]
    assert months == [11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert {d.message.subject for d in found.deliveries} == {"Weekly report: all is well"}
    silent = [fields for text, fields in found.logged if text == "report is empty"]
    assert silent == [{"subscriber": "team"}] * (52 - len(months))


def renewed(known: Any, now: datetime) -> Any:
    """Return a record as of a later poll."""
    record = facts(known.account, provider=known.provider, balance_at=now, polled_at=now).latest
    assert record is not None
    return record


filters = st.fixed_dictionaries(
    {},
    optional={
        "accounts": st.frozensets(st.sampled_from(["alpha", "beta", "gamma", "-"]), min_size=1),
        "providers": st.frozensets(st.sampled_from(["openrouter", "fal", "-"]), min_size=1),
        "severities": st.frozensets(st.sampled_from(["critical", "warning"]), min_size=1),
        "statuses": st.frozensets(st.sampled_from(["firing", "resolved"]), min_size=1),
    },
)


@given(st.lists(filters, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_no_subscriber_gets_a_line_about_an_account_that_its_filter_excludes(
    chosen: list[dict[str, frozenset[str]]],
) -> None:
    subscribers = [Subscriber(f"s{n}", Form.EMAIL, **each) for n, each in enumerate(chosen)]
    found = world(*subscribers)
    for account in found.records:
        found.records[account] = facts(account, balance_at=DUE - timedelta(days=9)).latest  # type: ignore[assignment]

    ask(found)

    by_name = {subscriber.name: subscriber for subscriber in subscribers}
    for delivery in found.deliveries:
        for name in delivery.to:
            for account, provider in found.report_store.accounts.items():
                is_there = f"{account}:" in delivery.message.email
                assert is_there is by_name[name].watches(account, provider)


def test_a_month_in_simulation_has_what_happened_in_it_and_nothing_twice() -> None:
    """Five Mondays: a low balance that recovers, a key that fails, spending that doubles."""
    found = world()
    totals = found.report_store.totals
    low = alarm(account="alpha", kind=AlarmKind.CRITICAL)
    for day in range(35):
        found.now = DUE + timedelta(days=day)
        for account, known in list(found.records.items()):
            # gamma's key fails from the tenth day on.
            is_read = account != "gamma" or day < 10
            found.records[account] = renewed(known, found.now) if is_read else known
            amount = 4 if account == "beta" and day > 14 else 2
            totals[account] += days([amount if is_read else 0], found.now.date())
        if day == 3:
            found.transition(low._replace(changed_at=found.now))
        if day == 4:
            found.transition(
                low._replace(state=low.state.OK, changed_at=found.now, observed_at=None)
            )
        if found.now.weekday() == 0:
            for hour in (0, 1, 1):
                found.now += timedelta(hours=hour)
                assert ask(found, DUE + timedelta(days=day)) == []

    weekly = [d for d in found.deliveries if d.to == ("team",) and "Weekly" in d.message.subject]
    texts = [delivery.message.email for delivery in weekly]
    assert len(texts) == 5
    assert ["INCIDENTS" in text for text in texts] == [False, True, False, False, False]
    assert "alpha: critical, low, for 24 h" in texts[1]
    assert ["gamma: none since 2 Dec" in text for text in texts] == [False, False, True, True, True]
    assert "beta: 28.00 USD, 14.00 USD more" in texts[3]
    assert "December: " in texts[4]


def test_an_incident_that_ended_is_remembered_for_two_weeks() -> None:
    found = world()
    low = alarm(account="alpha", kind=AlarmKind.CRITICAL)
    key = IncidentKey(Scope.ACCOUNT, "alpha")
    for week in range(3):
        begin = DUE + timedelta(weeks=week)
        found.now = begin + timedelta(minutes=1)
        found.transition(low._replace(changed_at=begin))
        found.now = begin + timedelta(hours=2)
        found.transition(low._replace(state=low.state.OK, changed_at=found.now))

    past = found.table.load(key).past
    assert [each.began_at for each in past] == [DUE + timedelta(weeks=1), DUE + timedelta(weeks=2)]
    assert past[0] == PastIncident(
        DUE + timedelta(weeks=1),
        DUE + timedelta(weeks=1, hours=2),
        Severity.CRITICAL,
        frozenset({Problem.LOW}),
    )


@pytest.mark.parametrize("due", [None, 7, "soon", "2026-11-23T08:00:00"])
def test_a_request_without_a_time_fails(due: object) -> None:
    assert world().invoke({"kind": "report", "due": due}) == [None]


def test_everything_that_a_report_may_say_is_in_the_sample() -> None:
    assert len(busy_week()) == 7
    assert Decimal("3.20") in {f.latest.good.balance for f in busy_week() if f.latest}
