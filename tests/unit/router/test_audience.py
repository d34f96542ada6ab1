"""Nobody reads about an account that their filter excludes, and nobody misses one it passes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_router.events.alarm import AlarmState
from alert_router.incidents.audience import audiences, is_delivered
from alert_router.incidents.notification import Notification
from alert_router.incidents.subscriber import (
    Form,
    Line,
    Subscriber,
    SubscribersError,
    everyone,
    parse_subscribers,
)
from shared.names import Severity, Status
from tests.unit.router.builders import alarm, latest
from tests.unit.router.kinds import opened
from tests.unit.router.world import World

PROVIDERS = ("openrouter", "firecrawl", "browser_use")
ACCOUNTS = [f"{provider}-{number}" for provider in PROVIDERS for number in range(3)]


def maybe(values: Sequence[str]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.sets(st.sampled_from(values), min_size=1).map(frozenset)


def subscribers() -> st.SearchStrategy[list[Subscriber]]:
    one = st.builds(
        Subscriber,
        name=st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        form=st.sampled_from(Form),
        severities=maybe([*Severity]),
        providers=maybe(PROVIDERS),
        accounts=maybe(ACCOUNTS),
        statuses=maybe(["firing", "resolved", "reminder"]),
    )
    return st.lists(one, max_size=6, unique_by=lambda subscriber: subscriber.name)


def notifications() -> st.SearchStrategy[list[Notification]]:
    def made(pairs: list[tuple[str, Severity]]) -> list[Notification]:
        return [
            opened(latest(account, provider=account.rpartition("-")[0]), severity)
            for account, severity in pairs
        ]

    pair = st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(Severity))
    return st.lists(pair, max_size=9, unique_by=lambda p: p[0]).map(made)


@given(subscribers(), notifications())
@settings(max_examples=200, deadline=None)
def test_audiences_give_everyone_exactly_what_their_filter_passes(
    declared: list[Subscriber], due: list[Notification]
) -> None:
    everybody = [*declared, *everyone([Form.EMAIL])]

    found = audiences(due, everybody, {}, {})

    for subscriber in everybody:
        got = [
            notification.key
            for audience in found
            if subscriber.name in audience.to.get(subscriber.form, ())
            for notification in audience.notifications
        ]
        assert got == [n.key for n in due if subscriber.wants(n.line)]


@given(subscribers(), notifications(), st.data())
@settings(max_examples=100, deadline=None)
def test_audiences_when_some_have_it_already_then_only_the_rest_gets_it(
    declared: list[Subscriber], due: list[Notification], data: st.DataObject
) -> None:
    """A topic that refused gets the message again, and the others do not."""
    everybody = [*declared, *everyone([Form.EMAIL])]
    first = audiences(due, everybody, {}, {})
    accepted = {n.key: frozenset[str]() for n in due}
    for audience in first:
        for form in audience.to:
            if data.draw(st.booleans()):
                for notification in audience.notifications:
                    accepted[notification.key] |= audience.addresses(form)

    again = audiences(due, everybody, accepted, {})

    for audience in again:
        for form in audience.to:
            for notification in audience.notifications:
                assert not audience.addresses(form) & accepted[notification.key]
                accepted[notification.key] |= audience.addresses(form)
    assert all(is_delivered(n, everybody, accepted[n.key]) for n in due)


@given(subscribers())
def test_audiences_when_a_group_ends_in_part_then_the_rest_is_named_only_to_who_may_read_it(
    declared: list[Subscriber],
) -> None:
    line = Line(Severity.WARNING, Status.RESOLVED, "firecrawl", "firecrawl-1")
    due = [opened(latest("firecrawl-0", provider="firecrawl"), Severity.WARNING)]

    for audience in audiences(due, declared, {}, {"stale/firecrawl": [line]}):
        for subscriber in declared:
            if subscriber.name in audience.to.get(subscriber.form, ()):
                named = audience.still_open["stale/firecrawl"]
                assert named == (("firecrawl-1",) if subscriber.wants(line) else ())


def test_subscribers_are_read_as_terraform_writes_them() -> None:
    text = json.dumps(
        [
            {"name": "team", "form": "email"},
            {"name": "ops", "form": "sms", "severities": ["critical"], "providers": None},
        ]
    )

    found, unreadable = parse_subscribers(text)

    assert found == [
        Subscriber("team", Form.EMAIL),
        Subscriber("ops", Form.SMS, severities=frozenset({"critical"})),
    ]
    assert unreadable == []


@pytest.mark.parametrize(
    "entry",
    [
        {"form": "email"},
        {"name": "", "form": "email"},
        {"name": "*", "form": "email"},
        {"name": 5, "form": "email"},
        {"name": "x", "form": "fax"},
        {"name": "x", "form": "email", "providers": "firecrawl"},
        {"name": "x", "form": "email", "accounts": [5]},
        "x",
        None,
    ],
    ids=str,
)
def test_subscriber_when_its_entry_is_corrupt_then_its_neighbours_are_read(entry: Any) -> None:
    """A filter that cannot be read must neither let everything through nor silence others."""
    good = {"name": "team", "form": "email"}

    found, unreadable = parse_subscribers(json.dumps([good, entry, good | {"name": "two"}]))

    assert [subscriber.name for subscriber in found] == ["team", "two"]
    assert len(unreadable) == 1


@pytest.mark.parametrize("text", ["", "{}", "null", "[", '"x"'])
def test_subscribers_when_unreadable_as_a_whole_then_it_is_an_error(text: str) -> None:
    with pytest.raises(SubscribersError):
        parse_subscribers(text)


@pytest.mark.parametrize("each", [2, 4, 7], ids=lambda each: f"{each}-accounts")
def test_subscriber_when_others_accounts_fire_too_then_nothing_is_read_of_them(each: int) -> None:
    """In single messages as in digests, which replace them from the sixth on."""
    names = [f"{provider}-{number}" for provider in PROVIDERS[:2] for number in range(each)]
    provider_of = {name: name.rpartition("-")[0] for name in names}
    world = World(
        records={
            name: latest(name, provider=provider, provider_title=provider, balance=Decimal(3))
            for name, provider in provider_of.items()
        }
    )
    world.table.declared = [
        Subscriber("crawlers", Form.EMAIL, providers=frozenset({"firecrawl"})),
        Subscriber("all", Form.EMAIL),
        Subscriber("pager", Form.SMS, providers=frozenset({"openrouter"})),
    ]

    world.transition(*(alarm("critical", account=n, provider=p) for n, p in provider_of.items()))

    def read(name: str) -> str:
        return "\n".join(d.message.text(d.form) for d in world.deliveries if name in d.to)

    assert all(name in read("all") for name in names)
    assert not any(name in read("crawlers") for name in names if "openrouter" in name)
    assert all(name in read("crawlers") for name in names if "firecrawl" in name)
    assert not any(name in read("pager") for name in names if "firecrawl" in name)
    assert {a for d in world.deliveries if "pager" in d.to for a in d.message.accounts} == {
        name for name in names if "openrouter" in name
    }


def test_digest_when_a_subscriber_gets_a_part_then_its_lines_are_one_message_too() -> None:
    """One message for everybody does not become several for a subscriber who gets less of it."""
    names = [f"{provider}-{number}" for provider in PROVIDERS for number in range(2)]
    world = World(
        records={n: latest(n, provider=n.rpartition("-")[0], balance=Decimal(3)) for n in names}
    )
    world.table.declared = [
        Subscriber("crawlers", Form.EMAIL, providers=frozenset({"firecrawl"})),
        Subscriber("one", Form.EMAIL, accounts=frozenset({"firecrawl-1"})),
    ]

    world.transition(*(alarm("critical", account=n, provider=n.rpartition("-")[0]) for n in names))

    sent = {name: [d for d in world.deliveries if name in d.to] for name in ("crawlers", "one")}
    assert [d.message.status for d in sent["crawlers"]] == [Status.DIGEST]
    assert [d.message.status for d in sent["one"]] == [Status.FIRING]


@pytest.mark.parametrize("refused", Form)
def test_form_when_its_topic_refuses_once_then_only_that_form_is_sent_again(refused: Form) -> None:
    world = World(records={"openrouter-0": latest("openrouter-0", balance=Decimal(3))})
    world.table.declared = [
        Subscriber("mail", Form.EMAIL),
        Subscriber("pager", Form.SMS),
        Subscriber("hook", Form.EVENTS),
    ]
    refusals = [refused]

    def refuse(message: object, form: Form, to: object) -> None:
        del message, to
        if form in refusals:
            refusals.remove(form)
            raise OSError("SNS is not there")

    world.on_publish_form = refuse
    changes = alarm("critical", AlarmState.ALARM, account="openrouter-0")

    first = world.transition(changes)
    second = world.transition(changes)

    assert first == ["0"]
    assert second == []
    assert sorted(d.form for d in world.deliveries) == sorted(Form)
    assert world.invoke({"kind": "tick"}) == []
    assert len(world.deliveries) == len(Form)


def test_subscribers_when_they_are_unknown_then_the_record_comes_back_and_is_sent_later() -> None:
    """Nobody can be addressed; silence would be a lost alert."""
    world = World(records={"openrouter-0": latest("openrouter-0", balance=Decimal(3))})
    change = alarm("critical", AlarmState.ALARM, account="openrouter-0")
    subscribers_of = world.table.subscribers

    def missing() -> tuple[list[Subscriber], list[str]]:
        raise SubscribersError("missing")

    world.table.subscribers = missing  # type: ignore[method-assign]
    failed = world.transition(change)
    world.table.subscribers = subscribers_of  # type: ignore[method-assign]
    again = world.transition(change)

    assert failed == ["0"]
    assert again == []
    assert len(world.messages) == 1
    assert world.stats.publish_failures == 0


def test_filters_when_listed_then_only_those_that_are_set() -> None:
    entry = {"name": "team", "form": "email", "severities": ["warning", "critical"], "accounts": []}

    assert Subscriber.parse(entry).filters == {
        "severities": ["critical", "warning"],
        "accounts": [],
    }
