"""What every kind of message says in a chat and to a pager."""

from __future__ import annotations

import json

import pytest

from alert_router.incidents.subscriber import Form
from courier.message import Message, Subscription
from courier.posts import Level, Post, chat_post, pager_posts
from tests.unit.courier.world import body, document
from tests.unit.router.kinds import every_kind

KINDS = every_kind()
PAGER = Subscription("pager", "on-call")
CRITICAL_ALONE = Subscription("pager", "on-call", frozenset({"critical"}))


def message(name: str) -> Message:
    """Return a message of the router's as it arrives."""
    return Message.parse(body(json.loads(KINDS[name].text(Form.EVENTS)), ["chat"]))


def about(event: str, severity: str) -> Message:
    """Return a message about one account."""
    return Message.parse(body(document(event, severity), ["pager"]))


@pytest.mark.parametrize("name", KINDS)
def test_chat_post_when_of_any_kind_then_shows_what_the_email_says(name: str) -> None:
    post = chat_post(message(name), "ops")

    assert post.title == KINDS[name].subject
    assert post.body
    assert "   " not in post.body.replace("\n  ", "\n"), "columns need a fixed-width font"
    assert (post.level is Level.OVER) == (KINDS[name].status == "resolved")
    assert (post.level is Level.TEST) == (KINDS[name].status == "test")
    assert (post.level is Level.REPORT) == (KINDS[name].status == "report")


@pytest.mark.parametrize("name", KINDS)
def test_pager_posts_when_of_any_kind_then_one_for_each_incident(name: str) -> None:
    entries = json.loads(KINDS[name].text(Form.EVENTS))
    count = len(entries.get("accounts", ())) + len(entries.get("alarms", ()))

    posts = pager_posts(message(name), PAGER, "bm")

    assert len(posts) == count
    assert count > 0 or KINDS[name].status == "report", "a report opens no incident"
    assert len({post.key for post in posts}) == count
    assert all(post.key.startswith("bm/") and len(post.key) <= 255 for post in posts)
    assert all(post.title for post in posts)


@pytest.mark.parametrize(
    ("opened", "over"),
    [
        ("critical", "recovered-topped-up"),
        ("digest", "digest-recovered"),
        ("stale-provider", "stale-provider-recovered"),
    ],
)
def test_pager_posts_when_over_then_have_the_keys_that_opened_them(opened: str, over: str) -> None:
    def keys(posts: list[Post]) -> set[str]:
        return {post.key for post in posts}

    first, last = (pager_posts(message(name), PAGER, "bm") for name in (opened, over))

    assert keys(first) & keys(last), (keys(first), keys(last))
    assert {post.level for post in last} == {Level.OVER}
    assert Level.OVER not in {post.level for post in first}


@pytest.mark.parametrize(
    ("event", "severity", "everyone", "critical_alone"),
    [
        ("opened", "critical", Level.CRITICAL, Level.CRITICAL),
        ("reminder", "critical", Level.CRITICAL, Level.CRITICAL),
        ("flapping", "critical", Level.CRITICAL, Level.CRITICAL),
        ("opened", "warning", Level.WARNING, Level.WARNING),
        ("improved", "warning", Level.WARNING, Level.OVER),
        ("improved", "critical", Level.CRITICAL, Level.CRITICAL),
        ("recovered", "critical", Level.OVER, Level.OVER),
        ("closed", "critical", Level.OVER, Level.OVER),
        ("no-data", "critical", Level.OVER, Level.OVER),
    ],
)
def test_pager_post_when_something_happened_then_opens_or_closes(
    event: str, severity: str, everyone: Level, critical_alone: Level
) -> None:
    """A pager that gets only critical alerts never learns that the warning is over."""
    levels = [
        pager_posts(about(event, severity), to, "bm")[0].level for to in (PAGER, CRITICAL_ALONE)
    ]

    assert levels == [everyone, critical_alone]


def test_pager_posts_when_an_alarm_is_over_many_series_then_they_are_one_incident() -> None:
    alarm = {"alarm_name": "a", "alarm_arn": "arn:aws:cloudwatch:eu-west-1:1:alarm:a"}
    keys = {
        pager_posts(
            Message.parse(
                body(document(accounts=[], alarms=[alarm | {"event": event} | series]), ["p"])
            ),
            PAGER,
            "bm",
        )[0].key
        for event, series in (
            ("opened", {"contributor": "TableName=orders"}),
            ("reminder", {"contributor": "TableName=users and 2 more"}),
            ("recovered", {}),
        )
    }

    assert keys == {"bm/arn:aws:cloudwatch:eu-west-1:1:alarm:a"}


def test_pager_post_when_a_test_then_never_touches_the_accounts_incident() -> None:
    real = pager_posts(about("opened", "critical"), PAGER, "bm")[0]
    test = Message.parse(body(document("test", status="test"), ["pager"]))

    assert pager_posts(test, PAGER, "bm")[0].key != real.key


def test_pager_posts_when_an_arn_is_long_then_the_key_is_still_one() -> None:
    alarms = [{"alarm_name": "a", "alarm_arn": "arn:" + "x" * 400, "event": "opened"}]
    posts = [
        pager_posts(Message.parse(body(document(accounts=[], alarms=alarms), ["p"])), PAGER, "bm")
        for _ in range(2)
    ]

    assert posts[0][0].key == posts[1][0].key
    assert len(posts[0][0].key) <= 255


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone",
        "@here now",
        "@channel",
        "<!channel>",
        "<@U123|x>",
        "<users/all>",
        "@all",
        "@Room",
    ],
)
def test_chat_post_when_a_text_is_hostile_then_mentions_nobody(hostile: str) -> None:
    foreign = f'Description  "{hostile} `rm` [x](https://evil.example)"'
    post = chat_post(
        Message.parse(body(document(headline=f"ALERT {hostile}", text=foreign), ["chat"])), "ops"
    )

    shown = f"{post.title} {post.body}".lower()
    for mark in ("<", ">", "`", "@everyone", "@here", "@channel", "@all", "@room"):
        assert mark not in shown


def test_chat_post_when_a_top_up_link_is_known_then_it_is_the_link() -> None:
    assert chat_post(message("critical"), "ops").link == "https://openrouter.ai/settings/credits"
