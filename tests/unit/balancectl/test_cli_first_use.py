"""From a fresh deployment to a received test alert, with interruptions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from balancectl.deployment.subscribers import confirmations
from balancectl.keys import sources
from shared.aws.dynamo import encode
from shared.times import format_time

Run = Callable[..., Result]
KEY = "sk-or-v1-canary-0123456789"


def keys_in(text: str) -> dict[str, Any]:
    """Return the stored keys without the notes beside them."""
    return {name: key for name, key in json.loads(text).items() if "@" not in name}


@pytest.fixture
def deployed(cloud: Any) -> Any:
    """Two accounts without keys, one confirmed and one pending subscriber, and a router."""
    cloud.scheduler.add(0, [{"id": "main"}, {"id": "crawler"}])
    cloud.sns.subscribe("demo-notifications", "email", "ada@example.com")
    cloud.sns.subscribe("demo-notifications", "email", "new@example.com", "PendingConfirmation")
    cloud.sns.subscribe("demo-operations", "email", "ops@example.com")
    cloud.sns.on_publish = lambda document: cloud.dynamo.put_item(
        TableName="demo-alerts",
        Item=encode(
            {
                "scope": "lease",
                "id": f"test/{document['account']}/{document['severity']}/{format_time(cloud.now)}",
                "lease_until": int((cloud.now.timestamp() + 86_400) * 1000),
            }
        ),
    )
    return cloud


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "is_piped", lambda: False)


def confirm(cloud: Any) -> None:
    """Let the pending subscriber confirm."""
    for topic in cloud.sns.topics.values():
        for each in topic:
            if each["SubscriptionArn"] == "PendingConfirmation":
                each["SubscriptionArn"] = "arn:aws:sns:us-east-1:123456789012:demo:1"


@pytest.mark.usefixtures("_terminal")
def test_setup_when_all_is_given_then_ends_with_a_test_alert(
    deployed: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        confirmations.wait_for_confirmations,
        "__defaults__",
        (lambda _: confirm(deployed),),
    )

    result = run("setup", text=f"{KEY}\n{KEY}-2\n")

    assert result.exit_code == 0, result.output
    assert keys_in(deployed.secrets.text()) == {"crawler": KEY, "main": f"{KEY}-2"}
    assert "new@example.com: confirmed" in result.stdout
    assert "sent: the router published it" in result.stdout
    assert result.stdout.rstrip().endswith("all set up")
    assert "canary" not in result.output


@pytest.mark.usefixtures("_terminal")
def test_setup_when_something_is_left_then_exits_1_with_the_commands_to_go_on(
    deployed: Any, run: Run
) -> None:
    result = run("setup", "--wait", "0s", text=f"{KEY}\n\n")

    assert result.exit_code == 1
    assert keys_in(deployed.secrets.text()) == {"crawler": KEY}
    assert "balancectl keys set main --name demo" in result.stderr
    assert "--notification-endpoint new@example.com" in result.stderr
    assert "to continue from here: balancectl setup --name demo" in result.stderr


@pytest.mark.usefixtures("_terminal")
def test_setup_when_repeated_then_asks_only_for_what_is_missing(deployed: Any, run: Run) -> None:
    interrupted = run("setup", text=f"{KEY}\n")  # the input ends: as Ctrl-C at the second prompt
    confirm(deployed)
    again = run("setup", text=f"{KEY}-2\n")

    assert interrupted.exit_code != 0
    assert again.exit_code == 0, again.output
    assert keys_in(deployed.secrets.text()) == {"crawler": KEY, "main": f"{KEY}-2"}


def test_setup_when_piped_then_prompts_for_nothing(deployed: Any, run: Run) -> None:
    result = run("setup", "--wait", "0s")

    assert result.exit_code == 1
    assert deployed.secrets.text() is None
    assert "balancectl keys set crawler --name demo" in result.stderr


def test_subscribers_when_watched_then_waits_until_all_have_confirmed(
    deployed: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = []

    def sleep(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            confirm(deployed)

    monkeypatch.setattr(confirmations.wait_for_confirmations, "__defaults__", (sleep,))

    result = run("subscribers", "--watch")

    assert result.exit_code == 0
    assert rounds == [5.0, 5.0, 5.0]
    assert "new@example.com: confirmed" in result.stdout
