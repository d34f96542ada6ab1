"""Each channel gets each message once, whatever happens to the others."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.courier.world import ADDRESSES, SUBSCRIBERS, World, body, document

EVERYONE = ["chat", "phone", "pager", "machine", "*"]


def test_message_when_addressed_then_goes_to_the_named_channels_alone() -> None:
    world = World()

    failed = world.deliver(body(document(), ["chat", "machine"]))

    assert failed == []
    assert world.posted() == ["ops-slack"]


@pytest.mark.parametrize("to", [["*"], ["machine"], ["somebody-else"]])
def test_message_when_for_no_channel_then_is_done(to: list[str]) -> None:
    world = World()

    assert world.deliver(body(document(), to)) == []
    assert world.posts == []


@pytest.mark.parametrize("refusing", ["ops-slack", "ops-ntfy", "on-call"])
def test_message_when_one_channel_fails_then_a_retry_sends_only_the_rest(refusing: str) -> None:
    world = World(refusing={refusing})
    record = body(document(), EVERYONE)

    assert world.deliver(record) == ["record-0"]
    assert world.posted() == sorted(ADDRESSES.keys() - {refusing})

    world.refusing.clear()
    assert world.deliver(record) == []
    assert world.posted() == sorted(ADDRESSES)
    assert world.deliver(record) == [], "a duplicate posts nothing"
    assert world.posted() == sorted(ADDRESSES)


def test_message_when_the_response_to_a_claim_is_lost_then_it_is_posted_all_the_same() -> None:
    """Otherwise it would wait until the queue delivers it again, minutes later."""
    world = World()
    world.dynamo.repeats = True

    assert world.deliver(body(document(), EVERYONE)) == []

    assert world.posted() == sorted(ADDRESSES)


@pytest.mark.parametrize(
    "broken",
    ["", "retry", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?retry=3", "nosuch://x"],
)
def test_message_when_one_address_is_unusable_then_the_others_have_it(broken: str) -> None:
    world = World()
    if broken:
        world.addresses["ops-slack"] = broken
    else:
        del world.addresses["ops-slack"]

    assert world.deliver(body(document(), EVERYONE)) == ["record-0"]

    assert world.posted() == ["on-call", "ops-ntfy"]
    (line,) = [line for line in world.log if line["message"] == "not posted"]
    assert line["channel"] == "ops-slack"
    assert not broken or broken not in str(line)


@pytest.mark.parametrize("record", ["", "null", "[]", "{}", '{"MessageId": "x"}', "not json"])
def test_record_when_unreadable_then_comes_back_alone(record: str) -> None:
    world = World()

    failed = world.deliver(record, body(document(), ["chat"]))

    assert failed == ["record-0"]
    assert world.posted() == ["ops-slack"]


def test_post_when_another_invocation_is_sending_it_then_waits_for_its_lease() -> None:
    world = World()
    record = body(document(), ["chat"])
    world.dynamo.items["courier", "11111111-2222-3333-4444-5/ops-slack/"] = {
        "lease_until": {"N": str(int((world.now + timedelta(seconds=30)).timestamp() * 1000))}
    }

    assert world.deliver(record) == ["record-0"]
    assert world.posts == []

    world.now += timedelta(seconds=31)
    assert world.deliver(record) == []
    assert world.posted() == ["ops-slack"]


@pytest.mark.parametrize("late", ["opened", "recovered"])
def test_pager_when_an_older_message_arrives_late_then_it_changes_nothing(late: str) -> None:
    """The end of the last incident must not close this one, nor its begin open a closed one."""
    world = World()
    newer = "recovered" if late == "opened" else "opened"

    world.deliver(body(document(newer, sent_at="2026-11-23T15:00:00Z"), ["pager"], "newer"))
    failed = world.deliver(body(document(late, sent_at="2026-11-23T14:59:59Z"), ["pager"], "late"))

    assert failed == []
    assert [post.sent_at for post in world.posts] == ["2026-11-23T15:00:00Z"]


def test_digest_when_for_a_pager_then_each_incident_is_kept_by_itself() -> None:
    world = World()
    accounts = [{"account": f"a{n}", "event": "opened", "severity": "critical"} for n in range(40)]

    assert world.deliver(body(document(accounts=accounts), ["pager"])) == []

    assert {post.key for post in world.posts} == {f"balance-monitor/a{n}" for n in range(40)}


def test_items_when_written_then_expire_after_the_dead_letter_queue() -> None:
    world = World()

    world.deliver(body(document(), EVERYONE))

    written = [item for (scope, _), item in world.dynamo.items.items() if scope == "courier"]
    kept = (world.now + timedelta(days=14)).timestamp()
    assert written
    assert all(int(item["expires_at"]["N"]) > kept for item in written)


def test_declared_item_when_written_by_terraform_then_the_router_reads_it_too() -> None:
    from alert_router.incidents.subscriber import parse_subscribers  # noqa: PLC0415

    subscribers, unreadable = parse_subscribers(json.dumps(SUBSCRIBERS))

    assert unreadable == []
    assert [subscriber.name for subscriber in subscribers] == ["chat", "phone", "pager", "machine"]
