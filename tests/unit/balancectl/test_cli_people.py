"""Silences, subscribers and test messages: who is notified, and who is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from alert_router.incidents.subscriber import Line
from balancectl.deployment.subscribers.subscriptions import (
    State,
    Subscription,
    mask,
    read_subscriptions,
    topics,
)
from shared.names import Severity, StackNames, Status
from shared.silences import Silence as RouterSilence

Run = Callable[..., Result]
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
NAMES = StackNames("demo")


def silences(cloud: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.dynamo.tables["demo-alerts"]
    return found


def test_silence_when_set_then_is_what_the_router_reads(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "staging-1"}, {"id": "staging-2"}, {"id": "prod"}])

    result = run("silence", "staging-*", "--for", "90m", "--reason", " moving\nhouse ")

    assert result.exit_code == 0
    assert "silenced staging-* until 15:35 UTC" in result.stdout
    assert "covers staging-1 and staging-2" in result.stderr
    (item,) = silences(cloud)
    read = RouterSilence.from_item(item)
    assert read.covers("staging-1", "openrouter", NOW)
    assert not read.covers("prod", "openrouter", NOW)
    assert not read.covers("staging-1", "openrouter", NOW + timedelta(minutes=90))
    assert (item["reason"], item["by"]) == ("moving house", "deploy/alice")
    assert item["expires_at"] == (NOW + timedelta(minutes=90)).timestamp()


@pytest.mark.parametrize(
    ("what", "covers"), [("all", True), ("provider:open*", True), ("provider:fal", False)]
)
def test_silence_when_by_provider_or_all_then_both_sides_agree(
    cloud: Any, run: Run, what: str, covers: bool
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])

    result = run("silence", "add", what, "--reason", "x", "--force")

    assert RouterSilence.from_item(silences(cloud)[0]).covers("main", "openrouter", NOW) is covers
    assert ("covers main" in result.stderr) is covers
    assert ("matches no configured account" in result.stderr) is not covers


@pytest.mark.parametrize(
    "args",
    [
        ["main", "--reason", " "],
        ["main", "--reason", "x", "--for", "400d"],
        ["main", "--reason", "x", "--for", "0m"],
        ["ma in", "--reason", "x"],
        ["main"],
    ],
)
def test_silence_when_it_makes_no_sense_then_nothing_is_written(
    cloud: Any, run: Run, args: list[str]
) -> None:
    assert run("silence", *args).exit_code == 2
    assert not silences(cloud)


def test_silences_when_listed_then_those_over_are_left_out(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    for length in ("1h", "30m", "2h", "3d"):
        run("silence", "main", "--for", length, "--reason", f"for {length}")
    cloud.now = NOW + timedelta(minutes=45)

    table, listed = run("silences"), run("silences", "--json")

    assert [line.split()[-1] for line in table.stdout.splitlines()[1:]] == ["1h", "2h", "3d"]
    assert [each["reason"] for each in json.loads(listed.stdout)["silences"]] == [
        "for 1h",
        "for 2h",
        "for 3d",
    ]


def test_unsilence_when_the_id_begins_so_then_it_ends(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    run("silence", "main", "--reason", "x")
    identifier = silences(cloud)[0]["id"]

    unknown, ended = run("unsilence", "zzz"), run("unsilence", identifier[:6])

    assert (unknown.exit_code, ended.exit_code) == (2, 0)
    assert not silences(cloud)
    assert "no silence is active" in run("silences").stderr


def test_unsilence_when_the_id_is_of_several_then_asks_for_more(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    for number in range(2):
        run("silence", "main", "--reason", "x")
        silences(cloud)[number]["id"] = f"same-{number}"

    result = run("unsilence", "same")

    assert result.exit_code == 2
    assert "matches 2 silences" in result.stderr


def test_subscribers_when_all_have_confirmed_then_exits_0(cloud: Any, run: Run) -> None:
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com", severity=["critical"])
    cloud.sns.subscribe("demo-operations", "sms", "+4915112345678")

    result = run("subscribers")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert re.split(r"  +", lines[1]) == (
        ["ada@example.com", "email", "account alerts", "confirmed", "severity critical"]
    )
    assert re.split(r"  +", lines[2]) == (
        ["+4915112345678", "sms", "operations alerts", "confirmed", "-"]
    )


def test_subscribers_when_some_are_not_notified_then_says_who_and_what_to_do(
    cloud: Any, run: Run
) -> None:
    cloud.sns.subscribe("demo-notifications", "email", "new@example.com", "PendingConfirmation")
    cloud.sns.subscribe("demo-notifications", "email", "left@example.com", "Deleted")

    shown = run("subscribers")
    result = run("subscribers", "--mask")

    assert result.exit_code == 1
    assert "n…@example.com: not confirmed" in result.stderr
    assert "two days" in result.stderr
    assert (
        "aws sns subscribe --topic-arn arn:aws:sns:us-east-1:123456789012:demo-notifications"
        " --protocol email --notification-endpoint new@example.com --region us-east-1\n"
    ) in shown.stderr
    assert "l…@example.com: gone" in result.stderr
    assert "demo-operations has no subscriber" in result.stderr
    assert "new@" not in result.output


def test_subscribers_when_compared_with_the_file_then_finds_who_is_gone_altogether(
    cloud: Any, run: Run, tmp_path: Path
) -> None:
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com")
    cloud.sns.subscribe("demo-operations", "email", "ops@example.com")
    path = tmp_path / "a.tfvars"
    path.write_text(
        'subscribers = {\n  ada = { protocol = "email", endpoint = "ada@example.com" }\n'
        '  bob = { protocol = "email", endpoint = "bob@example.com" }\n}\n'
        'operations_subscribers = { o = { protocol = "email", endpoint = "ops@example.com" } }\n'
    )

    result = run("subscribers", "--file", str(path), "--json")

    assert result.exit_code == 1
    states = {each["endpoint"]: each["state"] for each in json.loads(result.stdout)["subscribers"]}
    assert states == {
        "ada@example.com": "confirmed",
        "bob@example.com": "gone",
        "ops@example.com": "confirmed",
    }


@pytest.mark.parametrize(
    ("endpoint", "masked"),
    [
        ("ada.lovelace@example.com", "a…@example.com"),
        ("+4915112345678", "+49…78"),
        ("https://hooks.example.com/T0/secret", "https://hooks.example.com/…"),
        ("arn:aws:sqs:us-east-1:1:queue", "arn:aws:sqs:us-east-1:1:queue"),
    ],
)
def test_mask_when_an_endpoint_is_private_then_hides_most_of_it(endpoint: str, masked: str) -> None:
    assert mask(endpoint) == masked


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({}, True),
        ({"severity": ["critical"]}, True),
        ({"severity": ["warning"]}, False),
        ({"severity": ["critical"], "account": ["other"]}, False),
        ({"status": ["firing", "test"]}, True),
        ({"status": ["firing"]}, False),
        ({"provider": [{"anything-but": ["openrouter"]}]}, False),
        ({"provider": [{"anything-but": "fal"}]}, True),
        ({"absent": ["x"]}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"severity": [{"prefix": "crit"}]}, True),
    ],
)
def test_passes_when_a_policy_filters_then_decides_as_sns_does(
    policy: dict[str, Any], passes: bool
) -> None:
    subscription = Subscription("t", "email", "a@example.com", State.CONFIRMED, policy)

    received = subscription.receives(Line(Severity.CRITICAL, Status.TEST, "openrouter", "main"))

    assert received is passes


def test_subscriber_of_the_configuration_when_read_then_shows_the_filters_that_the_router_applies(
    cloud: Any,
) -> None:
    cloud.sns.topics[f"arn:aws:sns:us-east-1:123456789012:{NAMES.sms_topic}"] = []
    filters = [
        {"name": "crawlers", "form": "email", "providers": ["firecrawl"]},
        {"name": "pager", "form": "sms", "severities": ["critical"]},
    ]
    cloud.dynamo.tables[NAMES.alerts_table].append(
        {"scope": "subscribers", "id": "declared", "filters": json.dumps(filters)}
    )
    cloud.sns.subscribe(NAMES.notifications_topic, "email", "c@example.com", to=["crawlers"])
    cloud.sns.subscribe(NAMES.sms_topic, "sms", "+4915112345678", to=["pager"])

    found = read_subscriptions(cloud.target(), topics(cloud.target())[0])

    assert [each.filter_text for each in found] == ["providers firecrawl", "severities critical"]
    line = Line(Severity.CRITICAL, Status.FIRING, "openrouter", "main")
    assert [each.receives(line) for each in found] == [False, True]


def sends(cloud: Any, leased_for: timedelta) -> None:
    """Let a router lease each test that is asked for."""

    def lease(document: dict[str, Any]) -> None:
        identifier = f"test/{document['account']}/{document['severity']}/{document['at']}"
        until = int((NOW + leased_for).timestamp() * 1000)
        cloud.dynamo.tables["demo-alerts"].append(
            {"scope": "lease", "id": identifier, "lease_until": until}
        )

    cloud.sns.on_publish = lease


def test_test_alert_when_the_router_sent_it_then_lists_who_should_get_it(
    cloud: Any, run: Run
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com", severity=["critical"])
    cloud.sns.subscribe("demo-notifications", "sms", "+49151123", severity=["warning"])
    cloud.sns.subscribe("demo-notifications", "email", "new@example.com", "PendingConfirmation")
    sends(cloud, timedelta(days=1))

    result = run("test-alert", "main")

    assert result.exit_code == 0
    assert cloud.sns.published == [
        {
            "topic": "arn:aws:sns:us-east-1:123456789012:demo-alarms",
            "kind": "test",
            "account": "main",
            "severity": "critical",
            "requested_by": "deploy/alice",
            "at": "2026-11-23T14:05:00Z",
        }
    ]
    assert "sent: the router published it" in result.stdout
    assert "ada@example.com" in result.stdout
    assert "+49151123" not in result.stdout
    assert "1 subscriber not confirmed" in result.stderr
    assert "1 subscriber excluded by their filters" in result.stderr


@pytest.mark.parametrize(
    ("leased_for", "words"),
    [(None, "did not receive it within 1 s"), (timedelta(minutes=1), "has not published it yet")],
)
def test_test_alert_when_the_router_did_not_send_it_then_says_where_to_look(
    cloud: Any, run: Run, leased_for: timedelta | None, words: str
) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com")
    if leased_for is not None:
        sends(cloud, leased_for)

    result = run("test-alert", "main", "--wait", "1s", "--severity", "warning")

    assert result.exit_code == 1
    assert words in result.stdout
    assert "/aws/lambda/demo-alert-router" in result.stderr


def test_test_alert_when_nobody_would_get_it_then_exits_1(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "main"}])
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com", account=["other"])
    sends(cloud, timedelta(days=1))

    result = run("test-alert", "main", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["should_reach"] == []
