"""The command line against the emulator: exactly what it reads, invokes and writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from alert_router.aws.incident_item import to_item
from alert_router.incidents.incident import AlarmStatus, Incident, IncidentKey, Scope
from balancectl.cli.permissions import COMMANDS, action_of
from balancectl.commands import setup
from shared.aws.dynamo import encode
from shared.outcome import Outcome
from shared.records import Attempt, Latest, Thresholds, Wallet
from shared.records.ledger import Anchor, new_ledger
from tests.integration.conftest import queue_for_topics
from tests.latest import make_latest

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = "sk-canary-7f3a9c51"
HEARTBEAT = "https://hc.example/canary-5d1f"
ADDRESS = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
#: Services whose actions have the same names as their operations.
SERVICES = ("dynamodb", "scheduler", "secretsmanager", "sns", "sqs")


def latest(account: str, balance: str, **changes: Any) -> Latest:
    found = {
        "account": account,
        "provider": "openrouter",
        "provider_title": "OpenRouter",
        "polled_at": NOW - timedelta(minutes=3),
        "outcome": Outcome.OK,
        "balance": Decimal(balance),
        "balance_at": NOW - timedelta(minutes=3),
        "unit": "USD",
        "thresholds": Thresholds(warning=Decimal(20), critical=Decimal(5)),
    }
    return make_latest(**{**found, **changes})


def attempt(minutes_ago: int, balance: str) -> Attempt:
    return Attempt(
        account="account-000",
        at=NOW - timedelta(minutes=minutes_ago),
        provider="openrouter",
        outcome=Outcome.OK,
        balance=Wallet(Decimal(balance), "USD"),
    )


def populate(stack: Any) -> None:
    """Give a stack accounts, records, keys and subscribers."""
    stack.schedule(0, [{"id": "account-000"}, {"id": "account-001"}])
    stack.schedule(1, [{"id": "account-002", "report": {"outcome": "invalid_key"}}])
    stack.record(
        latest("account-000", "30"), latest("account-001", "3.2"), latest("account-002", "9")
    )
    stack.record(attempt(10, "31"), attempt(5, "30"))
    stack.subscribe(stack.names.notifications_topic, "email", "ada@example.com")
    stack.subscribe(stack.names.operations_topic, "email", "ops@example.com")


def declare_a_channel(stack: Any) -> None:
    """Give a stack a subscriber that is a channel, with its queue and its secret."""
    declared = [
        {"name": "team", "form": "email"},
        {"name": "chat", "form": "events", "channel": "ops-slack", "severities": ["critical"]},
    ]
    item = {"scope": "subscribers", "id": "declared", "filters": json.dumps(declared)}
    stack.client("dynamodb").put_item(TableName=stack.names.alerts_table, Item=encode(item))
    stack.client("secretsmanager").create_secret(Name=stack.names.channels_secret)
    stack.client("sns").create_topic(Name=stack.names.events_topic)
    queue = f"arn:aws:sqs:us-east-1:000000000000:{stack.names.channels_queue}"
    stack.subscribe(stack.names.events_topic, "sqs", queue)


def test_channels_when_set_listed_and_removed_then_no_address_is_shown(
    stack: Any, cli: Any
) -> None:
    populate(stack)
    declare_a_channel(stack)

    missing = cli("channels", "list")
    made = cli("channels", "set", "ops-slack", text=f"{ADDRESS}\n")
    again = cli("channels", "set", "ops-slack", text=ADDRESS)
    refused = [cli("channels", "set", "ops-slack", text=f"{ADDRESS}?retry=3"), cli("keys", "list")]
    listed = cli("channels", "list", "--json")
    stored = stack.client("secretsmanager").get_secret_value(SecretId=stack.names.channels_secret)
    tested = cli("channels", "test", "ops-slack")
    removed = cli("channels", "remove", "ops-slack", "--yes")

    assert (missing.exit_code, made.exit_code, listed.exit_code) == (1, 0, 0)
    assert "address added" in made.stdout
    assert "address unchanged" in again.stdout
    assert refused[0].exit_code == 2
    assert "retry= is not allowed" in refused[0].stderr
    (channel,) = json.loads(listed.stdout)["channels"]
    assert (channel["subscriber"], channel["service"], channel["why"]) == ("chat", "slack", None)
    assert json.loads(stored["SecretString"]) == {"ops-slack": ADDRESS}
    assert "there is no function" in tested.stderr
    assert removed.exit_code == 0
    outputs = [missing, made, again, *refused, listed, tested, removed]
    assert not [each for each in outputs if "TIiajkdnlazkcOXrIdevi7FQ" in each.output]


def test_subscribers_when_one_is_a_channel_then_it_stands_for_the_couriers_queue(
    stack: Any, cli: Any
) -> None:
    populate(stack)
    declare_a_channel(stack)

    found = json.loads(cli("subscribers", "--json").stdout)["subscribers"]

    shown = [(each["protocol"], each["endpoint"]) for each in found]
    assert ("channel", "ops-slack") in shown
    assert not [each for each in shown if each[0] == "sqs"]


def test_status_when_there_are_more_than_one_batch_then_all_are_shown(stack: Any, cli: Any) -> None:
    names = [f"account-{n:03}" for n in range(130)]
    stack.schedule(0, [{"id": name} for name in names[:100]])
    stack.schedule(1, [{"id": name} for name in names[100:]])
    stack.record(*[latest(name, "30") for name in names])

    result = cli("status", "--json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["accounts"]
    assert [each["account"] for each in found] == names
    assert {each["balance"] for each in found} == {"30"}


def test_status_when_accounts_differ_then_the_worst_comes_first(stack: Any, cli: Any) -> None:
    populate(stack)

    result = cli("status")

    assert result.exit_code == 1
    order = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert order == ["account-001", "account-002", "account-000"]


def test_history_when_there_are_many_then_pages_are_followed(stack: Any, cli: Any) -> None:
    populate(stack)
    stack.record(*[attempt(minutes, "40") for minutes in range(20, 320, 5)])

    found = json.loads(cli("history", "account-000", "-n", "61", "--json").stdout)["attempts"]

    assert len(found) == 61
    assert found[0]["balance"] == "30"
    assert found == sorted(found, key=lambda each: each["at"], reverse=True)


def test_poll_when_invoked_then_prints_the_functions_report(stack: Any, cli: Any) -> None:
    populate(stack)

    result = cli("poll")

    assert result.exit_code == 1
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert lines["account-000"].split()[2:] == ["12.50", "USD", "ok"]
    assert lines["account-002"].endswith("the key was rejected")


def test_poll_when_the_function_raises_then_says_its_words(stack: Any, cli: Any) -> None:
    stack.schedule(0, [{"id": "raises"}])

    result = cli("poll")

    assert result.exit_code == 2
    assert "the poller failed: reading secrets failed: access denied (" in result.stderr


@pytest.mark.parametrize(("need", "code"), [("30", 0), ("30.01", 1), ("1 credits", 2)])
def test_preflight_when_asked_then_the_exit_code_answers(
    stack: Any, cli: Any, need: str, code: int
) -> None:
    populate(stack)

    assert cli("preflight", "account-000", "--need", need).exit_code == code


def test_preflight_when_live_then_takes_what_was_just_polled(stack: Any, cli: Any) -> None:
    populate(stack)

    result = cli("preflight", "account-000", "--need", "13", "--live")

    assert result.exit_code == 1
    assert "12.50 USD left" in result.stdout


def test_subscribers_when_filtered_then_the_policy_is_read_back(stack: Any, cli: Any) -> None:
    stack.subscribe(
        stack.names.notifications_topic,
        "sms",
        "+4915112345678",
        FilterPolicy=json.dumps({"severity": ["critical"]}),
    )

    result = cli("subscribers", "--mask")

    assert "+49…78" in result.stdout
    assert "severity critical" in result.stdout
    assert "has no subscriber" in result.stderr


def test_silence_when_set_listed_and_ended_then_leaves_nothing(stack: Any, cli: Any) -> None:
    populate(stack)

    made = cli("silence", "account-*", "--for", "1h", "--reason", "moving")
    listed = json.loads(cli("silences", "--json").stdout)["silences"]
    ended = cli("unsilence", listed[0]["id"][:8])

    assert (made.exit_code, ended.exit_code) == (0, 0)
    assert (listed[0]["pattern"], listed[0]["reason"]) == ("account-*", "moving")
    assert json.loads(cli("silences", "--json").stdout)["silences"] == []


def test_test_alert_when_a_router_takes_it_then_it_arrives_at_the_queue(
    stack: Any, cli: Any
) -> None:
    populate(stack)
    sqs = stack.client("sqs")
    queue, arn = queue_for_topics(sqs, f"{stack.name}-intake")
    stack.subscribe(stack.names.alarms_topic, "sqs", arn, RawMessageDelivery="true")

    result = cli("test-alert", "account-000", "--wait", "1s")

    assert result.exit_code == 1
    assert "did not receive it" in result.stdout
    assert "ada@example.com" in result.stdout
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    document = json.loads(message["Body"])
    assert (document["kind"], document["account"]) == ("test", "account-000")


#: What a command reads from a hidden prompt, if it is not a key.
TYPED = {"channels": ADDRESS, "heartbeat": HEARTBEAT}
#: Every form of a command that makes calls of its own.
WAYS: dict[str, list[list[str]]] = {
    "status": [["status"]],
    "report": [["report", "--output", "{folder}/report.html"]],
    "history": [["history", "account-000"]],
    "preflight": [["preflight", "account-000", "--need", "1"]],
    "preflight --live": [
        ["preflight", account, "--need", "1", "--live"] for account in ("account-000", "skipped")
    ],
    "poll": [["poll"]],
    "ledger set": [["ledger", "set", "ledger", "41.20"]],
    "ledger top-up": [["ledger", "top-up", "ledger", "100"]],
    "ledger show": [["ledger", "show", "ledger"]],
    # There is no alias, but the command asks all the same.
    "push": [["push", "account-000", "1"]],
    "keys list": [["keys", "list"]],
    "keys set, import, bind, remove": [
        ["keys", "set", "account-000"],
        ["keys", "bind", "account-000", "--yes"],
        ["keys", "remove", "account-000", "--yes"],
        ["keys", "set", "skipped"],
    ],
    "subscribers": [["subscribers"]],
    "channels list": [["channels", "list"]],
    "channels set, remove": [
        ["channels", "set", "ops-slack"],
        ["channels", "remove", "ops-slack", "--yes"],
        # AWS reports a secret without a value as missing.
        ["channels", "list"],
    ],
    "channels test": [["channels", "test", "ops-slack"]],
    "heartbeat set, remove": [["heartbeat", "set", "2"], ["heartbeat", "remove", "2"]],
    "test-alert": [["test-alert", "account-000", "--wait", "1s"]],
    "doctor": [["doctor"]],
    "explain": [["explain", "account-000"]],
    "incidents list": [["incidents", "list"]],
    "incidents close": [["incidents", "close", "account-000", "--reason", "x", "--wait", "1s"]],
    "keys move": [
        ["keys", "set", "account-000"],
        ["keys", "move", "account-000", "renamed"],
        ["keys", "set", "skipped"],
    ],
    "setup": [["setup", "--wait", "0s"], ["keys", "set", "account-000"]],
    "silence add": [["silence", "all", "--reason", "x"]],
    "silence list": [["silence", "list"]],
    "silence remove": [["silence", "remove", "1"]],
}


@pytest.mark.parametrize("command", [name for name, needs in COMMANDS.items() if needs])
def test_permissions_when_a_command_runs_then_it_asks_exactly_what_is_documented(
    stack: Any, cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    populate(stack)
    # Its live poll was made by another run, and its secret does not exist.
    report = {"outcome": "ok", "skipped": True}
    skipped = {"id": "skipped", "secret": f"{stack.name}/nowhere", "report": report}
    stack.schedule(2, [skipped], heartbeat=True)
    stack.client("secretsmanager").create_secret(Name=stack.names.heartbeat_secret)
    if command.startswith("ledger"):
        stack.schedule(3, [{"id": "ledger", "provider": "openai_ledger"}])
        anchor = Anchor(Decimal(50), NOW - timedelta(hours=1))
        item = new_ledger("ledger", "openai_ledger", "USD", anchor).to_item()
        stack.client("dynamodb").put_item(TableName=stack.names.balances_table, Item=encode(item))
    stack.client("sqs").create_queue(QueueName=f"{stack.name}-failures")
    silence = {"scope": "silence", "id": "1", "pattern": "all"}
    times = {"created_at": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    table = stack.names.alerts_table
    firing = {"warning": AlarmStatus(firing=True, at=NOW)}
    key = IncidentKey(Scope.ACCOUNT, "account-000")
    incident = Incident(key, "openrouter", firing, NOW, version=1)
    for item in (silence | times, to_item(incident, NOW)):
        stack.client("dynamodb").put_item(TableName=table, Item=encode(item))
    declare_a_channel(stack)
    asked: set[tuple[str, str]] = set()
    make = BaseClient._make_api_call

    def record(self: BaseClient, operation: str, request: Any) -> Any:
        service = self.meta.service_model.service_name
        action = f"{service}:{operation}" if service in SERVICES else action_of(operation)
        if action != "sts:GetCallerIdentity":
            here = acted_on(action, request).replace(stack.name, "<name>")
            granted = [on for on, actions in COMMANDS[command].items() if action in actions]
            asked.add((action, next((on for on in granted if fnmatchcase(here, on)), here)))
        return make(self, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    monkeypatch.setattr(setup, "_ROUTER_SECONDS", 1.0)  # no router runs here
    for args in WAYS[command]:
        typed = TYPED.get(args[0], KEY)
        cli(*(word.format(folder=tmp_path) for word in args), text=typed)

    assert asked == {(a, on) for on, actions in COMMANDS[command].items() for a in actions}


def acted_on(action: str, request: Any) -> str:  # noqa: PLR0911 -- one kind of request, one answer
    """Return the ARN of the resource of a request, with Region and account left open."""
    here = f"arn:aws:{action.split(':', maxsplit=1)[0]}:<region>:<account>:"
    match request:
        case {"TableName": name}:
            return f"{here}table/{name}"
        case {"RequestItems": tables}:
            return f"{here}table/{'+'.join(tables)}"
        case {"GroupName": group, "Name": name}:
            return f"{here}schedule/{group}/{name}"
        case {"FunctionName": name}:
            return ":".join(filter(None, (f"{here}function", name, request.get("Qualifier"))))
        case {"SecretId": name}:
            # Whichever secret an account names needs the same.
            return f"{here}secret:{name.replace('/nowhere', '/api-keys')}-AbCdEf"
        case {"TopicArn": arn}:
            return here + arn.rsplit(":", 1)[-1]
        case {"QueueName": name}:
            return here + name
        case {"QueueUrl": url}:
            return here + url.rsplit("/", 1)[-1]
        case {"logGroupName": name}:
            return f"{here}log-group:{name}:"
        case _:
            return "*"
